"""What a source must not be, and what a query must not reach. The role's own rights stand behind all of it."""

import re
from collections.abc import Iterable, Iterator

import psycopg
from django.db import connection

from agents.lookups.found import Unanswered

#: Roles of the product, and the one that owns every cluster.
OURS = ("cs_owner", "cs_app", "cs_sequencer", "cs_auditor", "postgres")
_FILES = ("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_write_all_data")
_STRONG = """
    SELECT CASE WHEN rolsuper THEN 'is a superuser'
                WHEN rolbypassrls THEN 'may bypass row security'
                WHEN rolcreaterole THEN 'may create roles'
                WHEN rolcreatedb THEN 'may create databases'
                WHEN rolreplication THEN 'may replicate' END, rolname
    FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
"""
_IDENTITY = """
    SELECT system_identifier, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    FROM pg_catalog.pg_control_system()
"""
_OUR_LOG = """
    SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE (n.nspname, c.relname) IN (('audit', 'event'), ('public', 'agents_action'))
"""

# Functions of pg_catalog that may stand in FROM: they take apart what they are given, and read nothing.
_FROM = re.compile(
    r"(?:generate_series|generate_subscripts|unnest|string_to_table"
    r"|jsonb?_(?:array_elements|array_elements_text|each|each_text|object_keys|to_record|to_recordset"
    r"|populate_record|populate_recordset|path_query)|regexp_(?:matches|split_to_table))"
)
# These run text as a query, which no plan shows.
_RUNS_TEXT = re.compile(r"(?:query|table|cursor|schema|database)_to_xml|ts_stat|ts_rewrite|dblink", re.IGNORECASE)
# These wait, lock, signal, or change what a read-only transaction doesn't keep; no fact needs them.
_FORBIDDEN = re.compile(
    r"pg_sleep\w*|pg_(?:try_)?advisory\w*|pg_terminate_backend|pg_cancel_backend|set_config|nextval|setval|dblink\w*"
    r"|lo(?:read|write)|lo_(?:creat|create|open|close|unlink|import|export|get|put|from_bytea|lseek|lseek64"
    r"|tell|tell64|truncate|truncate64)"
)
# As PostgreSQL reads them: whatever isn't ASCII belongs to a name.
_PLAIN = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
_QUOTED = r'"(?:[^"]|"")+"'
_NAME = rf"{_QUOTED}|{_PLAIN}"
_LITERAL = re.compile(rf"(?P<literal>'(?:[^']|'')*')|{_QUOTED}")
_TOKEN = re.compile(
    r"(?P<hidden>--|/\*|\$(?![0-9])|(?:[bex]|u&)'|u&\")"
    rf"|'(?:[^']|'')*'|(?P<name>{_NAME})(?P<call>\s*\()?",
    re.IGNORECASE,
)
_INSTEAD = {
    "--": "leave the comment out, and write the note beside the fact",
    "/*": "leave the comment out, and write the note beside the fact",
    "$": "write the text in single quotes, with '' for a quote in it",
    "B'": "write a number, or the bits as text with a cast: '101'::bit(3)",
    "X'": "write a number, or the bytes as text with a cast: '\\xff'::bytea",
    "E'": "write the text in plain single quotes, with '' for a quote and chr(10) for a line end",
    "U&'": "write the characters themselves, in plain single quotes",
    'U&"': "write the name itself, in plain double quotes",
}
_CALL = re.compile(rf"(?P<schema>{_NAME})\s*\.\s*(?P<function>{_NAME})\s*\(")


class Refused(Unanswered):
    """The source or the query isn't let through."""

    def __init__(self, detail: str):
        super().__init__("unavailable", detail)


def check_role(reader: psycopg.Connection) -> None:
    """Raise Refused for a role that may do more than read what it was granted, or that reads texts in another way."""
    if reader.pgconn.parameter_status(b"standard_conforming_strings") != b"on":
        raise Refused("its standard_conforming_strings is off, so where a text ends can't be told: set it to on")
    (user,) = reader.execute("SELECT session_user").fetchone()
    roles = {role: strength for strength, role in reader.execute(_STRONG)}
    if strength := roles.get(user):
        raise Refused(f"its role {user} {strength}: give the source a role of its own that may only read")
    for role, strength in sorted(roles.items()):
        if role in OURS or role in _FILES or strength:
            named = f"its role is {role}" if role == user else f"its role {user} is a member of {role}"
            raise Refused(f"{named}: give the source a role of its own that may only read")


