"""What `up` knows of the sample company: its refund service, its entries in the operator's file, and what a first start runs."""

import json
import os
import re
import secrets
import socket
import tomllib
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from controlplane import roles
from controlplane.home import CHECKOUT
from controlplane.places import CannotStart

SERVICE = CHECKOUT / "examples" / "refund-desk" / "service.py"
SCRIPT = "refund_desk"  # what its agent file calls the Python that carries its runs
GUEST = "shop"
READER = "shop_reader"  # may look at some of the shop's tables (schema.sql grants them), and do nothing else
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
SOURCE = """
# The sample shop's own database, where facts about its orders and customers are looked up.
[sources.shop]
kind = "sql"
dsn_file = "secrets/shop_reader_dsn"
schemas = ["public"]
"""
CARRIED_BY = """
# The Python that carries the runs of the sample agent.
[scripts.{name}]
load = "desk:work"
path = {folder}
"""
# The product keeps a few connections to a source in each of its processes.
MAKE_READER = f"""
ALTER ROLE {READER} LOGIN NOINHERIT CONNECTION LIMIT 40;
ALTER ROLE {READER} SET default_transaction_read_only = on;
ALTER ROLE {READER} SET statement_timeout = '5s';
"""


def prepare(home: Path, *, port: int) -> int:
    """Make the service's secret and its entries in `countersign.toml`; return the port it gets.

    The port of the last start when it is free, else the first free one above the product's.
    """
    secret_file(home)
    known = known_port(home)
    chosen = known if known and is_free(known) else next_free(port + 1)
    if known != chosen or not has_source(home) or not has_script(home):
        write_nouns(home, chosen)
    return chosen


def add_reader(home: Path, *, shop_url: str, admin_url: str) -> str | None:
    """Make the role that reads the shop's database, and the file with its address; return what kept us from it, or None.

    `admin_url` must reach the same server with the right to make roles. What is there already keeps its password.
    """
    path = home / "secrets" / f"{READER}_dsn"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    password = known_password(path) or secrets.token_urlsafe(24)
    shop = conninfo_to_dict(shop_url)
    try:
        with psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(roles.CREATE.format(role=READER) + MAKE_READER)
            roles.set_password(connection, READER, password)
            database = psycopg.sql.Identifier(shop["dbname"])
            grant = psycopg.sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
            connection.execute(grant.format(database, psycopg.sql.Identifier(READER)))
    except psycopg.Error as error:
        reason = error.diag.message_primary or "the server doesn't answer"
        return f"No facts about the sample shop: the role {READER} can't be made ({reason}). docs/sources.md says how."
    write_private(path, make_conninfo("", **shop | {"user": READER, "password": password}))
    return None


def known_password(path: Path) -> str | None:
    """Return the password in a file with an address of ours, if there is such a file."""
    with suppress(OSError, psycopg.ProgrammingError):
        return conninfo_to_dict(path.read_text()).get("password")
    return None


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only we can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


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
    hosts = read_nouns(home).get("hosts", {})
    found = re.search(r":(\d+)$", str(hosts.get("refunds", {}).get("url", "")))
    return int(found[1]) if found else None


def has_source(home: Path) -> bool:
    """Ask whether `countersign.toml` names a source `shop`. Raises CannotStart when that file can't be read."""
    return GUEST in read_nouns(home).get("sources", {})


def has_script(home: Path) -> bool:
    """Ask whether `countersign.toml` names the sample agent's script. Raises CannotStart when that file can't be read."""
    return SCRIPT in read_nouns(home).get("scripts", {})


def read_nouns(home: Path) -> dict:
    path = home / "countersign.toml"
    try:
        return tomllib.loads(path.read_text()) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotStart(f"{path}: {error}") from error


def write_nouns(home: Path, port: int) -> None:
    """Say in `countersign.toml` where the service, its facts and its agent's script are; every other line stays as its
    operator wrote it."""
    path = home / "countersign.toml"
    text = path.read_text() if path.exists() else "# Hosts, secrets, sources and scripts that agents may name.\n"
    if "[hosts.refunds]" in text:
        text = re.sub(r'(\[hosts\.refunds\][^\[]*?url\s*=\s*")[^"]*', rf"\g<1>http://127.0.0.1:{port}", text)
    else:
        text += NOUNS.format(port=port)
    write_private(path, text)
    add_missing(home)


def add_missing(home: Path) -> list[str]:
    """Add the source of facts and the script to `countersign.toml`, below what its operator wrote; return what was added."""
    folder = json.dumps(str(SERVICE.parent), ensure_ascii=False)  # which TOML reads as the same text
    missing = {} if has_source(home) else {f"the source {GUEST}, for facts": SOURCE}
    if not has_script(home):
        missing[f"the script {SCRIPT}"] = CARRIED_BY.format(name=SCRIPT, folder=folder)
    path = home / "countersign.toml"
    if missing:
        write_private(path, path.read_text().rstrip("\n") + "\n" + "".join(missing.values()))
    return list(missing)


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
