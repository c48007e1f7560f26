"""One run as a person reads it: where it stands, who had it when, what each step did, what it used. Only reads."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, QuerySet, Sum

from agents import access, budgets
from agents.lifecycle import ASKED, ENDS, RUN_ENDS, RunState
from agents.models import Action, Person, Run, RunStep, Slot
from approvals.action import history
from approvals.action.history import Entry
from approvals.runs import journal, listing, spending
from approvals.runs.journal import Line, Link
from approvals.runs.listing import Standing
from approvals.runs.spending import Meter
from approvals.runs.timeline import Lane, Stretch, lanes, lasting, line
from audit.models import Event

#: Seconds between two looks of a page that follows a run: while people have it, it moves slowly.
QUICK, SLOW = 2, 10
#: What is shown grows old by itself ("waits for 3 min"): a page that is up to date is drawn anew this often, in seconds.
_GROWS_OLD = 30
_SLOWLY = (RunState.AWAITING_REVIEW, RunState.PAUSED)


@dataclass(frozen=True)
class Controls:
    """What this person may do with the run. `why_not_resume` says who can when they can't."""

    stop: bool
    cancel: bool
    resume: bool
    seen: bool
    why_not_resume: str

    @property
    def key(self) -> str:
        """What a page must be drawn anew for: the forms it shows."""
        return "-".join(name for name in ("stop", "cancel", "resume", "seen") if getattr(self, name)) or "none"


@dataclass(frozen=True)
class Asking:
    """An action of the run that waits for people, and for whom."""

    id: str
    headline: str
    groups: tuple[str, ...]
    state: str


@dataclass(frozen=True)
class Sheet:
    """The whole page. What an agent had a say in (`about`, `output`, `error`, headlines, notes) is hostile: show it inert."""

    run: Run
    short: str
    about: str
    standing: Standing
    is_open: bool
    asked_by: str
    lasted: str
    overdue: str
    parent: Link | None
    asking: list[Asking]
    waits_for: str
    who_resumes: str
    needs_somebody: bool
    lanes: list[Lane]
    until: datetime
    meters: list[Meter]
    steps: list[Line]
    actions: int
    cost: str
    tokens: str
    given: str
    output: str
    history: list[Entry]
    controls: Controls
    version: str
    pace: int


def for_person(run: Run, person: Person, version: str = "") -> Sheet:
    """Return the page of a run that `access.run_for` gave this person. `version` is what `version_of` said before.

    The number of queries is the same however many steps it took.
    """
    until = run.finished_at or run.now
    steps = _steps(run)
    visible = _visible(run, steps, person)
    moves = _moves([step.action_id for step in steps if step.action_id])
    events = list(Event.objects.filter(subject_kind="run", subject_id=str(run.pk)).prefetch_related("private"))
    had = [*journal.stretches(steps, moves, until), *_pauses(events, until)]
    waiting = [_asking(step.action) for step in steps if step.action and step.action.state not in ENDS]
    asking = [one for one in waiting if one.state in ASKED]
    missing = tuple(dict.fromkeys(group for one in asking for group in one.groups))
    signs = dict.fromkeys(slot.label for step in steps if step.action for slot in step.action.slots.all())
    return Sheet(
        run=run,
        short=listing.short(run.pk),
        about=listing.abouts([run.pk])[run.pk],
        standing=listing.standing(run.state),
        is_open=run.state not in RUN_ENDS,
        asked_by=listing.asked_by(run),
        lasted=lasting(until - run.created_at),
        overdue=lasting(since) if (since := listing.overdue(run, run.now)) else "",
        parent=_parent(run, visible),
        asking=asking,
        waits_for=listing.waits_for(run, missing, run.now),
        who_resumes=access.who_resumes(run) if run.state == RunState.PAUSED and run.stop_reason else "",
        needs_somebody=listing.needs_somebody(run),
        lanes=lanes(line(had, run.created_at, until), people=", ".join(signs)),
        until=until,
        meters=spending.meters(run, sum(1 for step in steps if step.action_id), until),
        steps=journal.lines(steps, moves, until, visible),
        actions=sum(1 for step in steps if step.action_id),
        cost=budgets.in_words("micros", run.micros_inference + run.micros_tooling),
        tokens=budgets.in_words("tokens", run.tokens_in + run.tokens_out),
        given=_pretty(run.content.input),
        output=_pretty(run.content.output) if run.content.output is not None else "",
        history=[history.entry(event) for event in events],
        controls=_controls(run, person),
        version=version or version_of(run),
        pace=SLOW if run.state in _SLOWLY else QUICK,
    )


