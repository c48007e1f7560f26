"""Facts come from the operator's sources, in time, of their type and without a way to write, or they are missing."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from agents import lookups
from agents.lookups import crews, fence, readers, sql
from agents.policy.language import Classified, Fact, HttpLookup, SqlLookup, ToolLookup
from agents.policy.verdict import Missing
from agents.tools import base
from controlplane import operator, sample
from tests.factories import LOOK_UP
from tests.toolserver import drips, hangs, says, serving

pytestmark = pytest.mark.django_db
READER, PASSWORD = "facts_reader", "only reads"
SCHEMA = """
    CREATE TABLE customer (id text PRIMARY KEY, name text, since date, spent numeric, vip bool, checked timestamptz,
                           score float8 DEFAULT 'NaN', tags text[], length interval DEFAULT '3 days', note jsonb);
    INSERT INTO customer (id, name, since, spent, vip, checked, tags, note) VALUES
        ('C-1', 'Ada', '2024-05-06', 200.01, true, now(), '{a,b}', '{"deep": {"n": 1.5}}'),
        ('C-2', 'Bob', NULL, 0, false, now() - interval '1 hour', '{}', NULL);
    CREATE TABLE secret_here (v int);
    CREATE SCHEMA other;
    CREATE TABLE other.secret (v int);
    INSERT INTO other.secret VALUES (42);
    CREATE FUNCTION other.rows_of() RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT v FROM other.secret; END';
    CREATE FUNCTION other.one() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT v FROM other.secret); END';
    CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO secret_here VALUES (1); RETURN 1; END';
    CREATE FUNCTION naps(float8) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep($1); RETURN 0; END';
    CREATE FUNCTION leaves_traces() RETURNS int LANGUAGE plpgsql AS
        'BEGIN PERFORM set_config(''search_path'', ''other'', false), pg_advisory_lock(1); RETURN 1; END';
    CREATE VIEW looks_away AS SELECT v FROM other.secret;
    GRANT USAGE ON SCHEMA other TO facts_reader;
    GRANT ALL ON ALL TABLES IN SCHEMA public, other TO facts_reader;
"""


def admin(database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(dsn(dbname=database), autocommit=True)


def dsn(**changed) -> str:
    return make_conninfo("", **conninfo_to_dict(os.environ["DATABASE_OWNER_URL"]) | changed)


def reader_dsn(database: str = "facts_shop", **changed) -> str:
    return dsn(**{"user": READER, "password": PASSWORD, "dbname": database} | changed)


@pytest.fixture(scope="module")
def shop():
    """A database of its own with rights to write that a reader shouldn't have: what holds it back is ours alone."""
    with admin() as postgres:
        postgres.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
        postgres.execute("CREATE DATABASE facts_shop")
        with admin("facts_shop") as database:
            database.execute(SCHEMA)
        yield
        postgres.execute("DROP DATABASE facts_shop WITH (FORCE)")
        postgres.execute(f"DROP ROLE {READER}")


@pytest.fixture(autouse=True)
def sources(request):
    if "shop" in request.fixturenames:
        name_sources(shop=base.SqlSource("shop", reader_dsn()))
    yield
    base.configure({}, {})
    crews._crews.clear()
    while readers._idle:
        for reader in readers._idle.popitem()[1]:
            reader.close()


def name_sources(**sources: base.Source) -> None:
    base.sources.update(sources)


def fact(name: str, type: str, statement: str, *, source: str = "shop", max_age: int = 60) -> Fact:
    names = tuple(dict.fromkeys(found[1] for found in sql._PLACEHOLDER.finditer(statement) if found[1]))
    return Fact(name, type, SqlLookup(source, statement, names), max_age)


def fetch(*facts: Fact, seconds: float = 2.0, definitions=None, **arguments) -> dict[str, lookups.Found]:
    return lookups.fetch(facts, arguments=arguments, definitions=definitions or {}, seconds=seconds, agent="desk")


def ask(statement: str, type: str = "int", *, seconds: float = 2.0, max_age: int = 60, **arguments) -> object:
    """The value of one fact."""
    return fetch(fact("it", type, statement, max_age=max_age), seconds=seconds, **arguments)["it"].value


def missing(statement: str, type: str = "int", **given) -> Missing:
    found = ask(statement, type, **given)
    assert isinstance(found, Missing), found
    return found


@contextmanager
def within(seconds: float):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


# --- values


@pytest.mark.parametrize(
    ("column", "type", "expected"),
    [
        ("name", "string", "Ada"),
        ("since", "timestamp", datetime(2024, 5, 6, tzinfo=UTC)),
        ("spent", "number", 200.01),
        ("vip", "bool", True),
        ("tags", "list", ["a", "b"]),
        ("note", "record", {"note": {"deep": {"n": 1.5}}}),
        ("count(*) over ()", "int", 1),
    ],
)
def test_value_of_a_row_comes_as_its_declared_type(shop, column, type, expected):
    assert ask(f"select {column} from customer where id = %(id)s", type, id="C-1") == expected


