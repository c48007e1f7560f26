"""Measure every line and print it; the exit code is 1 when a goal is missed. Names of modules measure those alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from bench import action, board, carrying, deciding, dossier, footprint, gate, log, million, policy, queue, search
from bench.ends import ENDS
from bench.lines import measure

MODULES = {
    "policy": policy,
    "queue": queue,
    "action": action,
    "deciding": deciding,
    "board": board,
    "gate": gate,
    "carrying": carrying,
    "log": log,
    "dossier": dossier,
    "search": search,
}
#: What takes minutes is measured only when it is named.
LONG = {"million": million, "footprint": footprint}
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))


def _rounds(module) -> int:
    return min(ROUNDS, getattr(module, "ROUNDS", ROUNDS))


def main(names: Sequence[str]) -> int:
    """Measure these modules, one after the other; return 0 when every goal is met."""
    if len(names) > 1:
        # Each with servers of its own: what one leaves behind (decisions, a hundred thousand ended actions) mustn't slow the
        # next, nor stand in its way.
        return max([_in_a_process(name) for name in names])
    [module] = [(MODULES | LONG)[name] for name in names]
    measured = measure(module.LINES, rounds=_rounds(module))
    for one in measured:
        sys.stdout.write(f"{one}\n")
    missed = [one.line.name for one in measured if not one.met]
    said = f"Missed: {', '.join(missed)}" if missed else "Every goal is met"
    sys.stdout.write(f"{_rounds(module)} rounds, in turns. {said}.\n")
    sys.stdout.flush()
    return 1 if missed else 0


def _in_a_process(name: str) -> int:
    with subprocess.Popen([sys.executable, "-m", "bench", name]) as child:
        try:
            return child.wait()
        finally:
            child.terminate()  # whoever is ended ends it too, and it ends what it started


signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
with ENDS:
    code = main(sys.argv[1:] or [*MODULES])
sys.exit(code)
