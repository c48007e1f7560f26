"""What the product complained of in its logs while things went wrong: an error that no fault explains is one of its own."""

import re
from collections import Counter
from pathlib import Path

NAMES = ("worker", "web", "clock")
#: What a server that is down, or a killed process, looks like from the others.
EXPLAINED = {
    "OperationalError", "InterfaceError", "AdminShutdown", "PoolTimeout", "PoolClosed", "WorkerLostError", "ConnectionError",
    "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "FileNotFoundError", "TimeoutError", "RestartFreqExceeded",
    "CancelledError", "WorkerTerminate", "WorkerShutdown", "ExceptionWithTraceback",
}  # fmt: skip
_RAISED = re.compile(r"([\w.]+)(?::|$)")
#: The exception before this line led to another one, which tells more.
_LED_ON = ("During handling of the above exception", "The above exception was the direct cause")


class Logs:
    """The logs of a data folder, from now on."""

    def __init__(self, home: Path):
        self._began = {path: path.stat().st_size for name in NAMES if (path := home / "log" / f"{name}.log").exists()}

    def raised(self) -> Counter[str]:
        """Count the exceptions whose tracebacks were written since, as `log: Class`."""
        found: Counter[str] = Counter()
        for path, size in self._began.items():
            with path.open("rb") as log:
                log.seek(size)
                found.update(f"{path.stem}: {name}" for name in _raised(log.read().decode(errors="replace")))
        return found


def _raised(text: str) -> list[str]:
    names, inside = [], False
    for line in text.splitlines():
        if line.startswith("Traceback (most recent call last)"):
            inside = True
        elif line.startswith(_LED_ON) and names:
            names.pop()
        elif inside and line and not line[0].isspace():
            inside = False
            if match := _RAISED.match(line):
                names.append(match[1].rpartition(".")[2])
    return names


def unexplained(raised: Counter[str]) -> list[str]:
    return [f"{count} times {name}" for name, count in raised.items() if name.rpartition(": ")[2] not in EXPLAINED]
