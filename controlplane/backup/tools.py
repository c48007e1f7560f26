"""PostgreSQL's own programs, given the password in their environment: a command line is public."""

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from controlplane import places
from controlplane.backup.archive import BadBackup
from controlplane.embedded import BARE

_KEYS = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def dump(url: str, target: Path, *, snapshot: str | None = None) -> None:
    """Write one database, as one moment saw it, in PostgreSQL's custom format. Who is signed in is left out."""
    words = ["--format=custom", f"--file={target}", "--no-password", "--exclude-table-data=public.django_session"]
    _run("pg_dump", url, *words, *([f"--snapshot={snapshot}"] if snapshot else []))


def load(url: str, source: Path) -> None:
    """Fill an empty database from such a dump: all of it, or nothing."""
    database = str(conninfo_to_dict(url)["dbname"])
    _run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-password", f"--dbname={database}", source)


def find(name: str) -> str:
    """Return where a program is: beside the embedded PostgreSQL, else on the PATH. Raises BadBackup."""
    try:
        beside = places.find_programs().postgres.with_name(name)
    except places.CannotStart:
        beside = None
    found = str(beside) if beside and beside.exists() else shutil.which(name)
    if not found:
        raise BadBackup(f"{name} is missing: install PostgreSQL {places.POSTGRES_MAJOR}'s client programs.")
    return found


def _run(name: str, url: str, *words: object) -> None:
    given = {variable: str(value) for key, value in conninfo_to_dict(url).items() if (variable := _KEYS.get(key))}
    environment = BARE | {"PATH": os.environ.get("PATH", os.defpath)} | given
    command = [find(name), *map(str, words)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = " ".join(ended.stderr.split())[:500]
        older = "version mismatch" in said
        hint = (
            f" Install PostgreSQL {places.POSTGRES_MAJOR}'s client programs, and put them first on the PATH."
            if older
            else ""
        )
        raise BadBackup(f"{name} failed: {said}{hint}")
