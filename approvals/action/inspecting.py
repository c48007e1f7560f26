"""Can a person inspect this at all? What can't be looked at can't be approved from tier 3 on. Only reads."""

import json
from collections.abc import Callable, Iterator

from agents import present
from agents.binding import stored_arguments
from agents.models import Action
from agents.policy.values import from_json, shown
from agents.policy.verdict import Missing
from approvals import inert

TIER = 3  # from here on nobody approves what nobody can inspect
MAX_FIELDS = 1_000
_SAID = 3  # reasons in one sentence


def why_uninspectable(action: Action) -> str | None:
    """Return why nobody can approve this action as it stands, or None.

    Asks nothing of who wants to approve: it holds for everybody, break-glass included. Rejecting stays possible.
    """
    if action.effective_tier < TIER:
        return None
    found = reasons(action)
    if not found:
        return None
    more = f"; and {len(found) - _SAID} more" if len(found) > _SAID else ""
    return f"Nobody can approve what can't be inspected: {'; '.join(found[:_SAID])}{more}. Reject it; it may be proposed anew."


def reasons(action: Action) -> list[str]:
    """Return everything about an action that a person can't inspect, at any tier; [] when all of it can be."""
    try:
        arguments, fields = present.arguments(action), _count(stored_arguments(action.payload))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # not what the tool's schema describes
        return ["its arguments can't be read"]
    found = [f"it has more than {MAX_FIELDS:,} fields"] if fields > MAX_FIELDS else []
    critical = set(action.definition.body.get("critical", ()))
    for name, text in arguments:
        label = f"the argument {_named(name)}"
        found += [f"{label} {why}" for why in _why_not(text)]
        if name in critical and any(map(inert.is_tag, text)):
            found.append(f"{label} is critical and holds tag characters, which only serve to hide words")
    try:
        found += [f"{label} {why}" for label, text in _beside(action) for why in _why_not(text)]
    except (ValueError, KeyError, TypeError):  # a fact that isn't stored as facts are
        found.append("what was looked up for it can't be read")
    return found


def _beside(action: Action) -> Iterator[tuple[str, str]]:
    """Yield what else is decided on, and the agent's words, with what they are called."""
    for name, row in action.facts.items():
        value = from_json(row["value"])
        if not isinstance(value, Missing):
            yield f"the fact {_named(name)}", value if isinstance(value, str) else _written(value, default=shown)
    content = action.content
    yield "its rationale", content.rationale
    yield "its claims", "\n".join(f"{name}: {_text(value)}" for name, value in content.claims.items())
    yield "where it says it looked", _written(content.provenance)


def _why_not(text: str) -> Iterator[str]:
    if len(text) > inert.SHOWN:
        yield f"is longer than the {inert.SHOWN:,} characters a page shows"
    elif (chips := inert.count_hidden(text)) > inert.MAX_CHIPS:
        yield f"holds characters that don't show in {chips:,} places"


def _count(arguments: dict) -> int:
    """Count values, however deep. Stops where it no longer matters."""
    count, waiting = 0, list(arguments.values())
    while waiting and count <= MAX_FIELDS:
        value = waiting.pop()
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        if inside is None:
            count += 1
        else:
            waiting.extend(inside)
    return count


def _text(value: object) -> str:
    return value if isinstance(value, str) else _written(value)


def _written(value: object, default: Callable[[object], object] | None = None) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=default)


def _named(name: str) -> str:
    return inert.as_line(name, limit=60)
