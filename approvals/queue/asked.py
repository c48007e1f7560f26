"""Pure: which part of the queue somebody asks for, as the query of its address. Nothing in it is guessed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from agents.errors import Invalid

SECTIONS = {
    "your_turn": "Your turn",
    "waiting": "Waiting on others",
    "on_hold": "On hold",
    "unknown": "Outcome unknown",
}
TIERS = {str(tier): f"T{tier}" for tier in range(5)}
DUES = {"late": "Late", "hour": "Within the hour", "today": "Today"}
CLAIMS = {"me": "Me", "nobody": "Nobody", "anyone": "Anyone"}
SORTS = {"bands": "What hurts first", "due": "Due", "tier": "Tier", "impact": "Impact", "age": "Age"}
GROUPS = {"none": "Don't group", "customer": "Customer", "run": "Run"}
NAMES = {
    "section": "Section", "tier": "Tier", "agent": "Agent", "tool": "Tool", "rule": "Rule", "due": "Due",
    "claimed": "Claimed by", "from": "From", "to": "To", "q": "Search", "sort": "Sort", "group": "Group by",
}  # fmt: skip
MOST_WORDS, MOST_TEXT, MOST_VALUES, MOST_QUERY = 6, 100, 10, 1000
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?")
_NAME = re.compile(r"[\w.:-]{1,100}")


@dataclass(frozen=True)
class Asked:
    """A part of the queue. Empty means all of it; several values of one filter mean any of them. Amounts in major units."""

    section: str = ""
    tier: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    tool: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    due: str = ""
    claimed: str = ""
    least: Decimal | None = field(default=None, metadata={"key": "from"})
    most: Decimal | None = field(default=None, metadata={"key": "to"})
    q: str = ""
    sort: str = "bands"
    group: str = "none"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query as pairs, in canonical order, without what is as it is anyway."""
        given = ((_key(one), getattr(self, one.name), one.default) for one in fields(self))
        return [(key, _text(value)) for key, value, default in given if value != default]

    @cached_property
    def query(self) -> str:
        """The query string in canonical order: one part of the queue has one address."""
        return urlencode(self.pairs, safe=",:")

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out; order and grouping don't."""
        return any(key not in ("sort", "group") for key, _ in self.pairs)

    @property
    def words(self) -> list[str]:
        return self.q.lower().split()

    def chips(self) -> list[tuple[str, str, str]]:
        """Return for each filter what it is, what it says, and the query without it."""
        cleared = {_key(one): one for one in fields(self)}
        return [
            (NAMES[key], _said(key, text), replace(self, **{cleared[key].name: cleared[key].default}).query)
            for key, text in self.pairs
        ]


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """Return what these pairs ask for; empty values count as not said. Raises Invalid naming each that is unknown."""
    given: dict[str, list[str]] = {}
    for key, text in pairs:
        if text.strip():
            given.setdefault(key, []).append(text.strip())
    errors, values = [], {}
    for key, texts in given.items():
        try:
            name, value = _value(key, texts)
            values[name] = value
        except ValueError as error:
            errors.append({"field": key[:80], "message": str(error)})
    asked = Asked(**values)
    if asked.least is not None and asked.most is not None and asked.least > asked.most:
        errors.append({"field": "to", "message": "write at least as much as in From"})
    if not errors and len(asked.query) > MOST_QUERY:
        errors.append({"field": "q", "message": "ask for less at once: the address is too long"})
    if errors:
        raise Invalid("This part of the queue isn't understood, so nothing is shown.", errors=errors)
    return asked


def read_query(query: str) -> Asked:
    """As `read`, of a query string. Raises Invalid."""
    return read(parse_qsl(query[: 2 * MOST_QUERY], keep_blank_values=True))


def _value(key: str, texts: list[str]) -> tuple[str, object]:
    if key in _MANY:
        values = dict.fromkeys(part.strip() for text in texts for part in text.split(",") if part.strip())
        return key, tuple(sorted(_MANY[key](value) for value in values))[:MOST_VALUES]
    if len(texts) > 1:
        raise ValueError("write it once")
    if key in _ONE:
        return key, _one_of(_ONE[key], texts[0])
    if key in ("from", "to"):
        if not _AMOUNT.fullmatch(texts[0]):
            raise ValueError("write an amount like 250 or 99.50")
        return {"from": "least", "to": "most"}[key], Decimal(texts[0])
    if key == "q":
        return key, _search(texts[0])
    raise ValueError(f"unknown filter; known are {', '.join(NAMES)}")


def _search(text: str) -> str:
    words = text.split()
    if len(text) > MOST_TEXT or len(words) > MOST_WORDS or not text.isprintable():
        raise ValueError(f"write at most {MOST_WORDS} words and {MOST_TEXT} characters, all of them ones that show")
    return " ".join(words)


def _one_of(known: Mapping[str, str], text: str) -> str:
    if text not in known:
        raise ValueError(f"unknown; write {', '.join(known)}")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("write names as they stand in the queue, with commas between")
    return text


_MANY = {"tier": lambda text: _one_of(TIERS, text), "agent": _name, "tool": _name, "rule": _name}
_ONE = {"section": SECTIONS, "due": DUES, "claimed": CLAIMS, "sort": SORTS, "group": GROUPS}


def _key(one) -> str:
    return one.metadata.get("key", one.name)


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _said(key: str, text: str) -> str:
    if key == "tier":
        return ", ".join(TIERS[one] for one in text.split(","))
    return _ONE[key][text] if key in _ONE else text.replace(",", ", ") if key in _MANY else text