@pytest.mark.parametrize(
    ("column", "type", "code"),
    [
        ("name", "int", "wrong_type"),
        ("'5'::text", "number", "wrong_type"),
        ("score", "number", "not_a_number"),
        ("'NaN'::numeric", "int", "not_a_number"),
        ("'Infinity'::float8", "number", "not_a_number"),
        ("length", "int", "wrong_type"),
        ("checked::timestamp", "timestamp", "wrong_type"),
        ("null::int", "int", "missing"),
        ("name, spent", "string", "wrong_type"),
        ("name as a, spent as a", "record", "wrong_type"),
        ("'infinity'::timestamptz", "timestamp", "unavailable"),
        ("repeat('x', 300000)", "string", "unavailable"),
    ],
)
def test_value_that_isnt_of_the_type_is_missing(shop, column, type, code):
    assert missing(f"select {column} from customer where id = %(id)s", type, id="C-1").code == code


def test_record_takes_the_row_without_what_is_empty(shop):
    found = ask("select name, since, vip from customer where id = %(id)s", "record", id="C-2")
    assert found == {"name": "Bob", "vip": False}


def test_no_row_is_missing_and_two_rows_are_no_answer(shop):
    assert missing("select 1 from customer where id = 'nobody'").code == "missing"
    assert "more than one row" in missing("select 1 from customer").detail


def test_million_rows_arent_fetched_to_see_that_there_are_two(shop):
    with within(1.0):
        assert "more than one row" in missing("select generate_series(1, 50000000)").detail


@pytest.mark.parametrize(
    "text",
    ["' or true --", "'; drop table customer; --", "%(id)s", "$1", "\\", "C-1\x1f", "' || (select 'C-1') || '", "🙃"],
)
def test_text_of_an_argument_stays_a_value(shop, text):
    assert missing("select spent from customer where id = %(id)s", "number", id=text).code == "missing"
    assert ask("select %(id)s", "string", id=text) == text


def test_amount_is_compared_exactly_and_whatever_it_is_compared_with(shop):
    for amount, equal in ((200.01, True), (200.02, False), (200, False)):
        assert ask("select spent = %(amount_usd)s from customer where id = 'C-1'", "bool", amount_usd=amount) is equal
    assert ask("select id = %(n)s from customer where id = 'C-1'", "bool", n=1) is False
    assert ask("select %(on)s < now()", "bool", on=datetime(2026, 1, 1, tzinfo=UTC)) is True
    assert ask("select count(*) from customer where id = any(%(ids)s)", "int", ids=["C-1", "C-2"]) == 2
    assert ask("select %(yes)s::bool", "bool", yes=True) is True


def test_percent_sign_is_written_twice(shop):
    assert ask("select count(*) from customer where name like '%%d%%' and 5 %% 2 = 1 and id = %(id)s", id="C-1") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "missing"),
        ({"id": None}, "missing"),
        ({"id": Missing("wrong_type", "a time without its zone")}, "wrong_type"),
        ({"id": {"a": 1}}, "wrong_type"),
        ({"id": [1, 2]}, "wrong_type"),
        ({"id": "a\x00b"}, "unavailable"),
    ],
)
def test_argument_that_isnt_there_or_cant_be_bound_leaves_the_fact_missing(shop, arguments, code):
    found = fetch(fact("it", "int", "select 1 where %(id)s = 'a'"), **arguments)["it"].value
    assert found.code == code


# --- age


def test_time_of_the_value_is_kept_and_an_old_value_is_stale(shop):
    statement = "select vip, checked as as_of from customer where id = %(id)s"
    fresh = fetch(fact("vip", "bool", statement), id="C-1")["vip"]
    assert fresh.value is True
    assert abs(datetime.now(UTC) - fresh.as_of) < timedelta(minutes=1)
    assert missing(statement, "bool", id="C-2").code == "stale"
    assert ask(statement, "bool", id="C-2", max_age=2 * 3600) is False


@pytest.mark.parametrize(
    "as_of", ["now() + interval '2 hours'", "now()::timestamp", "null::timestamptz", "'today'::text"]
)
def test_time_that_cant_be_trusted_makes_the_value_missing(shop, as_of):
    assert missing(f"select 1 as v, {as_of} as as_of").code in ("stale", "wrong_type")


# --- what a query can't do


@pytest.mark.parametrize(
    "statement",
    [
        "insert into secret_here values (1) returning v",
        "update customer set vip = true where id = 'C-1' returning 1",
        "with gone as (delete from customer returning 1) select 1",
        "select 1 from customer where id = 'C-1' for update",
        "select writes()",
        "create table mine (v int)",
        "select 1 into mine",
        "copy customer to program 'true'",
        "select nextval('s')",
        "set role postgres",
        "select set_config('transaction_read_only', 'off', true)",
        "begin",
    ],
)
def test_query_that_writes_or_does_anything_but_select_fails(shop, statement):
    found = ask(statement, "string")
    assert isinstance(found, Missing) and found.code == "unavailable", found
    with admin("facts_shop") as database:
        assert database.execute("SELECT count(*), bool_or(vip) FROM customer").fetchone() == (2, True)
        assert database.execute("SELECT count(*) FROM secret_here").fetchone() == (0,)
        assert database.execute("SELECT to_regclass('mine')").fetchone() == (None,)


