"""Pure: what somebody searches for, as it stands in the address. Nothing in it is guessed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from urllib.parse import urlencode
from uuid import UUID

from agents.errors import Invalid
from agents.lifecycle import RunState, State

KINDS = {"action": "Actions", "output": "What came back", "run": "Tasks of runs"}
TIERS = ("0", "1", "2", "3", "4")
STATES = tuple(dict.fromkeys([*State.values, *RunState.values]))
MOST_WORDS, MOST_TEXT, FEWEST_LETTERS = 8, 100, 2
NAMES = {
    "q": "Words", "kind": "Kind", "agent": "Agent", "tool": "Tool", "state": "State", "tier": "Tier", "since": "From",
    "until": "To",
}  # fmt: skip
_APART = re.compile(r"[\W_]+")
_NAME = re.compile(r"[\w.-]{1,63}")


@dataclass(frozen=True)
class Asked:
    """Words and filters; empty means any. `since` and `until` are days in the reader's zone, both included.

    `before` is where a further page begins: `id.kind` of the last result of the one before.
    """

    q: str = ""
    kind: str = ""
    agent: str = ""
    tool: str = ""
    state: str = ""
    tier: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @property
    def said(self) -> dict[str, str]:
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}

    @property
    def query(self) -> str:
        """The query string of the first page, always in one order."""
        return urlencode(replace(self, before="").said)

    @property
    def filters(self) -> list[tuple[str, str, str, str]]:
        """Return for each filter its key, its name, what it says, and the query without it."""
        first = replace(self, before="")
        chosen = [(key, value) for key, value in first.said.items() if key != "q"]
        return [(key, NAMES[key], value, replace(first, **{key: ""}).query) for key, value in chosen]

    @cached_property
    def words(self) -> list[str]:
        """The words as the index has them: small, without signs, each once."""
        return list(dict.fromkeys(word for word in _APART.split(self.q.lower()) if word))

    @property
    def is_short(self) -> bool:
        """Whether something is asked for, but no word of two letters or digits: too little to look for."""
        return bool(self.q.strip()) and not any(len(word) >= FEWEST_LETTERS for word in self.words)

    @property
    def place(self) -> tuple[UUID, str] | None:
        """Where the page begins: the id and the kind of the result before."""
        before, _, kind = self.before.partition(".")
        return (UUID(before), kind) if self.before else None

    def narrowed(self, key: str, value: str) -> str:
        """Return the query with one more filter."""
        return replace(self, before="", **{key: value}).query


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """Return what these pairs ask for; empty values count as not said. Raises Invalid naming each that is wrong."""
    given, errors = {}, []
    for key, text in pairs:
        if not text.strip():
            continue
        wrong = "write it once" if key in given else _wrong(key, text.strip())
        if wrong:
            errors.append({"field": key[:80] if key.isprintable() else "?", "message": wrong})
        given[key] = text.strip()
    if errors:
        raise Invalid("This search isn't understood, so nothing is shown.", errors=errors)
    return Asked(**given)


def _wrong(key: str, text: str) -> str:
    """Return what is wrong with one pair, or nothing."""
    if key in ("kind", "state", "tier"):
        known = {"kind": tuple(KINDS), "state": STATES, "tier": TIERS}[key]
        return "" if text in known else f"unknown; write {', '.join(known)}"
    if key in ("since", "until"):
        return "" if day_of(text) else "write a day as 2026-11-21"
    if key in ("agent", "tool"):
        return "" if _NAME.fullmatch(text) else "write its name as it stands in lists"
    if key == "q":
        fits = len(text) <= MOST_TEXT and len(text.split()) <= MOST_WORDS and text.isprintable()
        return (
            "" if fits else f"write at most {MOST_WORDS} words and {MOST_TEXT} characters, all of them ones that show"
        )
    if key == "before":
        return "" if _is_place(text) else "take it from the page before"
    return f"unknown; known are {', '.join(NAMES)}"


def day_of(text: str) -> date | None:
    """Return the day that `2026-11-21` names, or None."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _is_place(text: str) -> bool:
    before, _, kind = text.partition(".")
    try:
        return kind in KINDS and str(UUID(before)) == before
    except ValueError:
        return False
