"""`manage.py restore PATH`: a backup becomes a data folder of its own, with everything standing still.

What was approved when the backup was taken may have run since, and what ran may have gone on: only people can know. So
every agent is stopped before a worker can see the rows, and somebody says when they go on.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import DatabaseError

from controlplane import home, places, processes, roles, sample
from controlplane.backup import archive, tools
from controlplane.backup.archive import BadBackup
from controlplane.backup.taking import COUNTED, DATABASE, DONE, KEYS, MADE_ANEW, NOUNS, SHOP, facts_of
from controlplane.embedded import BARE, Postgres, Valkey
from controlplane.home import CHECKOUT

NEEDED = {"taken_at", "product", "major", "transaction", "migrations", "counts"}
OURS = ("audit", "agents", "approvals", "controlplane")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = Path(os.environ.get("COUNTERSIGN_HOME") or home.CHECKOUT / "var")
    parser.add_argument("path", type=Path, metavar="PATH", help="a file that `manage.py backup` wrote")
    parser.add_argument("--home", type=Path, default=default, help="the data folder to make (COUNTERSIGN_HOME)")
    parser.add_argument("--keys", type=Path, help="its keys (default: PATH.keys)")
    parser.add_argument("--no-keys", action="store_true", help="without: new ones are made, and secrets are missing")


def main(words: list[str] | None = None) -> int:
    """Restore a backup into a new data folder; return the exit code."""
    parser = argparse.ArgumentParser("manage.py restore", description="Make a data folder from a backup.")
    add_arguments(parser)
    given = parser.parse_args(words)
    keys = None if given.no_keys else given.keys or given.path.with_name(given.path.name + KEYS)
    try:
        restore(given.path, given.home.resolve(), keys=keys, say=lambda line: sys.stderr.write(f"{line}\n"))
    except (BadBackup, places.CannotStart) as error:
        sys.stderr.write(f"Nothing is restored: {error}\n")
        return 1
    except (psycopg.Error, DatabaseError, OSError) as error:
        sys.stderr.write(f"Nothing is restored: {' '.join(str(error).split())}\n")
        return 1
    return 0


def restore(path: Path, folder: Path, *, keys: Path | None, say: Callable[[str], None]) -> None:
    """Make `folder` what the backup says. Raises BadBackup and CannotStart; the folder is then as empty as before."""
    if os.environ.get("DATABASE_URL"):
        raise BadBackup(
            "it goes into the embedded PostgreSQL: leave DATABASE_URL out (docs/operations.md says how else)."
        )
    manifest = check(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadBackup(f"{folder} isn't empty: name a new data folder with --home.")
    places.claim(folder)
    try:
        with places.take_lock(folder, "a restore"), tempfile.TemporaryDirectory(dir=folder / "run") as temporary:
            unpacked = Path(temporary)
            archive.unpack(path, manifest, unpacked)
            bring_files(unpacked, folder, keys=keys, manifest=manifest)
            bring_database(unpacked, folder, manifest)
    except BaseException:
        discard(folder)
        raise
    say(f"{folder} holds the backup of {manifest['taken_at']}. Nobody is signed in, and every agent stands still.")
    say(f"1. Start it: manage.py up --home {folder}; then ask: COUNTERSIGN_HOME={folder} manage.py doctor")
    say("2. Look what ran after the backup was taken; withdraw or reject what is done already.")
    say("3. Let them go on: manage.py agent resume --everything --reason WHY")


def check(path: Path) -> dict:
    """Return the manifest of a backup that this version can restore. Raises BadBackup."""
    manifest = archive.read_manifest(path)
    if DATABASE not in manifest["files"] or not NEEDED <= set(manifest):
        raise BadBackup(f"{path} holds no database: is it the file of keys?")
    if manifest["major"] != places.POSTGRES_MAJOR:
        raise BadBackup(
            f"{path} comes from PostgreSQL {manifest['major']}, and this is {places.POSTGRES_MAJOR}: "
            "restore it with the version of Countersign that wrote it, and upgrade that."
        )
    known = {
        f"{file.parent.parent.name}.{file.stem}" for room in OURS for file in CHECKOUT.glob(f"{room}/migrations/0*.py")
    }
    if newer := [name for name in manifest["migrations"] if name.partition(".")[0] in OURS and name not in known]:
        raise BadBackup(
            f"{path} was written by a newer version ({manifest['product']}, {newer[0]}): restore it with that."
        )
    return manifest


def bring_files(unpacked: Path, folder: Path, *, keys: Path | None, manifest: dict) -> None:
    """Put the operator's file, what was done before, and the keys where they belong."""
    if keys is not None:
        of_keys = archive.read_manifest(keys)
        if of_keys.get("taken_at") != manifest["taken_at"]:
            raise BadBackup(f"{keys} belongs to another backup: name its own with --keys, or restore with --no-keys.")
        if wrong := [name for name in of_keys["files"] if name.split("/")[0] in MADE_ANEW]:
            raise BadBackup(f"{keys} is damaged: {wrong[0]!r} doesn't belong in it.")
        archive.unpack(keys, of_keys, folder)
    for name, target in ((NOUNS, folder / NOUNS), (DONE, folder / "run" / DONE)):
        if (unpacked / name).exists():
            (unpacked / name).replace(target)


