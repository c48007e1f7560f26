"""The three answers for one person: which agents they answer for, what they may sign, and what they did."""

from collections.abc import Callable

from audit.dossier import reading
from audit.dossier.shapes import NOT_ON_RECORD, Answer, Point, Subject, Told, listed

QUESTIONS = ("What do they own?", "What are they allowed to do?", "What did they do?")
_ACCOUNT = ["person.added", "person.changed", "person.disabled"]
_BEYOND = 2**63 - 1
# The last import of each agent says who answers for it.
_ROLES = """
SELECT i.subject_id, i.slug, i.id, r.key FROM (
    SELECT DISTINCT ON (subject_id) subject_id, id, data->>'slug' AS slug, data->'roles' AS roles FROM audit.event
    WHERE verb = 'agent.imported' ORDER BY subject_id, id DESC
) AS i CROSS JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(i.roles) WHEN 'object' THEN i.roles ELSE '{}' END) AS r
WHERE r.value = %(id)s ORDER BY i.id, r.key
"""


def answers(subject: Subject, summary: reading.Summary, veil: Callable[[list[Told]], list[Told]]) -> tuple[Answer, ...]:
    """Return the three answers for a person, as of their last events. Four statements."""
    wanted = {"account": (subject, _ACCOUNT, "{}"), "known": (subject, _ACCOUNT[:2], "{}")}
    last = reading.last_of(wanted, until=_BEYOND)
    roles = reading.rows(_ROLES, {"id": subject.id})
    return _owned(roles), _allowed(last), _did(summary)


def _owned(roles: list[tuple]) -> Answer:
    held = [f"{role.replace('_', ' ')} of {slug or f'agent {agent}'}" for agent, slug, _, role in roles]
    points = [
        Point(held_as, f"by the import of event {event}", event)
        for held_as, (_, _, event, _) in zip(held, roles, strict=True)
    ]
    words = f"They are {listed(held)}." if held else "They hold no role of an agent, by the last import of each."
    return Answer(QUESTIONS[0], words, tuple(points))


def _allowed(last: dict[str, Told]) -> Answer:
    account, known = last.get("account"), last.get("known")
    if known is None:
        lack = (
            "Their account was made outside the record: since when, and with which groups, can't be told from events."
        )
        return Answer(QUESTIONS[1], f"What they are allowed to do is {NOT_ON_RECORD}.", missing=(lack,))
    data, groups = known.data, known.data.get("groups") or []
    closed = account.verb == "person.disabled" or data.get("active") is False
    signs = f"they may sign for {listed(groups)}" if groups else "they are in no group that could sign"
    words = f"Since {account.at} their account is disabled." if closed else f"Since {known.at} {signs}."
    flags = {"Staff": data.get("staff"), "Superuser": data.get("superuser")}
    points = [
        Point("Groups", listed(groups) or "none", known.id),
        Point("Set by", f"{known.who}, {known.at}", known.id),
    ]
    points += [Point(label, "yes" if value else "no", known.id) for label, value in flags.items()]
    names = {"User name": known.private.get("person"), "Name": known.private.get("name")}
    quoted = [Point(label, str(value), known.id) for label, value in names.items() if value]
    return Answer(QUESTIONS[1], words, tuple(points), tuple(quoted))


def _did(summary: reading.Summary) -> Answer:
    said = {"signed": "action.signed", "rejected": "action.rejected", "took back": "action.vote_withdrawn"}
    counts = [f"{words} {summary.of(verb):,}" for words, verb in said.items()]
    stops = sum(summary.of(verb) for verb in ("agent.stopped", "tool.stopped", "standstill.began"))
    counted = "On record" if summary.is_whole else "As far as it was counted"
    words = f"{counted} they {listed(counts)}; they stopped something {stops:,} time{'' if stops == 1 else 's'}."
    return Answer(
        QUESTIONS[2], words, tuple(Point(verb, f"{number:,}") for verb, number in sorted(summary.by_verb.items()))
    )
