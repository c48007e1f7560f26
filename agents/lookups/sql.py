"""Facts from SQL: one row of one read-only statement, with the operator's own role."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import psycopg
from psycopg.rows import dict_row

from agents.lookups import fence, readers
from agents.lookups.found import Question, Unanswered, needed, unavailable
from agents.lookups.readers import Reader
from agents.policy.language import Fact, SqlLookup
from agents.policy.values import coerce
from agents.policy.verdict import Missing
from agents.tools import base

MAX_STATEMENT_SECONDS = 2.0
MAX_TEXT = 256 * 1024
AS_OF = "as_of"

_PLACEHOLDER = re.compile(r"%\(([^()%]*)\)s|%%")


def of_source(source: base.SqlSource, lookup: SqlLookup, arguments: Mapping[str, object]) -> Question:
    """Return the question of a fact in SQL. Arguments are bound by the server and never become part of the text.

    Raises Unanswered for arguments that can't be bound.
    """
    statement, names = numbered(lookup.sql)
    parameters = tuple(_bindable(name, value) for name, value in needed(arguments, names).items())
    return Question(
        key=("sql", source, statement, parameters),
        queue=f"source {source.name}",
        ask=lambda deadline: _ask(source, statement, parameters, deadline),
        read=read,
    )


def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement with $1, $2, ... for its `%(name)s`, and the names in that order; `%%` is a percent sign."""
    names: dict[str, int] = {}

    def number(found: re.Match) -> str:
        return "%" if found[1] is None else f"${names.setdefault(found[1], len(names) + 1)}"

    return _PLACEHOLDER.sub(number, sql), tuple(names)


def read(row: Mapping[str, object], fact: Fact) -> tuple[object, datetime | None]:
    """Return a fact's value and its own time, of the row: a record takes all columns, any other type the only one."""
    columns = {name: value for name, value in row.items() if name != AS_OF}
    as_of = None
    if AS_OF in row:
        as_of = coerce(row[AS_OF], "timestamp") if isinstance(row[AS_OF], datetime) else None
        if not isinstance(as_of, datetime):
            return Missing("wrong_type", "its as_of is not a time with its zone"), None
        if abs((datetime.now(UTC) - as_of).total_seconds()) > fact.max_age:
            return Missing("stale", f"it is of {as_of:%Y-%m-%d %H:%M:%S} UTC"), as_of
    if any(isinstance(value, str) and len(value) > MAX_TEXT for value in columns.values()):
        return Missing("unavailable", f"a text of more than {MAX_TEXT // 1024} Ki characters"), as_of
    if fact.type == "record":
        return coerce(columns, fact.type), as_of
    if len(columns) != 1:
        return Missing("wrong_type", f"the query gives {len(columns)} values, where one is declared"), as_of
    return coerce(*columns.values(), fact.type), as_of


def _bindable(name: str, value: object) -> str | tuple[str, ...]:
    """Return an argument as text without a type: what it is compared with gives it one, and no decimal is rounded."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if not isinstance(value, str):
        raise Unanswered("wrong_type", f"{name} is neither a plain value nor a list of texts")
    return value


def _ask(source: base.SqlSource, statement: str, parameters: tuple, deadline: float) -> Mapping[str, object]:
    try:
        return readers.use(source, lambda reader: _one_row(reader, source, statement, parameters), deadline)
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
        raise unavailable("the query took too long") from error
    except psycopg.OperationalError as error:
        # Its message may name the address.
        raise unavailable("the source doesn't answer") from error
    except psycopg.Error as error:
        raise unavailable(f"the query failed: {_first_line(error)}") from error


def _one_row(reader: Reader, source: base.SqlSource, statement: str, parameters: tuple) -> Mapping[str, object]:
    _begin(reader, source)
    if statement not in reader.passed:
        fence.check_statement(reader, statement, len(parameters), source.schemas)
        reader.passed |= {statement}
    # A cursor takes nothing but a select, and gives no more than the two rows that we ask for.
    bound = [list(value) if isinstance(value, tuple) else value for value in parameters]
    psycopg.RawCursor(reader).execute(f"DECLARE fact CURSOR FOR {statement}", bound, binary=True)
    with reader.cursor(row_factory=dict_row) as cursor:
        cursor.execute("FETCH 2 FROM fact; ROLLBACK")
        rows = cursor.fetchall()
        names = [column.name for column in cursor.description]
    if not rows:
        raise Unanswered("missing", "the query gives no row")
    if len(rows) > 1:
        raise Unanswered("wrong_type", "the query gives more than one row")
    if len(set(names)) != len(names):
        raise Unanswered("wrong_type", "two columns of the query have one name")
    return rows[0]


def _begin(reader: Reader, source: base.SqlSource) -> None:
    """Begin a transaction that can't write, wait or look further than the source's schemas."""
    left = min(reader.deadline - time.monotonic(), MAX_STATEMENT_SECONDS)
    limit = f"{max(1, int(left * 1000))}ms"
    path = ", ".join(psycopg.sql.Identifier(schema).as_string() for schema in source.schemas)
    settings = {
        "statement_timeout": limit,
        "lock_timeout": limit,
        "idle_in_transaction_session_timeout": "5s",
        "search_path": f"{path}, pg_temp",
    }
    calls = ", ".join(["set_config(%s, %s, true)"] * len(settings))
    # Values of ours are put into the text here, so that both statements go in one round trip.
    with psycopg.ClientCursor(reader) as cursor:
        begin = f"BEGIN READ ONLY; SELECT {calls}"  # noqa: S608
        cursor.execute(begin, [word for pair in settings.items() for word in pair])


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or type(error).__name__)[:200]
