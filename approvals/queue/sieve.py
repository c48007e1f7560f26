"""Pure: what a filter lets through, how many more each of its values would, in which order, and in which groups."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.queue.asked import CLAIMS, DUES, SECTIONS, TIERS, Asked
from approvals.queue.items import Item

#: The filters whose values are counted, each with its values in the order they are offered (None: as they turn up).
COUNTED = {
    "section": SECTIONS, "tier": TIERS, "agent": None, "tool": None, "rule": None, "due": DUES, "claimed": CLAIMS
}  # fmt: skip
_HOUR, _DAY = 3600, 86400


@dataclass(frozen=True)
class Choice:
    """One value of a filter: how it reads, and how many items it would show beside all the other filters."""

    value: str
    label: str
    count: int
    chosen: bool


def failing(item: Item, asked: Asked, *, me: int, now: datetime) -> set[str]:
    """Return the filters that leave the item out."""
    return _failing(item, asked, _wanted(asked), values_of(item, me=me, now=now.timestamp()))


def _failing(item: Item, asked: Asked, wanted: dict[str, set[str]], has: dict[str, tuple[str, ...]]) -> set[str]:
    out = {name for name, values in wanted.items() if values.isdisjoint(has[name])}
    if asked.least is not None and item.impact < asked.least * 100:
        out.add("from")
    if asked.most is not None and item.impact > asked.most * 100:
        out.add("to")
    return out


def values_of(item: Item, *, me: int, now: float) -> dict[str, tuple[str, ...]]:
    """Return the values of each counted filter that would let the item through, each once."""
    return {
        "section": (item.section,),
        "tier": (str(item.tier),),
        "agent": (item.agent,),
        "tool": (item.tool,),
        "rule": item.rules,
        "due": _dues(item, now),
        "claimed": (("anyone", "me") if me in item.claimants else ("anyone",)) if item.claimants else ("nobody",),
    }


def _dues(item: Item, now: float) -> tuple[str, ...]:
    due = item.due
    if due is None or item.section == "on_hold":
        return ()
    when = "late" if due <= now else "hour" if due <= now + _HOUR else ""
    today = now - now % _DAY <= due < now - now % _DAY + _DAY
    return ((when, "today") if today else (when,)) if when else ("today",) if today else ()


def _wanted(asked: Asked) -> dict[str, set[str]]:
    """Return the counted filters that are asked for, with the values that are."""
    values = ((name, getattr(asked, name)) for name in COUNTED)
    return {name: {value} if isinstance(value, str) else set(value) for name, value in values if value}


def sift(items: Iterable[Item], asked: Asked, *, me: int, now: datetime) -> tuple[list[Item], dict[str, list[Choice]]]:
    """Return what the filters let through, and the choices of each filter, all in one pass."""
    wanted, at = _wanted(asked), now.timestamp()
    through, worth = [], {name: [] for name in COUNTED}
    for item in items:
        has = values_of(item, me=me, now=at)
        out = _failing(item, asked, wanted, has)
        if not out:
            through.append(item)
        # A value is worth what it would show in the place of the chosen one, all the other filters as they are.
        for name in COUNTED if not out else out & COUNTED.keys() if len(out) == 1 else ():
            worth[name] += has[name]
    return through, {name: _choices(name, Counter(worth[name]), wanted.get(name, set())) for name in COUNTED}


def _choices(name: str, counts: Counter, chosen: set[str]) -> list[Choice]:
    known = COUNTED[name]
    values = list(known) if known else sorted({*counts, *chosen})
    labels = known or {}
    return [
        Choice(one, labels.get(one, one), counts[one], one in chosen) for one in values if counts[one] or one in chosen
    ]


_SORTS: dict[str, Callable[[Item], tuple]] = {
    "bands": lambda item: (),
    "due": lambda item: (item.due is None, item.due or 0),
    "tier": lambda item: (-item.tier,),
    "impact": lambda item: (-item.impact,),
    "age": lambda item: (item.created,),
}


def in_order(items: Iterable[Item], asked: Asked) -> list[Item]:
    """Return the items of one section in the order asked for; equals stand as they do without it."""
    return sorted(sorted(items, key=lambda item: item.key), key=_SORTS[asked.sort])


def groups_of(items: Sequence[Item], asked: Asked) -> list[tuple[str, list[Item]]]:
    """Return the items by customer or run, each group where its first item stands. What has neither stands last."""
    if asked.group == "none":
        return [("", list(items))]
    groups: dict[str, list[Item]] = {}
    for item in items:
        name = item.customer if asked.group == "customer" else str(item.run_id or "")
        groups.setdefault(name, []).append(item)
    return sorted(groups.items(), key=lambda group: not group[0])
