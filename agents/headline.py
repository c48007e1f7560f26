"""Headlines: one line that says what an action will do, from a template and values already made into text.

Our own formatter, never `str.format`: a template may name arguments, and facts of the policy as `{fact.name}`, and
nothing else. What could hide, reorder or imitate text in a value is shown as a chip like `[U+202E]`.
"""

import re
import unicodedata

FACT = "fact."
MAX_VALUE = 120
MAX_MARKS = 3  # combining marks in a row; more only serve to paint over the neighbours

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
# Blank or invisible although their category says letter, mark or symbol.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U00016fe4\U0001d159")
_HIDDEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"))


class BadTemplate(ValueError):
    """The template has a brace that names nothing: write {argument} or {fact.name}, or {{ and }} for braces."""


def placeholders(template: str) -> list[str]:
    """Return the names in a template, each once, in order (facts as `fact.name`); raises BadTemplate."""
    return list(dict.fromkeys(name for name, _ in _pieces(template) if name is not None))


def facts_named(template: str) -> list[str]:
    """Return the facts a template names, without the `fact.` before them; raises BadTemplate."""
    return [name.removeprefix(FACT) for name in placeholders(template) if name.startswith(FACT)]


def check_template(template: str, *, arguments: set[str], critical: list[str], policy: bool = False) -> list[str]:
    """Return what is wrong with a template for a tool with these arguments, as sentences; [] when it is good.

    Facts may be named when the agent has a `policy`; whether it has that fact is for whoever reads the policy.
    """
    try:
        named = placeholders(template)
    except BadTemplate as error:
        return [str(error)]
    problems = [problem for name in named if (problem := _name_problem(name, arguments, policy))]
    problems += [f"the critical argument {name} must appear in the headline" for name in critical if name not in named]
    if not template.strip():
        problems.append("the headline is empty")
    if reveal(template) != template:
        problems.append("the headline holds characters that don't show: write plain text on one line")
    return problems


def _name_problem(name: str, arguments: set[str], policy: bool) -> str | None:
    if name.startswith(FACT):
        say = "facts come with a policy: name arguments only, or add policy: policy.yaml to the agent file"
        return None if policy else f"{{{name}}}: {say}"
    return None if name in arguments else f"{{{name}}} is not an argument of this tool"


def render(template: str, shown: dict[str, str]) -> str:
    """Return the headline as a single line: each {name} replaced by its revealed value, cut at 120 characters.

    `shown` holds arguments by name and facts as `fact.name`. Values are inserted as they are, never read as template.
    An argument that wasn't sent reads "(not given)", a fact nobody could look up "(not known)". Raises BadTemplate.
    """
    return "".join(text if name is None else _value(name, shown) for name, text in _pieces(template))


def _value(name: str, shown: dict[str, str]) -> str:
    if name in shown:
        return _shorten(shown[name])
    return "(not known)" if name.startswith(FACT) else "(not given)"


def reveal(text: str) -> str:
    """Return the text with each control, bidi, zero-width, odd-space or otherwise invisible character as [U+XXXX].

    The plain space stays. Combining marks beyond three in a row become chips too.
    """
    return "".join(_revealed(text))


def _pieces(template: str) -> list[tuple[str | None, str]]:
    pieces = []
    for found in _PIECE.finditer(template):
        whole, name = found.group(), found.group(1)
        if whole in ("{{", "}}"):
            pieces.append((None, whole[0]))
        elif whole in ("{", "}"):
            raise BadTemplate(f"a lone {whole} at character {found.start() + 1}: write {whole * 2} for a brace")
        elif name is not None and not _NAME.fullmatch(name.removeprefix(FACT)):
            raise BadTemplate(f"{whole[:80]} is not a name: only {{argument}} and {{fact.name}} work here")
        else:
            pieces.append((name, whole))
    return pieces


def _revealed(text: str) -> list[str]:
    shown, marks = [], 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category.startswith("M") else 0
        shown.append(f"[U+{ord(char):04X}]" if marks > MAX_MARKS or _hides(char, category) else char)
    return shown


def _hides(char: str, category: str) -> bool:
    if char == " ":
        return False
    variation = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or "\u180b" <= char <= "\u180f"
    return category in _HIDDEN or variation or char in _BLANKS


def _shorten(value: str) -> str:
    # Measured on what is shown, chip by chip: 120 invisible characters would otherwise make a line of 960.
    shown, room = [], MAX_VALUE
    for piece in _revealed(value[: MAX_VALUE + 1]):
        room -= len(piece)
        if room < 0:
            return f"{''.join(shown)}… (+{len(value) - len(shown)})"
        shown.append(piece)
    return "".join(shown)
