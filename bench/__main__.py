"""Measure every line and print it; the exit code is 1 when a goal is missed."""

import sys

from bench import policy
from bench.lines import measure

MODULES = (policy,)
ROUNDS = 15


def main() -> int:
    measured = measure([line for module in MODULES for line in module.LINES], rounds=ROUNDS)
    for one in measured:
        sys.stdout.write(f"{one}\n")
    missed = [one.line.name for one in measured if not one.met]
    sys.stdout.write(
        f"{ROUNDS} rounds, in turns. {'Missed: ' + ', '.join(missed) if missed else 'Every goal is met'}.\n"
    )
    return 1 if missed else 0


sys.exit(main())
