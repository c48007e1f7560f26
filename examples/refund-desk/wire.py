"""What comes in and goes out: strict JSON in, plain JSON out."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


class Malformed(Exception):
    """The request can't be read. `code` is stable; the message says what to send instead."""

    def __init__(self, status: int, code: str, detail: str):
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@dataclass(frozen=True)
class Answer:
    """An answer as text, so that a repeated call gets the same bytes."""

    status: int
    text: str
    replayed: bool = False

    @classmethod
    def of(cls, status: int, content: dict) -> "Answer":
        return cls(status=status, text=json.dumps(content, default=_plain, separators=(",", ":")))

    @classmethod
    def problem(cls, error) -> "Answer":
        """The answer for an error that has `status`, `code`, `detail` and perhaps `extra`."""
        return cls.of(error.status, {"code": error.code, "detail": error.detail, **getattr(error, "extra", {})})


def read_object(body: bytes) -> dict:
    """Parse a body that must be one JSON object. Fractions become Decimal, so that money keeps its cents.

    Raises Malformed for anything that two parsers could read in two ways: a name twice, NaN, bad UTF-8.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_twins, parse_constant=_refuse, parse_float=Decimal)
        json.dumps(value, default=str, ensure_ascii=False).encode()  # half a surrogate pair fails here, not in SQL
    except (ValueError, RecursionError) as error:
        raise Malformed(400, "bad_json", f"The body isn't JSON that can be read in one way only: {error}") from error
    if not isinstance(value, dict):
        raise Malformed(400, "bad_json", "The body must be a JSON object.")
    return value


def _without_twins(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return members


def _refuse(constant: str):
    raise ValueError(f"{constant} is not JSON")


def _plain(value):
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
