"""`manage.py backup PATH`: the database as one moment saw it, and apart from it the keys. It runs beside the product."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from controlplane import home, places, release
from controlplane.backup import archive, tools
from controlplane.backup.archive import BadBackup
from controlplane.embedded import Postgres

DATABASE, SHOP, NOUNS, DONE = "database.dump", "shop.dump", "countersign.toml", "done.json"
KEYS = ".keys"
#: What a start makes anew, and what belongs to this machine.
MADE_ANEW = {"run", "log", "static", "servers", "data-location", NOUNS}
#: Counted on both sides: what is restored must be as much as was there.
COUNTED = ("agents_person", "agents_agent", "agents_action", "agents_run", "approvals_decision", "audit.event")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="the file to write; its keys go into PATH.keys")
    parser.add_argument("--no-keys", action="store_true", help="without the keys: somebody keeps them elsewhere")


def main(words: list[str] | None = None) -> int:
    """Take a backup of `COUNTERSIGN_HOME`; return the exit code."""
    parser = argparse.ArgumentParser("manage.py backup", description="Write a backup, and its keys into another file.")
    add_arguments(parser)
    given = parser.parse_args(words)
    try:
        for line in take(home.data_folder(), given.path, keys=not given.no_keys):
            sys.stderr.write(f"{line}\n")
    except (BadBackup, places.CannotStart) as error:
        sys.stderr.write(f"No backup: {error}\n")
        return 1
    except (psycopg.Error, OSError) as error:
        sys.stderr.write(f"No backup: {' '.join(str(error).split())}\n")
        return 1
    return 0


def take(folder: Path, path: Path, *, keys: bool = True) -> Iterator[str]:
    """Write the backup; yield what there is to say. Raises BadBackup and CannotStart; then nothing is left behind."""
    if str(path) == "-":
        raise BadBackup("a backup holds everything: it goes into a file of its own, not to the terminal.")
    path, beside = path.absolute(), path.absolute().with_name(path.name + KEYS)
    for target in (path, *([beside] if keys else [])):
        if target.exists():
            raise BadBackup(f"{target} exists: a backup overwrites nothing. Name another file.")
    with reach(folder) as addresses, tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as temporary:
        files, facts = _dump(folder, addresses, Path(temporary))
        archive.write(path, files, facts)
        if keys:
            with _or_not_at_all(path):
                archive.write(beside, _private_files(folder), {"of": path.name, "taken_at": facts["taken_at"]})
    counts = ", ".join(f"{number} {table.rpartition('_')[2]}" for table, number in facts["counts"].items())
    yield f"{path}: {path.stat().st_size:,} bytes, SHA-256 {archive.digest_of(path)} ({counts})"
    yield (
        f"{beside}: the keys. Keep them apart from it, as carefully." if keys else "Without keys: keep those elsewhere."
    )


@contextmanager
def _or_not_at_all(path: Path) -> Iterator[None]:
    """Take a file away again when what belongs to it can't be written."""
    try:
        yield
    except BaseException:
        path.unlink()
        raise


@contextmanager
def reach(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the addresses of the databases: where the product runs, else of a PostgreSQL started for this alone."""
    running = home.running_services(folder)
    owner = os.environ.get("DATABASE_OWNER_URL") or running.get("database_owner_url")
    if owner:
        yield running | {"database_owner_url": owner}
        return
    if os.environ.get("DATABASE_URL"):
        raise BadBackup("DATABASE_URL is set and DATABASE_OWNER_URL isn't: only the owner may read everything.")
    if not (folder / "servers").exists() and not (folder / "data-location").exists():
        raise BadBackup(f"there is no database in {folder}: name its data folder with COUNTERSIGN_HOME.")
    with places.take_lock(folder, "a backup"):
        postgres = Postgres(places.settle(folder))
        postgres.start()
        try:
            yield {"database_owner_url": postgres.url("postgres")} | _shop(postgres)
        finally:
            postgres.stop()


def _shop(postgres: Postgres) -> dict[str, str]:
    with postgres.connect() as connection:
        there = connection.execute("SELECT FROM pg_database WHERE datname = 'shop'").fetchone()
    return {} if there is None else {"shop_database_url": postgres.url("postgres", "shop")}


def _dump(folder: Path, addresses: dict[str, str], temporary: Path) -> tuple[dict[str, Path], dict]:
    """Dump what there is into a folder; return the files by name and what the manifest says beside them."""
    owner, files = addresses["database_owner_url"], {DATABASE: temporary / DATABASE}
    with psycopg.connect(owner, connect_timeout=5) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        facts = facts_of(connection)
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
        tools.dump(owner, files[DATABASE], snapshot=snapshot)
    if (shop := addresses.get("shop_database_url")) and _where(shop) == _where(owner):
        files[SHOP] = temporary / SHOP
        tools.dump(psycopg.conninfo.make_conninfo(owner, dbname="shop"), files[SHOP])
    if (folder / NOUNS).exists():
        files[NOUNS] = folder / NOUNS
    if done := _done(folder):
        files[DONE] = temporary / DONE
        files[DONE].write_text(json.dumps(done))
    return files, facts


def facts_of(connection: psycopg.Connection) -> dict:
    """Return what a manifest says of a database: versions, how far its transactions have come, how much there is."""

    def one(query: str):
        return connection.execute(query).fetchone()[0]

    applied = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "product": release.VERSION,
        "postgres": one("SHOW server_version"),
        "major": connection.info.server_version // 10000,
        "transaction": int(one("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")),
        "migrations": [name for (name,) in applied],
        "counts": {table: one(f"SELECT count(*) FROM {table}") for table in COUNTED},  # noqa: S608 - names of ours
    }


def _where(url: str) -> tuple:
    found = psycopg.conninfo.conninfo_to_dict(url)
    return found.get("host"), found.get("port")


def _done(folder: Path) -> dict:
    """Return which first steps were taken, for the sample company isn't loaded twice; files are made anew."""
    try:
        done = json.loads((folder / "run" / DONE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {name: value for name, value in done.items() if name not in ("migrate", "collectstatic")}


def _private_files(folder: Path) -> dict[str, Path]:
    """Return everything in the data folder that a start doesn't make anew: keys, secrets, code of scripts."""
    found = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and place.parts[0] not in MADE_ANEW:
            found[str(place)] = path
    return found
