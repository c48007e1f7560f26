"""The operator's file: `<data folder>/countersign.toml` names what agents may be granted (hosts, secrets, sources) and
what their runs need (teams, pools, scripts, runtimes).

Read when a process starts. A mistake stops the start with one sentence: a worker that ran on with half a file would
refuse approved actions.
"""

import base64
import binascii
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agents.agentfile.grammar import RUNTIME_KINDS, RUNTIME_KINDS_LATER
from agents.micros import BadUsd, parse_usd
from agents.runtimes import base as runtimes_base
from agents.tools import base
from agents.tools.base import Host, HttpSource, Pool, Secret, Source, SqlSource, Team
from approvals.telling import endpoints, kinds
from approvals.telling.endpoints import Endpoint
from controlplane.addresses import why_not_address
from controlplane.code import load_code, why_not_runtime, why_not_script

FILE = "countersign.toml"
KEYS = {
    "hosts": {"url", "loopback", "per_minute"},
    "secrets": {"host", "kind", "value_file", "env"},
    "sources": {"kind", "dsn_file", "dsn_env", "schemas", "host", "secret"},
    "teams": {"usd_per_day", "tokens_per_day", "actions_per_day"},
    "pools": {"per_minute", "burst"},
    "scripts": {"load", "path"},
    "runtimes": {"load", "path"},
    "webhooks": {"url", "secret_file", "secret_env", "events"},
}
SOURCE_KEYS = {"sql": {"kind", "dsn_file", "dsn_env", "schemas"}, "http": {"kind", "host", "secret"}}
SHORTEST_SECRET = 16  # bytes; shorter ones can be guessed from a single signed call
#: What Standard Webhooks asks of a secret, in bytes.
WEBHOOK_SECRET = (24, 64)
MOST_A_MINUTE = 1_000_000
MOST_A_DAY = 10**12
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LOADED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class BadOperatorFile(Exception):
    """The operator's file can't be used: correct the key it names and start again."""


@dataclass(frozen=True)
class Nouns:
    """What the file says. `unusable`: secrets whose value isn't there, and why; `unusable_sources` the same, and
    `unusable_scripts` and `unusable_runtimes` whose code isn't."""

    hosts: dict[str, Host] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    unusable_sources: dict[str, str] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    scripts: dict[str, Callable] = field(default_factory=dict)
    unusable_scripts: dict[str, str] = field(default_factory=dict)
    runtimes: dict[str, Callable[[], Any]] = field(default_factory=dict)
    unusable_runtimes: dict[str, str] = field(default_factory=dict)
    webhooks: dict[str, Endpoint] = field(default_factory=dict)
    unusable_webhooks: dict[str, str] = field(default_factory=dict)


def load(home: Path) -> Nouns:
    """Read the operator's file, import the code it names, and hand all of it to the registries. Raises BadOperatorFile."""
    nouns = read(home)
    named = {noun.name: getattr(nouns, noun.name) for noun in fields(nouns)}
    endpoints.configure(named.pop("webhooks"), named.pop("unusable_webhooks"))
    base.configure(**named)
    for kind, make in nouns.runtimes.items():
        runtimes_base.register(kind, make)
    return nouns


