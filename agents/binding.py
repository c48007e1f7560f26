"""Pure: what an approval binds to. The digest covers the arguments, the whole tool definition, policy, facts and scope."""

from dataclasses import dataclass

from agents import canonical, wire

VERSION = 1
CREDENTIAL_SECONDS = 300


@dataclass(frozen=True)
class Bound:
    """The digests of one action and the scope of the credential that may be minted for it."""

    digest: str
    wire_version: int
    wire_digest: str
    scope: dict


def stored_arguments(payload: bytes) -> dict:
    """Read canonical arguments back. Our own bytes: they may be a little larger than what a door accepts."""
    return canonical.parse_json(bytes(payload), max_bytes=4 * 1024 * 1024, max_members=100_000)


def bind(*, definition: dict, args: dict, policy: str, facts: dict | None = None, release: str | None = None) -> Bound:
    """Bind canonical arguments to a tool definition. The same inputs give the same digests in any process.

    Raises wire.NotSendable when the arguments can't be put into the tool's request.
    """
    request = wire.wire_request(definition, args, version=wire.WIRE_VERSION)
    connector = definition["connector"]
    scope = {
        "host": connector["host"],
        "method": request.method,
        "path": request.path,
        "secret": connector.get("secret"),
        "seconds": CREDENTIAL_SECONDS,
    }
    digest = canonical.digest_of(
        {
            "v": VERSION,
            "args": args,
            "tool": definition,
            "release": release,
            "policy": policy,
            "facts": facts or {},
            "scope": scope,
        }
    )
    return Bound(digest=digest, wire_version=wire.WIRE_VERSION, wire_digest=request.digest(), scope=scope)
