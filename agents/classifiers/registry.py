"""Which classifiers there are, and the one way to ask one."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from agents.documents.problems import suggest

MAX_TEXT = 100_000
# Whose answer asks for many patterns at once: a customer's mail must not keep a process busy.
_WORDY = frozenset(("sentiment", "topic", "tone", "promises"))
MAX_WORDY_TEXT = 10_000

Value = str | bool | int | float | list[str]

# By name, because making patterns of all lexicons takes a quarter of a second: the first text pays, not every start.
_BUILT_IN = {
    "sentiment": ("sentiment", "classify"),
    "topic": ("topics", "classify"),
    "tone": ("tones", "classify"),
    "promises": ("promises", "classify"),
    "pii": ("data", "personal"),
    "secrets": ("data", "secrets"),
    "language": ("reading", "classify"),
}
_added: dict[str, Callable[[str], Value | None]] = {}


def names() -> tuple[str, ...]:
    """Return the names of all classifiers, ours first."""
    return (*_BUILT_IN, *_added)


def register(name: str, function: Callable[[str], Value | None]) -> None:
    """Add a classifier; call it once, when the app starts.

    `function` takes the text and returns a text, a number, a bool, a list of texts, or None when it can't tell. It must
    answer the same text with the same value. Raises ValueError for a name that isn't an identifier or is taken.
    """
    if not name.isidentifier():
        raise ValueError(f"{name!r} can't name a classifier: write letters, digits and _, not beginning with a digit")
    if name in _BUILT_IN or _added.get(name, function) is not function:
        raise ValueError(f"there is a classifier {name} already: choose another name")
    _added[name] = function


def classify(name: str, text: str) -> Value | None:
    """Return what the classifier of this name says of the text; None when it can't tell: what depends on it is held.

    Nothing is told of a text that is blank or longer than 100,000 characters (10,000 for sentiment, topic, tone and
    promises), or where an added classifier raises.
    Raises ValueError for an unknown name.
    """
    if name not in names():
        raise ValueError(f"there is no classifier {name!r}: {suggest(name, names())}")
    if not isinstance(text, str) or not text.strip() or len(text) > _longest(name):
        return None
    if name in _BUILT_IN:
        return _built_in(name)(text)
    try:
        return _added[name](text)
    except Exception:  # noqa: BLE001 - an app's own function may fail in any way; then nothing is known
        return None


def _longest(name: str) -> int:
    return MAX_WORDY_TEXT if name in _WORDY else MAX_TEXT


@cache
def _built_in(name: str) -> Callable[[str], Value | None]:
    room, function = _BUILT_IN[name]
    return getattr(import_module(f"agents.classifiers.{room}"), function)
