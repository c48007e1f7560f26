"""`prepare()` and `revise()`: a person edits what waits for review. A new row takes its place, and votes begin again."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from agents import access, canonical, clocks, limits, states, turnstile
from agents.actions.checking import Checked, Proposal, check
from agents.actions.entering import Judged, enter, judge, keep
from agents.actions.rechecking import verdict_then
from agents.actions.review import database_now, require_open
from agents.actions.staffing import staff
from agents.errors import AgentNotEnabled, AgentStopped, AlreadyDecided, Invalid, NotEligible, Refusal
from agents.identities import EditorPrincipal
from agents.lifecycle import State
from agents.models import Action, Agent, Person, RunStep
from agents.policy import values
from agents.policy.judging.defaults import REVIEWS
from agents.policy.judging.evaluate import newly_speaking
from agents.policy.judging.routing import unite
from agents.policy.verdict import SIGNED_TIER, Missing, Verdict

EDITED = "action.revised"
EDITABLE = (State.AWAITING_REVIEW, State.CHANGES_REQUESTED)


class EditDenied(Refusal):
    code, status = "edit_denied", 409
    sentence = "Policy denies it like this, so it stays as it was."


class PolicyMoved(Refusal):
    code, status = "policy_moved", 409
    sentence = "Its policy changed just now, so nothing was written. Open it again, and try once more."


@dataclass(frozen=True)
class Prepared:
    """A new revision that fits the tool, with everything policy must know of it, fetched before any lock is held.

    `verb` is its event and `reason` why the old one ends; `origins` are the states the old one may be in.
    """

    old: Action
    checked: Checked
    words: Proposal
    verb: str = EDITED
    reason: str = "edited"
    origins: tuple[State, ...] = EDITABLE


@dataclass(frozen=True)
class Revised:
    """The new revision, which waits for review. `stricter`: more or other people are asked, or a rule says something new."""

    action: Action
    stricter: bool


def prepare(old: Action, arguments: dict) -> Prepared:
    """Check edited arguments as a proposal is checked, without a transaction.

    What the agent claimed and what policy knew of its run count as they did. Raises InvalidArguments, UnknownTool,
    ToolStopped, AlreadyDecided when the tool was redefined, and Invalid when nothing was changed.
    """
    asked = asked_again(old, arguments)
    checked = check(old.agent, asked)
    require_same_tool(old, checked)
    if canonical.sha256_hex(checked.payload) == old.payload_digest:
        raise Invalid("Nothing was changed.", errors=[{"field": "arguments", "message": "they are as they were"}])
    return Prepared(old, checked, in_its_words(old, asked))


def asked_again(old: Action, arguments: dict) -> Proposal:
    """Return the proposal of the next revision: what the agent claimed and its run count as they did."""
    kept = old.snapshot.get("claims", {})
    claims = {name: values.from_json(value) for name, value in kept.items()}
    return Proposal(
        tool=old.tool.name,
        arguments=arguments,
        claims={name: value for name, value in claims.items() if not isinstance(value, Missing)},
        run_id=old.run_id,
        root_id=_root(old.run_id),
        step_id=old.step_id,
        led=old.snapshot.get("led", False),
        trace_id=old.trace_id,
    )


def in_its_words(old: Action, asked: Proposal) -> Proposal:
    """Return the proposal with what the agent said when it proposed the old revision, as far as that is kept."""
    said = old.content
    return replace(asked, rationale=said.rationale, claims=said.claims, provenance=said.provenance)


def require_same_tool(old: Action, checked: Checked) -> None:
    """Raise AlreadyDecided when the tool was redefined since the old revision was proposed."""
    if checked.tool.definition_id != old.definition_id:
        raise AlreadyDecided("The tool was redefined meanwhile: what waits here will be replaced.", state=old.state)


def revise(prepared: Prepared, *, by: Person) -> Revised:
    """Let a new revision take the place of what waits, in the caller's transaction; return it.

    In order: agent and limits are held, the old row is locked and still open, this person may edit it, it ends
    `superseded` so that it no longer counts, policy judges the new one, and that enters review. Looser is ignored:
    whoever was asked before is asked again, at no lower tier, and nothing of it runs unattended. It expires no later than
    the old one would have, so that no number of revisions keeps it alive. From tier 3 on whoever edits counts as its own
    side. Raises AlreadyDecided, DecisionExpired, NotEligible, AgentNotEnabled, AgentStopped, PolicyMoved, EditDenied;
    nothing is written then.
    """
    agent = _hold(prepared.old.agent_id)
    if agent.policy_id != prepared.checked.gathered.policy_id:
        raise PolicyMoved()
    plan = prepared.checked.gathered.plan
    limits.lock(plan)  # before the run's row, which the move below rings: proposals of that run take them in this order
    old = Action.objects.select_for_update(no_key=True, of=("self",)).get(pk=prepared.old.pk)
    require_open(old, also=set(prepared.origins))
    slots = list(old.slots.all())
    if reason := access.why_not_reject(old, slots, by):
        raise NotEligible(reason)
    now = database_now()
    until = _expiry(old, now)
    states.move(old, to=State.SUPERSEDED, by=by.actor(), expect=set(prepared.origins), data={"reason": prepared.reason})
    old.slots.update(is_open=False)
    was = verdict_then(old, slots)
    judged = _judge(prepared.checked, was)
    checked = replace(prepared.checked, self_humans=_own_side(prepared, old, judged.verdict, by))
    new = enter(EditorPrincipal(agent, by, old, prepared.verb), prepared.words, checked, judged, now, until=until)
    keep(new, checked, judged, answer=_kept(new, prepared))
    RunStep.objects.filter(action=old).update(action=new)
    return Revised(new, _is_stricter(was, judged.verdict))


def _hold(agent_id: int) -> Agent:
    agent = turnstile.share(agent_id)
    if not agent.enabled:
        raise AgentNotEnabled()
    if agent.is_stopped:
        raise AgentStopped("It is stopped: nothing of it is edited until it is resumed.")
    return agent


def _expiry(old: Action, now: datetime) -> datetime:
    """Return when the old revision would have expired, had it been answered now: a question stops its clock."""
    paused = now - old.state_since if old.state == State.CHANGES_REQUESTED else timedelta()
    return clocks.moved(old, now - paused, now)["expires_at"]


def _own_side(prepared: Prepared, old: Action, verdict: Verdict, by: Person) -> list[int]:
    """Return who counts as its own side: from tier 3 on also whoever wrote some of what is signed."""
    wrote = {by.human_id} if prepared.verb == EDITED and verdict.effective_tier >= SIGNED_TIER else set()
    return sorted({*old.self_humans, *prepared.checked.self_humans, *wrote})


def _judge(checked: Checked, was: Verdict) -> Judged:
    judged = judge(checked)
    if judged.verdict.outcome == "deny":
        errors = [{"field": "arguments", "message": reason.text} for reason in judged.verdict.reasons]
        raise EditDenied(errors=errors)
    verdict = _no_looser(judged.verdict, was)
    groups, eligible = staff(verdict)
    return replace(judged, verdict=verdict, bound=checked.bind(verdict), groups=groups, eligible=eligible)


def _no_looser(verdict: Verdict, was: Verdict) -> Verdict:
    """Return the verdict with everybody who was asked before, at no lower tier, and with no more time than that has."""
    tier = max(verdict.effective_tier, was.effective_tier)
    usual = REVIEWS[tier]
    if verdict.outcome == "review" and tier == verdict.effective_tier:
        return replace(verdict, groups=unite(was.groups, verdict.groups))
    return replace(
        verdict,
        outcome="review",
        effective_tier=tier,
        groups=unite(was.groups, verdict.groups),
        due_seconds=min(verdict.due_seconds or usual.due, usual.due),
        expires_seconds=min(verdict.expires_seconds or usual.expires, usual.expires),
        permit_seconds=min(verdict.permit_seconds or usual.permit, usual.permit),
        sample=0.0,
    )


def _is_stricter(was: Verdict, verdict: Verdict) -> bool:
    return (
        verdict.effective_tier > was.effective_tier
        or set(verdict.groups) != set(was.groups)
        or bool(newly_speaking(was, verdict))
    )


def _kept(new: Action, prepared: Prepared) -> dict:
    fingerprint = canonical.digest_of([str(new.lineage), new.revision, new.payload_digest])
    key = {"scope": f"edit:{prepared.old.pk}", "key": str(new.pk), "fingerprint": fingerprint}
    return key | {"status": 201, "answer": json.dumps({"id": str(new.pk)})}


def _root(run_id: UUID | None) -> UUID | None:
    """Return the first run above: a limit per run counts by it."""
    if run_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_ABOVE, [run_id])
        return cursor.fetchone()[0]


_FIRST_ABOVE = """
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM agents_run WHERE id = %s
    UNION
    SELECT r.id, r.parent_id FROM agents_run AS r JOIN above ON r.id = above.parent_id
)
SELECT id FROM above WHERE parent_id IS NULL
"""
