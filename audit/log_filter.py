"""Log lines without personal data and secrets, in which nobody can write a line of their own."""

import logging
import re
import traceback

from audit.redaction import ALL, UNREAD, find, mask, redact_value

KINDS = tuple(kind for kind in ALL if kind != "ip")  # who called from where is what an access log is for
MAX_LINE = 32_768
_MARGIN = 4_096  # searched beyond the cut, so that no find is cut in two and shown by half
_SHORT = 200
# Whatever a terminal or a reader of logs may take for an order or for the end of a line, but for tab and line feed.
_CONTROLS = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029]")

_SUSPECT = re.compile(
    r"@|%40|&#|://|pass|pwd|\bpw\b|secret|token|key|credential|session|cookie|bearer|authoriz|\bpin\b|otp|cvv|cvc|code"
    r"|kennwort|contrase|[\[({] ?at ?[\])}]| (?:dot|punkt|punto) |\d(?:[^\d\n]{0,3}\d){6}|[\w\-./+=:]{16}",
    re.IGNORECASE,
)


class RedactingFilter(logging.Filter):
    """Masks personal data and secrets (all kinds but IP addresses) in a record before any handler writes it.

    Put it on handlers: a logger's own filters don't see what its children log. The message, its arguments, the exception
    and the stack are masked; fields added by `extra` aren't. What continues a line is indented, so that nobody's text can
    pass for a line of ours, and controls are written as \\x1b (CWE-117). A text ends after 32,768 characters. Never
    raises, never drops a record.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            _clean_message(record)
            _clean_traces(record)
        except Exception:  # noqa: BLE001 - a line that can't be searched is not written, whatever the reason
            record.msg, record.args = f"{UNREAD} (this line couldn't be searched for personal data)", ()
            record.exc_info = record.exc_text = record.stack_info = None
        return True


def _clean_message(record: logging.LogRecord) -> None:
    message = record.getMessage()
    if _continued(_clean(message)) == message:
        return
    if record.args and _fits(record, _clean_args(record.args)):
        record.args = _clean_args(record.args)  # some formatters take the arguments apart: they keep number and order
        message = record.getMessage()
    cleaned = _continued(_clean(message))
    if cleaned != message:
        record.msg, record.args = cleaned, ()


def _fits(record: logging.LogRecord, args: tuple | dict) -> bool:
    """Whether the message can be written with these arguments: a masked number is text, which %d refuses."""
    try:
        str(record.msg) % args
    except (TypeError, ValueError):
        return False
    return True


def _clean_args(args: tuple | dict) -> tuple | dict:
    cleaned = redact_value(args, KINDS)[0]
    return cleaned if isinstance(args, dict) else tuple(_as_plain(value) for value in cleaned)


def _as_plain(value: object) -> object:
    """Return what isn't a plain value as masked text: an exception or a model as an argument is written by its `str`."""
    return value if isinstance(value, str | int | float | dict | list | None) else _clean(str(value))


def _clean_traces(record: logging.LogRecord) -> None:
    """Write the exception out now, masked: a formatter that finds `exc_text` doesn't write its own."""
    if record.exc_info and not record.exc_text:
        record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    record.exc_info = None
    if record.exc_text:
        record.exc_text = _continued(f"\n{_clean(record.exc_text)}").removeprefix("\n")
    if record.stack_info:
        record.stack_info = _continued(f"\n{_clean(record.stack_info)}").removeprefix("\n")


def _continued(text: str) -> str:
    """Return a text whose every further line is indented, with its controls written out."""
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text).replace("\n", "\n    ")


def _clean(text: str) -> str:
    if len(text) <= _SHORT and text.isascii() and text.isprintable() and not _SUSPECT.search(text):
        return text
    spans = find(text[: MAX_LINE + _MARGIN], KINDS)
    if len(text) <= MAX_LINE:
        return mask(text, spans)
    cut = min([MAX_LINE, *(span.start for span in spans if span.start < MAX_LINE < span.end)])
    shown = mask(text[:cut], [span for span in spans if span.end <= cut])
    return f"{shown} [{len(text) - cut} more characters weren't written]"
