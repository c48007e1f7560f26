"""The machine and what the operator wrote: asked without any server."""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from agents.counting import count
from agents.tools import base
from approvals.telling import endpoints
from controlplane import checks, release
from controlplane.doctor.findings import Finding, fail, ok, warn
from controlplane.operator import FILE

OLDEST_PYTHON = (3, 11)
_GIB = 1024**3
#: Free space below which somebody should look, and below which PostgreSQL may stop any moment.
LITTLE, HARDLY_ANY = 5 * _GIB, 1 * _GIB


def python() -> Iterator[Finding]:
    version = f"Countersign {release.VERSION}, Python {platform.python_version()}"
    old = sys.version_info < OLDEST_PYTHON
    yield fail("python", version, "Install Python 3.11 or newer.") if old else ok("python", version)


def sanity() -> Iterator[Finding]:
    """Settings that contradict one another."""
    found = checks.problems()
    for problem in found:
        yield Finding("settings", "fail" if isinstance(problem, checks.Error) else "warn", problem.msg, problem.hint)
    if not found:
        yield ok("settings", "no contradictions")


def address() -> Iterator[Finding]:
    url = settings.PUBLIC_URL
    if settings.PASSKEY_ORIGIN:
        yield ok("address", f"people come to {url}; passkeys work at {settings.PASSKEY_ORIGIN}")
    else:
        hint = "Set COUNTERSIGN_URL to an https address with a name (docs/passkeys.md)."
        yield warn("address", f"people come to {url}, where browsers know no passkeys", hint)


def data_folder() -> Iterator[Finding]:
    """Nobody else may read or replace what stands there: keys above all."""
    home: Path = settings.HOME
    private = [home, home / "secret_key", home / "secrets", home / FILE]
    open_ones = [path for path in private if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        names = " ".join(map(str, open_ones))
        yield fail("data folder", f"others on this machine may read {names}", f"chmod go= {names}")
    elif home.stat().st_uid != os.geteuid():
        yield warn("data folder", f"{home} belongs to another user", "Run this as the user that runs the product.")
    else:
        yield ok("data folder", f"{home}, ours alone")


def disk() -> Iterator[Finding]:
    pointer = settings.HOME / "data-location"
    places = {settings.HOME} | ({Path(pointer.read_text().strip())} if pointer.exists() else set())
    free = min(shutil.disk_usage(place).free for place in places if place.exists())
    says = f"{free / _GIB:.1f} GiB free"
    if free < LITTLE:
        hint = "Make room: a full disk stops PostgreSQL."
        yield fail("disk", says, hint) if free < HARDLY_ANY else warn("disk", says, hint)
    else:
        yield ok("disk", says)


def operators_file() -> Iterator[Finding]:
    """The file could be read, or we weren't here. What it names and can't be used is told one by one."""
    unusable = {
        "secret": base.unusable,
        "source": base.unusable_sources,
        "script": base.unusable_scripts,
        "runtime": base.unusable_runtimes,
        "webhook": endpoints.unusable,
    }
    broken = [(noun, name, why) for noun, names in unusable.items() for name, why in sorted(names.items())]
    for noun, name, why in broken:
        yield warn("countersign.toml", f"the {noun} {name} can't be used: {why}", "Correct it, and restart.")
    if not broken:
        names = {"host": base.hosts, "secret": base.secrets, "source": base.sources, "webhook": endpoints.endpoints}
        says = ", ".join(count(len(found), noun) for noun, found in names.items())
        yield ok(
            "countersign.toml", says if (settings.HOME / FILE).exists() else "there is none: agents can call nobody"
        )


QUESTIONS = (python, sanity, address, data_folder, disk, operators_file)