@pytest.mark.parametrize(
    "statement",
    [
        "select 1; select 2",
        "select 1; delete from customer",
        "select 1; commit; delete from customer",
        "select 1) to stdout; delete from customer; --",
    ],
)
def test_second_statement_is_refused(shop, statement):
    assert missing(statement).code == "unavailable"
    assert ask("select count(*) from customer") == 2


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("select v from other.secret", "other.secret"),
        ('select v from "other"."secret"', "other.secret"),
        ("with s as (select v from other.secret) select v from s", "other.secret"),
        ("select (select v from other.secret)", "other.secret"),
        ("select 1 where exists (select from other.secret)", "other.secret"),
        ("select 1 union all select v from other.secret where %(id)s = 'magic'", "other.secret"),
        ("select case when %(id)s = 'magic' then (select v from other.secret) end", "other.secret"),
        ("select v from looks_away", "other.secret"),
        ("select * from other.rows_of()", "other.rows_of"),
        ("select other.one()", "other.one"),
        ("select 1 from customer where other.one() = 42 and id = 'C-1'", "other.one"),
        ("select 1 limit other.one()", "other.one"),
        ('select max(v) from (values (1), (OTHER . "one" ())) x(v)', "other.one"),
        ("table other.secret", "other.secret"),
        ("select count(*)::int from pg_catalog.pg_class", "pg_catalog.pg_class"),
        ("select count(*)::int from pg_roles", "pg_catalog."),
        ("select count(*)::int from pg_settings", "pg_catalog.pg_show_all_settings"),
        ("select count(*)::int from information_schema.tables", "pg_catalog."),
        ("select count(*)::int from pg_ls_dir('.')", "pg_ls_dir"),
        ("select count(*)::int from pg_lock_status()", "pg_catalog.pg_lock_status"),
        ("select length(query_to_xml('select v from other.secret', true, true, '')::text)", "query_to_xml"),
        ("select max(v) from (values (1), (length(table_to_xml('other.secret', true, true, '')::text))) x(v)", "table_to_xml"),
        ("select count(*)::int from ts_stat('select v::text::tsvector from other.secret')", "ts_stat"),
        ('select v from U&"oth\\0065r".secret', "U&"),
    ],
)  # fmt: skip
def test_query_reaches_no_further_than_the_sources_schemas(shop, statement, named):
    found = missing(statement, id="C-1")
    assert found.code == "unavailable" and named in found.detail


def test_schema_that_the_source_shows_may_be_read(shop):
    name_sources(shop=base.SqlSource("shop", reader_dsn(), schemas=("public", "other")))
    assert ask("select v from other.secret") == 42
    assert ask("select other.one()") == 42
    assert ask("select v from looks_away") == 42


@pytest.mark.parametrize(
    "statement",
    [
        "select max(n) from generate_series(1, 3) n",
        "select count(*)::int + 2 from unnest(array['a']) t",
        "select 3 from customer where id = 'C-1' and '/* $$ --' <> 'E''U&''pg_sleep(1)'",
        """select 3 as "it's -- $$ /* """ + '"',
        "select '3'::int where now() - interval '90 days' < now() and age(now()) < interval '1 day'",
        "select 1 - -2",
        "select l.lo_price from (values (3)) l(lo_price)",
        "select x from json_table('[3]', '$[*]' columns (x int path '$'))",
        "select 3 where 'other.one()' <> 'www.example.com (x)'",
    ],
)
def test_what_reads_nothing_else_is_let_through(shop, statement):
    assert ask(statement) == 3


@pytest.mark.parametrize(
    ("statement", "word", "instead"),
    [
        ("select 1 limit information_schema/**/._pg_truetypid(null,null)", "/*", "leave the comment out"),
        ("select 3 -- and no more", "--", "leave the comment out"),
        ("values (length($$'$$) + information_schema._pg_char_max_length(1043,5) + length($$'$$))", "$", "single quotes"),
        ("select length($tag$'$tag$)", "$", "single quotes"),
        ("select length($\u00e9$'$\u00e9$)", "$", "single quotes"),
        ("values (length(E'\\'') + information_schema._pg_char_max_length(1043,5) + length(E'\\''))", "E'", "chr(10)"),
        ("select length(e'x')", "E'", "plain single quotes"),
        ("select length(U&'\\0041')", "U&'", "the characters themselves"),
        ("select length(b'101')", "B'", "'101'::bit(3)"),
        ("select length(x'1f')", "X'", "'\\xff'::bytea"),
        ("select 1 limit 1 operator(other.+) 1", "operator(...)", "the plain operator"),
    ],
)  # fmt: skip
def test_what_could_hide_a_call_is_refused_with_what_to_write(shop, statement, word, instead):
    detail = missing(statement).detail
    assert f"may not use {word}: " in detail and instead in detail


@pytest.mark.parametrize(
    "statement",
    [
        """values (information_schema._pg_char_max_length(1043,5), "it's")""",
        """select 1 as "it's" limit information_schema._pg_char_max_length(1043, 5) + length('x"')""",
        """select '101'::bit(3) = b.x and other.one() = 1 and '1' <> b.y from (select %(id)s::bit(3) x, %(id)s y) b""",
    ],
)
def test_quote_inside_a_name_or_a_bit_string_hides_no_call(shop, statement):
    detail = missing(statement, id="101").detail
    assert "the query calls " in detail


