"""A desk with a backlog to measure on: a throw-away database, people in many groups, and as many reviews as asked for.

Rows are written as the gate and the desk leave them, in bulk and past their triggers: nothing here happened.
"""

from functools import cache

from django.contrib.auth.models import Group
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import setup_databases

from agents.models import Action, Person, Slot
from bench.browsing import Browser
from bench.ends import ENDS
from tests.factories import make_action, make_agent, make_person
from tests.servers import ours

# Copies of one reviewed action: every tenth is late, three in ten are tier 3 and one in fifty tier 4, with two slots each.
_ACTIONS = """
INSERT INTO agents_action ({columns}) SELECT {values} FROM agents_action AS a
CROSS JOIN generate_series({first}, {last}) AS n WHERE a.id = '{model}'
"""
_ID = "('{prefix}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_OPEN_ID, _PAST_ID = _ID.format(prefix="01900000"), _ID.format(prefix="01910000")
_DUE = "now() + make_interval(mins => (n::bigint * 7919 % 480)::int - 48)"
_OPEN = {
    "id": _OPEN_ID,
    "lineage": _OPEN_ID,
    "effective_tier": "CASE WHEN n % 50 = 47 THEN 4 WHEN n % 10 < 3 THEN 3 ELSE 2 END",
    "impact": "n::bigint * 37 % 90000",
    "headline": "'Refund USD ' || (n::bigint * 37 % 900) || '.00 for order B-' || n",
    "payload": 'convert_to(\'{"amount_usd":{"currency":"USD","minor":\' || n::bigint * 37 % 90000'
    " || '},\"order_id\":\"B-' || n || '\"}', 'UTF8')",
    "due_at": _DUE,
    "at_risk_at": f"{_DUE} - interval '20 minutes'",
    "expires_at": "now() + interval '30 days'",
    "wake_at": "now() + interval '30 days'",
    "created_at": "now() + interval '1 second' * (n::float8 / 1e7)",
}
_SLOTS = """
INSERT INTO agents_slot (action_id, position, group_id, role, label, is_open, urgency, bucket, tier, impact, excluded, eligible)
SELECT a.id, place, g.id, '', g.name, true, CASE WHEN a.at_risk_at > now() THEN 2 WHEN a.effective_tier >= 3 THEN 0 ELSE 1 END,
    floor(extract(epoch FROM a.due_at) / 900)::bigint, -a.effective_tier, -a.impact, '{{}}', '{{}}'
FROM generate_series({first}, {last}) AS n JOIN agents_action AS a ON a.id = {id}
JOIN generate_series(0, 1) AS place ON place = 0 OR a.effective_tier >= 3
JOIN auth_group AS g ON g.name = 'team-' || ((n + place) % {groups})
"""
_CONTENTS = """
INSERT INTO agents_actioncontent (action_id, rationale, claims, provenance, note, keep_output)
SELECT {id}, 'The customer asks for it.', '{{}}', '{{}}', '', true FROM generate_series({first}, {last}) AS n
"""

