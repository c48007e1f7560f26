"""The three answers for one run: who answered for it, what it might use, and what its actions came to."""

from collections.abc import Callable

from audit.dossier import reading
from audit.dossier.holders import holders_of
from audit.dossier.shapes import NOT_ON_RECORD, Answer, Point, Subject, Told, listed

QUESTIONS = ("Who owned it?", "What was it allowed to do?", "Why did it pass, and what came of it?")
_VERBS = (
    "run.enqueued", "run.completed", "run.failed_verification", "run.budget_exceeded", "run.failed", "run.cancelled",
    "run.quarantined", "run.paused", "run.resumed", "run.parked", "run.outcome", "run.seen", "content.erased",
)  # fmt: skip
_ENDS = frozenset(_VERBS[1:7])


def answers(subject: Subject, summary: reading.Summary, veil: Callable[[list[Told]], list[Told]]) -> tuple[Answer, ...]:
    """Return the three answers for a run. Three statements."""
    told = reading.of_verbs(subject, _VERBS)
    begun = next((one for one in told if one.verb == "run.enqueued"), None)
    return _owned(begun), _allowed(begun), _came(begun, told, summary)


def _owned(begun: Told | None) -> Answer:
    if begun is None:
        return Answer(
            QUESTIONS[0], f"Who owned it is {NOT_ON_RECORD}.", missing=("How the run began isn't on record.",)
        )
    data = begun.data
    holders = holders_of(begun, data.get("roles") or {})
    agent = data.get("slug") or f"agent {data.get('agent')}"
    lead = (begun.private.get("mission_lead_name") or {}).get("username") or data.get("mission_lead")
    points = [
        Point("Agent", f"{agent} (agent {data.get('agent')})", begun.id),
        *holders.points(begun.id),
        Point("Asked for by", f"{begun.who}, {begun.at}", begun.id),
        *([Point("Token", str(begun.by["token"]), begun.id)] if begun.by.get("token") else []),
        *([Point("Handed on by run", str(data["parent"]), begun.id)] if data.get("parent") else []),
        *([Point("Mission lead", str(lead), begun.id)] if lead else []),
    ]
    sentence = f"{begun.who} gave {agent} the task at {begun.at}; {holders.in_words()}."
    return Answer(QUESTIONS[0], sentence, tuple(points), missing=holders.missing("the run began"))


def _allowed(begun: Told | None) -> Answer:
    if begun is None:
        return Answer(QUESTIONS[1], f"What it was allowed to do is {NOT_ON_RECORD}.")
    data = begun.data
    policy, caps = data.get("policy"), data.get("caps") or {}
    capped = listed([_cap(name, amount) for name, amount in sorted(caps.items())]) or "no cap of its own"
    judged = f"under policy {policy}" if policy else "without a policy of its own: the tiers alone decided"
    points = [
        Point("Policy", str(policy or "none"), begun.id),
        Point("Policy's digest", str(data.get("policy_digest") or (NOT_ON_RECORD if policy else "none")), begun.id),
        *(Point(f"Cap: {name}", f"{amount:,}", begun.id) for name, amount in sorted(caps.items())),
        Point("Input (digest)", str(data.get("input_digest", NOT_ON_RECORD)), begun.id),
    ]
    lacks = ("The digest of the run's policy isn't on record.",) if policy and not data.get("policy_digest") else ()
    return Answer(QUESTIONS[1], f"It ran {judged}, within {capped}.", tuple(points), missing=lacks)


def _cap(name: str, amount: int) -> str:
    units = {"micros": f"USD {amount / 1_000_000:.2f}", "depth": f"depth {amount}", "replans": f"{amount} new plans"}
    return units.get(name, f"{amount:,} {name}")


def _came(begun: Told | None, told: list[Told], summary: reading.Summary) -> Answer:
    points = [Point(verb, f"{number:,}") for verb, number in sorted(summary.by_verb.items())]
    points += [Point(one.verb, f"{one.who}, {one.at}", one.id) for one in told if one is not begun]
    old = begun is not None and "slug" not in begun.data
    lacks = ("It began before events named their run: which actions it proposed isn't on record.",) if old else ()
    sentence = f"Of its actions{'' if summary.is_whole else ' that were counted'}: {_counts(summary)}; {_ending(told)}."
    return Answer(QUESTIONS[2], sentence, tuple(points), tuple(_quoted(told)), lacks)


def _counts(summary: reading.Summary) -> str:
    asked = {"let run by policy": "action.allowed", "held for people": "action.proposed", "denied": "action.denied"}
    came_in = [f"{number:,} {words}" for words, verb in asked.items() if (number := summary.of(verb))]
    done = f"{summary.of('action.approved'):,} approved by people, {summary.of('action.succeeded'):,} done"
    return f"{listed(came_in) or 'none on record'}; {done}"


def _ending(told: list[Told]) -> str:
    end = next((one for one in reversed(told) if one.verb in _ENDS), None)
    if end is None:
        return "it hasn't ended on record"
    return f"it ended at {end.at}: {end.verb.removeprefix('run.').replace('_', ' ')}"


def _quoted(told: list[Told]) -> list[Point]:
    fields = ("reason", "detail", "feedback", "note")
    kept = [(one, field) for one in told for field in fields if one.private.get(field)]
    return [Point(f"{field} ({one.verb})", str(one.private[field]), one.id) for one, field in kept]
