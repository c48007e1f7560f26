"""What the agent read before it asked: each answer with where it came from, and whether this person has opened it."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from agents import evidence as demanded
from agents import present
from agents.errors import NoSuchAction
from agents.models import Action, Person
from agents.policy.values import from_json
from agents.policy.verdict import SIGNED_TIER, Missing
from approvals import inert
from approvals.action.blocks import trail
from approvals.action.blocks.trail import Read, Trail
from approvals.models import Look
from audit import log, redaction

UNLABELLED = "unlabelled"
#: What a label says to a reader.
LABELS = {
    "internal": "from our own systems",
    "customer": "a customer's words; not verified",
    "web": "from the web; not verified",
    UNLABELLED: "nobody has labelled this source",
}


@dataclass(frozen=True)
class Piece:
    """One answer. `required` says that it must be opened before approving, `opened` that this person did.

    Everything but `label` and `at` holds other people's text: show it inert.
    """

    id: str
    tool: str
    host: str
    at: datetime
    number: int | None
    trust: str
    label: str
    about: str
    size: int
    is_kept: bool
    required: bool
    opened: bool


@dataclass(frozen=True)
class Evidence:
    """All of it; `missing` names tools whose answer must be read, and isn't there, `unknown` facts that must be known, and
    aren't, each with why. `is_run`: it came with a run; without one `about` says what an answer must have been about."""

    pieces: list[Piece]
    missing: list[str]
    unknown: list[tuple[str, str]]
    is_run: bool
    about: str = ""

    @property
    def to_open(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.required and not piece.opened]


@dataclass(frozen=True)
class Opened:
    """One answer, opened: its text as this person may read it, and what the eye would miss in it."""

    piece: Piece
    text: str
    is_masked: bool
    notes: list[str]


def of(action: Action, before: Trail, opened: Collection[str]) -> Evidence:
    """Return the evidence; `before` is what was read, `opened` what this person has opened of it."""
    wanted = _wanted(action)
    required = {piece.id for name in wanted for piece in _required(name, before.reads)}
    missing = [name for name in wanted if not _required(name, before.reads)]
    return Evidence(
        pieces=[_piece(read, required, opened) for read in before.reads],
        missing=missing,
        unknown=unknown(action),
        is_run=before.is_run,
        about=_about(action) if missing and not before.is_run else "",
    )


def unknown(action: Action) -> list[tuple[str, str]]:
    """Return the facts that must be known before anybody signs, and aren't, each with why. Facts are evidence that we
    looked up ourselves: what the agent says of them counts nothing."""
    if action.effective_tier < SIGNED_TIER:
        return []
    named = demanded.facts_named(action.definition.body)
    known = {
        name: from_json(action.facts[name]["value"]) if name in action.facts else Missing("missing") for name in named
    }
    return [(name, value.detail or value.code) for name, value in known.items() if isinstance(value, Missing)]


def _about(action: Action) -> str:
    """Return the arguments that tell whether an answer is about the same, as people read them."""
    critical = action.definition.body.get("critical", ())
    return ", ".join(f"{name} {shown}" for name, shown in present.arguments(action) if name in critical)


def opened_by(action: Action, person: Person) -> frozenset[str]:
    """Return the ids of what this person has opened of this action's evidence. One query."""
    looks = Look.objects.filter(action=action, person=person, kind=Look.Kind.EVIDENCE)
    return frozenset(looks.values_list("what", flat=True))


def open_piece(action: Action, piece_id: UUID, *, masked: bool, opened: Collection[str] = ()) -> Opened:
    """Return one answer as its reader may see it; `masked`: without what the policy redacts. Raises NoSuchAction."""
    before = trail.of(action)
    shown = of(action, before, opened)
    for piece, read in zip(shown.pieces, before.reads, strict=True):
        if piece.id == str(piece_id):
            text = text_of(read, action, masked=masked)
            return Opened(piece, text, text != text_of(read, action, masked=False), inert.notes(text))
    raise NoSuchAction()


@transaction.atomic
def note_opened(action: Action, piece: Piece, *, by: Person) -> None:
    """Keep that this person opened a piece of evidence. The first time is an event."""
    seen = {"action": action, "person": by, "kind": Look.Kind.EVIDENCE, "what": piece.id}
    if Look.objects.filter(**seen).exists():
        return
    Look.objects.create(**seen)
    log.record(
        "evidence.opened",
        by=by.actor(),
        subject=("action", str(action.pk)),
        data={"what": f"the answer of {piece.tool}", "evidence": piece.id},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )


def text_of(read: Read, action: Action, *, masked: bool) -> str:
    """Return an answer as text: JSON, with its own line breaks where it is one text."""
    value = masked_output(read, action) if masked else read.output
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def masked_output(read: Read, action: Action) -> object:
    """Return an answer with what the action's policy redacts masked, and secrets always."""
    return redaction.redact_value(read.output, {*action.snapshot.get("redact", ()), "secret"})[0]


def longest_text(value: object) -> str:
    """Return the longest text in an answer: what somebody wrote, where the rest is their address and number."""
    if isinstance(value, str):
        return value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((longest_text(one) for one in inside), key=len, default="")


def _wanted(action: Action) -> list[str]:
    return demanded.tools_named(action.definition.body) if action.effective_tier >= SIGNED_TIER else []


def _required(tool: str, reads: list[Read]) -> list[Read]:
    """Return what must be read of a tool: all it answered about the same, else the last it answered."""
    answers = [read for read in reads if read.tool == tool and read.is_kept]
    return [read for read in answers if read.is_about] or answers[-1:]


def _piece(read: Read, required: Collection[str], opened: Collection[str]) -> Piece:
    return Piece(
        id=read.id,
        tool=read.tool,
        host=read.host,
        at=read.at,
        number=read.number,
        trust=read.trust,
        label=LABELS[read.trust],
        about=", ".join(f"{name} {value}" for name, value in read.arguments.items()),
        size=len(json.dumps(read.output, ensure_ascii=False)),
        is_kept=read.is_kept,
        required=read.id in required,
        opened=read.id in opened,
    )
