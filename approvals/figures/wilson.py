"""Pure: a share, and how far it can be trusted."""

from dataclasses import dataclass
from math import sqrt

#: Below this many a share is shown as its two counts and its interval, and judged neither good nor bad.
ENOUGH = 30
#: The normal quantile of a two-sided interval of 95 %.
_Z = 1.959963984540054


def interval(count: int, of: int) -> tuple[float, float]:
    """Return the Wilson score interval, 95 %, of `count` out of `of`, as two shares from 0 to 1.

    Out of none nothing is known: 0 to 1. Raises ValueError for counts that make no share.
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    if of == 0:
        return 0.0, 1.0
    share, z2 = count / of, _Z * _Z
    middle = share + z2 / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low, high = (middle - spread) / (1 + z2 / of), (middle + spread) / (1 + z2 / of)
    return (0.0 if count == 0 else low), (1.0 if count == of else high)


@dataclass(frozen=True)
class Share:
    """So many of so many; `enough` is how many it takes before the share is judged."""

    count: int
    of: int
    enough: int = ENOUGH

    @property
    def is_enough(self) -> bool:
        return self.of >= self.enough

    @property
    def percent(self) -> float | None:
        """In percent, to one decimal; None out of none."""
        return round(100 * self.count / self.of, 1) if self.of else None

    @property
    def low(self) -> float:
        """The lower end of its 95 % interval, in percent."""
        return round(100 * interval(self.count, self.of)[0], 1)

    @property
    def high(self) -> float:
        """The upper end of its 95 % interval, in percent."""
        return round(100 * interval(self.count, self.of)[1], 1)

    @property
    def in_words(self) -> str:
        """`94.1 %`, or `none` where there is nothing to have a share of."""
        return "none" if self.percent is None else f"{self.percent:g}\u00a0%"
