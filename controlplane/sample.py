"""What `up` knows of the sample company: its refund service, its hosts and secrets, and what a first start runs."""

import os
import re
import secrets
import socket
import tomllib
from pathlib import Path

from controlplane.home import CHECKOUT
from controlplane.places import CannotStart

SERVICE = CHECKOUT / "examples" / "refund-desk" / "service.py"
GUEST = "shop"
# Commands of manage.py that run once: before anybody is served, and when everything is ready.
BEFORE = ("demo", "load")
AFTER = ("demo", "run")
TRY = "Try: sign in as ana (finance), in another browser as mara (support-leads), and countersign what waits at {url}/"

NOUNS = """
# The sample refund service, which `manage.py up` starts on this machine.
[hosts.refunds]
url = "http://127.0.0.1:{port}"
loopback = true

[secrets.shop_api]
host = "refunds"
kind = "hmac"
value_file = "secrets/shop_api"
"""


def prepare(home: Path, *, port: int) -> int:
    """Make the service's secret and its entries in `countersign.toml`; return the port it gets.

    The port of the last start when it is free, else the first free one above the product's.
    """
    secret_file(home)
    known = known_port(home)
    chosen = known if known and is_free(known) else next_free(port + 1)
    if known != chosen:
        write_nouns(home, chosen)
    return chosen


def secret_file(home: Path) -> Path:
    """Return the file with the secret that the service and we share, made on first use."""
    folder = home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "shop_api"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path


def known_port(home: Path) -> int | None:
    """Return the service's port as `countersign.toml` has it. Raises CannotStart when that file can't be read."""
    path = home / "countersign.toml"
    try:
        hosts = tomllib.loads(path.read_text()).get("hosts", {}) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotStart(f"{path}: {error}") from error
    found = re.search(r":(\d+)$", str(hosts.get("refunds", {}).get("url", "")))
    return int(found[1]) if found else None


def write_nouns(home: Path, port: int) -> None:
    """Say in `countersign.toml` where the service is; every other line stays as its operator wrote it."""
    path = home / "countersign.toml"
    text = path.read_text() if path.exists() else "# Hosts and secrets that agents may be granted by name.\n"
    if "[hosts.refunds]" in text:
        text = re.sub(r'(\[hosts\.refunds\][^\[]*?url\s*=\s*")[^"]*', rf"\g<1>http://127.0.0.1:{port}", text)
    else:
        text += NOUNS.format(port=port)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def is_free(port: int) -> bool:
    """Ask whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def next_free(port: int) -> int:
    return next((number for number in range(port, min(port + 200, 65536)) if is_free(number)), 0) or ephemeral()


def ephemeral() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
