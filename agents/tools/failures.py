"""Why something that was wanted didn't happen, in the words runtimes know: told from an action's end and its error code."""

from types import MappingProxyType

from agents.runtimes.base import Failure

#: Ends that say it by themselves. What another revision or definition replaced was never decided: it is withdrawn.
_BY_STATE = MappingProxyType(
    {
        "succeeded": "",
        "denied": "denied",
        "rejected": "rejected",
        "withdrawn": "withdrawn",
        "superseded": "withdrawn",
        "expired": "expired",
        "refused": "refused",
        "unknown": "unknown",
    }
)
#: The tool found fault with what was asked: other parameters may do. 404 and 410 name something that isn't there, 413 is
#: too much at once. A 409 is a no to the thing itself as it stands, whatever the parameters: that is a refusal.
_FAULT_WITH_PARAMETERS = frozenset({400, 404, 410, 413, 422})
_REFUSED, _NOT_NOW = "tool_refused_", "tool_answered_"
_TIMEOUTS = frozenset({"tool_timeout"})
#: Nobody answered, or whoever made the attempt is gone.
_UNREACHED = frozenset(
    {
        "tool_unreachable",
        "address_refused",
        "connection_lost",
        "worker_lost",
        "retry_window_over",
        "unknown_host",
        "unknown_secret",
    }
)
#: Failures that are no word of the tool's about itself: a worker died, or the operator's file lacks something.
_OUR_OWN = frozenset({"", "address_refused", "worker_lost", "retry_window_over", "unknown_host", "unknown_secret"})


def failure_of(state: str, error: dict | None) -> Failure:
    """Return why an action that has ended, or whose outcome is unknown, didn't succeed; "" when it did.

    `error` is the action's own, with its `code`. Raises ValueError for a state that is no end.
    """
    if state in _BY_STATE:
        return _BY_STATE[state]
    if state != "failed":
        raise ValueError(f"an action that is {state} hasn't ended")
    return _of_code((error or {}).get("code", ""))


def _of_code(code: str) -> Failure:
    if code in _TIMEOUTS:
        return "timeout"
    if code in _UNREACHED:
        return "unavailable"
    if code.startswith(_REFUSED):
        return "invalid" if _status(code, _REFUSED) in _FAULT_WITH_PARAMETERS else "refused"
    if code.startswith(_NOT_NOW):
        # A redirect is no refusal, and it may have taken effect: then people said that it didn't, but not why.
        return "unknown" if 300 <= _status(code, _NOT_NOW) < 400 else "unavailable"
    # An answer that couldn't be read says nothing; what else ends a try is the gate, which wouldn't let another follow.
    return "unknown" if code in ("", "answer_too_large", "answer_unreadable") else "refused"


def _status(code: str, mark: str) -> int:
    digits = code.removeprefix(mark)
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def shows_down(reason: str, *, answered: bool) -> bool | None:
    """Say whether an attempt shows that its tool is down; None when it says nothing about the tool.

    `reason` is the result's, `answered` whether the tool gave a clear yes or no: then it is up, whatever it said.
    """
    if answered:
        return False
    if reason in _OUR_OWN:
        return None
    return _of_code(reason) in ("timeout", "unavailable")
