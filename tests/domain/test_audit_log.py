"""The record: written with the change or not at all, and beyond the reach of the product's own role."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from agents import identities, principals
from agents.models import Action
from audit import log, merkle, refusals, verbs
from audit.actors import ANONYMOUS, Actor
from audit.models import Event, Private, RefusalTally
from tests.factories import decide, make_action, make_company, make_person

pytestmark = pytest.mark.django_db
SUBJECT = ("action", "somewhere")


def write(verb="action.overdue", **given):
    return log.record(verb, **({"by": Actor.SYSTEM, "subject": SUBJECT} | given))


def sql(statement: str, *values) -> list:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


# --- beyond reach

COLUMNS = "verb, actor_kind, actor_id, subject_kind, subject_id, leaf_data, retention"
VALUES = "'x', 'system', 'x', 'x', 'x', '{}', '7 years'"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.event SET verb = 'action.signed'",
        "UPDATE audit.event SET leaf_data = '{}'",
        "DELETE FROM audit.event",
        "TRUNCATE audit.event",
        "SELECT 1 FROM audit.event FOR UPDATE",
        "SELECT 1 FROM audit.event FOR SHARE",
        f"INSERT INTO audit.event (id, {COLUMNS}) OVERRIDING SYSTEM VALUE VALUES (1, {VALUES})",
        f"INSERT INTO audit.event (id, {COLUMNS}) OVERRIDING USER VALUE VALUES (1, {VALUES})",
        f"INSERT INTO audit.event (at, {COLUMNS}) VALUES ('2001-01-01', {VALUES})",
        f"INSERT INTO audit.event (xid, {COLUMNS}) VALUES ('1', {VALUES})",
        f"INSERT INTO audit.event ({COLUMNS}) VALUES ({VALUES}) ON CONFLICT (id) DO UPDATE SET verb = 'y'",
        "MERGE INTO audit.event USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
        "SELECT setval('audit.event_id_seq', 1)",
        "SELECT nextval('audit.event_id_seq')",
        "UPDATE audit.private SET value = '1'",
        "DELETE FROM audit.private",
        "TRUNCATE audit.private",
        "ALTER TABLE audit.event DISABLE TRIGGER ALL",
        "ALTER TABLE audit.event ADD COLUMN x int",
        "CREATE RULE gone AS ON INSERT TO audit.event DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TEMP TABLE event (id bigint)",
        "CREATE TABLE audit.other (id bigint)",
        "CREATE SCHEMA mine",
        "DROP TABLE audit.event",
        "SET session_replication_role = replica",
        "SET ROLE cs_owner",
        "SET SESSION AUTHORIZATION cs_owner",
    ],
)
def test_product_cannot(statement):
    write()
    with pytest.raises(DatabaseError, match="permission denied|must be owner"):
        sql(statement)


def test_time_id_and_transaction_are_the_databases():
    before = sql("SELECT clock_timestamp()")[0][0]
    event_id, _ = write()
    at, xid, current = sql("SELECT at, xid, pg_current_xact_id() FROM audit.event WHERE id = %s", event_id)[0]
    assert before <= at <= sql("SELECT clock_timestamp()")[0][0]
    assert xid == current


def test_retention_is_one_of_three():
    with pytest.raises(DatabaseError, match="retention"), transaction.atomic():
        write(retention="1 day")


# --- written with the change, or not at all


def test_verb_that_is_not_in_the_catalogue_is_refused():
    with pytest.raises(verbs.UnknownVerb, match="catalogue"):
        write("action.vanished")
    assert not Event.objects.filter(subject_id="somewhere").exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_event_without_a_transaction_is_refused():
    with pytest.raises(log.NoTransaction):
        write()


def test_actor_is_asked_for():
    with pytest.raises(TypeError, match="by"):
        log.record("action.overdue", subject=SUBJECT)


def test_change_that_rolls_back_takes_its_event_along():
    company = make_company()
    action = make_action(company.agent)
    before = Event.objects.count()
    with pytest.raises(RuntimeError, match="stop"), transaction.atomic():
        decide(action, company.fin)
        raise RuntimeError("stop")
    assert Event.objects.count() == before
    assert not Action.objects.get().slots.exclude(filled_by=None).exists()


def test_event_that_cannot_be_written_takes_its_change_along(monkeypatch):
    company = make_company()
    action = make_action(company.agent)
    monkeypatch.setattr(log, "RETENTION_BY_TIER", ("for ever",) * 5)
    with pytest.raises(DatabaseError, match="retention"), transaction.atomic():
        decide(action, company.fin)
    assert not action.slots.exclude(filled_by=None).exists() and not action.decisions.exists()


# --- the leaf


def test_leaf_binds_id_time_and_what_happened():
    event_id, returned = write("action.signed", data={"group": "finance"}, by=Actor("person", "7", "Rosa", human=3))
    event = Event.objects.get(pk=event_id)
    leaf = {"v": 1, "id": event_id, "at": merkle.instant(event.at), "data": json.loads(event.leaf_data)}
    assert leaf["data"]["by"] == {"kind": "person", "id": "7", "human": 3}
    assert event.leaf_hash == returned == hashlib.sha256(b"\x00" + rfc8785.dumps(leaf)).hexdigest()


def test_columns_say_what_the_leaf_says():
    event = Event.objects.get(pk=write("action.signed", data={"group": "finance", "filled": 1})[0])
    leaf = json.loads(event.leaf_data)
    assert [leaf["verb"], leaf["subject"], leaf["data"]] == [
        event.verb,
        [event.subject_kind, event.subject_id],
        event.data,
    ]
    assert leaf["by"] == {"kind": event.actor_kind, "id": event.actor_id}


def test_names_and_words_stay_out_of_the_leaf_and_are_committed_to_with_salt():
    who = Actor("person", "7", "Rosa Nováková")
    ids = [write("action.rejected", by=who, private={"note": "zu teuer"})[0] for _ in range(2)]
    first, second = (Event.objects.get(pk=one) for one in ids)
    assert "Rosa" not in first.leaf_data and "zu teuer" not in first.leaf_data
    for event in (first, second):
        promised = json.loads(event.leaf_data)["private"]
        for kept in Private.objects.filter(event=event):
            assert promised[kept.field] == hashlib.sha256(bytes(kept.salt) + rfc8785.dumps(kept.value)).hexdigest()
    assert first.private_values() == {"display": "Rosa Nováková", "note": "zu teuer"}
    assert json.loads(first.leaf_data)["private"] != json.loads(second.leaf_data)["private"], "salted"


def test_what_the_product_does_keeps_nothing_apart_and_still_says_who():
    event = Event.objects.get(pk=write("database.restored", by=Actor.SYSTEM, data={"taken_at": "now"})[0])
    assert json.loads(event.leaf_data)["private"] == {} and not Private.objects.filter(event=event).exists()
    assert event.sentence().startswith("Countersign restored the backup of now")


@pytest.mark.parametrize("leaf", ["said so", "[]", "{}", '{"data":{"a":"\\u0000"}}'])
def test_leaf_that_nothing_can_be_read_out_of_is_refused(leaf):
    with pytest.raises(DatabaseError):
        sql(f"INSERT INTO audit.event ({COLUMNS}) VALUES ('x', 'system', 'x', 'x', 'x', %s, '7 years')", leaf)


def test_what_an_event_says_is_nobodys_to_write_beside_its_leaf():
    with pytest.raises(DatabaseError, match="generated column"):
        sql(f"INSERT INTO audit.event ({COLUMNS}, data) VALUES ({VALUES}, '{{}}')")


@pytest.mark.parametrize(
    ("index", "condition"),
    [
        ("event_of_agent", "data->>'agent' = '7'"),
        ("event_of_run", "data->>'run' = '7'"),
        ("event_of_action", "subject_kind = 'action' AND subject_id = '7'"),
        ("event_subject", "subject_kind = 'agent' AND subject_id = '7'"),
        ("event_subject", "subject_kind IN ('agent', 'standstill') AND subject_id = '7'"),
    ],
)
def test_events_are_found_by_an_index(index, condition):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT id FROM audit.event WHERE {condition}")
        assert index in str(cursor.fetchall())


def test_erased_name_reads_as_somebody_and_the_leaf_stays():
    event = Event(id=1, at=datetime(2026, 1, 2, tzinfo=UTC), verb="action.withdrawn", data={}, leaf_data="{}")
    assert event.sentence() == "somebody took it back"


@pytest.mark.parametrize("verb", verbs.VERBS)
def test_every_verb_has_a_sentence_that_can_be_said_without_its_data(verb):
    assert verbs.sentence(verb, who="Rosa", data={})


# --- refusals


def finished() -> None:
    RefusalTally.objects.update(minute=Now() - timedelta(minutes=2))


def write_finished(**limited) -> int:
    return refusals.write_finished(naming=principals.names_of, **limited)


def test_refusals_of_a_minute_are_one_row_and_become_one_event():
    person = make_person("rosa")
    for _ in range(5):
        refusals.tally(by=person.actor(), code="not_eligible", where="POST /x", subject=("action", "7"))
    refusals.tally(by=person.actor(), code="stale", where="POST /x", subject=("action", "7"))
    refusals.tally(by=ANONYMOUS, code="not_eligible", where="POST /x")
    assert RefusalTally.objects.count() == 3
    finished()
    assert write_finished() == 3
    event = Event.objects.get(verb="request.refused", subject_id="7", data__code="not_eligible")
    assert (event.data["count"], event.data["where"], event.actor_id) == (5, "POST /x", str(person.pk))
    assert not RefusalTally.objects.exists()
    assert write_finished() == 0


def test_refusals_at_two_addresses_are_told_of_neither():
    refusals.tally(by=ANONYMOUS, code="stale", where="GET /x", subject=("action", "7"))
    refusals.tally(by=ANONYMOUS, code="stale", where="POST /x", subject=("action", "7"))
    finished()
    write_finished()
    event = Event.objects.get(verb="request.refused", subject_id="7")
    assert (event.data["count"], event.data["where"]) == (2, "several addresses")


def test_minute_that_still_runs_is_left_alone():
    refusals.tally(by=ANONYMOUS, code="stale", where="POST /x")
    RefusalTally.objects.update(minute=Now())
    assert write_finished() == 0
    assert RefusalTally.objects.count() == 1


def test_refusals_beyond_the_limit_wait_for_the_next_tick():
    for number in range(3):
        refusals.tally(by=ANONYMOUS, code=f"code{number}", where="GET /x")
    finished()
    assert [write_finished(limit=2), write_finished(limit=2)] == [2, 1]


def test_refusals_name_people_agents_and_clients_as_every_other_sentence_does():
    company = make_company()
    client = identities.issue_client(name="shop", agents=[company.agent], by=Actor.SYSTEM)[0].client
    agent = Actor(kind="agent", id=str(company.agent.pk), display="said at the door")
    for by in (company.fin.actor(), agent, Actor(kind="client", id=str(client.pk), display="?"), ANONYMOUS):
        refusals.tally(by=by, code="stale", where="POST /x")
    finished()
    write_finished()
    told = {event.actor_kind + event.actor_id: event for event in Event.objects.filter(verb="request.refused")}
    named = {str(company.fin), company.agent.name, "shop", "somebody who is not signed in"}
    assert {event.sentence() for event in told.values()} == {
        f"{name} was refused once within a minute: stale" for name in named
    }
    recorded = "".join(event.leaf_data for event in told.values())
    assert not any(name in recorded for name in named), "names stand where they can be erased"


@pytest.mark.parametrize(
    ("verb", "data", "said"),
    [
        ("standstill.began", {"agents": 1}, "Rosa stopped everything (1 agent)"),
        ("standstill.ended", {"agents": 3}, "Rosa let everything go on (3 agents)"),
        ("records.exported", {"what": "decisions", "rows": 1}, "Rosa exported decisions (1 row)"),
        ("session.ended_elsewhere", {"count": 2}, "Rosa ended 2 other sessions of theirs"),
        ("request.refused", {"count": 2, "code": "stale"}, "Rosa was refused 2 times within a minute: stale"),
        ("request.refused", {"count": "?", "code": "{who}"}, "Rosa was refused ? times within a minute: {who}"),
    ],
)
def test_sentences_count(verb, data, said):
    assert verbs.sentence(verb, who="Rosa", data=data) == said
