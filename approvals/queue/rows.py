"""One action as a row of the queue: what deciding needs at a glance, and why it stands where it does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from agents.lifecycle import WORDS, State
from agents.models import Action, Person, Slot
from agents.money import Money
from agents.policy.judging.reasons import lets_run
from agents.policy.verdict import Reason
from approvals.attending import clockface
from approvals.attending.clockface import Due
from approvals.models import Claim

#: The reason that only repeats which groups the tier waits for.
TIER_DEFAULT = "tier_default_review"
_QUARTER = timedelta(minutes=15)
_BANDS = ("tier 3 or 4, late or at risk", "tier 2 or below, late or at risk", "on time")


@dataclass(frozen=True)
class Holding:
    """Somebody is at one slot of an action: who, since how long, until when, and whether that is the reader."""

    by: str
    mine: bool
    slot: str
    since: str
    until: datetime


@dataclass(frozen=True)
class Row:
    """One action in the queue. `headline`, `agent` and `owner` hold other people's text: show them inert.

    `first` says why it stands where it does. `snoozes` is whether it may be snoozed now, `may_claim` whether it is theirs.
    """

    id: str
    revision: int
    headline: str
    tool: str
    tier: int
    state: str
    state_words: str
    agent: str
    agent_name: str
    owner: str
    due: Due | None
    expires_at: datetime | None
    impact: str
    undo: str
    filled: int
    needed: int
    missing: tuple[str, ...]
    why: str
    first: str
    age: str
    held_by: tuple[Holding, ...]
    may_claim: bool
    may_snooze: bool

    @property
    def claim(self) -> Holding | None:
        """The reader's own claim."""
        return next((one for one in self.held_by if one.mine), None)

    @property
    def others(self) -> str:
        """Who else is at it, in words."""
        return _others(self.held_by)

    @property
    def is_free(self) -> bool:
        """Whether a slot is left that nobody has claimed."""
        return len(self.held_by) < len(self.missing)


def row(action: Action, person: Person, now: datetime, *, mine: frozenset[int] = frozenset(), key: tuple = ()) -> Row:
    """Return one row; `mine` are this person's groups when it is their turn, `key` then its place in the queue."""
    slots = list(action.slots.all())
    missing = tuple(slot.label for slot in slots if slot.human is None)
    due = due_of(action, now)
    theirs = bool(mine) and not is_closing(action)
    return Row(
        id=str(action.pk),
        revision=action.revision,
        headline=action.headline,
        tool=action.tool.name,
        tier=action.effective_tier,
        state=action.state,
        state_words=state_words(action, theirs=theirs),
        agent=action.agent.slug,
        agent_name=action.agent.name,
        owner=", ".join(str(role.person) for role in action.agent.roles.all()),
        due=due,
        expires_at=action.expires_at,
        impact=money_of(action),
        undo=undo_of(action.definition.body),
        filled=len(slots) - len(missing),
        needed=len(slots),
        missing=missing,
        why=why(action, slots, person, mine),
        first=why_first(action, key) if theirs and key else "",
        age=clockface.span(now - action.created_at),
        held_by=tuple(holdings(slots, person, now)),
        may_claim=theirs,
        may_snooze=theirs and due is not None and due.urgency == "on_time",
    )


@dataclass(frozen=True)
class Claiming:
    """Who is at one action: the reader's own claim, the others in words, and whether a slot is left."""

    mine: Holding | None
    others: str
    is_free: bool


def claiming(action: Action, person: Person) -> Claiming:
    """Return who is at this action, for its own page. One query."""
    slots = list(action.slots.select_related("claim__person"))
    held = holdings(slots, person, timezone.now())
    mine = next((one for one in held if one.mine), None)
    return Claiming(mine, _others(held), len(held) < sum(slot.human is None for slot in slots))


def _others(held: Sequence[Holding]) -> str:
    return "; ".join(f"{one.by} has this, {one.since}" for one in held if not one.mine)


def holdings(slots: Sequence[Slot], person: Person, now: datetime) -> list[Holding]:
    """Return who is at which open slot just now. The slots come with their claims and those who made them."""
    claims = [(slot, _claim(slot)) for slot in slots if slot.human is None]
    return [
        Holding(
            by=str(claim.person),
            mine=claim.person_id == person.pk,
            slot=slot.label,
            since=f"{int((now - claim.taken_at).total_seconds() // 60)} min",
            until=claim.until,
        )
        for slot, claim in claims
        if claim is not None and claim.until > now
    ]


