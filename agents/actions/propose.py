"""`propose()`: an agent asks. Checks without a transaction first, then one short transaction that decides and writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from agents import budgets, canonical, turnstile
from agents.actions import standing
from agents.actions.checking import Checked, Proposal, check
from agents.actions.entering import Principal, enter, judge, keep
from agents.errors import AgentNotEnabled, AgentStopped, Invalid, KeyInFlight, KeyReused, ToolStopped, TooManyArrivals
from agents.lifecycle import State
from agents.models import Action, Tool
from audit import prepared

Answer = Callable[[Action], tuple[int, dict]]
Entered = Callable[[Action], None]

#: The first half of the lock's key; the second is the agent's id.
_ARRIVALS = 0x57_0A
# The agent's row is held, so that a stop and this proposal can't cross; the key's lock is tried and never waited for.
_LOCK_AND_LOOK = """
WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(%s::int, %s::int))
SELECT now(), pg_try_advisory_xact_lock(hashtextextended(%s, 0)), a.enabled, a.stopped_at, a.stop_epoch,
    k.fingerprint, k.status, k.answer::text,
    (SELECT count(*) FROM (
        SELECT FROM agents_action AS came WHERE came.agent_id = a.id AND came.created_at > now() - interval '1 hour' LIMIT %s
    ) AS counted)
FROM gate CROSS JOIN agents_agent AS a LEFT JOIN agents_idempotencykey AS k ON k.scope = %s AND k.key = %s
WHERE a.id = %s FOR SHARE OF a
"""


@dataclass(frozen=True)
class Proposed:
    """The answer to a proposal: HTTP status and body as the caller's `answer` made them, or as they were stored."""

    status: int
    body: dict
    replayed: bool


def propose(
    *, principal: Principal, proposal: Proposal, key: str, answer: Answer, entered: Entered | None = None
) -> Proposed:
    """Take an agent's proposal through the gate, once per Idempotency-Key; return the answer given.

    `entered` is called with the new action in the transaction that writes it; what it raises undoes all of it.
    Raises UnknownTool, InvalidArguments, Invalid, AgentNotEnabled, AgentStopped, NotReady, KeyInFlight, KeyReused,
    TooManyArrivals, BudgetExhausted: nothing is written then.
    """
    _require_canonical(proposal)
    stands = standing.read(principal.agent, proposal.tool, scope=principal.scope, key=key)
    if kept := stands.kept:
        return _replay(proposal, kept.fingerprint, kept.status, kept.body)
    checked = check(principal.agent, proposal, asked_by=principal.person, stands=stands)
    try:
        return _decide(principal, proposal, checked, key, answer, entered)
    except IntegrityError as error:
        # Its look came before the other's commit and its lock after: the key's own constraint tells them apart.
        if error.__cause__.diag.constraint_name != "key_once_a_scope":
            raise
        raise KeyInFlight() from error


def _decide(
    principal: Principal,
    proposal: Proposal,
    checked: Checked,
    key: str,
    answer: Answer,
    entered: Entered | None,
) -> Proposed:
    with transaction.atomic():
        now, stored = _lock(principal, proposal, checked, key)
        if stored:
            return stored
        judged = judge(checked)
        action = enter(principal, proposal, checked, judged, now)
        (entered or _charge)(action)
        status, body = answer(action)
        keep(
            action,
            checked,
            judged,
            answer={
                "scope": principal.scope,
                "key": key,
                "fingerprint": proposal.fingerprint,
                "status": status,
                "answer": json.dumps(body),
            },
        )
    return Proposed(status=status, body=body, replayed=False)


def _charge(action: Action) -> None:
    """Count an action that an agent proposed by itself. One of a run is counted with its run's budget. Raises BudgetExhausted."""
    if action.state != State.DENIED and (lines := budgets.lines_of_day(action.agent)):
        budgets.settle(lines, budgets.reserve(lines, {"actions": 1}), {"actions": 1})


def _require_canonical(proposal: Proposal) -> None:
    """Raise Invalid naming the agent's own words that have no canonical form. Arguments have a check of their own."""
    for name in ("claims", "provenance"):
        try:
            canonical.canonical_bytes(getattr(proposal, name))
        except canonical.NotCanonical as error:
            raise Invalid(errors=[{"field": name, "message": str(error)}]) from error


# --- the key


def _replay(proposal: Proposal, fingerprint: str, status: int, body: str) -> Proposed:
    try:
        same = fingerprint == proposal.fingerprint
    except canonical.NotCanonical:  # what was stored had a canonical form
        same = False
    if not same:
        raise KeyReused()
    return Proposed(status=status, body=json.loads(body), replayed=True)


def _lock(principal: Principal, proposal: Proposal, checked: Checked, key: str) -> tuple[datetime, Proposed | None]:
    """Take the key's lock, hold the agent and look once more; return the database's time and a stored answer.

    Raises KeyInFlight, KeyReused, AgentNotEnabled, AgentStopped, ToolStopped, TooManyArrivals.
    """
    scope, agent_id = principal.scope, principal.agent.pk
    cap = principal.agent.budget.get("arrivals_per_hour", 0)
    with prepared.cursor(connection) as cursor:
        if cap:  # one after the other: each counts those before it, which a statement of its own sees committed
            cursor.execute("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [_ARRIVALS, agent_id])
        cursor.execute(_LOCK_AND_LOOK, [turnstile.KEY, agent_id, f"{scope} {key}", cap, scope, key, agent_id])
        now, granted, enabled, stopped_at, stop_epoch, fingerprint, status, body, arrived = cursor.fetchone()
    if not granted:
        raise KeyInFlight()
    if fingerprint is not None:
        return now, _replay(proposal, fingerprint, status, body)
    if not enabled:
        raise AgentNotEnabled()
    if stopped_at is not None:
        raise AgentStopped()
    if cap and arrived >= cap:
        raise TooManyArrivals(f"It may propose {cap} actions an hour, and did. Its people look before it goes on.")
    # A tool is stopped under its agent's lock: only a stop since we looked needs another look.
    if stop_epoch != checked.snapshot["stop_epoch"] and _is_stopped(checked.tool):
        raise ToolStopped()
    return now, None


def _is_stopped(tool: Tool) -> bool:
    return Tool.objects.filter(pk=tool.pk, stopped_at__isnull=False).exists()
