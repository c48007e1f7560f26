"""Whether a source can be used at all, for those who set it up."""

import time

import psycopg

from agents.lookups import fence, readers
from agents.lookups.found import Unanswered
from agents.tools import base, http

CHECK_SECONDS = 3.0


def check(name: str) -> str | None:
    """Return why the source of this name can't be used, as a sentence, or None. Connects to a database; calls no host."""
    try:
        source = base.source(name)
        if isinstance(source, base.SqlSource):
            return _check_sql(source)
        host = base.host(source.host)
        if source.secret:
            http.bound_secret(source.secret, host)
    except (base.UnknownSource, base.UnknownHost, base.UnknownSecret) as missing:
        return missing.detail
    return None


def _check_sql(source: base.SqlSource) -> str | None:
    fence.know_ourselves()
    try:
        reader = readers.open_reader(source, time.monotonic() + CHECK_SECONDS)
    except Unanswered as refused:
        return f"The source {source.name!r} can't be used: {refused.missing.detail}."
    except psycopg.Error:
        return f"The database of the source {source.name!r} doesn't answer, or doesn't let its role in."
    with reader:
        for schema in source.schemas:
            found = reader.execute(
                "SELECT pg_catalog.has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = %s",
                [schema],
            ).fetchone()
            if found != (True,):
                return f"The source {source.name!r} shows the schema {schema!r}, which its role can't see."
    return None