def _claim(slot: Slot) -> Claim | None:
    return slot.claim if hasattr(slot, "claim") else None


def why_first(action: Action, key: tuple) -> str:
    """Say why it stands where it does: its band, its quarter of an hour, its tier, what is at stake."""
    band, bucket = min(max(key[0], 0), 2), datetime.fromtimestamp(key[1] * _QUARTER.total_seconds(), UTC)
    stake = money_of(action) or "no money"
    return (
        f"Band {band + 1} of 3: {_BANDS[band]}. Within it by when it is due: between {bucket:%H:%M} and"
        f" {bucket + _QUARTER:%H:%M} UTC; then the higher tier (T{action.effective_tier}), then what is at stake ({stake})."
        " Equals stand in an order of your own."
    )


def state_words(action: Action, *, theirs: bool = False) -> str:
    """Return the state as a reviewer reads it; `theirs` when it is their turn."""
    if action.state != State.AWAITING_REVIEW:
        return WORDS[State(action.state)]
    if is_closing(action):
        return "Expired, being closed"
    return "Waiting for you" if theirs else "Waiting for others"


def is_closing(action: Action) -> bool:
    """Whether the time to decide is over and only the sweep hasn't come by yet."""
    return action.state == State.AWAITING_REVIEW and action.expires_at <= timezone.now()


def due_of(action: Action, now: datetime) -> Due | None:
    """Return the deadline for people to decide or to say what happened, or None when they owe it nothing."""
    if action.state == State.UNKNOWN:
        return clockface.due(due_at=action.due_at, at_risk_at=None, now=now)
    stopped = action.state in (State.ON_HOLD, State.CHANGES_REQUESTED)
    if action.state != State.AWAITING_REVIEW and not stopped:
        return None
    return clockface.due(due_at=action.due_at, at_risk_at=action.at_risk_at, now=now, stopped=stopped)


def money_of(action: Action) -> str:
    """Return the money at stake, `USD 25.00`, or nothing."""
    return str(money(action) or "")


def money(action: Action) -> Money | None:
    """Return the money at stake, or None."""
    amount = json.loads(bytes(action.payload)).get(action.definition.body.get("money") or "")
    return Money(**amount) if isinstance(amount, dict) else None


def undo_of(definition: dict) -> str:
    """Return the name of the tool that undoes this one, or nothing."""
    return definition.get("undo") if definition.get("undo") not in (None, "none") else ""


def why(action: Action, slots: list[Slot], person: Person, mine: frozenset[int]) -> str:
    """Say why the row stands in its section."""
    if action.state == State.ON_HOLD:
        stopped = action.agent.is_stopped
        return f"The agent is stopped: {action.agent.stop_reason}" if stopped else "It waits until it is resumed."
    if action.state == State.UNKNOWN:
        return "The tool's answer was lost: somebody must look whether it happened, and say so."
    if mine:
        yours = dict.fromkeys(slot.label for slot in slots if slot.group_id in mine)
        return f"You sign for {' or '.join(yours)}{_because(action)}"
    if person.human_id in {slot.human for slot in slots}:
        return "You signed it."
    if person.human_id in action.self_humans:
        owns = person.human_id in {role.person.human_id for role in action.agent.roles.all()}
        return f"{f'You own {action.agent.name}' if owns else 'You count as its own side'}, so others sign."
    return "You see it, and others sign it."


def _because(action: Action) -> str:
    """Return the end of the sentence: the strongest reason beyond the tier's own groups, which the row names already."""
    said = [reason for reason in action.reasons if reason["code"] != TIER_DEFAULT]
    reasons = [reason for reason in said if not lets_run(Reason(**reason))]
    if not reasons:
        return "."
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    text, rule = reasons[0]["text"].rstrip("."), reasons[0].get("rule")
    if rule is None:
        return f". {text}{more}."
    # The page of the action names the rule; here it would push the values out of the row.
    for ending in (f" (rule {rule})", ", so a person decides", f": rule {rule} can't be told"):
        text = text.removesuffix(ending)
    return f", because {text}{more}."
