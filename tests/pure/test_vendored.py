"""The script in our pages is the one we vendored, byte for byte, and no template asks it, or anybody else, for more."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HTMX = ROOT / "static" / "vendor" / "htmx"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPT = "<script src=\"{% static 'vendor/htmx/htmx.min.js' %}\" defer></script>"

# htmx evaluates the first three, which the content security policy refuses: a page that needs one would break for people.
FORBIDDEN = {
    "code in an attribute": r"hx-on",
    "code as a value": r"\b(?:js|javascript):",
    "a trigger filter, or a trigger from a variable": r"""hx-trigger\S*?\s*=\s*(?:"[^"]*[\[{]|'[^']*[\[{]|[^\s"'>]*[\[{])""",
    "a spelling of htmx attributes that is switched off": r"data-hx-",
    "a script that is not a static file": r"""<script\b(?! src="\{% static '[^']+' %\}" defer></script>)""",
    "an inline handler": r"""\son[a-z]{3,}\s*=\s*["']""",
    "an address elsewhere": r"""\b(?:src|srcset|href|action|hx-[a-z]+)\s*=\s*["']?\s*(?:[a-z]+:)?//""",
}


def found_in(text: str) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]


def test_the_vendored_files_are_the_ones_whose_checksums_we_keep():
    lines = [line for line in (HTMX / "SHA256SUMS").read_text().splitlines() if not line.startswith("#")]
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    assert sums == {name: sha256((HTMX / name).read_bytes()).hexdigest() for name in ("htmx.min.js", "LICENSE")}
    assert {path.name for path in HTMX.iterdir()} == {"SHA256SUMS", *sums}


def test_the_vendored_htmx_is_the_version_that_we_say():
    said = re.match(r"# htmx (\S+):", (HTMX / "SHA256SUMS").read_text())
    assert said and f'this.version="{said[1]}"' in (HTMX / "htmx.min.js").read_text()


def test_the_pages_load_the_vendored_htmx_and_configure_it_first():
    base = (ROOT / "templates" / "base.html").read_text()
    config = re.search(r"<meta name=\"htmx-config\" content='([^']*)'>", base)
    assert config and config.start() < base.index(SCRIPT) < base.index("</head>")
    assert json.loads(config[1]) == {
        "mode": "same-origin",
        "history": False,
        "includeIndicatorCSS": False,
        "prefix": "",
    }
    holding = [
        path.name for path in TEMPLATES if "htmx-config" in path.read_text() or "htmx.min.js" in path.read_text()
    ]
    assert holding == ["base.html"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_holds_no_code_and_asks_nobody_else(path):
    assert found_in(path.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        """<p hx-on:click="go()">""",
        """<p data-hx-get="/queue/">""",
        """<p hx-vals="js:{now: Date.now()}">""",
        """<p hx-get="javascript:go()">""",
        """<p hx-get="/queue/" hx-trigger="click[event.ctrlKey]">""",
        """<p hx-get="/queue/" hx-trigger='every 2s [waiting()]'>""",
        """<p hx-get="/queue/" hx-trigger:inherited="{{ trigger }}">""",
        """<p onclick="go()">""",
        """<script>go()</script>""",
        """<script src="/static/other.js"></script>""",
        """<script src="https://cdn.example/htmx.min.js" defer></script>""",
        """<link rel="stylesheet" href="//cdn.example/desk.css">""",
        """<p hx-get="https://elsewhere.example/">""",
    ],
)
def test_a_line_that_holds_code_or_asks_somebody_else_is_found(line):
    assert found_in(line)


@pytest.mark.parametrize(
    "line",
    [
        SCRIPT,
        """<div id="run" hx-get="{% url 'queue' %}" hx-trigger="every 2s" hx-swap="outerMorph">""",
        """<a href="{% url 'queue' %}">{% include "_rows.html" with one="rows" only %}</a>""",
    ],
)
def test_what_a_page_needs_is_allowed(line):
    assert found_in(line) == []
