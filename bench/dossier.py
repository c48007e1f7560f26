"""What a dossier costs with a hundred thousand events on record: of an action, a run of a thousand actions, their agent, and
the person who signed for all of them."""

from collections.abc import Callable
from functools import cache

from bench import ready
from bench.lines import Calls, Line, timed

EVENTS, CALLS, IN_RUN = 100_000, 3, 1_000
_LIFE = ("action.proposed", "action.signed", "action.approved", "action.called", "action.succeeded")
# Copies of what one reviewed refund left on record, five events each; the first thousand belong to one run.
_WRITE = """
WITH model AS MATERIALIZED (
    SELECT DISTINCT ON (verb) * FROM audit.event
    WHERE subject_kind = 'action' AND subject_id = %(model)s AND verb = ANY(%(verbs)s) ORDER BY verb, id
), life AS (
    INSERT INTO audit.event (verb, actor_kind, actor_id, subject_kind, subject_id, leaf_data, retention)
    SELECT e.verb, e.actor_kind, CASE WHEN e.actor_kind = 'person' THEN %(person)s ELSE e.actor_id END, 'action',
        ('01920000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')),
        CASE WHEN e.verb = 'action.proposed' AND n <= %(in_run)s
            THEN jsonb_set(e.leaf_data::jsonb, '{data,run}', to_jsonb(%(run)s::text))::text ELSE e.leaf_data END,
        e.retention
    FROM generate_series(1, %(count)s) AS n CROSS JOIN model AS e
    ORDER BY n, e.id RETURNING id, verb
)
INSERT INTO audit.private (event_id, field, salt, value)
SELECT life.id, p.field, p.salt, p.value FROM life
JOIN model AS e ON e.verb = life.verb
JOIN audit.private AS p ON p.event_id = e.id
"""


@cache
def _made() -> dict:
    """Return the addresses, with all that on record."""
    ready.prepare()
    from django.db import connection, transaction

    from agents import runs
    from agents.models import Agent
    from audit.actors import Actor
    from bench.backlog import Backlog
    from tests.domain.test_undo import done
    from tests.factories import decide, make_action

    desk = Backlog(reviewers=2, teams=2)
    action = make_action(desk.agent)
    for number in range(2):
        decide(action, desk.person(number))
    action.refresh_from_db()
    action = done(action, {"status": "ok"})
    Agent.objects.filter(pk=desk.agent.pk).update(runtime="scripted")
    run = runs.enqueue(Agent.objects.get(pk=desk.agent.pk), runs.Asked(input={}), by=Actor.SYSTEM)
    given = {"person": str(desk.people[0].pk), "run": str(run.pk), "model": str(action.pk), "verbs": list(_LIFE)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WRITE, given | {"count": EVENTS // len(_LIFE), "in_run": IN_RUN})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit.event")
    person = desk.people[0]
    return {
        "action": (f"/actions/{action.pk}/dossier/", desk.owner),
        "run": (f"/runs/{run.pk}/dossier/", desk.owner),
        "agent": (f"/agents/{desk.agent.slug}/dossier/", desk.owner),
        "person": (f"/people/{person.username}/dossier/", person),
    }


@cache
def _browser(whose: str):
    from bench.browsing import Browser

    return Browser(_made()[whose][1])


def _page(whose: str) -> Callable[[], Calls]:
    return lambda: timed([lambda: _browser(whose).get(_made()[whose][0])] * CALLS)


def _asked(whose: str) -> Callable[[], float]:
    def measure() -> float:
        address, browser = _made()[whose][0], _browser(whose)
        from bench.browsing import queries

        return queries(lambda: browser.get(address))

    return measure


LINES = (
    *(Line(f"dossier: {one}", f"GET of its dossier with {EVENTS:,} events on record: p95 of {CALLS}", _page(one), "ms", 2000)
      for one in ("action", "run", "agent", "person")),
    *(Line(f"dossier: {one}, queries", "statements of the same page", _asked(one), "queries")
      for one in ("action", "run", "agent", "person")),
)  # fmt: skip
