"""Looking again before an approved action runs: stricter applies, looser is ignored, drift refuses."""

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from agents import binding, canonical, lookups
from agents.actions.gathering import Gathered, gather
from agents.headline import facts_named
from agents.lifecycle import State
from agents.models import Action, Slot
from agents.models.policy import HEAVY_OF_AGENT
from agents.policy import values
from agents.policy.judging.evaluate import newly_speaking
from agents.policy.verdict import Missing, Reason, Verdict

#: A source that doesn't answer now may answer in a minute: that is no reason to throw signatures away.
TRANSIENT = "unavailable"


def look_again(action_id: UUID) -> Gathered | None:
    """Return what policy must know of an action that waits for its attempt, gathered anew; None when it waits for none.

    None also while a source doesn't answer that answered when people or policy decided: the action keeps its permit, and
    the clock rings again until that is over.
    """
    waiting = Action.objects.select_related("agent__policy", "definition", "tool").defer(*HEAVY_OF_AGENT)
    action = waiting.filter(pk=action_id, state__in=(State.APPROVED, State.RETRY_WAIT)).first()
    if action is None:
        return None
    looked = _gather_anew(action)
    if action.slots.exists():  # whoever signed has decided on it, rejected before or not
        looked = replace(looked, rejected_by=())
    if action.called_at is not None:
        return _as_it_was(action, looked)
    return None if _is_waiting_for_a_source(action, looked) else looked


def glance(action: Action, slots: Sequence[Slot]) -> tuple[Gathered, tuple[Reason, ...]]:
    """Return what policy must know of an action, gathered anew for a reader, and what would speak against it now that
    didn't when it was proposed. Nothing is changed or counted: limits stand as they stood then.

    Takes up to the facts' deadline; call it outside a transaction.
    """
    looked = replace(_gather_anew(action), rejected_by=tuple(action.snapshot.get("rejected_by", ())))
    verdict = looked.judge(sign=action.agent.sign, totals=action.snapshot.get("totals", {}))
    return looked, newly_speaking(verdict_then(action, slots), verdict)


def drifted(action: Action, slots: Sequence[Slot], looked: Gathered, verdict: Verdict) -> bool:
    """Whether something now speaks against the action that didn't when it was decided, or its headline would differ."""
    return bool(newly_speaking(verdict_then(action, slots), verdict)) or _headline_facts_changed(action, looked)


def _gather_anew(action: Action) -> Gathered:
    claims = {name: values.from_json(value) for name, value in action.snapshot.get("claims", {}).items()}
    said = {name: value for name, value in claims.items() if not isinstance(value, Missing)}
    run = str(action.run_id) if action.run_id else None
    # What was called when it was decided stays called, however long people took.
    called = action.snapshot.get("called", ())
    led = action.snapshot.get("led", False)
    args = _arguments(action)
    return gather(action.agent, action.definition, args, claims=said, run=run, led=led, called_before=called)


def _as_it_was(action: Action, looked: Gathered) -> Gathered:
    """Judge by the facts it was decided on: an earlier attempt may have had its effect, and facts then show just that."""
    then = {name: _then(action, name) for name in action.facts}
    found = {name: lookups.Found(value, "", None, time.monotonic()) for name, value in then.items()}
    return replace(looked, values={**looked.values, **then}, found=found)


def _arguments(action: Action) -> dict:
    """Return the arguments, or none when the bytes aren't those that came in: the claim refuses them by their digest."""
    intact = canonical.sha256_hex(bytes(action.payload)) == action.payload_digest
    return binding.stored_arguments(action.payload) if intact else {}


def _is_waiting_for_a_source(action: Action, looked: Gathered) -> bool:
    return any(
        isinstance(found.value, Missing) and found.value.code == TRANSIENT and _was_known(action, name)
        for name, found in looked.found.items()
    )


def _was_known(action: Action, name: str) -> bool:
    return name in action.facts and not isinstance(_then(action, name), Missing)


def _then(action: Action, name: str):
    return values.from_json(action.facts[name]["value"])


def verdict_then(action: Action, slots: Sequence[Slot]) -> Verdict:
    """Return the verdict an action entered on, but for its times."""
    return Verdict(
        outcome=action.verdict,
        effective_tier=action.effective_tier,
        reasons=tuple(Reason(**reason) for reason in action.reasons),
        groups=tuple(slot.label for slot in slots),
        due_seconds=None,
        expires_seconds=None,
        permit_seconds=action.permit_seconds,
        policy=action.policy,
    )


def _headline_facts_changed(action: Action, looked: Gathered) -> bool:
    """People signed under a headline: what it names must still be so."""
    return any(
        name in action.facts and not _is_still(looked, name, _then(action, name))
        for name in facts_named(action.definition.body.get("headline") or "")
    )


def _is_still(looked: Gathered, name: str, then: object) -> bool:
    now = looked.found[name].value if name in looked.found else Missing("missing")
    return now == then or (isinstance(now, Missing) and isinstance(then, Missing))