def read(home: Path) -> Nouns:
    """Return what `<home>/countersign.toml` says; nothing when there is no such file. Raises BadOperatorFile.

    The code of scripts and runtimes is imported.
    """
    path = home / FILE
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text, parse_float=Decimal)  # an amount is exactly what is written
    except FileNotFoundError:
        return Nouns()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOperatorFile(f"{path} can't be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadOperatorFile(f"{path}: not TOML: {error}.") from error
    return _File(path, text, document).nouns()


@dataclass(frozen=True)
class _File:
    path: Path
    text: str
    document: dict

    def nouns(self) -> Nouns:
        for key in self.document:
            if key not in KEYS:
                tables = ", ".join(f"[{kind}.NAME]" for kind in KEYS)
                raise self.wrong((key,), f"not a key we know: write one of {tables}")
        hosts = {name: self.host(name, entry) for name, entry in self.tables("hosts")}
        secrets, unusable = self.secrets(hosts)
        sources, unusable_sources = self.sources(hosts)
        scripts, unusable_scripts = self.code("scripts", why_not_script)
        runtimes, unusable_runtimes = self.code("runtimes", why_not_runtime)
        webhooks, unusable_webhooks = self.webhooks()
        return Nouns(
            hosts=hosts,
            secrets=secrets,
            unusable=unusable,
            sources=sources,
            unusable_sources=unusable_sources,
            teams={name: self.team(name, entry) for name, entry in self.tables("teams")},
            pools={name: self.pool(name, entry) for name, entry in self.tables("pools")},
            scripts=scripts,
            unusable_scripts=unusable_scripts,
            runtimes=runtimes,
            unusable_runtimes=unusable_runtimes,
            webhooks=webhooks,
            unusable_webhooks=unusable_webhooks,
        )

    def secrets(self, hosts: Mapping[str, Host]) -> tuple[dict[str, Secret], dict[str, str]]:
        secrets, unusable = {}, {}
        for name, entry in self.tables("secrets"):
            self.check_secret(name, entry, hosts)
            value, problem = self.value(entry)
            if problem:
                unusable[name] = problem
            else:
                secrets[name] = Secret(name=name, host=entry["host"], kind=entry["kind"], value=value)
        return secrets, unusable

    def sources(self, hosts: Mapping[str, Host]) -> tuple[dict[str, Source], dict[str, str]]:
        sources, unusable = {}, {}
        for name, entry in self.tables("sources"):
            self.check_source(name, entry, hosts)
            if entry["kind"] == "http":
                sources[name] = HttpSource(name=name, host=entry["host"], secret=entry.get("secret"))
                continue
            dsn, problem = self.dsn(entry)
            if problem:
                unusable[name] = problem
            else:
                sources[name] = SqlSource(name=name, dsn=dsn, schemas=tuple(entry.get("schemas", ["public"])))
        return sources, unusable

    def webhooks(self) -> tuple[dict[str, Endpoint], dict[str, str]]:
        """Return every webhook, and why those can't be used whose secret isn't there: what they are told waits."""
        found, unusable = {}, {}
        for name, entry in self.tables("webhooks"):
            events = self.check_webhook(name, entry)
            secret, problem = self.webhook_secret(entry)
            if problem:
                unusable[name] = problem
            found[name] = Endpoint(name=name, url=entry["url"], events=events, secret=secret)
        return found, unusable

    def check_webhook(self, name: str, entry: Mapping) -> frozenset[str]:
        """Return the events it asks for."""
        if problem := _why_not_webhook(entry.get("url")):
            raise self.wrong(("webhooks", name, "url"), problem)
        given = [key for key in ("secret_file", "secret_env") if key in entry]
        if len(given) != 1 or not isinstance(entry[given[0]], str) or not entry[given[0]]:
            message = 'say where its secret is: secret_file = "secrets/NAME", or secret_env = "NAME"'
            raise self.wrong(("webhooks", name), message)
        events = entry.get("events")
        if not isinstance(events, list) or not events or not all(isinstance(event, str) for event in events):
            raise self.wrong(("webhooks", name, "events"), 'say what it is told: events = ["action.approved", "run.*"]')
        return frozenset().union(*(self.events_of(name, event) for event in events))

    def events_of(self, name: str, event: str) -> frozenset[str]:
        """Return the events behind one entry: itself, or all of a noun's for `run.*`."""
        named = {verb for verb in kinds.OFFERED if verb == event or f"{verb.split('.')[0]}.*" == event}
        if not named:
            message = f"{event[:60]!r} isn't one of our events: docs/notifications.md lists them"
            raise self.wrong(("webhooks", name, "events"), message)
        return frozenset(named)

    def webhook_secret(self, entry: Mapping) -> tuple[bytes, str]:
        """Return the key a webhook is signed with, or what keeps it from being used (a sentence)."""
        value, problem = self.private(entry, "secret_file", "secret_env")
        if not problem and value.startswith(b"whsec_"):
            try:
                value = base64.b64decode(value.removeprefix(b"whsec_"), validate=True)
            except binascii.Error:
                return b"", "what follows whsec_ in its secret isn't base64."
        least, most = WEBHOOK_SECRET
        if not problem and not least <= len(value) <= most:
            problem = f"its secret has {len(value)} bytes; Standard Webhooks wants {least} to {most}."
        return (b"", problem) if problem else (value, "")

    def code(self, kind: str, why_not: Callable[[Any], str]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what the entries of a kind load, and why others can't be used. `why_not` judges what was found."""
        found, unusable = {}, {}
        for name, entry in self.tables(kind):
            self.check_code(kind, name, entry)
            folder = self.path.parent / entry["path"] if "path" in entry else None
            loaded, problem = load_code(entry["load"], folder=folder, private=f"countersign_{kind}_{name}")
            problem = problem or why_not(loaded)
            if problem:
                unusable[name] = problem
            else:
                found[name] = loaded
        return found, unusable

    def check_code(self, kind: str, name: str, entry: Mapping) -> None:
        if kind == "runtimes" and name in (*RUNTIME_KINDS, *RUNTIME_KINDS_LATER):
            raise self.wrong((kind, name), f"{name} is a kind of the product's own: choose another name")
        if not isinstance(entry.get("load"), str) or not _LOADED.fullmatch(entry["load"]):
            raise self.wrong((kind, name, "load"), 'say what is loaded: load = "module:name"')
        if "path" in entry and (not isinstance(entry["path"], str) or not entry["path"]):
            raise self.wrong((kind, name, "path"), 'write the folder its module is in: path = "scripts"')

    def tables(self, kind: str) -> Iterator[tuple[str, Mapping]]:
        entries = self.document.get(kind, {})
        if not isinstance(entries, dict):
            raise self.wrong((kind,), f"write [{kind}.NAME] with its keys below")
        for name, entry in entries.items():
            if not isinstance(entry, dict):
                raise self.wrong((kind, name), f"write [{kind}.{name}] with its keys below")
            if not _NAME.fullmatch(name):
                raise self.wrong(
                    (kind, name), "a name is lower-case letters, digits, _ and -, and starts with a letter"
                )
            for key in entry:
                if key not in KEYS[kind]:
                    raise self.wrong((kind, name, key), f"not a key of {kind}: use {', '.join(sorted(KEYS[kind]))}")
            yield name, entry

    def host(self, name: str, entry: Mapping) -> Host:
        url, loopback = entry.get("url"), entry.get("loopback", False)
        if not isinstance(url, str):
            raise self.wrong(("hosts", name, "url"), 'write url = "https://…"')
        if not isinstance(loopback, bool):
            raise self.wrong(("hosts", name, "loopback"), "write true or false, without quotes")
        if problem := why_not_address(url, loopback=loopback):
            raise self.wrong(("hosts", name, "url"), problem)
        per_minute = self.whole(("hosts", name, "per_minute"), entry, MOST_A_MINUTE) if "per_minute" in entry else None
        return Host(name=name, url=url.rstrip("/"), loopback=loopback, per_minute=per_minute)

    def team(self, name: str, entry: Mapping) -> Team:
        if not entry:
            raise self.wrong(("teams", name), "it caps nothing: write usd_per_day, tokens_per_day or actions_per_day")
        keys = {key: ("teams", name, key) for key in entry}
        caps = {
            key.removesuffix("_per_day"): self.whole(keys[key], entry, MOST_A_DAY)
            for key in ("tokens_per_day", "actions_per_day")
            if key in entry
        }
        if "usd_per_day" in entry:
            caps["micros"] = self.usd(keys["usd_per_day"], entry["usd_per_day"])
        return Team(name=name, caps=caps)

    def pool(self, name: str, entry: Mapping) -> Pool:
        per_minute = self.whole(("pools", name, "per_minute"), entry, MOST_A_MINUTE)
        burst = self.whole(("pools", name, "burst"), {"burst": 1} | entry, MOST_A_MINUTE)
        return Pool(name=name, per_minute=per_minute, burst=burst)

    def whole(self, keys: tuple[str, ...], entry: Mapping, most: int) -> int:
        value = entry.get(keys[-1])
        if type(value) is not int or not 1 <= value <= most:
            raise self.wrong(keys, f"write a whole number from 1 to {most}")
        return value

    def usd(self, keys: tuple[str, ...], value: Any) -> int:
        """Return an amount in US dollars as micros."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise self.wrong(keys, "write an amount in US dollars, like 50 or 12.50")
        try:
            if micros := parse_usd(f"{value:f}" if isinstance(value, Decimal) else str(value)):
                return micros
        except BadUsd as error:
            raise self.wrong(keys, str(error)) from None
        raise self.wrong(keys, "write more than 0")

    def check_secret(self, name: str, entry: Mapping, hosts: Mapping[str, Host]) -> None:
        if entry.get("host") not in hosts:
            known = ", ".join(sorted(hosts)) or "none yet"
            raise self.wrong(("secrets", name, "host"), f"a secret is bound to one of the [hosts]: {known}")
        if entry.get("kind") not in ("hmac", "bearer"):
            raise self.wrong(
                ("secrets", name, "kind"), 'write "hmac" (a token for each call) or "bearer" (sent as it is)'
            )
        sources = [key for key in ("value_file", "env") if key in entry]
        if len(sources) != 1 or not isinstance(entry[sources[0]], str) or not entry[sources[0]]:
            raise self.wrong(("secrets", name), 'say where the value is: value_file = "secrets/NAME", or env = "NAME"')

    def check_source(self, name: str, entry: Mapping, hosts: Mapping[str, Host]) -> None:
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in SOURCE_KEYS:
            raise self.wrong(("sources", name, "kind"), 'write "sql" (a database) or "http" (one of the [hosts])')
        for key in entry:
            if key not in SOURCE_KEYS[kind]:
                message = f"not a key of a source of kind {kind}: use {', '.join(sorted(SOURCE_KEYS[kind]))}"
                raise self.wrong(("sources", name, key), message)
        if kind == "sql":
            self.check_sql_source(name, entry)
        else:
            self.check_http_source(name, entry, hosts)

    def check_sql_source(self, name: str, entry: Mapping) -> None:
        given = [key for key in ("dsn_file", "dsn_env") if key in entry]
        if len(given) != 1 or not isinstance(entry[given[0]], str) or not entry[given[0]]:
            message = 'say where the address is: dsn_file = "secrets/NAME_dsn", or dsn_env = "NAME"'
            raise self.wrong(("sources", name), message)
        schemas = entry.get("schemas", ["public"])
        if not isinstance(schemas, list) or not schemas or not all(isinstance(x, str) and x for x in schemas):
            raise self.wrong(("sources", name, "schemas"), 'write the schemas it shows: schemas = ["public"]')
        for schema in schemas:
            if schema == "information_schema" or schema.startswith("pg_"):
                message = f"{schema} is PostgreSQL's own: name the schemas that hold the facts"
                raise self.wrong(("sources", name, "schemas"), message)

    def check_http_source(self, name: str, entry: Mapping, hosts: Mapping[str, Host]) -> None:
        if not isinstance(entry.get("host"), str) or entry["host"] not in hosts:
            known = ", ".join(sorted(hosts)) or "none yet"
            raise self.wrong(("sources", name, "host"), f"a source of kind http is one of the [hosts]: {known}")
        if "secret" in entry:
            secret = self.document.get("secrets", {}).get(str(entry["secret"]))
            if secret is None:
                raise self.wrong(("sources", name, "secret"), "a source's secret is one of the [secrets]")
            if secret["host"] != entry["host"]:
                message = f"this secret is bound to the host {secret['host']}, and is never shown to another"
                raise self.wrong(("sources", name, "secret"), message)

    def dsn(self, entry: Mapping) -> tuple[str, str]:
        """Return a database's address, or what keeps it from being used (a sentence that doesn't repeat it)."""
        value, problem = self.private(entry, "dsn_file", "dsn_env")
        if problem:
            return "", problem
        try:
            dsn = value.decode()
            conninfo_to_dict(dsn)
        except (UnicodeDecodeError, psycopg.ProgrammingError):
            return "", "it isn't an address of PostgreSQL: write postgresql://ROLE:PASSWORD@HOST/DATABASE there."
        return dsn, "" if dsn.strip() else "the address is empty."

    def value(self, entry: Mapping) -> tuple[bytes, str]:
        """Return the secret's bytes, or what keeps it from being used (a sentence)."""
        value, problem = self.private(entry, "value_file", "env")
        if not problem and len(value) < SHORTEST_SECRET:
            problem = f"it has {len(value)} bytes; give it at least {SHORTEST_SECRET}."
        if not problem and entry["kind"] == "bearer" and not re.fullmatch(rb"[\x21-\x7e]+", value):
            problem = "a bearer secret is sent in a header: one word of visible ASCII characters."
        return value, problem

    def private(self, entry: Mapping, file: str, variable: str) -> tuple[bytes, str]:
        """Return what stands in the file or the environment variable that the entry names, or why it isn't there."""
        if variable in entry:
            value = os.environ.get(entry[variable], "").encode()
            return value, "" if value else f"the environment variable {entry[variable]} is empty or not set."
        return _read_private(self.path.parent / entry[file])

    def wrong(self, keys: tuple[str, ...], message: str) -> BadOperatorFile:
        line = _line_of(self.text, keys)
        return BadOperatorFile(f"{self.path}{f':{line}' if line else ''}: {'.'.join(keys)}: {message}.")


def _why_not_webhook(url: Any) -> str:
    """Say why events can't be posted to this address, or nothing. It is the operator's own, so it may be inside; but what
    leaves this machine is encrypted."""
    example = 'write url = "https://HOST/PATH"'
    if not isinstance(url, str) or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        return example
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"not a URL ({error})"
    if parts.scheme not in ("https", "http") or not host or parts.username is not None or parts.fragment:
        return example
    if parts.scheme == "http" and not _is_loopback(host):
        return "write https: without it, anybody on the way reads what is told"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read_private(path: Path) -> tuple[bytes, str]:
    """Return a file's bytes without the line end an editor adds, or a sentence on why it can't hold a secret."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            value = file.read().rstrip(b"\r\n")
    except OSError as error:
        return b"", f"the file {path} can't be read ({(error.strerror or 'error').lower()})."
    if mode & 0o007:
        return b"", f"everybody on this machine can read {path}: run `chmod 600 {path}`."
    return value, ""


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Find the line that a key stands on, or its table, as far as the usual way of writing TOML shows it."""
    table = re.compile(r"\s*\[+\s*" + r"\s*\.\s*".join(rf"[\"']?{re.escape(key)}[\"']?" for key in keys[:2]) + r"\s*\]")
    entry = re.compile(rf"\s*[\"']?{re.escape(keys[-1])}[\"']?\s*[=.]")
    found, inside = None, len(keys) == 1
    for number, line in enumerate(text.splitlines(), start=1):
        if table.match(line):
            found, inside = number, True
        elif line.lstrip().startswith("["):
            inside = False
        elif inside and len(keys) != 2 and entry.match(line):
            return number
    return found
