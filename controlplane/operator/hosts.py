"""Where tools may call, and how much teams and pools may use."""

from collections.abc import Mapping

from agents.tools.base import Host, Pool, Team
from controlplane.addresses import why_not_address
from controlplane.operator.file import OperatorFile

MOST_A_MINUTE = 1_000_000
MOST_A_DAY = 10**12


def host(file: OperatorFile, name: str, entry: Mapping) -> Host:
    url, loopback = entry.get("url"), entry.get("loopback", False)
    if not isinstance(url, str):
        raise file.wrong(("hosts", name, "url"), 'write url = "https://…"')
    if not isinstance(loopback, bool):
        raise file.wrong(("hosts", name, "loopback"), "write true or false, without quotes")
    if problem := why_not_address(url, loopback=loopback):
        raise file.wrong(("hosts", name, "url"), problem)
    per_minute = file.whole(("hosts", name, "per_minute"), entry, MOST_A_MINUTE) if "per_minute" in entry else None
    return Host(name=name, url=url.rstrip("/"), loopback=loopback, per_minute=per_minute)


def team(file: OperatorFile, name: str, entry: Mapping) -> Team:
    if not entry:
        raise file.wrong(("teams", name), "it caps nothing: write usd_per_day, tokens_per_day or actions_per_day")
    keys = {key: ("teams", name, key) for key in entry}
    caps = {
        key.removesuffix("_per_day"): file.whole(keys[key], entry, MOST_A_DAY)
        for key in ("tokens_per_day", "actions_per_day")
        if key in entry
    }
    if "usd_per_day" in entry:
        caps["micros"] = file.usd(keys["usd_per_day"], entry["usd_per_day"])
    return Team(name=name, caps=caps)


def pool(file: OperatorFile, name: str, entry: Mapping) -> Pool:
    per_minute = file.whole(("pools", name, "per_minute"), entry, MOST_A_MINUTE)
    burst = file.whole(("pools", name, "burst"), {"burst": 1} | entry, MOST_A_MINUTE)
    return Pool(name=name, per_minute=per_minute, burst=burst)
