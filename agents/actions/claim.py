"""Claiming: the one place where an approval is consumed. Everything the signatures bound to is checked again here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents import access, binding, breakers, canonical, incidents, lists, rows, states, turnstile
from agents.actions import reading
from agents.actions.gathering import Gathered
from agents.actions.holding import is_stopped
from agents.actions.pacing import postpone, wait_for_host
from agents.actions.reading import Signatures, Taken
from agents.actions.rechecking import Drift, drift, look_again
from agents.lifecycle import RUN_ENDS, State
from agents.models import Action, Agent, Run
from agents.policy.quorum import Requirement, match, staffable
from agents.policy.verdict import BREAK_GLASS_TIER
from agents.wire import NotSendable, WireRequest, wire_request
from audit.actors import Actor

UNKNOWN_DUE = timedelta(hours=4)


@dataclass(frozen=True)
class Claim:
    """A worker's right to make one attempt, until the lease ends. Every later write carries the fence."""

    action: Action
    fence: int
    wire: WireRequest
    definition: dict
    attempt: int
    deadline: float  # of the monotonic clock: nothing may be sent after it


def claim(action_id: UUID, *, worker: str) -> Claim | None:
    """Take the action under a lease, or end it `refused` when it may no longer run; None when there is nothing to take.

    What policy must know of it is looked up anew first. Then locks in the one order: agent (shared, so that a committed
    stop is seen), action, slots. No network call happens while they are held. The permit is consumed at the first lease.
    When the tool's host has had its calls, or its breaker is open, the clock rings again once that is over; the permit
    runs on meanwhile.
    """
    looked = look_again(action_id)
    if looked is None:
        return None
    if pause := wait_for_host(action_id):
        postpone(action_id, pause)
        return None
    deadline = time.monotonic() + settings.LEASE.total_seconds()
    with transaction.atomic():
        agent = turnstile.share_of(action_id)
        if agent is None or agent.is_stopped:
            return None  # its row is left alone: the stop holds it now, and passes over rows that somebody has
        taken = reading.take(action_id)
        if taken is None or is_stopped(taken.action, agent) or _has_moved_on(agent, looked):
            return None  # the clock rings again
        action = taken.action
        action.agent = agent
        definition = action.definition.body
        wire, problem = _recompute(action, definition)
        # Asked before every attempt: a retry whose grant or signer is gone is as unwanted as a first call.
        problem, why = (problem, Drift()) if problem else _why_refused(taken, looked)
        if problem:
            return _refuse(action, problem, why)
        if taken.breaker_is_open and (pause := breakers.wait(action.tool_id)):
            postpone(action_id, pause)
            return None
        until = rows.Sql("statement_timestamp() + %s", (settings.LEASE,))
        states.move(
            action,
            to=State.EXECUTING,
            by=Actor.SYSTEM,
            data={"attempt": action.attempts + 1, "worker": worker, "wire_digest": wire.digest()},
            where={"digest": action.digest},
            attempts=rows.Sql("attempts + 1"),
            fence=rows.Sql("fence + 1"),
            lease_owner=worker,
            lease_until=until,
            wake_at=until,
            permit_consumed_at=rows.Sql("coalesce(permit_consumed_at, statement_timestamp())"),
        )
        if action.effective_tier == BREAK_GLASS_TIER and action.attempts == 1:
            _open_incident(action)
    return Claim(action, action.fence, wire, definition, action.attempts, deadline)


def _has_moved_on(agent: Agent, looked: Gathered) -> bool:
    """Whether the policy, its lists or the agent's sources changed since we looked. None can while the agent is held."""
    if (agent.policy_id, tuple(agent.sources)) != (looked.policy_id, looked.sources):
        return True
    return bool(looked.lists) and lists.keys(agent, looked.lists) != looked.lists


def _open_incident(action: Action) -> None:
    """Whoever broke the glass is asked about it afterwards: that review is on record before the call goes out."""
    title = f"Break-glass: {action.headline}"
    incidents.open_(agent=action.agent, title=title, by=Actor.SYSTEM, actions=[action])


def _recompute(action: Action, definition: dict) -> tuple[WireRequest | None, str]:
    """Rebuild the request from the stored bytes and hold it against the digests people signed."""
    try:
        args = binding.stored_arguments(action.payload)
        bound = binding.bind(definition=definition, args=args, policy=action.policy, facts=action.facts)
        wire = wire_request(definition, args, version=action.wire_version)
    except (canonical.BadJson, canonical.NotCanonical):
        return None, "digest_mismatch"
    except NotSendable:
        return None, "payload_unsendable"
    signed = (action.digest, action.wire_digest, action.scope, action.payload_digest)
    if (bound.digest, wire.digest(), bound.scope, canonical.sha256_hex(bytes(action.payload))) != signed:
        return None, "digest_mismatch"
    return wire, ""


