"""What changed between two values of a definition, from and to, in words short enough for one line."""

import json
from collections.abc import Iterator

MAX_PARTS = 8
MAX_SHOWN = 60


def differences(before: dict, after: dict) -> str:
    """Return every changed key with what it was and is: `tier 2 -> 1, connector.path /a -> /b`; past 8 only how many."""
    parts = list(_walk(before, after, ""))
    more = [f"and {len(parts) - MAX_PARTS} more"] if len(parts) > MAX_PARTS else []
    return ", ".join(parts[:MAX_PARTS] + more)


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


def _walk(before: dict, after: dict, path: str) -> Iterator[str]:
    for key in dict.fromkeys([*after, *before]):
        old, new, at = before.get(key), after.get(key), f"{path}.{key}" if path else key
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _walk(old, new, at)
        elif old != new or (key in before) != (key in after) or type(old) is not type(new):
            yield f"{at} {shown(old)} -> {shown(new)}"
