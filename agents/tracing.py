"""Which trace a request belongs to: the `traceparent` header of W3C Trace Context, read and written. Pure."""

import re
import secrets
from dataclasses import dataclass

VERSION = "00"
#: "The caller may have recorded trace data": whatever comes through here is on record.
RECORDED = "01"
# A later version may say more after what this one says; `ff` is no version at all.
_HEADER = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
_TRACE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Trace:
    """One trace (`trace_id`, 32 hex digits) and our part in it (`span_id`, 16)."""

    trace_id: str
    span_id: str

    @property
    def header(self) -> str:
        """The value of `traceparent` that names our part as the parent of what follows."""
        return f"{VERSION}-{self.trace_id}-{self.span_id}-{RECORDED}"


def joined(header: str) -> Trace:
    """Return our part in the trace that a `traceparent` names, or in a new one when it is missing or malformed.

    A malformed header is no error: the standard has it ignored (W3C Trace Context, section 3.2).
    """
    found = _HEADER.fullmatch(header.strip())
    if found is None or found["version"] == "ff" or (found["version"] == VERSION and found["more"]):
        return begun()
    if set(found["trace"]) == {"0"} or set(found["span"]) == {"0"}:
        return begun()
    return Trace(found["trace"], secrets.token_hex(8))


def begun() -> Trace:
    """Return the first part of a new trace."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def onward(trace_id: str) -> str:
    """Return the `traceparent` for a call that goes out in this trace; empty when it isn't one."""
    return Trace(trace_id, secrets.token_hex(8)).header if _TRACE.fullmatch(trace_id) else ""