def _why_refused(taken: Taken, looked: Gathered) -> tuple[str, Drift]:
    """Return why an approval no longer holds, or an empty string, and what isn't as it was. Stricter applies; looser is
    ignored."""
    if problem := _why_not_allowed(taken):
        return problem, Drift()
    action, signed = taken.action, reading.signatures(taken.action)
    slots = signed.slots
    verdict = looked.judge(sign=action.agent.sign, totals=action.snapshot.get("totals", {}))
    since = drift(action, slots, looked, verdict)
    if verdict.outcome == "deny":
        return "policy_denies_now", since
    if since:
        return ("facts_drifted" if slots else "policy_stricter_now"), since
    if verdict.effective_tier > action.effective_tier:  # who signed has seen and proved what the lower tier asks
        return "policy_stricter_now", since
    return _why_signatures_fail(action, signed) or _why_too_few(verdict.groups, signed), since


def _why_not_allowed(taken: Taken) -> str:
    """Return what of the agent and its tool keeps it from running, or an empty string."""
    action = taken.action
    if not action.agent.enabled:
        return "agent_disabled"
    if action.called_at is None and _run_is_over(action):
        return "run_over"
    if not taken.is_granted:
        return "grant_gone"
    if action.tool.definition_id != action.definition_id or action.tool.tier != action.definition.body["tier"]:
        return "definition_changed"
    return ""


def _why_signatures_fail(action: Action, signed: Signatures) -> str:
    if not signed.slots:
        return ""
    side = access.own_side(action, owners=signed.owners)
    for slot in signed.slots:
        if slot.filled_by is None or access.why_never(action, slot.filled_by, side=side):
            return "signer_not_eligible_now"
    needs = [Requirement(slot=slot.pk, group=slot.group_id) for slot in signed.slots]
    return "" if match(needs, signed.voters) is not None else "signer_left_group"


def _why_too_few(names: Sequence[str], signed: Signatures) -> str:
    """Hold the signatures against the groups that the agent's sign map asks for now: stricter applies."""
    needs = [Requirement(slot=number, group=group) for number, group in enumerate(signed.ids_of(names))]
    return "" if staffable(needs, signed.voters) else "more_signatures_needed_now"


def _refuse(action: Action, problem: str, since: Drift) -> None:
    columns = {"error": {"code": problem, "detail": REFUSALS[problem], **since.said()}}
    if action.state == State.APPROVED:
        to = State.REFUSED
    elif action.called_at is None:  # tried, but nothing ever went out
        to = State.FAILED
    else:  # an attempt may have reached the tool: people look at what it did
        to = State.UNKNOWN
        columns |= {"wake_at": Now() + UNKNOWN_DUE, "due_at": Now() + UNKNOWN_DUE}
    # Values are personal data: they stand apart from the event.
    private = {"note": str(since)} if since else None
    states.move(action, to=to, by=Actor.SYSTEM, data={"reason": problem}, private=private, **columns)


def _run_is_over(action: Action) -> bool:
    """Whether the run that wanted it has ended, or its time is over. What may have gone out is followed up all the same."""
    if action.run_id is None:
        return False
    over, run_id = Q(state__in=sorted(RUN_ENDS)) | Q(deadline_at__lte=Now()), action.run_id
    while run_id is not None:  # what was handed on ends with whoever handed it on
        run = Run.objects.annotate(over=over).only("parent").get(pk=run_id)
        if run.over:
            return True
        run_id = run.parent_id
    return False


REFUSALS = {
    "run_over": "The run that wanted it has ended, or its time is over.",
    "payload_unsendable": "The arguments can't be put into the tool's request any more.",
    "digest_mismatch": "What would be sent is not what was signed.",
    "agent_disabled": "The agent was disabled after the approval.",
    "grant_gone": "The agent may no longer use this tool.",
    "definition_changed": "The tool was redefined after the approval.",
    "policy_denies_now": "Policy denies it now.",
    "policy_stricter_now": "Policy asks for more now than when it was decided.",
    "facts_drifted": "What was looked up, or what policy says of it, has changed: people signed for something else.",
    "more_signatures_needed_now": "More signatures are needed now than were given.",
    "signer_not_eligible_now": "Somebody who signed may no longer sign.",
    "signer_left_group": "Somebody who signed has left the group they signed for.",
}
