"""Which events a dossier is told from. As many statements for a hundred thousand events as for ten."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from audit.dossier.shapes import Asked, Subject, Told
from audit.models import Event

#: Counting stops here, and says so.
MOST_COUNTED = 200_000
MOST_TOLD = 500

# Each is read by an index of its own, in the order of ids, so that a window costs what it shows.
_OF_SUBJECT = "SELECT id, verb FROM audit.event WHERE subject_kind = '{kind}' AND subject_id = %(id)s {page}"
_BRANCHES = {
    "action": (_OF_SUBJECT.format(kind="action", page="{page}"),),
    "run": (
        _OF_SUBJECT.format(kind="run", page="{page}"),
        "SELECT e.id, e.verb FROM (SELECT DISTINCT subject_id FROM audit.event WHERE data->>'run' = %(id)s) AS its"
        " CROSS JOIN LATERAL (SELECT id, verb FROM audit.event WHERE subject_kind = 'action' AND subject_id = its.subject_id"
        " {page}) AS e",
    ),
    "agent": (
        _OF_SUBJECT.format(kind="agent", page="{page}"),
        "SELECT id, verb FROM audit.event WHERE data->>'agent' = %(id)s {page}",
    ),
    "person": (
        _OF_SUBJECT.format(kind="person", page="{page}"),
        "SELECT id, verb FROM audit.event WHERE actor_kind = 'person' AND actor_id = %(id)s {page}",
    ),
}
#: What stands long is read from its end: what happened lately is what is asked for.
NEWEST_FIRST = frozenset({"agent", "person"})


def window(subject: Subject, asked: Asked) -> tuple[list[Told], bool]:
    """Return a window of the subject's events in its order, and whether more follow. Three statements."""
    newest = subject.kind in NEWEST_FIRST
    beyond = f"AND id {'<' if newest else '>'} %(start)s" if asked.start else ""
    order = f"ORDER BY id {'DESC' if newest else 'ASC'} LIMIT %(size)s"
    ids = _ids(subject, f"{beyond} {order}", order, {"start": asked.start, "size": asked.size + 1})
    told = by_id(ids[: asked.size])
    return [told[one] for one in ids[: asked.size]], len(ids) > asked.size


def _ids(subject: Subject, page: str, order: str, given: Mapping) -> list[int]:
    branches = " UNION ".join(f"({branch.format(page=page)})" for branch in _BRANCHES[subject.kind])
    statement = f"SELECT id FROM ({branches}) AS one {order}"  # noqa: S608 - constants
    return [one for (one,) in rows(statement, {"id": subject.id, **given})]


@dataclass(frozen=True)
class Summary:
    """How many events there are by verb. `is_whole` says that all were counted, `last` is the last event on record at all."""

    by_verb: Mapping[str, int]
    is_whole: bool
    last: int

    @property
    def count(self) -> int:
        return min(sum(self.by_verb.values()), MOST_COUNTED)

    def of(self, verb: str) -> int:
        return self.by_verb.get(verb, 0)


def summary(subject: Subject) -> Summary:
    """Count the subject's events, each once, up to a limit for each way of finding them. One statement."""
    branches = " UNION ".join(f"({branch.format(page='LIMIT %(most)s')})" for branch in _BRANCHES[subject.kind])
    statement = f"""SELECT verb, count(*), (SELECT coalesce(max(id), 0) FROM audit.event) FROM ({branches}) AS one
        GROUP BY ROLLUP (verb)"""  # noqa: S608 - constants
    found = rows(statement, {"id": subject.id, "most": MOST_COUNTED + 1})
    by_verb = {verb: number for verb, number, _ in found if verb is not None}
    return Summary(by_verb, sum(by_verb.values()) <= MOST_COUNTED, found[-1][2])


def by_id(ids: Iterable[int]) -> dict[int, Told]:
    """Return these events by id, with what is kept apart of them. Two statements."""
    events = Event.objects.filter(pk__in=list(ids)).prefetch_related("private")
    return {event.pk: Told.tell(event) for event in events}


def of_verbs(subject: Subject, verbs: Sequence[str]) -> list[Told]:
    """Return the subject's own events of these verbs, oldest first, at most 500. Two statements."""
    found = Event.objects.filter(subject_kind=subject.kind, subject_id=subject.id, verb__in=list(verbs))
    return [Told.tell(event) for event in found.order_by("id").prefetch_related("private")[:MOST_TOLD]]


def rows(statement: str, given: Mapping) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()


_LAST = """
SELECT id FROM audit.event WHERE subject_kind = %({n}_kind)s AND subject_id = %({n}_id)s AND verb = ANY(%({n}_verbs)s)
    AND id <= %(until)s AND data @> %({n}_data)s::jsonb ORDER BY id DESC LIMIT 1
"""


def last_of(
    wanted: Mapping[str, tuple[Subject | tuple[str, str], Sequence[str], str]], *, until: int
) -> dict[str, Told]:
    """Return by name the last event until then of a subject, its verbs and its data (JSON). Three statements in all.

    What isn't on record is left out.
    """
    parts, given = [], {"until": until}
    for number, (subject, verbs, data) in enumerate(wanted.values()):
        n = f"n{number}"
        kind, pk = (subject.kind, subject.id) if isinstance(subject, Subject) else subject
        given |= {f"{n}_kind": kind, f"{n}_id": pk, f"{n}_verbs": list(verbs), f"{n}_data": data}
        parts.append(f"SELECT {number} AS place, one.id FROM ({_LAST.format(n=n)}) AS one")  # noqa: S608 - constants
    places = dict(rows(" UNION ALL ".join(parts), given))
    told = by_id(places.values())
    return {name: told[places[place]] for place, name in enumerate(wanted) if place in places}


_NAMES = """
SELECT DISTINCT ON (e.subject_id) e.subject_id, p.value #>> '{}' FROM audit.event AS e
JOIN audit.private AS p ON p.event_id = e.id AND p.field = 'person'
WHERE e.subject_kind = 'person' AND e.subject_id = ANY(%(people)s) AND e.id <= %(until)s
ORDER BY e.subject_id, e.id DESC
"""


def names_of(people: Iterable[object], *, until: int) -> dict[str, str]:
    """Return by id the user names that people had at an event, as far as their own events tell. One statement."""
    return dict(rows(_NAMES, {"people": sorted({str(one) for one in people}), "until": until}))