@pytest.mark.parametrize(
    "call",
    [
        "pg_sleep(1)::text",
        "PG_Sleep (1)::text",
        "pg_catalog.pg_sleep(1)::text",
        'pg_catalog . "pg_sleep"(1)::text',
        "pg_sleep_for('1 second')::text",
        "(1.0::float8).pg_sleep",
        "pg_advisory_lock(1)::text",
        "pg_try_advisory_xact_lock(1)::text",
        "pg_terminate_backend(1)::text",
        "pg_cancel_backend(1)::text",
        "lo_import('/etc/passwd')::text",
        "lo_get(1)::text",
        "loread(1, 1)::text",
        "dblink('x', 'y')::text",
        "set_config('a.b', 'c', true)",
        "nextval('s')::text",
        "setval('s', 1)::text",
    ],
)
def test_function_that_does_more_than_tell_something_is_refused_by_name(shop, call):
    assert "the query may not use " in missing(f"select {call}", "string").detail
    assert "the query may not use " in missing(f"select 'x' limit length({call})", "string").detail


def test_source_whose_texts_end_elsewhere_is_refused(shop):
    role_is_refused(
        f"ALTER ROLE {READER} SET standard_conforming_strings = off",
        f"ALTER ROLE {READER} RESET standard_conforming_strings",
        "standard_conforming_strings is off",
    )


def test_what_one_query_leaves_in_its_session_isnt_there_for_the_next(shop):
    assert ask("select leaves_traces()") == 1
    assert isinstance(ask("select v from secret"), Missing)
    with admin("facts_shop") as database:
        assert database.execute("SELECT pg_try_advisory_lock(1)").fetchone() == (True,)


# --- what a source can't be


def role_is_refused(harm: str, heal: str, words: str) -> None:
    with admin() as postgres:
        postgres.execute(harm)
        try:
            assert words in missing("select 1").detail
            assert words in lookups.check("shop")
        finally:
            postgres.execute(heal)


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("SUPERUSER", "is a superuser"),
        ("BYPASSRLS", "may bypass row security"),
        ("CREATEROLE", "may create roles"),
        ("CREATEDB", "may create databases"),
        ("REPLICATION", "may replicate"),
    ],
)
def test_role_that_may_more_than_read_is_refused(shop, right, words):
    role_is_refused(f"ALTER ROLE {READER} {right}", f"ALTER ROLE {READER} NO{right}", words)


@pytest.mark.parametrize("role", ["cs_app", "cs_owner", "cs_sequencer", "cs_auditor", "pg_read_server_files"])
def test_member_of_a_role_of_ours_or_of_one_that_reads_files_is_refused(shop, role):
    role_is_refused(f"GRANT {role} TO {READER}", f"REVOKE {role} FROM {READER}", f"is a member of {role}")


def test_products_own_role_is_refused_in_any_database(shop):
    with admin("facts_shop") as postgres:
        postgres.execute("GRANT CONNECT ON DATABASE facts_shop TO cs_app")
    app = conninfo_to_dict(os.environ["DATABASE_URL"]) | {"dbname": "facts_shop"}
    name_sources(shop=base.SqlSource("shop", make_conninfo("", **app)))
    assert "its role is cs_app" in missing("select 1").detail


def test_superuser_is_refused(shop):
    name_sources(shop=base.SqlSource("shop", dsn(dbname="facts_shop")))
    assert "is a superuser" in missing("select 1").detail


@pytest.fixture
def in_products_database(shop):
    name = connection.settings_dict["NAME"]
    with admin(name) as postgres:
        postgres.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {READER}')
        name_sources(shop=base.SqlSource("shop", reader_dsn(name)))
        yield
        postgres.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM {READER}')


def test_products_own_database_is_refused_by_what_it_is(in_products_database, monkeypatch):
    monkeypatch.setattr(fence, "_OUR_LOG", "SELECT 0")
    assert "product's own database" in missing("select 1").detail
    assert "product's own database" in lookups.check("shop")


def test_products_own_database_is_refused_by_what_it_holds(in_products_database, monkeypatch):
    monkeypatch.setattr(fence, "_identity", lambda cursor: None)
    assert "product's own database" in missing("select 1").detail


def test_database_with_an_audit_schema_of_its_own_is_fine(shop):
    with admin("facts_shop") as database:
        database.execute("CREATE SCHEMA audit; CREATE TABLE audit.event (v int)")
        assert ask("select 3") == 3
        database.execute("DROP SCHEMA audit CASCADE")


def test_rights_that_were_given_later_are_seen_by_the_next_connection(shop, monkeypatch):
    assert ask("select 3") == 3
    with admin() as postgres:
        postgres.execute(f"ALTER ROLE {READER} CREATEDB")
        monkeypatch.setattr(readers, "MAX_AGE", 0.0)
        assert "may create databases" in missing("select 3").detail
        postgres.execute(f"ALTER ROLE {READER} NOCREATEDB")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (lambda: base.SqlSource("shop", reader_dsn(password="wrong")), "doesn't answer"),
        (lambda: base.SqlSource("shop", "host=127.0.0.1 port=1 user=x dbname=y"), "doesn't answer"),
        (lambda: base.HttpSource("shop", "refunds"), "another kind"),
    ],
)
def test_source_that_cant_be_reached_is_unavailable_and_says_no_address(shop, source, words):
    name_sources(shop=source())
    found = missing("select 1")
    assert found.code == "unavailable" and words in found.detail
    assert "127.0.0.1" not in found.detail and "wrong" not in found.detail


