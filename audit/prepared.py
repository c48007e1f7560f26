"""A cursor for the few statements that are asked at every action: planned once a connection, not at every call."""

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper


def cursor(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """Return a cursor whose statements are prepared once a connection has run them a few times.

    Django's own put the values into the text, which is parsed and planned at every call: half of what an event costs.
    Here the server binds them, so the text must be the same each time and say the types it doesn't show. Behind a pooler
    that lends a connection for one transaction nothing is prepared (`prepare=off` in `DATABASE_URL`).
    """
    connection.validate_thread_sharing()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    bound = psycopg.Cursor(connection.connection)
    return _Logged(bound, connection) if connection.queries_logged else connection.make_cursor(bound)


class _Logged(CursorDebugWrapper):
    """Logs a statement as it was given: psycopg doesn't keep the text of one that is prepared."""

    def debug_sql(self, sql=None, params=None, use_last_executed_query=False, many=False):
        return super().debug_sql(sql, params, many=many)
