"""What the operator names for agents: hosts, secrets and sources of facts, and what runs need (scripts, runtimes, teams
whose budget they spend, pools of a rate).

Agents name them and can't type an address, a secret or code. `controlplane/operator/` reads them from the operator's file
and hands them in with `configure()`, so that this room never looks upstairs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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


class UnknownTeam(Refusal):
    code, status = "unknown_team", 409
    sentence = "The operator's countersign.toml has no such team."


class UnknownPool(Refusal):
    code, status = "unknown_pool", 409
    sentence = "The operator's countersign.toml has no such pool."


class UnknownScript(Refusal):
    code, status = "unknown_script", 409
    sentence = "The operator's countersign.toml has no such script."


class UnknownKind(Refusal):
    code, status = "unknown_runtime", 409
    sentence = "The operator's countersign.toml has no such runtime."


@dataclass(frozen=True)
class Host:
    """Where calls may go: `url` is scheme, host and port. `loopback`: an inside address, by explicit entry.

    `per_minute`: how many calls it gets at most; None is as many as there are.
    """

    name: str
    url: str
    loopback: bool = False
    per_minute: int | None = None


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


@dataclass(frozen=True)
class Team:
    """Several agents that spend one daily budget. `caps`: by unit (tokens, micros, actions), those that there are."""

    name: str
    caps: Mapping[str, int]


@dataclass(frozen=True)
class Pool:
    """A rate that several agents share: steps a minute, evenly spread, but for `burst` of them at once."""

    name: str
    per_minute: int
    burst: int


Source = SqlSource | HttpSource

hosts: dict[str, Host] = {}
secrets: dict[str, Secret] = {}
sources: dict[str, Source] = {}
teams: dict[str, Team] = {}
pools: dict[str, Pool] = {}
scripts: dict[str, Callable] = {}
runtimes: dict[str, Callable[[], Any]] = {}  # by kind: what makes one, see `agents.runtimes.base`
#: Secrets that are named but can't be used, and why: `{"shop_api": "the file … is missing"}`. The same for the others.
unusable: dict[str, str] = {}
unusable_sources: dict[str, str] = {}
unusable_scripts: dict[str, str] = {}
unusable_runtimes: dict[str, str] = {}


def configure(
    hosts: Mapping[str, Host],
    secrets: Mapping[str, Secret],
    unusable: Mapping[str, str] | None = None,
    sources: Mapping[str, Source] | None = None,
    unusable_sources: Mapping[str, str] | None = None,
    **others: Mapping[str, Any],
) -> None:
    """Replace the registry as a whole with what the operator says now.

    `others`: teams, pools, scripts, runtimes, unusable_scripts and unusable_runtimes; what isn't given is empty.
    """
    given = {"hosts": hosts, "secrets": secrets, "unusable": unusable, "sources": sources}
    given |= {"unusable_sources": unusable_sources} | others
    for name, registry in _registries().items():
        registry.clear()
        registry.update(given.pop(name, None) or {})
    if given:
        raise TypeError(f"there is no registry of {', '.join(given)}")


def _registries() -> dict[str, dict]:
    return {
        "hosts": hosts,
        "secrets": secrets,
        "unusable": unusable,
        "sources": sources,
        "unusable_sources": unusable_sources,
        "teams": teams,
        "pools": pools,
        "scripts": scripts,
        "unusable_scripts": unusable_scripts,
        "runtimes": runtimes,
        "unusable_runtimes": unusable_runtimes,
    }


def host(name: str) -> Host:
    """Return the host of this name. Raises UnknownHost."""
    return _find("host", name, hosts, {}, UnknownHost)


def secret(name: str) -> Secret:
    """Return the secret of this name. Raises UnknownSecret, which says what keeps a named one from being used."""
    if name in unusable:
        raise UnknownSecret(f"The secret {name!r} can't be used: {unusable[name]}")
    if name not in secrets:  # which others there are is nobody's business
        raise UnknownSecret(f"There is no secret {name!r}: the operator adds [secrets.{name}] to countersign.toml.")
    return secrets[name]


def source(name: str) -> Source:
    """Return the source of this name. Raises UnknownSource, which says what keeps a named one from being used."""
    return _find("source", name, sources, unusable_sources, UnknownSource)


def team(name: str) -> Team:
    """Return the team of this name. Raises UnknownTeam."""
    return _find("team", name, teams, {}, UnknownTeam)


def pool(name: str) -> Pool:
    """Return the pool of this name. Raises UnknownPool."""
    return _find("pool", name, pools, {}, UnknownPool)


def script(name: str) -> Callable:
    """Return the script's function. Raises UnknownScript, which says what keeps a named one from being used."""
    return _find("script", name, scripts, unusable_scripts, UnknownScript)


def runtime(kind: str) -> Callable[[], Any]:
    """Return what makes a runtime of the operator's own kind. Raises UnknownKind, which says what keeps a named one from
    being used."""
    return _find("runtime", kind, runtimes, unusable_runtimes, UnknownKind)


def _find(noun: str, name: str, found: Mapping, unusable: Mapping[str, str], unknown: type[Refusal]) -> Any:
    if name in unusable:
        raise unknown(f"The {noun} {name!r} can't be used: {unusable[name]}")
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise unknown(
            f"There is no {noun} {name!r}: the operator adds [{noun}s.{name}] to countersign.toml. Known: {known}."
        )
    return found[name]