def test_source_that_nobody_named_or_whose_address_is_missing_is_unavailable():
    base.unusable_sources["gone"] = "the file is not there."
    found = fetch(fact("a", "int", "select 1", source="none"), fact("b", "int", "select 1", source="gone"))
    assert "[sources.none]" in found["a"].value.detail
    assert "the file is not there" in found["b"].value.detail


def test_check_says_nothing_of_a_source_that_is_fit(shop):
    with serving():
        name_sources(web=base.HttpSource("web", "refunds", "shop_api"), far=base.HttpSource("far", "nowhere"))
        name_sources(odd=base.HttpSource("odd", "refunds", "other_key"))
        base.secrets["other_key"] = base.Secret("other_key", "elsewhere", "hmac", b"0123456789abcdef")
        assert lookups.check("shop") is None and lookups.check("web") is None
        assert "no host 'nowhere'" in lookups.check("far")
        assert "bound to 'elsewhere'" in lookups.check("odd")
    name_sources(shop=base.SqlSource("shop", reader_dsn(), schemas=("public", "nothing")))
    assert "'nothing'" in lookups.check("shop")


# --- time


def test_many_facts_take_as_long_as_the_slowest(shop):
    facts = [fact(f"f{n}", "int", f"select {n} + naps(0.4)") for n in range(6)]
    with within(1.2):
        found = fetch(*facts)
    assert [found[f"f{n}"].value for n in range(6)] == list(range(6))


def test_sleeping_query_is_ended_by_the_server(shop):
    with within(0.9):
        assert missing("select naps(30)", seconds=0.5).code == "unavailable"
    nobody_asks(seconds=1.0)


def test_query_never_runs_longer_than_two_seconds(shop):
    with within(3.0):
        assert missing("select naps(30)", seconds=10).detail == "the query took too long"


def nobody_asks(*, seconds: float) -> None:
    """The server has ended whatever was asked of it."""
    deadline = time.monotonic() + seconds
    with admin() as postgres:
        while True:
            query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND state = 'active'"
            if postgres.execute(query, [READER]).fetchone() == (0,):
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)