def check_database(reader: psycopg.Connection) -> None:
    """Raise Refused for the product's own database, or a copy of it: an agent's owner must not write what counts as fact."""
    (ours,) = reader.execute(_OUR_LOG).fetchone()
    identity = _identity(reader.cursor())
    if ours == 2 or (identity is not None and identity in tuple(_known.values())):
        raise Refused("this is the product's own database: facts come from the systems the actions are about")


def check_statement(reader: psycopg.Connection, statement: str, parameters: int, schemas: tuple[str, ...]) -> None:
    """Raise Refused unless a query is one select that stays within the schemas; needs an open transaction.

    It looks at the plan for any parameters, so that no value can hide a table from it. Raises psycopg.Error.
    """
    if found := _RUNS_TEXT.search(statement):
        raise Refused(f"the query may not use {found[0]}")
    _check_words(statement)
    _check_calls([statement], schemas)  # a plan shows no rows of VALUES and no LIMIT
    reader.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    # `binary` has no meaning here but to speak the protocol that takes one statement only.
    reader.execute(f"PREPARE fact AS {statement}", binary=True)
    nulls = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    (plan,) = reader.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE fact{nulls}").fetchone()
    reader.execute("DEALLOCATE fact")
    for node in _nodes(plan):
        _check_node(node, schemas)
        _check_calls(_texts(node), schemas)


def _check_node(node: dict, schemas: tuple[str, ...]) -> None:
    kind, schema, function = node["Node Type"], node.get("Schema"), node.get("Function Name", "")
    if kind in ("ModifyTable", "LockRows"):
        raise Refused("the query writes or locks: a fact is one select")
    if schema is None and kind in ("Foreign Scan", "Custom Scan"):
        raise Refused("it can't be told which tables the query reads")
    if schema is None or schema in schemas or (schema == "pg_catalog" and _FROM.fullmatch(function)):
        return
    name = node.get("Relation Name") or function
    raise Refused(f"the query reads {schema}.{name}, and the source shows {', '.join(schemas)}")


def _check_words(statement: str) -> None:
    """Refuse what could hide a call from whoever reads the text, and functions that do more than tell something."""
    for found in _TOKEN.finditer(statement):
        if hidden := found["hidden"]:
            raise Refused(f"the query may not use {hidden.upper()}: {_INSTEAD[hidden.upper()]}")
        if (name := _unquoted(found["name"] or "")) and _FORBIDDEN.fullmatch(name):
            raise Refused(f"the query may not use {name}: a fact only reads; select what the tables hold")
        if name == "operator" and found["call"]:
            raise Refused("the query may not use operator(...): write the plain operator, such as =")


def _check_calls(texts: Iterable[str], schemas: tuple[str, ...]) -> None:
    """Refuse functions of other schemas: the search path doesn't find them, so they are written with their schema."""
    for text in texts:
        for found in _CALL.finditer(_without_literals(text)):
            schema, function = (_unquoted(found[part]) for part in ("schema", "function"))
            if schema not in (*schemas, "pg_catalog"):
                raise Refused(f"the query calls {schema}.{function}, and the source shows {', '.join(schemas)}")


def _without_literals(text: str) -> str:
    """Empty the texts in single quotes, but not where a quote is part of a name such as "it's"."""
    return _LITERAL.sub(lambda found: "''" if found["literal"] else found[0], text)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _texts(node: dict) -> Iterator[str]:
    for value in node.values():
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str):
                yield text


def _nodes(plan: object) -> Iterator[dict]:
    if isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _nodes(part)


# --- which database is ours

_known: dict[str, tuple | None] = {}


def know_ourselves() -> None:
    """Learn once which cluster and database is the product's own. Called on a thread that has the product's connection."""
    name = connection.settings_dict["NAME"]
    if name not in _known:
        with connection.cursor() as cursor:
            _known[name] = _identity(cursor)


def _identity(cursor) -> tuple | None:
    """Return the cluster's identifier and the database's in it; None where the role may not ask."""
    cursor.execute("SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')")
    if cursor.fetchone() != (True,):
        return None
    cursor.execute(_IDENTITY)
    return cursor.fetchone()
