"""The three answers for one action: who owned it, what it was allowed to do, and why it passed, or didn't."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.dossier import reading
from audit.dossier.holders import Holders, holders_of
from audit.dossier.shapes import ERASED, NOT_ON_RECORD, Answer, Point, Subject, Told, listed

PROPOSED = ("action.proposed", "action.allowed", "action.denied", "action.revised", "action.renewed")
_SIGNED, _UNSIGNED, _VOIDED = "action.signed", "action.vote_withdrawn", "action.vote_voided"
_MOVES = (
    "action.approved", "action.rejected", "action.held", "action.resumed", "action.expired", "action.withdrawn",
    "action.superseded", "action.refused", "action.started", "action.called", "action.succeeded", "action.failed",
    "action.retry_scheduled", "action.outcome_unknown", "action.stated", "action.changes_requested", "action.answered",
    "action.unanswered", "content.erased",
)  # fmt: skip
_PROOFS = {"password": "by password", "passkey": "by a passkey's touch", "session": "signed in"}
_ENDS = {
    "rejected": "rejected", "expired": "expired", "withdrawn": "withdrawn", "superseded": "superseded",
    "refused": "refused when it was to run", "denied": "denied",
}  # fmt: skip
QUESTIONS = ("Who owned it?", "What was it allowed to do?", "Why did it pass?", "Why did it not pass?")


@dataclass(frozen=True)
class Record:
    """What is on record of one action: how it came in, everything that decided on it, and what stood before it."""

    proposal: Told | None
    told: list[Told]
    before: Mapping[str, Told]
    holders: Holders

    @cached_property
    def data(self) -> dict:
        return self.proposal.data if self.proposal else {}

    def first(self, *verbs: str) -> Told | None:
        return next((one for one in self.told if one.verb in verbs), None)

    def last(self, *verbs: str) -> Told | None:
        return next((one for one in reversed(self.told) if one.verb in verbs), None)

    @property
    def state(self) -> str:
        """Where it stands, by the last event that moved it."""
        return next((str(one.data["to"]) for one in reversed(self.told) if "to" in one.data), NOT_ON_RECORD)

    @cached_property
    def signatures(self) -> list[Told]:
        """The signatures that stand: those taken back or void don't."""
        standing: dict[object, Told] = {}
        for one in self.told:
            if one.verb == _SIGNED:
                standing[one.by.get("human") or one.id] = one
            elif one.verb == _UNSIGNED:
                standing.pop(one.by.get("human"), None)
            elif one.verb == _VOIDED:
                standing.pop(one.data.get("human"), None)
        return list(standing.values())


def answers(subject: Subject, summary: reading.Summary, veil: Callable[[list[Told]], list[Told]]) -> tuple[Answer, ...]:
    """Return the three answers for an action. Six statements."""
    record = _read(subject, veil)
    return _owned(record), _allowed(record), _passed(record)


def _read(subject: Subject, veil: Callable[[list[Told]], list[Told]]) -> Record:
    told = veil(reading.of_verbs(subject, (*PROPOSED, _SIGNED, _UNSIGNED, _VOIDED, *_MOVES)))
    proposal = next((one for one in told if one.verb in PROPOSED), None)
    data = proposal.data if proposal else {}
    snapshot, until = data.get("snapshot") or {}, proposal.id if proposal else 0
    agent = ("agent", str(data.get("agent")))
    wanted = {
        "policy": (agent, ["policy.published"], json.dumps({"policy_id": snapshot.get("policy")})),
        "definition": (agent, ["tool.defined"], json.dumps({"digest": data.get("definition")})),
        "enabled": (agent, ["agent.enabled", "agent.disabled"], "{}"),
        "run": (("run", str(data.get("run"))), ["run.enqueued"], "{}"),
    }
    before = reading.last_of(wanted, until=until)
    return Record(proposal, told, before, holders_of(proposal, snapshot.get("roles") or {}))


def _owned(record: Record) -> Answer:
    if record.proposal is None:
        lack = "How it came in isn't on record: who owned it, and under what it was judged, can't be told from events."
        return Answer(QUESTIONS[0], f"Who owned it is {NOT_ON_RECORD}.", missing=(lack,))
    one, data = record.proposal, record.data
    agent = data.get("slug") or f"agent {data.get('agent')}"
    sentence = f"{_came_in(record, agent)}; {record.holders.in_words()}."
    ids = {"Revision": data.get("revision"), "First revision": data.get("lineage"), "Undoes": data.get("undoes")}
    points = [
        Point("Agent", f"{agent} (agent {data.get('agent')})", one.id),
        *record.holders.points(one.id),
        Point("Came in", f"{one.at}, by {one.who}", one.id),
        *([Point("Token", str(one.by["token"]), one.id)] if one.by.get("token") else []),
        *_asked_for(record),
        *(Point(label, str(value), one.id) for label, value in ids.items() if value),
    ]
    return Answer(QUESTIONS[0], sentence, tuple(points), missing=record.holders.missing("the action came in"))