@contextmanager
def silent_server():
    """A port that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_hanging_source_delays_no_other_and_nothing_past_the_deadline(shop):
    with silent_server() as port, serving(hangs(3)) as tool:
        name_sources(black=base.SqlSource("black", f"host=127.0.0.1 port={port} user=x dbname=y"))
        name_sources(web=base.HttpSource("web", "refunds"))
        facts = [
            fact("hangs", "int", "select 1", source="black"),
            Fact("hangs_too", "int", HttpLookup("web", "/x", "n")),
            fact("answers", "int", "select 3"),
        ]
        began = time.monotonic()
        with within(0.8):
            found = fetch(*facts, seconds=0.5)
        assert found["answers"].value == 3 and found["answers"].fetched - began < 0.4
        assert found["hangs"].value.code == found["hangs_too"].value.code == "unavailable"
        assert len(tool.calls) == 1


def test_source_whose_threads_all_hang_is_given_up_at_once_and_comes_back(shop):
    with silent_server() as port:
        name_sources(black=base.SqlSource("black", f"host=127.0.0.1 port={port} user=x dbname=y"))
        many = [fact(f"f{n}", "int", f"select {n}", source="black") for n in range(crews.THREADS + 3)]
        fetch(*many, seconds=0.2)
        before = threading.active_count()
        for _ in range(20):
            with within(0.1):
                found = fetch(*many)
            assert {one.value.detail for one in found.values()} == {"too much waits for this source already"}
        assert threading.active_count() <= before
        assert ask("select 3") == 3
        until(lambda: crews.crew("source black").stuck == 0, seconds=4)
    assert crews.crew("source black").open == 0
    name_sources(black=base.SqlSource("black", reader_dsn()))
    assert fetch(fact("f", "int", "select 4", source="black"))["f"].value == 4


def until(done, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_queue_that_is_full_takes_no_more():
    crew = crews.Crew("small", threads=1, waiting=2)
    go = threading.Event()
    futures = [crew.take(go.wait) for _ in range(4)]
    assert [future is None for future in futures] == [False, False, False, True]
    crew.give_up(futures[2])
    assert crew.take(int) is not None, "what was given up before it began leaves its place"
    go.set()
    until(lambda: crew.open == 0, seconds=2)


class Freezing:
    """Stands between us and PostgreSQL, and stops passing anything on when told to, as a broken network does."""

    def __init__(self, target: dict):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port, self.target, self.frozen = self.server.getsockname()[1], target, False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(f"{self.target['host']}/.s.PGSQL.{self.target.get('port') or 5432}")
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                while self.frozen:
                    time.sleep(0.02)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            sink.close()


def test_network_that_dies_under_a_connection_holds_no_thread_past_the_deadline(shop):
    target = conninfo_to_dict(os.environ["DATABASE_OWNER_URL"])
    if not target.get("host", "").startswith("/"):
        pytest.skip("needs the run's own PostgreSQL on its socket")
    between = Freezing(target)
    try:
        name_sources(
            shop=base.SqlSource("shop", reader_dsn(host="127.0.0.1", port=str(between.port), sslmode="disable"))
        )
        assert ask("select 3") == 3
        between.frozen = True
        with within(0.8):
            assert missing("select 3", seconds=0.4).code == "unavailable"
        until(lambda: crews.crew("source shop").open == 0, seconds=0.5)
        between.frozen = False
        assert ask("select 3") == 3
    finally:
        between.frozen = False
        between.server.close()


def test_connection_that_the_server_closed_meanwhile_is_no_failure(shop):
    assert ask("select 3") == 3
    with admin() as postgres:
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [READER])
    assert ask("select 3") == 3


def test_a_statement_that_was_let_through_before_takes_four_round_trips(shop, monkeypatch):
    ask("select 3")
    waits, wait = [], readers.Reader.wait
    monkeypatch.setattr(
        readers.Reader, "wait", lambda reader, *words, **more: waits.append(1) or wait(reader, *words, **more)
    )
    assert ask("select 3") == 3
    assert len(waits) <= 4


def test_connections_are_kept_and_no_more_of_them_than_a_few(shop):
    for _ in range(3):
        fetch(*[fact(f"f{n}", "int", f"select {n}") for n in range(20)])
    assert len(readers._idle[base.source("shop")]) <= readers.KEPT


def test_same_question_is_asked_once(shop):
    with serving(says(200, {"a": 1, "b": 2})) as tool:
        name_sources(web=base.HttpSource("web", "refunds"))
        facts = [Fact("a", "int", HttpLookup("web", "/x", "a")), Fact("b", "int", HttpLookup("web", "/x", "b"))]
        facts.append(Fact("c", "string", HttpLookup("web", "/x", "a")))
        found = fetch(*facts)
        assert (found["a"].value, found["b"].value, found["c"].value.code) == (1, 2, "wrong_type")
        assert len(tool.calls) == 1
    same = [fact(name, "string", "select gen_random_uuid()") for name in ("x", "y")]
    found = fetch(*same, fact("z", "string", "select gen_random_uuid() "))
    assert found["x"].value == found["y"].value != found["z"].value


# --- over HTTP


@pytest.fixture
def web():
    with serving() as tool:
        name_sources(web=base.HttpSource("web", "refunds"), keyed=base.HttpSource("keyed", "refunds", "shop_api"))
        yield tool


def get(path: str = "/c/{id}", at: str = "", type: str = "int", *, source: str = "web", seconds=2.0, **arguments):
    lookup = HttpLookup(source, path, at, tuple(name for name in ("id", "n") if f"{{{name}}}" in path))
    return fetch(Fact("it", type, lookup), seconds=seconds, **arguments)["it"].value


def test_value_stands_at_its_path_in_the_answer_and_keeps_its_digits(web):
    web.behaviour = says(200, b'{"customer": {"days": 410, "score": 0.12345678901234567890, "ok": true}}')
    assert get(at="customer.days", id="C-1") == 410
    assert get(at="customer.score", type="number", id="C-1") == 0.12345678901234567890
    assert get(at="customer", type="record", id="C-1") == {"days": 410, "score": 0.12345678901234568, "ok": True}
    assert get(at="customer.years", id="C-1").code == "missing"
    assert get(at="customer.days.more", id="C-1").code == "missing"


@pytest.mark.parametrize(
    ("value", "path"),
    [("a b/c?d#e&f", None), ("..", None), ("ü", "/c/%C3%BC"), ("C-1 x", "/c/C-1%20x"), (7, "/c/7"), (2.5, "/c/2.5")],
)
def test_argument_in_the_path_is_encoded_and_cant_walk(web, value, path):
    web.behaviour = says(200, 3)
    found = get(id=value)
    assert [call.path for call in web.calls] == ([path] if path else [])
    assert found == 3 if path else found.code == "unavailable"


def test_only_what_the_path_names_is_sent(web):
    web.behaviour = says(200, 3)
    assert get(id="C-1", amount_usd=25, note="private") == 3
    [call] = web.calls
    assert (call.method, call.path, call.body) == ("GET", "/c/C-1", b"")
    assert "Authorization" not in call.headers


def test_credential_is_minted_for_the_look_up(web):
    web.behaviour = says(200, 3)
    assert get(source="keyed", id="C-1") == 3
    assert web.calls[0].headers["Authorization"].startswith("Countersign v1.")
    assert web.calls[0].headers["Idempotency-Key"].startswith("lookup-")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (says(404), "missing"),
        (says(500, {"n": 1}), "unavailable"),
        (says(403, {"n": 1}), "unavailable"),
        (says(302, {"n": 1}, Location="/elsewhere"), "unavailable"),
        (says(200, b"<html>"), "unavailable"),
        (says(200, b'{"n": 1, "n": 2}'), "unavailable"),
        (says(200, b'{"n": NaN}'), "unavailable"),
        (says(200, b'{"n": "1"}'), "wrong_type"),
        (says(200, b'{"n": null}'), "missing"),
        (says(200, b'{"n": 99999999999999999999}'), "wrong_type"),
        (says(200, b"[" + b"1," * 300_000 + b"1]"), "unavailable"),
        (drips(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b"x" * 40, 0.1), "unavailable"),
    ],
)
def test_answer_that_isnt_plainly_one_is_missing(web, behaviour, code):
    web.behaviour = behaviour
    with within(1.2):
        assert get(at="n", id="C-1", seconds=0.8).code == code
    assert len(web.calls) == 1


def test_host_that_went_away_is_unavailable(web):
    base.hosts.clear()
    assert get(id="C-1").code == "unavailable"


# --- by a tool of the agent


def by_tool(definitions=None, *, at="customer.name", arguments=None, **given):
    lookup = ToolLookup("look_up", arguments or {"order_id": "order"}, at)
    definitions = {"look_up": LOOK_UP} if definitions is None else definitions
    return fetch(Fact("name", "string", lookup), definitions=definitions, **given)["name"]


def test_tool_is_called_as_any_call_of_it(web):
    web.behaviour = says(200, {"customer": {"name": "Ada"}})
    found = by_tool(order="A 1", amount_usd=5)
    assert (found.value, found.source) == ("Ada", "tool look_up")
    [call] = web.calls
    assert (call.method, call.path) == ("GET", "/orders/A%201")
    assert call.headers["Authorization"].startswith("Countersign v1.")


@pytest.mark.parametrize(
    "definitions",
    [
        {},
        {"look_up": LOOK_UP | {"tier": 1}},
        {"look_up": LOOK_UP | {"effect": "write"}},
        {"look_up": LOOK_UP | {"connector": {"kind": "external"}}},
        {"look_up": {}},
    ],
)
def test_tool_that_doesnt_only_read_is_never_called(web, definitions):
    assert by_tool(definitions, order="A-1").value.code == "unavailable"
    assert web.calls == []


@pytest.mark.parametrize(
    ("given", "code"), [({}, "missing"), ({"order": 5}, "unavailable"), ({"order": ".."}, "unavailable")]
)
def test_tool_isnt_called_with_what_its_schema_refuses(web, given, code):
    assert by_tool(**given).value.code == code
    assert web.calls == []


# --- of a text


class Words:
    """Stands for the classifiers: what they say of a text isn't what is tested here."""

    def __init__(self, monkeypatch):
        import agents

        self.asked: list[tuple[str, str]] = []
        monkeypatch.setattr(agents, "classifiers", self, raising=False)

    def classify(self, name: str, text: str) -> object:
        self.asked.append((name, text))
        if text == "breaks":
            raise RuntimeError("a mistake of ours")
        return {"topic": "chargeback" if "charge" in text else None, "promises": "refund" in text}.get(name)


