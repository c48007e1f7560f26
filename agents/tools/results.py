"""What an attempt at a tool can come to: an answer, silence after something went out, or nothing sent at all."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answered:
    """The tool answered clearly: it did it (`ok`), or it says why it did not."""

    ok: bool
    status: int
    output: Any
    reason: str = ""

    def error(self) -> dict | None:
        return None if self.ok else {"code": self.reason, "detail": f"The tool answered {self.status}."}


@dataclass(frozen=True)
class Unclear:
    """Something went out and no clear answer came back: it may have taken effect. `detail` says more than the reason."""

    reason: str
    status: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class NothingSent:
    """Nothing went out: trying again is safe, whatever the tool."""

    reason: str
    status: int | None = None


Result = Answered | Unclear | NothingSent
