"""`propose()`: an agent asks. Checks without a transaction first, then one short transaction that decides and writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from agents import canonical
from agents.actions.checking import Checked, Proposal, check
from agents.actions.entering import enter, judge, keep
from agents.errors import AgentNotEnabled, AgentStopped, Invalid, KeyInFlight, KeyReused
from agents.identities import AgentPrincipal
from agents.models import Action, IdempotencyKey

Answer = Callable[[Action], tuple[int, dict]]

# The agent's row is held, so that a stop and this proposal can't cross; the key's lock is tried and never waited for.
_LOCK_AND_LOOK = """
SELECT now(), pg_try_advisory_xact_lock(hashtextextended(%s, 0)), a.enabled, a.stopped_at,
    k.fingerprint, k.status, k.answer::text
FROM agents_agent AS a LEFT JOIN agents_idempotencykey AS k ON k.scope = %s AND k.key = %s
WHERE a.id = %s FOR SHARE OF a
"""


@dataclass(frozen=True)
class Proposed:
    """The answer to a proposal: HTTP status and body as the caller's `answer` made them, or as they were stored."""

    status: int
    body: dict
    replayed: bool


def propose(*, principal: AgentPrincipal, proposal: Proposal, key: str, answer: Answer) -> Proposed:
    """Take an agent's proposal through the gate, once per Idempotency-Key; return the answer given.

    Raises UnknownTool, InvalidArguments, Invalid, AgentNotEnabled, AgentStopped, NotReady, KeyInFlight, KeyReused:
    nothing is written then.
    """
    _require_canonical(proposal)
    if stored := _stored_answer(principal, proposal, key):
        return stored
    checked = check(principal.agent, proposal)
    try:
        return _decide(principal, proposal, checked, key, answer)
    except IntegrityError as error:
        # Its look came before the other's commit and its lock after: the key's own constraint tells them apart.
        if error.__cause__.diag.constraint_name != "key_once_a_scope":
            raise
        raise KeyInFlight() from error


def _decide(principal: AgentPrincipal, proposal: Proposal, checked: Checked, key: str, answer: Answer) -> Proposed:
    with transaction.atomic():
        now, stored = _lock(principal, proposal, key)
        if stored:
            return stored
        judged = judge(checked)
        action = enter(principal, proposal, checked, judged, now)
        status, body = answer(action)
        keep(
            action,
            checked,
            judged,
            answer={
                "scope": _scope(principal),
                "key": key,
                "fingerprint": proposal.fingerprint,
                "status": status,
                "answer": json.dumps(body),
            },
        )
    return Proposed(status=status, body=body, replayed=False)


def _require_canonical(proposal: Proposal) -> None:
    """Raise Invalid naming the agent's own words that have no canonical form. Arguments have a check of their own."""
    for name in ("claims", "provenance"):
        try:
            canonical.canonical_bytes(getattr(proposal, name))
        except canonical.NotCanonical as error:
            raise Invalid(errors=[{"field": name, "message": str(error)}]) from error


# --- the key


def _scope(principal: AgentPrincipal) -> str:
    return principal.actor().principal


def _stored_answer(principal: AgentPrincipal, proposal: Proposal, key: str) -> Proposed | None:
    row = IdempotencyKey.objects.filter(scope=_scope(principal), key=key).first()
    return _replay(proposal, row.fingerprint, row.status, row.answer) if row else None


def _replay(proposal: Proposal, fingerprint: str, status: int, body: dict) -> Proposed:
    try:
        same = fingerprint == proposal.fingerprint
    except canonical.NotCanonical:  # what was stored had a canonical form
        same = False
    if not same:
        raise KeyReused()
    return Proposed(status=status, body=body, replayed=True)


def _lock(principal: AgentPrincipal, proposal: Proposal, key: str) -> tuple[datetime, Proposed | None]:
    """Take the key's lock, hold the agent and look once more; return the database's time and a stored answer.

    Raises KeyInFlight, KeyReused, AgentNotEnabled, AgentStopped.
    """
    scope = _scope(principal)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_AND_LOOK, [f"{scope} {key}", scope, key, principal.agent.pk])
        now, granted, enabled, stopped_at, fingerprint, status, body = cursor.fetchone()
    if not granted:
        raise KeyInFlight()
    if fingerprint is not None:
        return now, _replay(proposal, fingerprint, status, canonical.parse_json(body.encode()))
    if not enabled:
        raise AgentNotEnabled()
    if stopped_at is not None:
        raise AgentStopped()
    return now, None
