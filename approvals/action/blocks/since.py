"""What became of the policy since an action came in: the version it waits under, the one in force, and what that would say."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.actions import rechecking
from agents.actions.rechecking import Glance
from agents.models import Action, Slot
from agents.policy.judging import defaults


@dataclass(frozen=True)
class Since:
    """The policy in force is another than the one that gave the verdict. `then` and `now` are their labels.

    `speaking` is what it says against the action that the other didn't, in words; `asked` are groups that it asks for and
    no slot is for. `would_refuse`: approved as it stands, the action would be refused when it is to run. All of it by
    what was looked up then.
    """

    then: str
    now: str
    speaking: list[str]
    asked: list[str]
    raised_to: int | None
    denies: bool
    would_refuse: bool


def of(action: Action, slots: Sequence[Slot]) -> Since | None:
    """Return what changed, or None while the policy is the same. Nothing is looked up; no query while it is."""
    if action.agent.policy_id == action.policy_id:
        return None
    return _since(action, rechecking.foresee(action, slots))


def _since(action: Action, seen: Glance) -> Since:
    policy = action.agent.policy
    return Since(
        then=action.policy,
        now=policy.label if policy else defaults.POLICY,
        speaking=[reason.text for reason in seen.drift.reasons],
        asked=list(seen.asked),
        raised_to=seen.verdict.effective_tier if seen.raised else None,
        denies=seen.denies,
        would_refuse=seen.would_refuse,
    )
