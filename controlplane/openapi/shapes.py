"""The shapes of what is answered, by name. Tests hold every answer against them."""

from agents.lifecycle import RunState, State
from agents.models import Action, AgentRole, Outcome, Run, RunStep
from approvals import record
from approvals.models import Decision
from approvals.queue.asked import SECTIONS
from approvals.search.asked import KINDS
from controlplane.openapi.declaring import (
    ANYTHING,
    DIGEST,
    ID,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    USD,
    YES,
    Schema,
    each,
    maybe,
    one_of,
    ref,
    shape,
)
from controlplane.openapi.problem import PROBLEM

_TIER = {"type": "integer", "minimum": 0, "maximum": 4}
_REASONS = each(shape(code=TEXT, may={"text": TEXT}))
_CAP = shape(cap=maybe(NUMBER), used=NUMBER, held=NUMBER)
_CAP_USD = shape(cap=maybe(USD), used=USD, held=USD)


def page(name: str) -> Schema:
    """Return the shape of a page of a list."""
    return shape(results=each(ref(name)), next=maybe(TEXT))


# --- actions

_HEAD = {
    "id": ID, "lineage": ID, "revision": NUMBER, "kind": one_of(Action.Kind.values), "agent": TEXT, "tool": TEXT,
    "tier": _TIER, "effective_tier": _TIER, "digest": DIGEST, "payload_digest": DIGEST,
    "verdict": one_of(["allow", "review", "deny"]), "created_at": maybe(TIME), "url": TEXT,
}  # fmt: skip
_STANDING = {
    "state": one_of(State.values), "due_at": maybe(TIME), "expires_at": maybe(TIME), "permit_until": maybe(TIME),
    "decision": maybe(one_of(["approved", "rejected", "expired"])), "reason_code": maybe(TEXT), "decided_at": maybe(TIME),
    "finished_at": maybe(TIME),
}  # fmt: skip
_HEADLINE = {"headline": {"type": "string", "description": "for people alone"}}
_ACTION = shape(
    **_HEAD, **_STANDING, reasons=_REASONS, arguments=OBJECT, slots=each(shape(group=TEXT, filled=YES)),
    attempts=NUMBER, result=ANYTHING, error=maybe(OBJECT), superseded_by=maybe(ID), may=_HEADLINE,
)  # fmt: skip
_LISTED_ACTION = shape(**_HEAD, **_STANDING, reasons=_REASONS, run=maybe(ID), may=_HEADLINE)
_DECISION = shape(
    state=one_of(State.values), decision=_STANDING["decision"], reason_code=maybe(TEXT), decided_at=maybe(TIME),
    may={"note": {"type": "string", "description": "for people alone"}},
)  # fmt: skip

# --- what people do with them

_RECEIPT = shape(
    id=NUMBER, decision=one_of(Decision.Word.values), revision=NUMBER, digest=DIGEST, decided_at=TIME, proved_by=TEXT,
    withdrawn_at=maybe(TIME), event_id=maybe(NUMBER), leaf_hash=TEXT, signed=YES, action=ref("Action"),
)  # fmt: skip
_QUESTION = shape(
    round=NUMBER, action=ID, codes=each(TEXT), text=TEXT, asked_at=TIME, until=TIME, answer=maybe(TEXT),
    answered_at=maybe(TIME), ended_as=maybe(TEXT),
)  # fmt: skip
_HANDOVER = shape(action=ID, from_=TEXT, to=TEXT, until=TIME, answer=maybe(TEXT))
_RESULT = shape(action=ID, headline=TEXT, decision=maybe(NUMBER), code=TEXT, detail=TEXT, standing=maybe(NUMBER))
_ABSENCE = shape(id=NUMBER, person=TEXT, since=TIME, until=TIME, stand_in=maybe(TEXT), ended_at=maybe(TIME))
_ABSENCES = shape(
    mine=each(ref("Absence")), past=each(ref("Absence")), standing_in=each(ref("Absence")), could_stand_in=each(TEXT)
)
_ESCALATION = shape(action=ID, rung=NUMBER, why=TEXT, told=each(TEXT), escalated_at=TIME)
_HOLDING = shape(by=TEXT, mine=YES, slot=TEXT, until=TIME)
_ROW = shape(
    id=ID, revision=NUMBER, headline=TEXT, tool=TEXT, tier=_TIER, state=one_of(State.values), state_words=TEXT, agent=TEXT,
    agent_name=TEXT, owner=TEXT, due=maybe(TEXT), due_at=maybe(TIME), expires_at=maybe(TIME), impact=TEXT, undo=TEXT,
    filled=NUMBER, needed=NUMBER, missing=each(TEXT), why=TEXT, first=TEXT, age=TEXT, held_by=each(_HOLDING),
    may_claim=YES, may_snooze=YES, url=TEXT,
)  # fmt: skip
_SHELVES = {name: each(ref("QueueRow")) for name in (*SECTIONS, "snoozed")}
_COUNTS = shape(**dict.fromkeys((*SECTIONS, "late", "at_risk", "snoozed"), NUMBER), more=each(one_of(SECTIONS)))

