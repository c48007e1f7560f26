"""The documentation holds together: every link leads somewhere, every page is found from the README, pictures are small."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README, DOCS = ROOT / "README.md", ROOT / "docs"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)|<img src="([^"]+)"')
SMALL = 150_000  # bytes: a page with three pictures still loads on a phone


def prose(page: Path) -> str:
    """A page without its blocks of code, in which nothing is a heading or a link."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Where a page leads inside this repository."""
    found = [one or other for one, other in LINK.findall(prose(page))]
    return [address for address in found if not re.match(r"https?:|mailto:", address)]


def target(page: Path, address: str) -> Path:
    path = address.partition("#")[0]
    return (page.parent / path).resolve() if path else page


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings: small letters, hyphens for spaces, other signs left out."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    broken = []
    for address in links(page):
        leads = target(page, address)
        place = address.partition("#")[2]
        if not leads.exists() or (place and leads.suffix == ".md" and place not in anchors(leads)):
            broken.append(address)
    assert broken == []


def test_every_page_and_picture_is_found_from_the_readme():
    found, ahead = set(), [README]
    while ahead:
        page = ahead.pop()
        if page in found:
            continue
        found.add(page)
        if page.is_dir():
            ahead += page.glob("*.md")
        elif page.suffix == ".md":
            ahead += [target(page, address) for address in links(page)]
    wanted = {path for path in DOCS.rglob("*") if path.suffix in (".md", ".png")}
    assert {str(path.relative_to(ROOT)) for path in wanted - found} == set()


def test_pictures_are_small_and_say_what_they_show():
    assert [path.name for path in (DOCS / "pictures").glob("*.png") if path.stat().st_size > SMALL] == []
    shown = [alt for page in PAGES for alt, _ in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", prose(page))]
    assert shown and all(len(alt) > 20 for alt in shown)


def test_every_noun_is_told_in_a_sentence_and_leads_to_its_page():
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", (DOCS / "nouns.md").read_text(), re.MULTILINE)
    nouns = [(name, words) for name, words in rows if name not in ("noun", "---")]
    assert len(nouns) > 40
    assert [name for name, words in nouns if not re.fullmatch(r"\[[^\]]+\]\([^)]+\)", name) or len(words) < 15] == []


def test_every_how_to_is_in_the_readme():
    named = {Path(address.partition("#")[0]).name for address in links(README) if "howto/" in address}
    assert named == {path.name for path in (DOCS / "howto").glob("*.md")}
