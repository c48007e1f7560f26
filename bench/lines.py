"""A line of the benchmark: what is timed, what it may cost, and what it did cost over many rounds."""

import time
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Line:
    """One thing that is measured. `timed` says exactly what; `measure` returns one round's figure in `unit`.

    `goal` is the most it may come to, `floor` the least; a line with neither is for comparison alone.
    """

    name: str
    timed: str
    measure: Callable[[], float]
    unit: str = "us"
    goal: float | None = None
    floor: float | None = None


@dataclass(frozen=True)
class Measured:
    """The figures of all rounds of one line."""

    line: Line
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def met(self) -> bool:
        """Whether the median is within the goal and above the floor."""
        goal, floor = self.line.goal, self.line.floor
        return (goal is None or self.median <= goal) and (floor is None or self.median >= floor)

    def __str__(self) -> str:
        line = self.line
        asked = (
            f"goal {line.goal:g}"
            if line.goal is not None
            else f"floor {line.floor:g}"
            if line.floor is not None
            else ""
        )
        judged = ("met" if self.met else "MISSED") if asked else "no goal"
        spread = f"{min(self.rounds):.1f} to {max(self.rounds):.1f}"
        return f"{line.name:<32} {asked:<10} median {self.median:8.1f} {line.unit:<4} {spread:<18} {judged}\n    {line.timed}"


def microseconds(call: Callable[[], object], *, times: int) -> Callable[[], float]:
    """Return a measure of the microseconds of processor time that one call takes, the mean of so many in a row.

    For what computes and never waits: then other programs on the machine don't count.
    """
    return lambda: timeit.timeit(call, number=times, timer=time.process_time) / times * 1e6


def measure(lines: Sequence[Line], *, rounds: int) -> list[Measured]:
    """Measure every line once per round, in turns, so that a busy moment of the machine touches all of them alike."""
    for line in lines:
        line.measure()  # warm up
    figures = [[line.measure() for line in lines] for _ in range(rounds)]
    return [Measured(line, tuple(of_line)) for line, of_line in zip(lines, zip(*figures, strict=True), strict=True)]
