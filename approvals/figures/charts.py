"""Pure: the geometry of the board's drawings. Templates put it into SVG; each drawing has its table beside it.

A drawing is WIDTH by HEIGHT in units of its own and is stretched to the page, so it holds shapes and no words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 200
#: Least height of a bar that isn't nothing: one in a thousand must still be seen.
_LEAST = 3.0
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SPANS = (
    *(minutes * _MINUTE for minutes in (2, 4, 10, 20, 30)),
    *(hours * _HOUR for hours in (1, 2, 4, 6, 8, 12)),
    *(days * _DAY for days in (1, 2, 4, 6, 10, 20, 40, 100)),
)


@dataclass(frozen=True)
class Rect:
    """A bar; `y` is its top."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Column:
    """One hour or day: what came in, and beside it, from the bottom up, what was in time, late and expired."""

    label: str
    tick: str
    came_in: int
    in_time: int
    late: int
    expired: int


@dataclass(frozen=True)
class Drawn:
    """A column as it is drawn; bars of nothing are None. `says` is the column in words."""

    tick: str
    says: str
    whole: Rect
    came_in: Rect | None
    in_time: Rect | None
    late: Rect | None
    expired: Rect | None


@dataclass(frozen=True)
class Bars:
    """Columns under one scale, whose top stands for `top`; `empty` when there is nothing to draw."""

    columns: tuple[Drawn, ...]
    top: int
    empty: bool

    @property
    def middle(self) -> str:
        return f"{self.top / 2:g}"


def bars(columns: Sequence[Column]) -> Bars:
    """Return the columns as pairs of bars: came in on the left, what ended on the right."""
    most = max((max(c.came_in, c.in_time + c.late + c.expired) for c in columns), default=0)
    top, step = nice_count(most), WIDTH / max(len(columns), 1)
    return Bars(tuple(_drawn(c, number * step, step, top) for number, c in enumerate(columns)), top, most == 0)


def _drawn(column: Column, x: float, step: float, top: int) -> Drawn:
    width = step * 0.36
    left, right = x + step * 0.12, x + step * 0.52
    floor, pieces = float(HEIGHT), []
    for count in (column.in_time, column.late, column.expired):
        piece = _bar(count, right, floor, width, top)
        floor = piece.y if piece else floor
        pieces.append(piece)
    came_in = _bar(column.came_in, left, HEIGHT, width, top)
    return Drawn(column.tick, _says(column), Rect(_r(x), 0, _r(step), HEIGHT), came_in, *pieces)


def _bar(count: int, x: float, floor: float, width: float, top: int) -> Rect | None:
    if not count:
        return None
    height = min(max(count / top * HEIGHT, _LEAST), floor)
    return Rect(_r(x), _r(floor - height), _r(width), _r(height))


def _says(column: Column) -> str:
    return (
        f"{column.label}: {column.came_in} came in, {column.in_time} in time, {column.late} late,"
        f" {column.expired} expired"
    )


@dataclass(frozen=True)
class Point:
    """One hour or day of a line, in seconds; None where nothing was decided."""

    label: str
    tick: str
    n: int
    p50: int | None
    p90: int | None


@dataclass(frozen=True)
class Lines:
    """Two lines and a target, in seconds, under one scale. A dot is a path of no length: it stays round when stretched.

    `p50` and `p90` are paths that break where nothing was decided; `target` is the height at which it runs.
    """

    p50: str
    p90: str
    dots50: str
    dots90: str
    target: float | None
    ticks: tuple[str, ...]
    spots: tuple[tuple[Rect, str], ...]
    top: int

    @property
    def middle(self) -> int:
        return self.top // 2


def lines(points: Sequence[Point], target: int | None, spoken: Sequence[str]) -> Lines:
    """Return the lines of the points; `spoken` says each point in words."""
    values = [value for point in points for value in (point.p50, point.p90) if value is not None]
    top, step = nice_span(max([*values, target or 0], default=0)), WIDTH / max(len(points), 1)
    places = [(number + 0.5) * step for number in range(len(points))]

    def line(name: str) -> tuple[str, str]:
        return _paths([(x, getattr(point, name)) for x, point in zip(places, points, strict=True)], top)

    (p50, dots50), (p90, dots90) = line("p50"), line("p90")
    spots = tuple(
        (Rect(_r(x - step / 2), 0, _r(step), HEIGHT), says) for x, says in zip(places, spoken, strict=True) if says
    )
    height = _r(HEIGHT - target / top * HEIGHT) if target else None
    return Lines(p50, p90, dots50, dots90, height, tuple(point.tick for point in points), spots, top)


def _paths(places: Sequence[tuple[float, int | None]], top: int) -> tuple[str, str]:
    """Return the line, begun anew after every gap, and its dots."""
    line, dots, drawing = [], [], False
    for x, value in places:
        if value is None:
            drawing = False
            continue
        at = f"{_r(x):g} {_r(HEIGHT - value / top * HEIGHT):g}"
        line.append(f"{'L' if drawing else 'M'}{at}")
        dots.append(f"M{at}h0")
        drawing = True
    return " ".join(line), " ".join(dots)


def nice_count(most: int) -> int:
    """Return the least even round number at or above `most`: 2, 4, 6, 10, 20, 40, 60, 100 and so on."""
    scale = 1
    while True:
        for step in (2, 4, 6, 10):
            if step * scale >= most:
                return step * scale
        scale *= 10


def nice_span(most: int) -> int:
    """Return the least round span in seconds, halved without a rest, at or above `most` seconds."""
    return next((span for span in _SPANS if span >= most), -(-most // (2 * _DAY)) * 2 * _DAY)


def _r(value: float) -> float:
    return round(value, 1)