def version_of(run: Run) -> str:
    """Return what changes whenever its page does: whoever shows this version needn't draw it anew."""
    steps = RunStep.objects.filter(run=run).aggregate(
        begun=Count("pk"),
        closed=Count("ended_at"),
        tries=Sum("tries"),
        acted=Max("action__state_since"),
        handed=Max("child__state_since"),
    )
    signed = Slot.objects.filter(action__run_id=run.pk).aggregate(Max("filled_at"), Count("filled_by"))
    grown = int(run.now.timestamp() // _GROWS_OLD) if run.state not in RUN_ENDS else 0
    stands = (run.state, run.state_since, run.seen_at, run.paused_from, run.attention, run.error, grown)
    told = repr([*stands, *steps.values(), *signed.values()])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


# --- what is read for it

#: Of an action that a step shows: neither its bytes nor what it was judged by.
_HEAVY = ("payload", "facts", "snapshot", "reasons", "scope")


def _steps(run: Run) -> list[RunStep]:
    steps: QuerySet[RunStep] = run.journal.select_related("action", "child__agent").order_by("number")
    return list(steps.defer(*(f"action__{name}" for name in _HEAVY)).prefetch_related("action__slots"))


def _visible(run: Run, steps: Sequence[RunStep], person: Person) -> set[UUID]:
    """Return which of the runs above and below this person sees too."""
    related = {step.child_id for step in steps} | {run.parent_id}
    return set(access.visible_runs(person).filter(pk__in=related - {None}).values_list("pk", flat=True))


def _moves(actions: Sequence[UUID]) -> dict[UUID, list[tuple[datetime, str]]]:
    """Return by action every state it entered and when, from the record alone."""
    found: dict = {pk: [] for pk in actions}
    about = Event.objects.filter(subject_kind="action", subject_id__in=[str(pk) for pk in actions])
    entered = about.filter(data__has_key="to").order_by("id").values_list("subject_id", "at", "data__to")
    for subject, at, to in entered:
        found[UUID(subject)].append((at, to))
    return found


def _pauses(events: Sequence[Event], until: datetime) -> list[Stretch]:
    """Return when the run was paused, from the record."""
    moved = [(event.at, event.data["to"]) for event in events if "to" in event.data]
    ends = [at for at, _ in moved[1:]] + [until]
    return [Stretch("paused", at, end) for (at, to), end in zip(moved, ends, strict=False) if to == RunState.PAUSED]


def _asking(action: Action) -> Asking:
    unsigned = tuple(slot.label for slot in action.slots.all() if slot.human is None)
    return Asking(str(action.pk), action.headline, unsigned, action.state)


def _parent(run: Run, visible: set[UUID]) -> Link | None:
    if run.parent_id is None:
        return None
    return Link(str(run.parent_id), run.parent.agent.slug, listing.short(run.parent_id), run.parent_id in visible)


def _controls(run: Run, person: Person) -> Controls:
    is_open, paused = run.state not in RUN_ENDS, run.state == RunState.PAUSED
    stopped = paused and bool(run.stop_reason)
    why_not = (access.why_not_resume(person, run) or "") if stopped else ""
    return Controls(
        stop=is_open and not paused and access.may_stop(person, run.agent),
        cancel=is_open and access.may_conclude(person, run),
        resume=stopped and not why_not and not run.agent.is_stopped,
        seen=listing.needs_somebody(run) and access.answers_for(person, run.agent),
        why_not_resume=why_not,
    )


def _pretty(value) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
