"""What changes: each field before and after, with where the value before was looked up and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agents import arguments, binding, preview
from agents.models import Action
from agents.policy.values import from_json
from agents.preview import Change
from approvals import inert


@dataclass(frozen=True)
class Line:
    """One field. `just_now` is its value looked up anew, empty while nobody asked; `moved` says that it differs.

    `change.after`, `change.by`, `source` and `just_now` hold other people's text: show them inert.
    """

    change: Change
    source: str
    as_of: datetime | None
    just_now: str
    moved: bool
    notes: list[str]


@dataclass(frozen=True)
class Changes:
    """The table. `declared` is false where the tool says that it has no preview."""

    lines: list[Line]
    declared: bool

    @property
    def unknown(self) -> list[str]:
        """The fields whose value now isn't known."""
        return [line.change.field for line in self.lines if not line.change.known]


def of(action: Action, now: Mapping[str, object] | None = None) -> Changes:
    """Return what the action changes, by what was looked up when it was proposed; `now` are the facts looked up anew."""
    body, args = action.definition.body, binding.stored_arguments(action.payload)
    then = {name: from_json(row["value"]) for name, row in action.facts.items()}
    described = arguments.describe(body["schema"], args)
    before = preview.changes(body, args, described, then)
    after = preview.changes(body, args, described, now) if now is not None else [None] * len(before)
    lines = [_line(action, old, new) for old, new in zip(before, after, strict=True)]
    return Changes(lines, declared=bool(preview.lines_of(body)))


def _line(action: Action, old: Change, new: Change | None) -> Line:
    row = action.facts.get(old.fact, {})
    as_of = row.get("as_of")
    return Line(
        change=old,
        source=row.get("from", ""),
        as_of=datetime.fromisoformat(as_of) if as_of else None,
        just_now="" if new is None or not old.fact else new.now,
        moved=new is not None and bool(old.fact) and new.now != old.now,
        notes=inert.notes(old.after),
    )