# --- runs

_STEP = shape(
    number=NUMBER, kind=one_of(RunStep.Kind.values), state=one_of(RunStep.State.values), tool=maybe(TEXT),
    action=maybe(ID), child=maybe(ID), tries=NUMBER, began_at=maybe(TIME), ended_at=maybe(TIME), tokens=NUMBER,
    usd=maybe(USD), failure=maybe(TEXT), codes=each(TEXT),
)  # fmt: skip
_WAITING = shape(action=ID, tool=TEXT, state=one_of(State.values), due_at=maybe(TIME), groups=each(TEXT))
_LISTED = {
    "id": ID, "agent": TEXT, "kind": one_of(Run.Kind.values), "state": one_of(RunState.values), "created_at": maybe(TIME),
    "started_at": maybe(TIME), "finished_at": maybe(TIME), "deadline_at": maybe(TIME), "parent": maybe(ID),
    "depth": NUMBER, "error": maybe(shape(code=TEXT, detail=TEXT)), "usage": shape(tokens_in=NUMBER, tokens_out=NUMBER),
    "url": TEXT,
}  # fmt: skip
_TOLD = {
    "budget": shape(tokens=_CAP, actions=_CAP, seconds=_CAP, usd=_CAP_USD),
    "cost": shape(
        inference_usd=maybe(USD), tooling_usd=maybe(USD), review_seconds=maybe(NUMBER), fixing_seconds=maybe(NUMBER),
        incidents_usd=maybe(USD),
    ),
    "waiting_for": each(_WAITING),
    "steps": each(_STEP),
}  # fmt: skip
_OUTCOME = shape(id=NUMBER, run=ID, outcome=one_of(Outcome.Kind.values), value=maybe(TEXT), incident=maybe(NUMBER))

# --- the registry and the record

