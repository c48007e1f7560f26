"""What came of it: the tool's answer as terms and values, what went wrong, and whether it is tried again."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from agents import dialect
from agents.actions.execute import MAX_ATTEMPTS
from agents.lifecycle import State
from agents.models import Action
from agents.money import BadMoney, Money, parse_money
from audit import redaction

#: So many values, and so deep, are laid out; whatever lies beyond stands in the answer as it came.
MOST, DEEPEST = 200, 6
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
#: What of an error says how things had changed when it was to run: shown in a place of its own.
DRIFT = ("moved", "speaking")


@dataclass(frozen=True)
class Entry:
    """One value under its name: as text, as an instant, or with what it holds `inside`. Other people's text: show it inert."""

    name: str
    value: str = ""
    at: datetime | None = None
    inside: tuple["Entry", ...] = ()


@dataclass(frozen=True)
class Answer:
    """An answer laid out, and `raw` as it came. `whole` is false where it holds more than is laid out."""

    entries: tuple[Entry, ...]
    whole: bool
    raw: str


@dataclass(frozen=True)
class Error:
    """What went wrong. `rest` is what else is known of it, `then` says whether it is tried again and `at` when."""

    code: str
    detail: str
    rest: tuple[Entry, ...]
    then: str
    at: datetime | None


def of(action: Action, *, masked: bool) -> Answer | None:
    """Return what the tool answered, None when nothing is kept. `masked`: without what the policy redacts."""
    output = action.content.output
    if output is None:
        return None
    if masked:
        output = redaction.redact_value(output, {*action.snapshot.get("redact", ()), "secret"})[0]
    entries, whole = laid_out(output, dialect.money_arguments(action.definition.body["schema"]))
    return Answer(entries, whole, json.dumps(output, indent=2, ensure_ascii=False))


def error_of(action: Action) -> Error | None:
    """Return what went wrong, None when nothing did."""
    rest = {name: part for name, part in (action.error or {}).items() if name not in DRIFT}
    if not rest:
        return None
    code, detail = str(rest.pop("code", "")), str(rest.pop("detail", ""))
    then, at = _again(action)
    return Error(code, detail, laid_out(rest, {})[0] if rest else (), then, at)


def _again(action: Action) -> tuple[str, datetime | None]:
    """Say whether it is tried again, and when."""
    if action.state == State.RETRY_WAIT:
        held = " The agent is stopped: not before it is resumed." if action.agent.is_stopped else ""
        return f"attempt {action.attempts + 1} of {MAX_ATTEMPTS} at most.{held}", action.next_attempt_at
    if action.state == State.FAILED:
        return "It isn't tried again.", None
    if action.state != State.UNKNOWN:
        return "", None
    if action.definition.body.get("idempotent"):
        return "It isn't tried again: its attempts, or the time for them, are used up.", None
    return "It isn't tried again: the tool doesn't honour our key, and a second call could take effect twice.", None


# --- laying out


def laid_out(value: object, amounts: Mapping[str, str]) -> tuple[tuple[Entry, ...], bool]:
    """Return JSON as entries, and whether they are all of it. `amounts` are names of money, with the currency."""
    layer = _Layer(amounts)
    if isinstance(value, dict | list) and value:
        return layer.inside(value, 1), layer.whole
    return (layer.entry("", value, 1),), layer.whole


class _Layer:
    """Lays values out until there are enough of them."""

    def __init__(self, amounts: Mapping[str, str]):
        self.amounts, self.left, self.whole = amounts, MOST, True

    def inside(self, value: dict | list, depth: int) -> tuple[Entry, ...]:
        named = value.items() if isinstance(value, dict) else _numbered(value)
        found = []
        for name, one in named:
            if self.left == 0:
                self.whole = False
                break
            self.left -= 1
            found.append(self.entry(str(name), one, depth))
        return tuple(found)

    def entry(self, name: str, value: object, depth: int) -> Entry:
        if amount := self._amount(name, value):
            return Entry(name, amount)
        if isinstance(value, dict | list):
            if not value:
                return Entry(name, "nothing in it")
            if depth < DEEPEST:
                return Entry(name, inside=self.inside(value, depth + 1))
            self.whole = False
            return Entry(name, "goes deeper than is shown here")
        return Entry(name, _said(value), _instant(value))

    def _amount(self, name: str, value: object) -> str:
        """Return an amount as every page writes it, empty for whatever isn't one."""
        try:
            if isinstance(value, dict) and value.keys() == {"currency", "minor"}:
                return str(Money(**value))
            if name in self.amounts and isinstance(value, int | float | str) and not isinstance(value, bool):
                return str(parse_money(value, currency=self.amounts[name]))
        except (BadMoney, TypeError):
            pass
        return ""


def _numbered(values: list) -> Iterator[tuple[str, object]]:
    return ((str(number), one) for number, one in enumerate(islice(values, MOST + 1), 1))


def _said(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (value or "empty") if isinstance(value, str) else json.dumps(value)


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):  # a day that no month has, or one before the first year
        return None
