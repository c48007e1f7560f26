"""What one question about an installation came to."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from audit.log_filter import KINDS
from audit.redaction import redact

Level = Literal["ok", "warn", "fail"]
#: Exit codes, worst last.
CODES: dict[str, int] = {"ok": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True)
class Finding:
    """`says` is what was found, `next` what to do about it. Neither ever holds a secret."""

    name: str
    level: Level
    says: str
    next: str = ""

    def as_json(self) -> dict:
        """Return it as its JSON form."""
        return asdict(self)


def ok(name: str, says: str) -> Finding:
    return Finding(name, "ok", says)


def warn(name: str, says: str, next: str) -> Finding:
    return Finding(name, "warn", says, next)


def fail(name: str, says: str, next: str) -> Finding:
    return Finding(name, "fail", says, next)


def by_size(name: str, value: float, *, warn_at: float, fail_at: float, says: str, next: str) -> Finding:
    """Judge a number that had better be small."""
    level: Level = "fail" if value >= fail_at else "warn" if value >= warn_at else "ok"
    return Finding(name, level, says, "" if level == "ok" else next)


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line without what may be secret in it."""
    return redact(" ".join(str(error).split())[:300], KINDS).text


Question = Callable[[], Iterator[Finding]]


def surviving(question: Question) -> Question:
    """Return a question that says so when it can't be answered: one broken part must not hide the others."""

    @functools.wraps(question)
    def asked() -> Iterator[Finding]:
        try:
            yield from question()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the operator asked for
            name = question.__name__.replace("_", " ")
            yield fail(name, f"couldn't be asked: {type(error).__name__}: {one_line(error)}", "Correct what it names.")

    return asked
