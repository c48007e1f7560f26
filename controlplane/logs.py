"""How log lines look: text for people, JSON for machines. Either way one event is one line that was searched for secrets.

`audit.log_filter` masks messages and traces. What stands beside the message is never searched, so only the fields named
here are written, and only in characters that can't begin a line.
"""

import logging
import re
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

#: What a line may carry beside its message (`extra=`), all of our own making.
FIELDS = ("request_id", "trace_id", "principal", "method", "route", "status", "ms")
#: Those that the text form writes at the end: the message of an access line says the others.
IN_TEXT = ("request_id", "trace_id", "principal")
FORMATS = ("text", "json")
_ODD = re.compile(r"[^\w.:@/-]", re.ASCII)
_LONGEST = 100


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a record that may be written, harmless."""
    found = {name: getattr(record, name, None) for name in FIELDS}
    return {name: _harmless(value) for name, value in found.items() if value not in (None, "")}


def _harmless(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    return _ODD.sub("?", str(value))[:_LONGEST]


class TextLine(logging.Formatter):
    """`2026-01-31 12:00:00,000 INFO countersign.access GET queue 200 12.3ms request_id=... principal=person:7`"""

    def __init__(self):
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = fields_of(record)
        beside = "".join(f" {name}={fields[name]}" for name in IN_TEXT if name in fields)
        return super().formatMessage(record) + beside


class JsonLine(JsonFormatter):
    """One JSON object a line, pure ASCII: `at`, `level`, `logger`, `message`, the fields, and `exception` or `stack`."""

    def add_fields(self, log_data: dict, record: logging.LogRecord, message_dict: dict) -> None:
        """Fill in what is written; of `extra` only the named fields are."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"at": at, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        log_data |= fields_of(record)
        traces = {"exception": record.exc_text, "stack": record.stack_info}
        log_data |= {name: text for name, text in traces.items() if text}


def configuration(form: str) -> dict:
    """Return Django's LOGGING for `text` or `json`. Raises ValueError for any other form."""
    if form not in FORMATS:
        raise ValueError(f"COUNTERSIGN_LOG_FORMAT: write {' or '.join(FORMATS)}, not {form!r}")
    shared = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLine if form == "json" else TextLine}},
        "filters": {"redact": {"()": "audit.log_filter.RedactingFilter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # These bring handlers of their own, which know of no redaction: their lines go the way of all others.
            **dict.fromkeys(("django", "django.server", "uvicorn", "uvicorn.error"), shared),
            # Their lines name every action that is called and every passkey, and drown what a person should read.
            **{name: {"level": "WARNING"} for name in ("httpx", "fido2")},
        },
    }
