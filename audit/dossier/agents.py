"""The three answers for one agent: who answers for it on record, what it may do, and what the gates said of it."""

from collections.abc import Callable

from audit.dossier import reading
from audit.dossier.holders import holders_of
from audit.dossier.shapes import NOT_ON_RECORD, Answer, Point, Subject, Told, listed

QUESTIONS = ("Who owns it?", "What is it allowed to do?", "Why did its actions pass?")
_WANTED = {
    "imported": ["agent.imported"],
    "policy": ["policy.published", "policy.removed"],
    "standing": ["agent.enabled", "agent.disabled"],
    "stop": ["agent.stopped", "agent.resumed"],
}
_BEYOND = 2**63 - 1


def answers(subject: Subject, summary: reading.Summary, veil: Callable[[list[Told]], list[Told]]) -> tuple[Answer, ...]:
    """Return the three answers for an agent, as of its last events. Four statements."""
    last = reading.last_of({name: (subject, verbs, "{}") for name, verbs in _WANTED.items()}, until=_BEYOND)
    return _owned(subject, last), _allowed(last), _passed(summary, last)


def _owned(subject: Subject, last: dict[str, Told]) -> Answer:
    one = last.get("imported")
    if one is None:
        lack = "No import of its file is on record: who owns it can't be told from events."
        return Answer(QUESTIONS[0], f"Who owns it is {NOT_ON_RECORD}.", missing=(lack,))
    holders = holders_of(one, one.data.get("roles") or {})
    slug = one.data.get("slug") or f"agent {subject.id}"
    words = f"{one.who} last imported {slug} at {one.at}; {holders.in_words()}."
    points = [*holders.points(one.id), Point("Imported", f"{one.who}, {one.at}", one.id)]
    quoted = [Point("Changed then", str(line), one.id) for line in one.private.get("changes", ())]
    return Answer(QUESTIONS[0], words, tuple(points), tuple(quoted), holders.missing("its file was imported"))


def _allowed(last: dict[str, Told]) -> Answer:
    imported, policy, standing = (last.get(name) for name in ("imported", "policy", "standing"))
    data = imported.data if imported else {}
    tools = sorted(data.get("tools") or {})
    label = policy.data.get("policy") if policy and policy.verb == "policy.published" else None
    judged = (
        f"policy {label} judges what it does" if label else "no policy of its own is on record: the tiers alone decide"
    )
    words = f"It may use {listed(tools) or f'tools that are {NOT_ON_RECORD}'}; {judged}; it is {_standing(last)}."
    points = [
        Point(f"Tool {name}", str(digest), imported.id) for name, digest in sorted((data.get("tools") or {}).items())
    ]
    points += [
        Point(f"Signs at tier {tier}", listed(groups), imported.id) for tier, groups in (data.get("sign") or {}).items()
    ]
    if policy is not None:
        points += [Point("Policy", f"{policy.data.get('policy')} ({policy.who}, {policy.at})", policy.id)]
        points += [Point("Policy's digest", str(policy.data.get("digest")), policy.id)]
    if standing is not None:
        points.append(
            Point(
                "Enabled" if standing.verb.endswith("enabled") else "Disabled",
                f"{standing.who}, {standing.at}",
                standing.id,
            )
        )
    return Answer(QUESTIONS[1], words, tuple(points))


def _standing(last: dict[str, Told]) -> str:
    standing, stop = last.get("standing"), last.get("stop")
    if stop is not None and stop.verb == "agent.stopped":
        return f"stopped by {stop.who} since {stop.at}"
    if standing is None:
        return f"enabled or not: {NOT_ON_RECORD}"
    return f"{standing.verb.removeprefix('agent.')} since {standing.at}"


def _passed(summary: reading.Summary, last: dict[str, Told]) -> Answer:
    said = {"let run by policy": "action.allowed", "held for people": "action.proposed", "denied": "action.denied"}
    counts = listed([f"{summary.of(verb):,} {words}" for words, verb in said.items()])
    stops = summary.of("agent.stopped")
    counted = "on record" if summary.is_whole else "that were counted"
    words = f"Of its actions {counted} {counts}; it was stopped {stops:,} time{'' if stops == 1 else 's'}."
    points = [Point(verb, f"{number:,}") for verb, number in sorted(summary.by_verb.items())]
    stop = last.get("stop")
    quoted = (
        [Point(f"Reason ({stop.verb})", str(stop.private["reason"]), stop.id)]
        if stop and stop.private.get("reason")
        else []
    )
    return Answer(QUESTIONS[2], words, tuple(points), tuple(quoted))
