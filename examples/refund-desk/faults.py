"""Faults that a test asks for, so that "the network died after the refund" can happen on purpose.

They exist only when the service is started with REFUND_SERVICE_FAULTS=1. Each kind, and what it leaves behind:

| kind | what the caller sees | effect |
|---|---|---|
| delay | the answer, `seconds` later | yes |
| hang | nothing for `seconds`, then a closed connection | no |
| error500 | 500 | no |
| drop_after_effect | a closed connection | yes |
| hang_after_effect | nothing for `seconds`, then a closed connection | yes |
| slow_body | headers at once, the body over `seconds` | yes |
| says_done | 201, as if it were done | no |
| says_refused | 409, as if it were refused | yes |
| says_failed | 500 | yes |
| says_nonsense | 200 and bytes that are no JSON | yes |

The last four are lies about an effect; the ledger keeps each as a line of its own. Reads are answered truly.
"""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase

from wire import Malformed

#: By kind, the answer that isn't true: status and body.
LIES = {
    "says_done": (201, '{"status":"done"}'),
    "says_refused": (409, '{"code":"refused","detail":"A test asked for this lie."}'),
    "says_failed": (500, '{"code":"fault","detail":"A test asked for this lie."}'),
    "says_nonsense": (200, "<html>\\u0000 \x00 {]"),
}
KINDS = ("delay", "hang", "error500", "drop_after_effect", "hang_after_effect", "slow_body", *LIES)


@dataclass
class Fault:
    """One order for trouble: `path` may hold `*`; `times` counts down to 0."""

    path: str
    kind: str
    times: int = 1
    seconds: float = 0.0
    method: str = "*"


class Faults:
    """The faults still to come. Calls from several threads take turns, so `times` is exact."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.stopping = threading.Event()

    def add(self, order: dict) -> None:
        """Add one from a JSON object with the fields of Fault. Raises Malformed if it isn't one."""
        try:
            fault = Fault(**order)
            fault.times, fault.seconds = int(fault.times), float(fault.seconds)
        except (TypeError, ValueError) as error:
            raise Malformed(400, "bad_fault", f"A fault has path, kind, times, seconds, method: {error}") from error
        if fault.kind not in KINDS:
            raise Malformed(400, "bad_fault", f"kind must be one of: {', '.join(KINDS)}.")
        with self._lock:
            self._waiting.append(fault)

    def take(self, *, method: str, path: str) -> Fault | None:
        """Use up one occurrence of the first fault that fits this call, None if there is none."""
        with self._lock:
            for fault in self._waiting:
                if fault.times > 0 and fnmatchcase(path, fault.path) and fault.method in ("*", method):
                    fault.times -= 1
                    return fault
        return None

    def clear(self) -> None:
        """Forget all of them; what already hangs goes on hanging."""
        with self._lock:
            self._waiting.clear()

    def remaining(self) -> list[dict]:
        """Those not used up yet."""
        with self._lock:
            return [vars(fault).copy() for fault in self._waiting if fault.times > 0]

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the end of the service."""
        self.stopping.wait(seconds)
