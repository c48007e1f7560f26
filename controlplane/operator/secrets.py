"""What tools show when they call: each secret bound to one host."""

import re
from collections.abc import Mapping

from agents.tools.base import Host, Secret
from controlplane.operator.file import OperatorFile

SHORTEST_SECRET = 16  # bytes; shorter ones can be guessed from a single signed call


def secrets(file: OperatorFile, hosts: Mapping[str, Host]) -> tuple[dict[str, Secret], dict[str, str]]:
    secrets, unusable = {}, {}
    for name, entry in file.tables("secrets"):
        _check(file, name, entry, hosts)
        value, problem = _value(file, entry)
        if problem:
            unusable[name] = problem
        else:
            secrets[name] = Secret(name=name, host=entry["host"], kind=entry["kind"], value=value)
    return secrets, unusable


def _check(file: OperatorFile, name: str, entry: Mapping, hosts: Mapping[str, Host]) -> None:
    if entry.get("host") not in hosts:
        known = ", ".join(sorted(hosts)) or "none yet"
        raise file.wrong(("secrets", name, "host"), f"a secret is bound to one of the [hosts]: {known}")
    if entry.get("kind") not in ("hmac", "bearer"):
        raise file.wrong(("secrets", name, "kind"), 'write "hmac" (a token for each call) or "bearer" (sent as it is)')
    sources = [key for key in ("value_file", "env") if key in entry]
    if len(sources) != 1 or not isinstance(entry[sources[0]], str) or not entry[sources[0]]:
        raise file.wrong(("secrets", name), 'say where the value is: value_file = "secrets/NAME", or env = "NAME"')


def _value(file: OperatorFile, entry: Mapping) -> tuple[bytes, str]:
    """Return the secret's bytes, or what keeps it from being used (a sentence)."""
    value, problem = file.private(entry, "value_file", "env")
    if not problem and len(value) < SHORTEST_SECRET:
        problem = f"it has {len(value)} bytes; give it at least {SHORTEST_SECRET}."
    if not problem and entry["kind"] == "bearer" and not re.fullmatch(rb"[\x21-\x7e]+", value):
        problem = "a bearer secret is sent in a header: one word of visible ASCII characters."
    return value, problem