_TOOL = shape(
    name=TEXT, tier=_TIER, effect=TEXT, idempotent=YES, undo=TEXT, schema=OBJECT, stopped_at=maybe(TIME),
    expires_at=maybe(TIME),
)  # fmt: skip
_LISTED_AGENT = {
    "slug": TEXT, "name": TEXT, "enabled": YES, "stopped_at": maybe(TIME), "runtime": TEXT, "team": maybe(TEXT),
    "created_at": TIME, "url": TEXT,
}  # fmt: skip
_FOR_PEOPLE = {
    "roles": each(shape(role=one_of(AgentRole.Role.values), person=TEXT)),
    "sign": {"type": "object", "additionalProperties": each(TEXT)}, "stopped_by": maybe(TEXT), "stop_reason": TEXT,
}  # fmt: skip
_AGENT = _LISTED_AGENT | {"purpose": TEXT, "policy": maybe(TEXT), "tools": each(_TOOL)}
_ITEM = shape(name=TEXT, ok=YES, blocks=YES, evidence=TEXT, next_step=TEXT)
_EVENT = shape(
    id=NUMBER, at=TIME, verb=TEXT, subject=shape(kind=one_of(record.SUBJECTS), id=TEXT),
    by=maybe(shape(kind=TEXT, id=TEXT)), sentence=TEXT, note=TEXT, data=OBJECT, leaf_hash=DIGEST,
)  # fmt: skip
_SUBJECT = shape(kind=TEXT, id=TEXT)
_POINT = shape(label=TEXT, value=TEXT, event=maybe(NUMBER))
_TOLD_EVENT = shape(
    id=NUMBER, at=TIME, verb=TEXT, sentence=TEXT, note=TEXT, by=OBJECT, subject=_SUBJECT, data=OBJECT, erased=each(TEXT),
    leaf_hash=DIGEST,
)  # fmt: skip
_DOSSIER = shape(
    subject=_SUBJECT, at=TIME, as_of_event=maybe(NUMBER), complete=YES, missing=each(TEXT),
    answers=each(shape(question=TEXT, sentence=TEXT, points=each(_POINT), quoted=each(_POINT))),
    events=shape(
        count=NUMBER, counted_whole=YES, held_back=NUMBER, newest_first=YES, next=maybe(TEXT), items=each(_TOLD_EVENT)
    ),
    url=TEXT,
)  # fmt: skip
_MATCH = shape(
    kind=one_of(KINDS), id=ID, title=TEXT, excerpt=each(shape(text=TEXT, hit=YES)), agent=TEXT, tool=maybe(TEXT), state=TEXT,
    tier=maybe(_TIER), at=TIME, url=TEXT,
)  # fmt: skip
_FOUND = shape(
    query={"type": "object", "additionalProperties": TEXT}, count=NUMBER, counted_whole=YES,
    facets={"type": "object", "additionalProperties": each(shape(value=TEXT, count=NUMBER))}, results=each(_MATCH),
    next=maybe(TEXT),
)  # fmt: skip
_FAULT = shape(line=NUMBER, column=NUMBER, path=TEXT, message=TEXT)
_VALIDATION = shape(
    valid=YES, problems=each(_FAULT), more_may_follow=YES,
    may={
        "policy": OBJECT, "expanded": TEXT, "notes": each(_FAULT), "rules": each(OBJECT), "cases": each(OBJECT),
        "coverage": each(OBJECT),
    },
)  # fmt: skip

SHAPES: dict[str, Schema] = {
    "Absence": _ABSENCE,
    "Absences": _ABSENCES,
    "Action": _ACTION,
    "ActionPage": page("ListedAction"),
    "Agent": shape(**_AGENT, may=_FOR_PEOPLE),
    "AgentPage": page("ListedAgent"),
    "Claim": shape(slot=TEXT, taken_at=TIME, until=TIME),
    "Decided": _DECISION,
    "Escalation": _ESCALATION,
    "Dossier": _DOSSIER,
    "Event": _EVENT,
    "EventPage": page("Event"),
    "Found": _FOUND,
    "Handover": _HANDOVER,
    "ListedAction": _LISTED_ACTION,
    "ListedAgent": shape(**_LISTED_AGENT),
    "ListedRun": shape(**_LISTED),
    "Outcome": _OUTCOME,
    "PasskeyChallenge": shape(publicKey=OBJECT),
    "Problem": PROBLEM,
    "Question": _QUESTION,
    "Questions": shape(questions=each(ref("Question"))),
    "Queue": shape(
        counts=_COUNTS, matching=shape(**dict.fromkeys((*SECTIONS, "snoozed"), NUMBER)), query=TEXT, **_SHELVES
    ),
    "QueueRow": _ROW,
    "Readiness": shape(ready=YES, items=each(_ITEM)),
    "Receipt": _RECEIPT,
    "ResumedAgent": shape(**_AGENT, **_FOR_PEOPLE, resumed=NUMBER),
    "Results": shape(results=each(_RESULT)),
    "Revised": shape(action=ref("Action"), decision=maybe(ref("Receipt"))),
    "Run": shape(**_LISTED, **_TOLD, may={"input": ANYTHING, "output": ANYTHING}),
    "RunPage": page("ListedRun"),
    "StoppedAgent": shape(**_AGENT, **_FOR_PEOPLE, held=NUMBER),
    "Validation": _VALIDATION,
}
