"""What the record costs: an event in its transaction over a plain insert of the same bytes, with one writer and with eight."""

from collections.abc import Callable
from functools import cache

from bench.crowd import at_once
from bench.lines import Line
from bench.stack import stack

EACH = 100
TABLE = """
CREATE TABLE IF NOT EXISTS bench_plain (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), verb text NOT NULL,
    subject_kind text NOT NULL, subject_id text NOT NULL, data jsonb NOT NULL, body bytea NOT NULL);
GRANT SELECT, INSERT ON bench_plain TO cs_app;
GRANT USAGE ON bench_plain_id_seq TO cs_app
"""
_INSERT = (
    "INSERT INTO bench_plain (verb, subject_kind, subject_id, data, body) VALUES (%s, %s, %s, %s, %s) RETURNING id, at"
)
DATA = {
    "from": None,
    "to": "approved",
    "tier": 2,
    "tool": "transfer",
    "digest": "0" * 64,
    "rules": ["small"],
    "revision": 1,
}


@cache
def _ready() -> None:
    stack().run_as_owner(*TABLE.split(";"))


def _record() -> None:
    from audit import log
    from audit.actors import Actor

    log.record(
        "action.allowed", by=Actor.SYSTEM, subject=("action", "bench"), data=DATA, private={"headline": "Pay 12.50"}
    )


def _insert() -> None:
    import json

    from django.db import connection

    text = json.dumps(DATA)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, ["action.allowed", "action", "bench", text, text.encode()])
        cursor.fetchone()


def _rate(write: Callable[[], None], writers: int) -> float:
    """Let so many threads write, each with a connection of its own and a transaction a row; return rows a second."""
    from django.db import connection, transaction

    _ready()

    def run(ready: Callable[[], object]) -> None:
        connection.ensure_connection()
        ready()
        for _ in range(EACH):
            with transaction.atomic():
                write()
        connection.close()

    return writers * EACH / at_once([run] * writers)


def _ratio(writers: int) -> Callable[[], float]:
    return lambda: _rate(_record, writers) / _rate(_insert, writers)


LINES = tuple(
    Line(
        f"log: {writers} writer{'s' if writers > 1 else ''}",
        f"{EACH} events a thread, each in a transaction, over plain inserts of the same data a moment later, fsync on",
        _ratio(writers),
        unit="x",
        floor=floor,
    )
    for writers, floor in ((1, 0.8), (8, 0.5))
)
