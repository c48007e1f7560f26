"""Measure every line and print it; the exit code is 1 when a goal is missed. Names of modules measure those alone."""

import os
import signal
import sys

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


def main() -> int:
    modules = [(MODULES | LONG)[name] for name in sys.argv[1:]] or MODULES.values()
    # One after the other: what one leaves behind (decisions, a hundred thousand ended actions) must not slow the next.
    measured = [one for module in modules for one in measure(module.LINES, rounds=_rounds(module))]
    for one in measured:
        sys.stdout.write(f"{one}\n")
    missed = [one.line.name for one in measured if not one.met]
    sys.stdout.write(
        f"{ROUNDS} rounds at most, in turns. {'Missed: ' + ', '.join(missed) if missed else 'Every goal is met'}.\n"
    )
    return 1 if missed else 0


signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
with ENDS:
    code = main()
sys.exit(code)