@pytest.fixture
def words(monkeypatch):
    return Words(monkeypatch)


TOPIC = Fact("topic", "string", Classified("topic", "ticket.text"))
TICKET = fact("ticket", "record", "select %(text)s as text, 'new' as state, now() as as_of")


def test_text_is_judged_once_it_has_been_looked_up(shop, words):
    found = fetch(TOPIC, TICKET, text="I dispute the charge")
    assert (found["topic"].value, found["topic"].source) == ("chargeback", "classifier topic")
    assert list(found) == ["topic", "ticket"]
    assert (found["topic"].as_of, found["topic"].fetched) == (found["ticket"].as_of, found["ticket"].fetched)


def test_text_may_be_an_argument_a_fact_or_a_field(shop, words):
    said = fact("said", "string", "select 'a charge'")
    found = fetch(
        said,
        Fact("of_fact", "string", Classified("topic", "said")),
        Fact("of_argument", "bool", Classified("promises", "text")),
        Fact("same", "bool", Classified("promises", "text")),
        text="a refund",
    )
    assert (found["of_fact"].value, found["of_argument"].value, found["same"].value) == ("chargeback", True, True)
    assert len(words.asked) == 2


@pytest.mark.parametrize(
    ("of", "code"),
    [
        ("ticket.nothing", "missing"),
        ("ticket", "wrong_type"),
        ("ticket.text.more", "wrong_type"),
        ("nobody", "missing"),
        ("gone.text", "unavailable"),
        ("number", "wrong_type"),
        ("calm", "unavailable"),
        ("broken", "unavailable"),
        ("loop", "unavailable"),
    ],
)
def test_text_that_isnt_there_or_tells_nothing_leaves_the_fact_missing(shop, words, of, code):
    gone = fact("gone", "record", "select 1 from nowhere")
    judged = Fact("loop" if of == "loop" else "it", "string", Classified("topic", of))
    found = fetch(judged, TICKET, gone, text="x", number=5, calm="hello", broken="breaks", seconds=0.5)
    assert found[judged.name].value.code == code


def test_text_that_comes_too_late_is_not_waited_for(shop, words):
    slow = fact("slow", "string", "select left('a charge', 8 + naps(3))")
    quick = Fact("quick", "bool", Classified("promises", "text"))
    with within(0.8):
        found = fetch(slow, quick, Fact("it", "string", Classified("topic", "slow")), text="x", seconds=0.4)
    assert found["it"].value.code == "unavailable" and found["quick"].value is False


# --- what is our own mistake


def test_one_look_up_that_we_got_wrong_doesnt_take_the_others_with_it(shop, caplog):
    odd = Fact("odd", "int", ToolLookup("look_up", {"order_id": "order"}))
    unreadable = Fact("unreadable", "interval", SqlLookup("shop", "select 5"))
    found = fetch(odd, unreadable, fact("fine", "int", "select 3"), definitions={"look_up": {}}, order="A-1")
    assert found["fine"].value == 3
    assert found["odd"].value.code == found["unreadable"].value.code == "unavailable"
    assert "Traceback" in caplog.text


def test_log_names_what_is_missing_without_values(shop, caplog):
    missing("select spent from customer where id = %(id)s", "string", id="C-1")
    assert "desk: fact it from shop is wrong_type" in caplog.text
    assert "200.01" not in caplog.text and "C-1" not in caplog.text


# --- the sample shop

