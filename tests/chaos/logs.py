"""What the product complained of in its logs while things went wrong: an error that no fault explains is one of its own."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NAMES = ("worker", "web", "clock")
#: What a server that is down, or a killed process, looks like from the others.
EXPLAINED = {
    "OperationalError", "InterfaceError", "AdminShutdown", "PoolTimeout", "PoolClosed", "WorkerLostError", "ConnectionError",
    "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "FileNotFoundError", "TimeoutError", "RestartFreqExceeded",
    "CancelledError", "WorkerTerminate", "WorkerShutdown", "ExceptionWithTraceback",
}  # fmt: skip
_TRACEBACK = re.compile(r"(\s*)Traceback \(most recent call last\)")
_RAISED = re.compile(r"([\w.]+)(?::|$)")
#: The exception before this line led to another one, which tells more.
_LED_ON = ("During handling of the above exception", "The above exception was the direct cause")


#: So many lines from the end of a traceback are shown.
_SHOWN = 6


@dataclass(frozen=True)
class Raised:
    """One traceback: in which log, the exception's class, and the end of what was written."""

    log: str
    name: str
    end: str


class Logs:
    """The logs of a data folder, from now on."""

    def __init__(self, home: Path):
        self._began = {path: path.stat().st_size for name in NAMES if (path := home / "log" / f"{name}.log").exists()}

    def raised(self) -> list[Raised]:
        """Return the tracebacks that were written since."""
        found: list[Raised] = []
        for path, size in self._began.items():
            with path.open("rb") as log:
                log.seek(size)
                text = log.read().decode(errors="replace")
            found += [Raised(path.stem, name, end) for name, end in _raised(text)]
        return found


def _raised(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    lines, began, margin = text.splitlines(), None, ""
    for number, line in enumerate(lines):
        if match := _TRACEBACK.match(line):  # one that was logged is indented, one that was printed isn't
            began, margin = number, match[1]
        elif line.lstrip().startswith(_LED_ON) and found:
            found.pop()
        elif began is not None and (said := line.removeprefix(margin)) and not said[0].isspace():
            if match := _RAISED.match(said):
                end = lines[max(began + 1, number - _SHOWN) : number + 1]
                found.append((match[1].rpartition(".")[2], "\n".join(end)))
            began = None
    return found


def counted(raised: Iterable[Raised]) -> Counter[str]:
    """Return how often each class was raised, as `log: Class`."""
    return Counter(f"{one.log}: {one.name}" for one in raised)


def unexplained(raised: Iterable[Raised]) -> list[str]:
    """Return the end of every traceback that no fault explains."""
    return [f"{one.log}: {one.end}" for one in raised if one.name not in EXPLAINED]