def _came_in(record: Record, agent: str) -> str:
    one = record.proposal
    how = {"action.revised": "edited", "action.renewed": "had looked up and judged anew"}.get(one.verb, "proposed")
    what = f"what {agent} had proposed" if how != "proposed" else "it"
    whose = "" if one.event.actor_kind == "agent" or how != "proposed" else f" with a tool of {agent}"
    who = f"{one.who} ({agent})" if one.event.actor_kind == "agent" else one.who
    return f"{who} {how} {what}{whose} at {one.at}"


def _asked_for(record: Record) -> list[Point]:
    """Return on whose behalf it was: the person it names, and whoever gave the run its task."""
    points, data = [], record.data
    if data.get("on_behalf_of"):
        points.append(Point("On behalf of", f"person {data['on_behalf_of']}", record.proposal.id))
    if not data.get("run"):
        return points
    run = record.before.get("run")
    points.append(Point("Run", str(data["run"]), record.proposal.id))
    if run is not None:
        points.append(Point("The run was asked for by", f"{run.who}, {run.at}", run.id))
    if run is not None and run.data.get("mission_lead"):
        lead = run.private.get("mission_lead_name") or {}
        points.append(Point("Mission lead", lead.get("username") or f"person {run.data['mission_lead']}", run.id))
    return points


# --- what it was allowed


def _allowed(record: Record) -> Answer:
    if record.proposal is None:
        return Answer(QUESTIONS[1], f"What it was allowed to do is {NOT_ON_RECORD}.")
    data, one = record.data, record.proposal
    snapshot = data.get("snapshot") or {}
    tier, raised = data.get("tier"), data.get("effective_tier")
    tiers = f"tier {raised}" if tier == raised else f"tier {tier}, raised or placed at tier {raised} by policy,"
    sentence = f"Policy {data.get('policy')} {_verdict(data, tiers)}"
    points = [
        Point("Tool", str(data.get("tool")), one.id),
        Point("Tier of the tool, and of this", f"{tier}, {raised}", one.id),
        _with_origin("Tool's definition", data.get("definition"), record.before.get("definition"), "defined"),
        Point("Grant", str(snapshot.get("grant", NOT_ON_RECORD)), one.id),
        Point("Policy", str(data.get("policy")), one.id),
        _with_origin("Policy's digest", snapshot.get("policy_digest"), record.before.get("policy"), "published"),
        *_enabled(record),
        Point("What was bound (digest)", str(data.get("digest")), one.id),
        Point("Arguments (digest)", str(data.get("payload_digest")), one.id),
        Point("Request (digest)", str(data.get("wire_digest")), one.id),
    ]
    quoted = [Point("In a line", str(one.private.get("headline", ERASED)), one.id)]
    return Answer(QUESTIONS[1], sentence, tuple(points), tuple(quoted), _lacking_digests(data, snapshot))


def _verdict(data: Mapping, tiers: str) -> str:
    tool, permit = data.get("tool"), data.get("permit_seconds")
    within = f", within {permit // 60} min" if permit else ""
    if data.get("outcome") == "deny":
        return f"denied {tool} at {tiers}: it was allowed to do nothing."
    if data.get("outcome") == "allow":
        return f"let {tool} run at {tiers} without a person, once{within}."
    groups = data.get("slots") or []
    many = "one signature" if len(groups) == 1 else f"{len(groups)} signatures"
    return f"held {tool} at {tiers} for people: it might run once{within}, after {many}, of {listed(groups)}."


def _with_origin(label: str, digest: object, origin: Told | None, how: str) -> Point:
    """Return a digest with the event that brought what it is of."""
    if not digest:
        return Point(label, "none" if label.startswith("Policy") else NOT_ON_RECORD)
    since = f"{how} by {origin.who}, {origin.at}" if origin else f"who {how} it is {NOT_ON_RECORD}"
    return Point(label, f"{digest} ({since})", origin and origin.id)


def _enabled(record: Record) -> list[Point]:
    one = record.before.get("enabled")
    return [Point("Agent enabled", f"by {one.who}, {one.at}", one.id)] if one and one.verb == "agent.enabled" else []


def _lacking_digests(data: Mapping, snapshot: Mapping) -> tuple[str, ...]:
    known = {
        "the tool's definition": data.get("definition"),
        "the policy": data.get("policy"),
        "the bytes": data.get("digest"),
    }
    lacking = [name for name, value in known.items() if not value]
    if snapshot.get("policy") and not snapshot.get("policy_digest"):
        lacking.append("the policy's digest")
    return (f"Not on record: {listed(lacking)}.",) if lacking else ()


# --- why it passed


