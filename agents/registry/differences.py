"""What changed between two values of a definition or two versions of a policy, in words that fit on a line."""

import json
from collections.abc import Iterator
from dataclasses import fields

from agents.agentfile import budget
from agents.policy.language import Policy
from agents.spikes import FACTOR

MAX_PARTS = 8
MAX_SHOWN = 60
#: Parts of a policy that are nothing but names.
_NAMES = ("lists", "redact")
#: What holds although the file doesn't say it: naming more than this is naming less protection.
_UNSAID = {"spike": FACTOR}


def differences(before: dict, after: dict) -> str:
    """Return every changed key with what it was and is: `tier 2 -> 1, connector.path /a -> /b`; past 8 only how many."""
    return _listed(list(_walk(before, after, "")))


def policy_changes(before: Policy, after: Policy) -> str:
    """Return what a version changes: `rules + day-cap, ~ big (when, slots), - small; mode swarm -> read_only`."""
    parts = [_named("rules", {rule.id: rule for rule in before.rules}, {rule.id: rule for rule in after.rules})]
    parts += [_named(key, getattr(before, key), getattr(after, key)) for key in ("facts", "claims", "calendars")]
    parts += [_named(key, dict.fromkeys(getattr(before, key)), dict.fromkeys(getattr(after, key))) for key in _NAMES]
    parts += [
        f"{key} {shown(getattr(before, key))} -> {shown(getattr(after, key))}"
        for key in ("name", "mode")
        if getattr(before, key) != getattr(after, key)
    ]
    parts += [key for key in ("keep", "cases") if getattr(before, key) != getattr(after, key)]
    return "; ".join(part for part in parts if part) or "the same in other words"


def budget_changes(before: dict, after: dict) -> str:
    """Return the caps that changed, as the agent file words them: `usd_per_day 50 -> 80, depth none -> 3`."""
    return differences(*({key: str(cap) for key, cap in budget.said(caps).items()} for caps in (before, after)))


def loosens(before: dict, after: dict) -> bool:
    """Return whether a budget lets more be spent than the one before: a cap went up, or is gone."""
    unlimited = float("inf")
    return any(
        after.get(key, _UNSAID.get(key, unlimited)) > before.get(key, _UNSAID.get(key, unlimited))
        for key in {*before, *after}
    )


def shown(value) -> str:
    """Return a value on one line, cut at 60 characters; what isn't there is "none"."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        text = f"[{', '.join(value)}]"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _named(key: str, before: dict, after: dict) -> str:
    """Return `rules + a, ~ b (when), - c` for what is known by its name, or an empty text."""
    changes = [f"+ {name}" for name in after if name not in before]
    changes += [f"~ {name}{_parts(before[name], after[name])}" for name in after if _differs(name, before, after)]
    changes += [f"- {name}" for name in before if name not in after]
    return f"{key} {_listed(changes)}" if changes else ""


def _differs(name: str, before: dict, after: dict) -> bool:
    return name in before and before[name] != after[name]


def _parts(before, after) -> str:
    return f" ({', '.join(field.name for field in fields(after) if _moved(field, before, after))})"


def _moved(field, before, after) -> bool:
    return field.compare and getattr(before, field.name) != getattr(after, field.name)


def _listed(changes: list[str]) -> str:
    more = [f"and {len(changes) - MAX_PARTS} more"] if len(changes) > MAX_PARTS else []
    return ", ".join(changes[:MAX_PARTS] + more)


def _walk(before: dict, after: dict, path: str) -> Iterator[str]:
    for key in dict.fromkeys([*after, *before]):
        old, new, at = before.get(key), after.get(key), f"{path}.{key}" if path else key
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _walk(old, new, at)
        elif old != new or (key in before) != (key in after) or type(old) is not type(new):
            yield f"{at} {shown(old)} -> {shown(new)}"