BY_ORDER = {
    "tenure_days": "select extract(day from now() - c.since)::int from orders o join customers c on c.id = o.customer_id",
    "refunds_90d": "select (select count(*) from refunds r join orders p on p.id = r.order_id"
    " where p.customer_id = o.customer_id and r.voided_at is null and r.refunded_at > now() - interval '90 days')"
    " from orders o",
    "lifetime_refunds_usd": "select (select coalesce(sum(r.cents), 0) / 100.0 from refunds r"
    " join orders p on p.id = r.order_id where p.customer_id = o.customer_id and r.voided_at is null) from orders o",
    "fraud_risk": "select o.fraud_risk from orders o",
    "customer_name": "select c.name from orders o join customers c on c.id = o.customer_id",
}
SAMPLE_FACTS = [
    *(
        fact(name, "string" if name == "customer_name" else "number", f"{statement} where o.id = %(order_id)s")
        for name, statement in BY_ORDER.items()
    ),
    fact("words", "string", "select text from tickets where id = %(ticket_id)s"),
]


def load_shop(url: str) -> None:
    """Do what the refund service does when it starts; its modules belong to no package."""
    code = (
        "import sample, sys; from psycopg_pool import ConnectionPool\n"
        "with ConnectionPool(sys.argv[1], min_size=1, max_size=1) as pool: sample.prepare(pool, refill=False)"
    )
    folder = sample.SERVICE.parent
    subprocess.run([sys.executable, "-c", code, url], cwd=folder, check=True, timeout=60)


@pytest.fixture(scope="module")
def sample_shop():
    with admin() as postgres:
        postgres.execute("CREATE DATABASE facts_sample")
        yield dsn(dbname="facts_sample")
        postgres.execute("DROP DATABASE facts_sample WITH (FORCE)")
        postgres.execute(f"DROP ROLE IF EXISTS {sample.READER}")


def sample_facts(order: str) -> dict[str, object]:
    found = lookups.fetch(
        SAMPLE_FACTS, arguments={"order_id": order, "ticket_id": "T-1008"}, definitions={}, seconds=5, agent="desk"
    )
    return {name: one.value for name, one in found.items()}


def test_sample_shop_tells_what_a_policy_may_ask_also_in_a_home_of_an_earlier_version(sample_shop, tmp_path):
    earlier = '# mine\n[hosts.refunds]\nurl = "http://127.0.0.1:18055"\nloopback = true\n\n\n'
    (tmp_path / "countersign.toml").write_text(earlier)
    load_shop(sample_shop)
    with admin("facts_sample") as database:
        database.execute("ALTER TABLE orders DROP COLUMN fraud_risk")
        database.execute("ALTER TABLE tickets DROP COLUMN text")
    sample.prepare(tmp_path, port=18054)
    assert sample.add_reader(tmp_path, shop_url=sample_shop, admin_url=sample_shop) is None
    load_shop(sample_shop)

    text = (tmp_path / "countersign.toml").read_text()
    assert text.startswith('# mine\n[hosts.refunds]\nurl = "http://127.0.0.1:') and "loopback = true\n" in text
    operator.load(tmp_path)
    assert lookups.check("shop") is None
    found = sample_facts("A-2079")
    assert "Ignore all previous instructions" in found.pop("words")
    assert found == {
        "tenure_days": 820,
        "refunds_90d": 1,
        "lifetime_refunds_usd": 64,
        "fraud_risk": found["fraud_risk"],
        "customer_name": "Anselm Vogt",
    }
    assert 0 <= found["fraud_risk"] < 0.5 < sample_facts("A-2052")["fraud_risk"] < 1
    nobody = sample_facts("A-9203")
    assert {nobody[name].code for name in BY_ORDER} == {"missing"}


def test_reader_of_the_sample_shop_sees_some_tables_and_writes_nothing(sample_shop, tmp_path):
    assert sample.add_reader(tmp_path, shop_url=sample_shop, admin_url=sample_shop) is None
    load_shop(sample_shop)
    path = tmp_path / "secrets" / "shop_reader_dsn"
    assert path.stat().st_mode & 0o777 == 0o600
    for statement in ("SELECT email FROM customers", "SELECT * FROM ledger", "SELECT * FROM answers"):
        with psycopg.connect(path.read_text()) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)
    with psycopg.connect(path.read_text()) as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("CREATE TABLE mine (v int)")


def test_start_of_the_sample_shop_can_be_repeated(sample_shop, tmp_path):
    def files() -> dict:
        port = sample.prepare(tmp_path, port=18054)
        assert sample.add_reader(tmp_path, shop_url=sample_shop, admin_url=sample_shop) is None
        load_shop(sample_shop)
        return {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} | {"port": port}

    assert files() == files()


def test_server_that_lets_us_make_no_role_is_said_and_nothing_is_written(sample_shop, tmp_path):
    app = conninfo_to_dict(os.environ["DATABASE_URL"]) | {"dbname": "postgres"}
    said = sample.add_reader(tmp_path, shop_url=sample_shop, admin_url=make_conninfo("", **app))
    assert "shop_reader can't be made" in said and "docs/sources.md" in said
    assert not (tmp_path / "secrets" / "shop_reader_dsn").exists()
    assert sample.add_reader(tmp_path, shop_url=sample_shop, admin_url="host=127.0.0.1 port=1") is not None
