"""`execute()`: claim, mark the call, call the tool, record what came of it. Each step is a commit; a crash loses nothing."""

import json
import time
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from agents import breakers, failpoints, rows, states
from agents.actions.claim import UNKNOWN_DUE, Claim, claim
from agents.errors import AlreadyDecided
from agents.lifecycle import State
from agents.models import Action
from agents.tools import http
from agents.tools.failures import shows_down
from agents.tools.results import Answered, NothingSent, Result, Unclear
from audit import log
from audit.actors import Actor

MAX_ATTEMPTS = 6

_MARK = """
UPDATE agents_action SET called_at = statement_timestamp()
WHERE id = %s AND state = 'executing' AND fence = %s AND lease_until > statement_timestamp() RETURNING id
"""
_KEEP = "UPDATE agents_actioncontent SET output = %s::jsonb WHERE action_id = %s AND keep_output"


def execute(action_id: UUID, *, worker: str) -> Action | None:
    """Make one attempt at an approved action; return it, or None when there was nothing to take.

    At most one attempt is in flight. A tool that honours our idempotency key sees one effect; for any other a lost
    answer ends in `unknown` and people say what happened.
    """
    failpoints.reach("before_claim")
    taken = claim(action_id, worker=worker)
    if taken is None:
        return None
    failpoints.reach("after_claim")
    if not _mark_called(taken):
        return None
    failpoints.reach("before_call")
    if time.monotonic() > taken.deadline:
        return None  # stopped for longer than its lease: the clock has taken the action back
    # Never longer than the lease: the next attempt may begin once it is over.
    result = http.call(taken.definition, taken.wire, errand=http.Errand.of(taken.action), deadline=taken.deadline)
    failpoints.reach("after_call")
    recorded = _record(taken, result)
    failpoints.reach("after_record")
    down = shows_down(getattr(result, "reason", ""), answered=isinstance(result, Answered))
    if down is not None:
        breakers.note(taken.action.tool_id, failed=down)
    return recorded


def _mark_called(taken: Claim) -> bool:
    """Commit, before anything goes out, that it is about to: a null `called_at` proves that nothing did."""
    with transaction.atomic():
        if not rows.asked(_MARK, [taken.action.pk, taken.fence]):
            _fenced(taken)
            return False
        log.record(
            "action.called",
            by=Actor.SYSTEM,
            subject=("action", str(taken.action.pk)),
            data={
                "attempt": taken.attempt,
                "wire_digest": taken.wire.digest(),
                "host": taken.definition["connector"]["host"],
            },
            retention=log.RETENTION_BY_TIER[taken.action.effective_tier],
        )
    return True


def _record(taken: Claim, result: Result) -> Action | None:
    try:
        with transaction.atomic():
            _move(taken, result)
    except AlreadyDecided:
        # Somebody took the lease back meanwhile: what we learnt is on record, the state is theirs.
        with transaction.atomic():
            _fenced(taken)
        return None
    return taken.action


def _move(taken: Claim, result: Result) -> None:
    action, guard = taken.action, {"fence": taken.fence}
    data = {"attempt": taken.attempt, "status": result.status}
    # `called_at` on the object is from before this attempt's mark: an earlier attempt may have reached the tool, and
    # then a no (401, or 409 while that one still runs) speaks of this attempt alone.
    earlier = action.called_at is not None
    if isinstance(result, Answered) and (result.ok or not earlier):
        to = State.SUCCEEDED if result.ok else State.FAILED
        kept = rows.Sql(_KEEP, (None if result.output is None else json.dumps(result.output), action.pk))
        data |= {"reason": result.reason}
        states.move(action, to=to, by=Actor.SYSTEM, where=guard, data=data, beside=kept, error=result.error())
        return
    sent = not isinstance(result, NothingSent) or earlier
    detail = result.detail if isinstance(result, Unclear) else ""
    retry_or_ask(action, sent=sent, reason=result.reason, detail=detail, where=guard, data=data)


def retry_or_ask(
    action: Action,
    *,
    sent: bool,
    reason: str,
    where: dict,
    data: dict | None = None,
    spent: bool = False,
    detail: str = "",
) -> None:
    """Decide what an attempt without a clear answer becomes: another attempt, a failure, or a question to people.

    `sent` says whether anything may have gone out, in this attempt or an earlier one; `spent` that none may follow;
    `detail` more than the reason does, in words.
    """
    idempotent = action.definition.body["idempotent"]
    data = {"reason": reason, "attempt": action.attempts, **(data or {})}
    error = {"code": reason, "detail": f"Attempt {action.attempts}: {detail or reason.replace('_', ' ')}."}
    spent = spent or action.attempts >= MAX_ATTEMPTS
    if sent and (spent or not idempotent):
        due = Now() + UNKNOWN_DUE
        states.move(
            action, to=State.UNKNOWN, by=Actor.SYSTEM, where=where, data=data, error=error, wake_at=due, due_at=due
        )
    elif spent:
        columns = {"error": error, "called_at": None}  # what proves that nothing ever went out
        states.move(action, to=State.FAILED, by=Actor.SYSTEM, where=where, data=data, **columns)
    else:
        pause = settings.RETRY_FIRST * 2 ** (action.attempts - 1)
        columns = {"next_attempt_at": Now() + pause, "wake_at": Now() + pause, "error": error, "rings": 0}
        if not sent:
            columns["called_at"] = None  # nothing of this or an earlier attempt went out
        states.move(action, to=State.RETRY_WAIT, by=Actor.SYSTEM, where=where, data=data, **columns)


def _fenced(taken: Claim) -> None:
    log.record(
        "action.fenced",
        by=Actor.SYSTEM,
        subject=("action", str(taken.action.pk)),
        data={"fence": taken.fence, "attempt": taken.attempt},
    )