def _passed(record: Record) -> Answer:
    data, state = record.data, record.state
    needed = data.get("slots") or []
    went = record.last("action.succeeded", "action.failed", "action.outcome_unknown", "action.called", "action.started")
    approved = record.last("action.approved") or record.first("action.allowed")
    didnt = state in _ENDS and went is None
    sentence = _stopped(record, state) if didnt else _went(record, approved, went)
    points = [*_rules(record), *(_signature(one) for one in record.signatures), *_moves(record)]
    missing = []
    if record.proposal is not None and approved is not None and len(record.signatures) < len(needed):
        missing.append(f"It was approved, and of {len(needed)} signatures {len(record.signatures)} are on record.")
    return Answer(QUESTIONS[3 if didnt else 2], sentence, tuple(points), tuple(_quoted(record)), tuple(missing))


def _rules(record: Record) -> list[Point]:
    data, at = record.data, record.proposal and record.proposal.id
    rules, codes = listed(data.get("rules") or ["none: the tier alone"]), listed(data.get("codes") or [NOT_ON_RECORD])
    return [Point("Rules that spoke", rules, at), Point("Reasons (codes)", codes, at)] if data else []


def _went(record: Record, approved: Told | None, went: Told | None) -> str:
    if approved is None:
        signed = [f"{one.who} signed for {one.data.get('group')}" for one in record.signatures]
        so_far = listed(signed) if signed else "nobody has signed"
        return f"It hasn't passed: {so_far}, of {len(record.data.get('slots') or [])} it needs; it is {_words(record.state)}."
    why = f"policy let it run{_by_rules(record)}" if approved.verb == "action.allowed" else _by_people(record)
    then = f"it went out and {_words(record.state)}, {went.at}" if went else f"it is {_words(record.state)}"
    return f"It passed because {why}: it was free to run from {approved.at}; {then}."


def _by_rules(record: Record) -> str:
    rules = record.data.get("rules") or []
    return f", by {'rule' if len(rules) == 1 else 'rules'} {listed(rules)}" if rules else ", by its tier alone"


def _by_people(record: Record) -> str:
    signed = [f"{one.who} signed for {one.data.get('group')} ({one.at}, {_proof(one)})" for one in record.signatures]
    return listed(signed) if signed else f"who signed is {NOT_ON_RECORD}"


def _proof(one: Told) -> str:
    return _PROOFS.get(str(one.data.get("proved_by")), f"proof {NOT_ON_RECORD}")


def _stopped(record: Record, state: str) -> str:
    last = next(one for one in reversed(record.told) if "to" in one.data)
    reason = last.data.get("reason_code") or last.data.get("reason")
    why = f": {_words(str(reason))}" if reason else ""
    if state == "denied":
        return f"It didn't pass: policy denied it{_by_rules(record)}, at {last.at}."
    who = f" by {last.who}" if last.event.actor_kind != "system" else ""
    return f"It didn't pass: it was {_ENDS[state]}{who} at {last.at}{why}."


def _signature(one: Told) -> Point:
    filled = f"{one.data.get('filled')} of {one.data.get('needed')}"
    return Point(f"Signed for {one.data.get('group')}", f"{one.who}, {one.at}, {_proof(one)}, {filled}", one.id)


def _moves(record: Record) -> list[Point]:
    said = {"action.held": "Put on hold", "action.resumed": "Resumed", "action.vote_withdrawn": "Signature taken back",
            "action.vote_voided": "Signature void", "action.called": "Went out", "action.stated": "Stated"}  # fmt: skip
    found = [one for one in record.told if one.verb in said]
    return [Point(said[one.verb], f"{one.who}, {one.at}{_why(one)}", one.id) for one in found]


def _why(one: Told) -> str:
    reason = one.data.get("reason") or one.data.get("says")
    return f": {_words(str(reason))}" if reason else ""


def _quoted(record: Record) -> list[Point]:
    """Return in the words of others what it rested on: reasons with their values, facts, and notes."""
    if record.proposal is None:
        return []
    private, at = record.proposal.private, record.proposal.id
    reasons = [Point("Reason", str(one.get("text", "")), at) for one in private.get("reasons", ())]
    facts = [Point(f"Fact {name}", _fact(one), at) for name, one in (private.get("facts") or {}).items()]
    notes = [
        Point(f"Note ({one.verb})", str(one.private["note"]), one.id) for one in record.told if one.private.get("note")
    ]
    return reasons + facts + notes


def _fact(one: object) -> str:
    if not isinstance(one, dict):
        return str(one)
    return f"{_plain(one.get('value'))}, from {one.get('from', '?')}" + (
        f" as of {one['as_of']}" if one.get("as_of") else ""
    )


def _plain(value: object) -> str:
    """Return a value of a fact in words: the forms in which one is kept are for machines."""
    match value:
        case str():
            return value
        case {"missing": code, "detail": detail}:
            return f"not known: {detail or _words(str(code))}"
        case {"timestamp": text} | {"number": text}:
            return str(text)
        case {"record": dict(fields)}:
            return ", ".join(f"{name} {_plain(part)}" for name, part in fields.items()) or "nothing in it"
        case list():
            return ", ".join(_plain(part) for part in value) or "nothing in it"
    return json.dumps(value, ensure_ascii=False)


def _words(code: str) -> str:
    return code.replace("_", " ")
