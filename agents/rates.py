"""Rates that several agents share: so many calls a minute, spread evenly, with a burst. One row and one statement each.

The row keeps when the next call would be due if all of them had come evenly spread (the generic cell rate algorithm).
"""

from django.db import connection, transaction

# The clock is read while the row is locked: who had to wait for it is judged by when it was their turn. The reading of
# the pool below the insert sees it as it was before; it only ever tells how long to wait.
_TAKE = """
WITH asked (name, pause, ahead) AS (
    SELECT %s::text, make_interval(secs => %s), make_interval(secs => %s)
),
taken AS (
    INSERT INTO agents_ratepool AS pool (name, next_at) SELECT name, clock_timestamp() + pause FROM asked
    ON CONFLICT (name) DO UPDATE
    SET next_at = greatest(pool.next_at, clock_timestamp()) + (SELECT pause FROM asked)
    WHERE pool.next_at <= clock_timestamp() + (SELECT ahead FROM asked)
    RETURNING 1
)
SELECT EXISTS (SELECT FROM taken), extract(epoch FROM pool.next_at - ahead - clock_timestamp())::float8
FROM asked LEFT JOIN agents_ratepool AS pool ON pool.name = asked.name
"""


def take(name: str, *, per_minute: int, burst: int) -> float:
    """Take one call out of the pool; return 0.0 when it may be made now, else the seconds to wait before asking again.

    In any stretch of time at most `burst` calls more than `per_minute` allows are let through, whoever makes them. Commits
    by itself, so that nobody waits for a pool while somebody's transaction goes on: RuntimeError within one. Raises
    ValueError for a rate or a burst below 1.
    """
    if per_minute < 1 or burst < 1:
        raise ValueError("a pool lets at least one call a minute through, and one at once")
    pause = 60 / per_minute
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_TAKE, [name, pause, pause * (burst - 1)])
        taken, wait = cursor.fetchone()
    if taken:
        return 0.0
    # Others may have taken since: as the statement saw it, it might have been our turn.
    return wait if wait is not None and wait > 0 else pause
