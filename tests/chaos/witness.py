"""A log of what the database saw, kept by triggers of the campaign's own: no code of the product writes or reads it.

It says of every committed change of a state where it came from, of every lease when it began, and of every commit after
which a budget held more than its cap.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

_SETUP = """
DROP SCHEMA IF EXISTS chaos CASCADE;
CREATE SCHEMA chaos;
CREATE TABLE chaos.move (id bigserial, kind text, row_id text, old text, new text);
CREATE TABLE chaos.lease (at timestamptz, kind text, row_id uuid, fence bigint);
CREATE TABLE chaos.overshoot (scope text, unit text, cap bigint, reserved bigint, settled bigint);
CREATE FUNCTION chaos.moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO chaos.move (kind, row_id, old, new) VALUES (TG_ARGV[0], NEW.id::text, NULL, NEW.state);
    ELSIF NEW.state <> OLD.state THEN
        INSERT INTO chaos.move (kind, row_id, old, new) VALUES (TG_ARGV[0], NEW.id::text, OLD.state, NEW.state);
    END IF;
    RETURN NULL; END $$;
CREATE FUNCTION chaos.leased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.fence > OLD.fence THEN
        INSERT INTO chaos.lease VALUES (clock_timestamp(), TG_ARGV[0], NEW.id, NEW.fence);
    END IF;
    RETURN NULL; END $$;
CREATE FUNCTION chaos.overshot() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.reserved + NEW.settled > NEW.cap THEN
        INSERT INTO chaos.overshoot VALUES (NEW.scope, NEW.unit, NEW.cap, NEW.reserved, NEW.settled);
    END IF;
    RETURN NULL; END $$;
CREATE TRIGGER chaos_moved AFTER INSERT OR UPDATE OF state ON agents_run
    FOR EACH ROW EXECUTE FUNCTION chaos.moved('run');
CREATE TRIGGER chaos_moved AFTER INSERT OR UPDATE OF state ON agents_action
    FOR EACH ROW EXECUTE FUNCTION chaos.moved('action');
CREATE TRIGGER chaos_leased AFTER UPDATE OF fence ON agents_run
    FOR EACH ROW EXECUTE FUNCTION chaos.leased('run');
CREATE TRIGGER chaos_leased AFTER UPDATE OF fence ON agents_action
    FOR EACH ROW EXECUTE FUNCTION chaos.leased('action');
CREATE TRIGGER chaos_overshot AFTER INSERT OR UPDATE ON agents_budget
    FOR EACH ROW EXECUTE FUNCTION chaos.overshot();
"""


@dataclass(frozen=True)
class Interrupted:
    """A run that a killed worker had under a lease, when that was killed."""

    row_id: str
    fence: int
    at: object


class Witness:
    """The owner's eyes on the database of a product that may be down at any moment."""

    def __init__(self, owner_url: str):
        self._url = owner_url

    def __enter__(self) -> "Witness":
        self._run(_SETUP)
        return self

    def __exit__(self, *_) -> None:
        self._run("DROP SCHEMA chaos CASCADE")

    @contextlib.contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """A connection of its own for each use: the server is killed now and then."""
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            yield connection

    def rows(self, query: str, **values) -> list[tuple]:
        with self.connected() as connection:
            return connection.execute(query, values).fetchall()

    def look(self, query: str, **values) -> list[tuple] | None:
        """As `rows`; None when the database doesn't answer now."""
        try:
            return self.rows(query, **values)
        except psycopg.Error:
            return None

    def interrupted(self, owner: str = "") -> list[Interrupted]:
        """Return the runs under a lease right now, of all workers or of one process (`:pid`)."""
        found = self.look(
            "SELECT id::text, fence, clock_timestamp() FROM agents_run"
            " WHERE lease_until > now() AND lease_owner LIKE %(owner)s",
            owner=f"%{owner}",
        )
        return [Interrupted(*row) for row in found or []]

    def now(self) -> object:
        """Return the time of the database; None when it doesn't answer."""
        found = self.look("SELECT clock_timestamp()")
        return found[0][0] if found else None

    def taken_up(self, one: Interrupted) -> float | None:
        """Return how many seconds later somebody had the run under the next lease; None when nobody ever did."""
        query = """SELECT extract(epoch FROM min(at) - %(at)s)::float FROM chaos.lease
                   WHERE kind = 'run' AND row_id = %(row)s AND fence > %(fence)s"""
        return self.rows(query, at=one.at, row=one.row_id, fence=one.fence)[0][0]

    def works_again(self, at: object) -> float | None:
        """Return how many seconds later anybody had any run or action under a new lease."""
        return self.rows(
            "SELECT extract(epoch FROM min(at) - %(at)s)::float FROM chaos.lease WHERE at > %(at)s", at=at
        )[0][0]

    def _run(self, sql: str) -> None:
        with self.connected() as connection:
            connection.execute(sql)
