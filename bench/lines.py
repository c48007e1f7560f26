"""A line of the benchmark: what is timed, what it may cost, and what it did cost over many rounds."""

import time
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median


@dataclass(frozen=True)
class Calls:
    """What the calls of one round took, in milliseconds: on the wall clock, and of processor time in this process.

    The round's figure is the time that this `share` of them stays under.
    """

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    share: float = 0.95

    def __float__(self) -> float:
        return percentile(self.wall, self.share)

    @staticmethod
    def told(rounds: Sequence["Calls"]) -> str:
        """Return the spread of all rounds together. Other programs lengthen the wall clock, hardly the processor's."""
        wall = tuple(chain.from_iterable(one.wall for one in rounds))
        cpu = median(chain.from_iterable(one.cpu for one in rounds))
        spread = ", ".join(f"p{share * 100:.0f} {percentile(wall, share):.1f}" for share in (0.5, 0.95, 0.99))
        return f"all {len(wall)} calls: {spread} ms; processor {cpu:.1f} ms a call"


Figure = float | Calls


@dataclass(frozen=True)
class Line:
    """One thing that is measured. `timed` says exactly what; `measure` returns one round's figure in `unit`.

    `goal` is the most it may come to, `floor` the least; a line with neither is for comparison alone.
    """

    name: str
    timed: str
    measure: Callable[[], Figure]
    unit: str = "us"
    goal: float | None = None
    floor: float | None = None


@dataclass(frozen=True)
class Measured:
    """The figures of all rounds of one line."""

    line: Line
    rounds: tuple[Figure, ...]

    @property
    def figures(self) -> list[float]:
        return [float(one) for one in self.rounds]

    @property
    def median(self) -> float:
        return median(self.figures)

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
        spread = f"{min(self.figures):.1f} to {max(self.figures):.1f}"
        said = [
            f"{line.name:<32} {asked:<10} median {self.median:8.1f} {line.unit:<7} {spread:<18} {judged}",
            line.timed,
        ]
        if isinstance(self.rounds[0], Calls):
            said.append(Calls.told(self.rounds))
        return "\n    ".join(said)


def percentile(took: Sequence[float], share: float) -> float:
    """Return the figure that so large a share of them doesn't exceed; one of them, not between two."""
    return sorted(took)[max(round(len(took) * share) - 1, 0)]


def microseconds(call: Callable[[], object], *, times: int) -> Callable[[], float]:
    """Return a measure of the microseconds of processor time that one call takes, the mean of so many in a row.

    For what computes and never waits: then other programs on the machine don't count.
    """
    return lambda: timeit.timeit(call, number=times, timer=time.process_time) / times * 1e6


def timed(calls: Sequence[Callable[[], object]], *, share: float = 0.95) -> Calls:
    """Make these calls one after the other and return what each took."""
    wall, cpu = [], []
    for call in calls:
        began, worked = time.perf_counter(), time.thread_time()
        call()
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.thread_time() - worked) * 1000)
    return Calls(tuple(wall), tuple(cpu), share)


def measure(lines: Sequence[Line], *, rounds: int) -> list[Measured]:
    """Measure every line once per round, in turns, so that a busy moment of the machine touches all of them alike."""
    for line in lines:
        line.measure()  # warm up
    figures = [[line.measure() for line in lines] for _ in range(rounds)]
    return [Measured(line, tuple(of_line)) for line, of_line in zip(lines, zip(*figures, strict=True), strict=True)]
