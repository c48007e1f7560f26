"""What the operator allows tools to reach: hosts and secrets, by name.

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


hosts: dict[str, Host] = {}
secrets: dict[str, Secret] = {}
#: Secrets that are named but can't be used, and why: `{"shop_api": "the file … is missing"}`.
unusable: dict[str, str] = {}


def configure(
    hosts: Mapping[str, Host], secrets: Mapping[str, Secret], unusable: Mapping[str, str] | None = None
) -> None:
    """Replace the registry as a whole with what the operator says now."""
    for registry, given in zip(_registries(), (hosts, secrets, unusable or {}), strict=True):
        registry.clear()
        registry.update(given)


def _registries() -> tuple[dict, dict, dict]:
    return hosts, secrets, unusable


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
