"""The systems the operator wants told: `[webhooks.NAME]` of countersign.toml, handed in by `configure()`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.errors import Refusal


class UnknownWebhook(Refusal):
    code, status = "unknown_webhook", 404
    sentence = "The operator's countersign.toml has no such webhook."


@dataclass(frozen=True)
class Endpoint:
    """Where events go, signed. `events`: the verbs it asks for. The address may hold a token: it is shown to nobody.

    `loopback`: an inside address, by the operator's explicit word.
    """

    name: str
    url: str = field(repr=False)
    events: frozenset[str]
    secret: bytes = field(repr=False, default=b"")
    loopback: bool = False


endpoints: dict[str, Endpoint] = {}
#: Those that are named but can't be used, and why. Their events wait for the operator as long as any other.
unusable: dict[str, str] = {}


def configure(found: Mapping[str, Endpoint], cannot: Mapping[str, str] | None = None) -> None:
    """Replace the registry as a whole with what the operator says now. `found` holds the unusable ones, too."""
    endpoints.clear()
    endpoints.update(found)
    unusable.clear()
    unusable.update(cannot or {})


def wanted() -> frozenset[str]:
    """Return every verb that some endpoint asks for."""
    return frozenset().union(*(endpoint.events for endpoint in endpoints.values()))


def asking_for(verb: str) -> list[str]:
    """Return the names of the endpoints that ask for this verb."""
    return sorted(name for name, endpoint in endpoints.items() if verb in endpoint.events)


def find(name: str) -> Endpoint:
    """Return the endpoint of this name. Raises UnknownWebhook."""
    if name not in endpoints:
        known = ", ".join(sorted(endpoints)) or "none"
        raise UnknownWebhook(
            f"There is no webhook {name!r}: the operator adds [webhooks.{name}] to countersign.toml. Known: {known}."
        )
    return endpoints[name]
