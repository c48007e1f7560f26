"""What the operator allows agents to reach: hosts, secrets and sources of facts, by name.

Agents name them and can't type an address or a secret. `controlplane/operator.py` reads them from the operator's file
and hands them in with `configure()`, so that this room never looks upstairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agents.errors import Refusal


class UnknownHost(Refusal):
    code, status = "unknown_host", 409
    sentence = "The operator's countersign.toml has no such host."


class UnknownSecret(Refusal):
    code, status = "unknown_secret", 409
    sentence = "The operator's countersign.toml has no such secret."


class UnknownSource(Refusal):
    code, status = "unknown_source", 409
    sentence = "The operator's countersign.toml has no such source."


@dataclass(frozen=True)
class Host:
    """Where calls may go: `url` is scheme, host and port. `loopback`: an inside address, by explicit entry."""

    name: str
    url: str
    loopback: bool = False


@dataclass(frozen=True)
class Secret:
    """What authenticates calls to one host. `hmac`: a token is minted for each call; `bearer`: sent as it is."""

    name: str
    host: str
    kind: Literal["hmac", "bearer"]
    value: bytes = field(repr=False)  # a log or an error page must not show it


@dataclass(frozen=True)
class SqlSource:
    """A database that facts are read from, with a role of the operator's that may only read. `schemas`: all it shows."""

    name: str
    dsn: str = field(repr=False)  # it holds a password
    schemas: tuple[str, ...] = ("public",)


@dataclass(frozen=True)
class HttpSource:
    """A host that facts are read from with GET, and the secret that authenticates the call, if any."""

    name: str
    host: str
    secret: str | None = None


Source = SqlSource | HttpSource

hosts: dict[str, Host] = {}
secrets: dict[str, Secret] = {}
sources: dict[str, Source] = {}
#: Secrets that are named but can't be used, and why: `{"shop_api": "the file … is missing"}`. The same for sources.
unusable: dict[str, str] = {}
unusable_sources: dict[str, str] = {}


def configure(
    hosts: Mapping[str, Host],
    secrets: Mapping[str, Secret],
    unusable: Mapping[str, str] | None = None,
    sources: Mapping[str, Source] | None = None,
    unusable_sources: Mapping[str, str] | None = None,
) -> None:
    """Replace the registry as a whole with what the operator says now."""
    given = (hosts, secrets, unusable or {}, sources or {}, unusable_sources or {})
    for registry, new in zip(_registries(), given, strict=True):
        registry.clear()
        registry.update(new)


def _registries() -> tuple[dict, ...]:
    return hosts, secrets, unusable, sources, unusable_sources


def host(name: str) -> Host:
    """Return the host of this name. Raises UnknownHost."""
    if name not in hosts:
        known = ", ".join(sorted(hosts)) or "none"
        raise UnknownHost(
            f"There is no host {name!r}: the operator adds [hosts.{name}] to countersign.toml. Known: {known}."
        )
    return hosts[name]


def secret(name: str) -> Secret:
    """Return the secret of this name. Raises UnknownSecret, which says what keeps a named one from being used."""
    if name in unusable:
        raise UnknownSecret(f"The secret {name!r} can't be used: {unusable[name]}")
    if name not in secrets:
        raise UnknownSecret(f"There is no secret {name!r}: the operator adds [secrets.{name}] to countersign.toml.")
    return secrets[name]


def source(name: str) -> Source:
    """Return the source of this name. Raises UnknownSource, which says what keeps a named one from being used."""
    if name in unusable_sources:
        raise UnknownSource(f"The source {name!r} can't be used: {unusable_sources[name]}")
    if name not in sources:
        known = ", ".join(sorted(sources)) or "none"
        raise UnknownSource(
            f"There is no source {name!r}: the operator adds [sources.{name}] to countersign.toml. Known: {known}."
        )
    return sources[name]