# Six in ten ran unattended. Of the others one in forty expired, one in ten was rejected; a review took up to two hours of
# the one it was given.
_CREATED = "now() - n * interval '{days} days' / {last}"
_TOOK = "make_interval(mins => (n::bigint * 7919 % 120)::int + 1)"
_WORD = "CASE WHEN n % 100 < 60 THEN '' WHEN n % 100 = 60 THEN 'expired' WHEN n % 100 < 65 THEN 'rejected' ELSE 'approved' END"
_PAST = _OPEN | {
    "id": _PAST_ID,
    "lineage": _PAST_ID,
    "effective_tier": "CASE WHEN n % 10 < 3 THEN 3 ELSE 2 END",
    "verdict": "CASE WHEN n % 100 < 60 THEN 'allow' ELSE 'review' END",
    "sampled": "n % 100 < 9",
    "state": f"CASE {_WORD} WHEN 'expired' THEN 'expired' WHEN 'rejected' THEN 'rejected' ELSE 'succeeded' END",
    "decision": _WORD,
    "reasons": '\'[{"code": "policy_review", "rule": "over_limit", "outcome": "review", "text": "x"}]\'::jsonb',
    "created_at": _CREATED,
    "at_risk_at": f"{_CREATED} + interval '45 minutes'",
    "due_at": f"{_CREATED} + interval '60 minutes'",
    "breach_cause": f"CASE WHEN {_TOOK} > interval '60 minutes' THEN 'unclaimed' ELSE '' END",
    "decided_at": f"CASE WHEN n % 100 >= 60 THEN {_CREATED} + {_TOOK} END",
    "finished_at": f"{_CREATED} + {_TOOK}",
    "wake_at": "NULL",
}
_PAST_ROWS = """
INSERT INTO agents_slot (action_id, position, group_id, role, label, is_open, urgency, bucket, tier, impact, excluded, eligible)
SELECT a.id, 0, g.id, '', g.name, false, 2, 0, -a.effective_tier, -a.impact, '{{}}', '{{}}'
FROM generate_series({first}, {last}) AS n JOIN agents_action AS a ON a.id = {id} AND a.verdict = 'review'
JOIN auth_group AS g ON g.name = 'team-' || (n % {groups});
INSERT INTO agents_clockinterval (action_id, kind, reason, started_at, ended_at)
SELECT a.id, 'paused', 'changes', a.created_at + (a.decided_at - a.created_at) / 4, a.created_at + (a.decided_at - a.created_at) / 2
FROM generate_series({first}, {last}) AS n JOIN agents_action AS a ON a.id = {id} AND a.verdict = 'review' AND n % 5 = 0;
INSERT INTO approvals_look (action_id, person_id, kind, what, preview_hash, template_version, at)
SELECT a.id, {person}, 'viewed', '', '', '', a.decided_at - interval '40 seconds'
FROM generate_series({first}, {last}) AS n JOIN agents_action AS a ON a.id = {id} AND a.decision IN ('approved', 'rejected');
INSERT INTO approvals_decision (action_id, revision, nth, digest, person_id, human, word, reason_code, note, checks, step_up,
    preview_hash, template_version, effective_at, decided_at, event_id, leaf_hash)
SELECT a.id, 1, 1, a.digest, {person}, {human}, CASE a.decision WHEN 'approved' THEN 'approve' ELSE 'reject' END,
    '', '', '{{}}', 'session', '', '', a.decided_at, a.decided_at, 0, ''
FROM generate_series({first}, {last}) AS n JOIN agents_action AS a ON a.id = {id} AND a.decision IN ('approved', 'rejected');
"""
_TABLES = ("agents_action", "agents_slot", "agents_actioncontent")
_READ = (
    *_TABLES, "agents_clockinterval", "approvals_look", "approvals_decision", "agents_person", "agents_person_groups",
    "auth_group", "agents_agent", "agents_agentrole", "agents_tooldefinition",
)  # fmt: skip
_INDEXES = """
SELECT i.indexname, i.indexdef FROM pg_indexes AS i WHERE i.schemaname = 'public' AND i.tablename = ANY(%s)
AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conname = i.indexname)
"""


