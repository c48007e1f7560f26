"""An action's clocks, as they were fixed when it entered review: by which hours they run, and who is told when it is late.

What stands here was frozen with the action: a later version of its policy or of its agent's file moves nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.models import Action, Agent, ClockInterval
from agents.policy import deadlines
from agents.policy.judging.defaults import look_within, signed_as
from agents.policy.language import Calendar
from agents.policy.verdict import Verdict

#: The columns that a pause moves.
DEADLINES = ("look_due_at", "at_risk_at", "due_at", "expires_at")
#: Questions stop the clock no longer than this, nor than twice the time to decide.
LONGEST_PAUSE = timedelta(hours=48)
LOOK_OVERDUE, AT_RISK = "action.look_overdue", "action.at_risk"


@dataclass(frozen=True)
class Rung:
    """One rung of a ladder: how many seconds past due it is taken, and who is told; nobody named is who answers for it."""

    after: int
    tell: tuple[str, ...]


#: Where the agent file says nothing: at once, to the owner, from tier 3 on to the steward too, at tier 4 to security as well.
_USUAL = (Rung(0, ()),)


# --- at entry


def times(verdict: Verdict, now: datetime) -> dict[str, datetime]:
    """Return the deadlines of a review that begins now, and when the clock must look first, all by its calendar."""
    due = verdict.due_seconds
    seconds = {
        "look_due_at": look_within(verdict.effective_tier, due),
        "at_risk_at": deadlines.at_risk_after(due),
        "due_at": due,
        "expires_at": verdict.expires_seconds,
    }
    found = {name: deadlines.add(now, after, verdict.calendar) for name, after in seconds.items()}
    return found | {"wake_at": min(found.values())}


def frozen(verdict: Verdict, agent: Agent) -> dict:
    """Return what an action keeps of its clocks as plain JSON: its calendar, its time to decide, its ladder."""
    return {
        "calendar": deadlines.as_json(verdict.calendar) if verdict.calendar else None,
        "due": verdict.due_seconds,
        "ladder": agent.ladder.get(str(signed_as(verdict.effective_tier)), []),
    }


# --- while it waits


def calendar_of(action: Action) -> Calendar | None:
    """Return the calendar that counts the action's time, as it was at entry; None when every hour is open."""
    body = _kept(action).get("calendar")
    return deadlines.from_json(body) if body else None


def ladder_of(action: Action) -> Sequence[Rung]:
    """Return the rungs of the action's ladder, in order."""
    said = _kept(action).get("ladder") or ()
    return tuple(Rung(rung["after"], tuple(rung["tell"])) for rung in said) or _USUAL


def rung_at(action: Action) -> datetime | None:
    """Return when the next rung is taken: so much open time past due. None when there is none left."""
    ladder = ladder_of(action)
    if action.rung >= len(ladder):
        return None
    return deadlines.add(action.due_at, ladder[action.rung].after, calendar_of(action))


def next_look(action: Action, noted: Collection[str]) -> datetime:
    """Return when the clock must look at an action in review again; `noted` are the events it has had already."""
    ahead = [action.expires_at]
    if action.look_due_at and action.looked_at is None and LOOK_OVERDUE not in noted:
        ahead.append(action.look_due_at)
    if action.breached_at is None:
        ahead += [action.due_at] if AT_RISK in noted else [action.at_risk_at, action.due_at]
    elif (rung := rung_at(action)) is not None:
        ahead.append(rung)
    return min(ahead)


# --- pauses


def moved(action: Action, paused_at: datetime, resumed_at: datetime) -> dict[str, datetime]:
    """Return the action's deadlines after a pause between two instants: later by the open time it took."""
    calendar = calendar_of(action)
    return {
        name: deadlines.moved(getattr(action, name), paused_at, resumed_at, calendar)
        for name in DEADLINES
        if getattr(action, name) is not None
    }


def said(action: Action, columns: Mapping[str, datetime]) -> dict[str, str]:
    """Return for the event of a resumed action from when to when its deadline moved: it never does so silently."""
    return {"due_from": _as_text(action.due_at), "due_to": _as_text(columns["due_at"])}


def answer_due(action: Action, now: datetime) -> datetime:
    """Return until when a question asked now may stop the clock: after that nobody has answered.

    All questions on an action together stop it for twice its time to decide at most, and for 48 hours, of open time.
    """
    calendar, stopped = calendar_of(action), timedelta()
    asked = ClockInterval.objects.filter(action=action, kind="paused", reason="changes_requested")
    for begun, ended in asked.values_list("started_at", "ended_at"):
        stopped += timedelta(seconds=deadlines.open_seconds_between(begun, ended or now, calendar))
    left = max(timedelta(), _longest_pause(action) - stopped)
    return deadlines.add(now, int(left.total_seconds()), calendar)


def _longest_pause(action: Action) -> timedelta:
    due = _kept(action).get("due")
    return min(LONGEST_PAUSE, timedelta(seconds=2 * due)) if due else LONGEST_PAUSE


def _as_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _kept(action: Action) -> Mapping:
    return action.snapshot.get("clock", {})  # what entered before clocks were kept counts every hour