def bring_database(unpacked: Path, folder: Path, manifest: dict) -> None:
    """Make a cluster, load the dumps, bring the tables to this version, count, and stop every agent."""
    postgres = Postgres(places.settle(folder))
    postgres.initialise()
    begin_after(postgres, manifest["transaction"])
    postgres.start()
    try:
        tools.load(postgres.url("postgres"), unpacked / DATABASE)
        if (unpacked / SHOP).exists():
            postgres.add_guest(sample.GUEST)
            with postgres.connect() as connection:
                connection.execute(roles.CREATE.format(role=sample.READER))  # its rights stand in the dump
            tools.load(postgres.url("postgres", sample.GUEST), unpacked / SHOP)
        compare(postgres, manifest)
        with settings_for(folder, postgres):
            stand_still(manifest)
    finally:
        postgres.stop()


def begin_after(postgres: Postgres, transaction: int) -> None:
    """Let the cluster's transactions begin after those of the backup: whoever reads the log goes by their order.

    Raising the epoch (the upper half of xid8) leaves alone what is numbered by the lower half.
    """
    epoch = (transaction >> 32) + 1
    place = postgres.place
    command = [place.programs.resetwal, f"--epoch={epoch}", "-D", postgres.data]
    made = processes.spawn(command, log=postgres.log, account=place.account, environment=BARE, folder=postgres.data)
    if made.wait(timeout=60):
        raise BadBackup(f"pg_resetwal failed; the end of {postgres.log}:\n{processes.last_lines(postgres.log)}")


def compare(postgres: Postgres, manifest: dict) -> None:
    """Hold what was loaded against what was counted. Raises BadBackup."""
    with psycopg.connect(postgres.url("postgres"), connect_timeout=5) as connection:
        found = facts_of(connection)["counts"]
    for table in COUNTED:
        if found[table] != manifest["counts"].get(table):
            raise BadBackup(f"{table} has {found[table]} rows, and the backup {manifest['counts'].get(table)}.")


@contextmanager
def settings_for(folder: Path, postgres: Postgres) -> Iterator[None]:
    """Let Django work on this folder and its database, in this process, once."""
    import django
    from django.db import connections

    os.environ |= {
        "COUNTERSIGN_HOME": str(folder),
        "DATABASE_URL": postgres.url("cs_app"),
        "DATABASE_OWNER_URL": postgres.url("postgres"),
        "REDIS_URL": Valkey(postgres.place).url,  # which doesn't run: no ring may reach somebody else's workers
    }
    django.setup()
    try:
        yield
    finally:
        connections.close_all()


def stand_still(manifest: Mapping) -> None:
    """Bring the tables to this version, put the restore on record, and stop everything."""
    from django.core.management import call_command
    from django.db import transaction

    from agents import stops
    from agents.stops.words import AlreadyStopped
    from audit import log
    from controlplane.commandline import operator

    call_command("migrate", verbosity=0, interactive=False)
    by, taken_at = operator(), manifest["taken_at"]
    data = {"taken_at": taken_at, "product": manifest["product"], "events": manifest["counts"]["audit.event"]}
    with transaction.atomic():
        log.record("database.restored", by=by, subject=("database", "-"), data=data)
    try:
        stops.stop_everything(by=by, reason=f"Restored from the backup of {taken_at}")
    except AlreadyStopped:
        pass  # it stood still when the backup was taken


def discard(folder: Path) -> None:
    """Take away what a restore that failed has made in a folder that was empty."""
    if (pointer := folder / "data-location").exists():
        shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