class Backlog:
    """A test database with an agent and with reviewers who are in every team."""

    def __init__(self, *, reviewers: int, teams: int):
        ENDS.callback(ours[0].stop)
        ours[0].start()
        setup_databases(verbosity=0, interactive=False, aliases=["default", "owner"])
        self.teams = [Group.objects.create(name=f"team-{number}") for number in range(teams)]
        self.people = [make_person(f"reviewer-{number}") for number in range(reviewers)]
        for person in self.people:
            person.groups.set(self.teams)
        self.owner = make_person("bench-owner")
        self.agent = make_agent("bench", owner=self.owner)
        self.agent.sign = dict.fromkeys(("2", "3", "4"), [team.name for team in self.teams])
        self.agent.save(update_fields=["sign"])
        self.model = make_action(self.agent)
        self.size = 0

    def grow(self, size: int) -> None:
        """Let that many reviews be open, spread over the teams."""
        place = self._place(self.size + 1, size, _OPEN_ID)
        self._write(self._actions(_OPEN, place) + [_SLOTS.format(**place), _CONTENTS.format(**place)])
        self.size = size

    def remember(self, count: int, *, days: int) -> None:
        """Let that many actions have come in and ended in the last days."""
        place = self._place(1, count, _PAST_ID) | {"days": days}
        values = {column: value.format(**place) if "{days}" in value else value for column, value in _PAST.items()}
        self._write(self._actions(values, place) + [_PAST_ROWS.format(**place)])

    def twin(self) -> BaseDatabaseWrapper:
        """Return a connection to a copy of the database on the same server, for `connections["default"]`."""
        alone = connections["default"].settings_dict["NAME"]
        connections.close_all()
        with ours[0].postgres.connect() as superuser:
            superuser.execute(f"CREATE DATABASE {alone}_twin TEMPLATE {alone}")
        other = connections.create_connection("default")
        other.settings_dict = {**other.settings_dict, "NAME": f"{alone}_twin"}
        return other

    def browser(self, number: int = 0) -> Browser:
        """Return the browser of a reviewer."""
        return Browser(self.people[number])

    def person(self, number: int = 0) -> Person:
        return Person.objects.get(pk=self.people[number].pk)

    def open_ids(self, tier: int, *, after: str = "", count: int = 1) -> list[str]:
        """Return the ids of open reviews of a tier that nobody has signed, in the order they came in."""
        signed = Slot.objects.filter(is_open=True, filled_by__isnull=False).values("action")
        fresh = Action.objects.filter(state="awaiting_review", effective_tier=tier, pk__gt=after or "0" * 32)
        fresh = fresh.exclude(pk=self.model.pk).exclude(pk__in=signed)
        return [str(pk) for pk in fresh.order_by("pk").values_list("pk", flat=True)[:count]]

    def _place(self, first: int, last: int, pk: str) -> dict:
        someone = self.people[0]
        place = {"first": first, "last": last, "id": pk, "groups": len(self.teams), "model": self.model.pk}
        return place | {"person": someone.pk, "human": someone.human_id}

    def _actions(self, given: dict, place: dict) -> list[str]:
        columns = [one.column for one in Action._meta.concrete_fields]
        values = ", ".join(given.get(column, f"a.{column}") for column in columns)
        return [_ACTIONS.format(columns=", ".join(columns), values=values, **place)]

    def _write(self, statements: list[str]) -> None:
        owner, default = connections["owner"], connections["default"]
        place = owner.get_connection_params() | {"dbname": default.settings_dict["NAME"]}
        # A connection of its own: as the superuser it came as, before it becomes the owner.
        with owner.get_new_connection(place) as fresh, fresh.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # rows as others leave them, without their events
            cursor.execute("SET maintenance_work_mem = '256MB'")
            # An index over so many is quicker made anew than kept.
            indexes = cursor.execute(_INDEXES, [list(_TABLES)]).fetchall()
            for name, _ in indexes:
                cursor.execute(f"DROP INDEX {name}")
            for statement in statements:
                cursor.execute(statement)
            for _, definition in indexes:
                cursor.execute(definition)
            fresh.commit()
            fresh.autocommit = True
            cursor.execute(f"VACUUM ANALYZE {', '.join(_READ)}")


@cache
def desk() -> Backlog:
    """Return the desk that most lines are measured on: 5,000 open reviews in three teams, and twenty reviewers."""
    backlog = Backlog(reviewers=20, teams=3)
    backlog.grow(5000)
    return backlog
