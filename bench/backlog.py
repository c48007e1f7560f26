"""A desk with a backlog to measure on: a throw-away database, people in many groups, and as many open reviews as asked for."""

import atexit
from importlib import import_module

from django.contrib.auth.models import Group
from django.db import connections
from django.test import Client
from django.test.utils import setup_databases, setup_test_environment

from agents.models import Action, Person
from tests.factories import make_action, make_agent, make_person
from tests.servers import ours

# Copies of one reviewed action: every tenth is late, three in ten are tier 3, each waits for one group.
_ACTIONS = """
INSERT INTO agents_action ({columns}) SELECT {values} FROM agents_action AS a
CROSS JOIN generate_series({first}, {last}) AS n WHERE a.id = '{model}'
"""
_ID = "('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_DUE = "now() + make_interval(mins => (n::bigint * 7919 % 480)::int - 48)"
_TIER = "CASE WHEN n % 10 < 3 THEN 3 ELSE 2 END"
_VALUES = {
    "id": _ID,
    "lineage": _ID,
    "effective_tier": _TIER,
    "impact": "n::bigint * 37 % 90000",
    "headline": "'Refund USD ' || (n::bigint * 37 % 900) || '.00 for order B-' || n",
    "payload": "convert_to('{\"order_id\":\"B-' || n || '\"}', 'UTF8')",
    "due_at": _DUE,
    "at_risk_at": f"{_DUE} - interval '20 minutes'",
    "expires_at": "now() + interval '30 days'",
    "wake_at": "now() + interval '30 days'",
    "created_at": "now() + interval '1 second' * (n::float8 / 1e7)",
}
_SLOTS = """
INSERT INTO agents_slot (action_id, position, group_id, role, label, is_open, urgency, bucket, tier, impact, excluded, eligible)
SELECT a.id, 0, g.id, '', g.name, true, CASE WHEN a.at_risk_at > now() THEN 2 WHEN a.effective_tier = 3 THEN 0 ELSE 1 END,
    floor(extract(epoch FROM a.due_at) / 900)::bigint, -a.effective_tier, -a.impact, '{{}}', '{{}}'
FROM generate_series({first}, {last}) AS n JOIN agents_action AS a ON a.id = {id}
JOIN auth_group AS g ON g.name = 'team-' || (n % {groups})
"""


class Backlog:
    """A test database with reviewers who are in every team; `grow()` adds open reviews, spread over the teams."""

    def __init__(self, *, reviewers: int, teams: int = 40):
        ours[0].start()
        setup_test_environment()
        setup_databases(verbosity=0, interactive=False, aliases=["default", "owner"])
        atexit.register(ours[0].stop)
        self.teams = [Group.objects.create(name=f"team-{number}") for number in range(teams)]
        self.people = [make_person(f"reviewer-{number}") for number in range(reviewers)]
        for person in self.people:
            person.groups.set(self.teams)
        self.agent = make_agent("bench", owner=make_person("bench-owner"))
        self.agent.sign = dict.fromkeys(("2", "3"), [team.name for team in self.teams])
        self.agent.save(update_fields=["sign"])
        self.model = make_action(self.agent)
        self.size = 0

    def grow(self, size: int) -> None:
        """Let that many reviews be open."""
        owner = connections["owner"]
        columns = [one.column for one in Action._meta.concrete_fields]
        place = {"first": self.size + 1, "last": size, "id": _ID, "groups": len(self.teams), "model": self.model.pk}
        values = ", ".join(_VALUES.get(column, f"a.{column}") for column in columns)
        # A connection of its own: as the superuser it came as, before it becomes the owner.
        with owner.get_new_connection(owner.get_connection_params()) as fresh, fresh.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # rows as the gate leaves them, without its events
            # An index over so many is quicker made anew than kept.
            cursor.execute("DROP INDEX action_words, action_desk")
            cursor.execute(_ACTIONS.format(columns=", ".join(columns), values=values, **place))
            cursor.execute(_SLOTS.format(**place))
            cursor.execute(import_module("agents.migrations.0008_desk_reading").INDEXES)
            fresh.commit()
            fresh.autocommit = True
            cursor.execute("VACUUM ANALYZE agents_action, agents_slot")
        self.size = size

    def browser(self, number: int = 0) -> Client:
        """Return the browser of a reviewer who is signed in."""
        client = Client()
        client.force_login(self.people[number], backend="django.contrib.auth.backends.ModelBackend")
        return client

    def person(self, number: int = 0) -> Person:
        return Person.objects.get(pk=self.people[number].pk)
