"""Pure: how a delivery fails, and when it is tried again."""

import random
from datetime import timedelta

#: Pauses after the first, second ... failed try, in seconds: together a little under 24 hours.
PAUSES = (5, 300, 1800, 7200, 18000, 28800, 28800)
#: For mail, whose server is one for all: when it is back, nobody should wait for hours to hear what is late.
MAIL_PAUSES = (5, 60, 300, *[900] * 95)
JITTER = 0.1


class Failed(Exception):
    """It wasn't delivered; a later try may do. `unreachable`: nobody else's message gets through there now, either."""

    def __init__(self, why: str, *, unreachable: bool = False, not_before: float = 0):
        self.unreachable, self.not_before = unreachable, not_before
        super().__init__(why)


class Hopeless(Failed):
    """It wasn't delivered, and no later try will do better."""


def pause_after(tries: int, *, pauses: tuple[int, ...] = PAUSES, not_before: float = 0) -> timedelta | None:
    """Return how long to wait after this many tries, at least `not_before` seconds; None when it is given up."""
    if tries > len(pauses):
        return None
    seconds = pauses[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - so that they don't come all at once
    return timedelta(seconds=max(seconds, min(not_before, PAUSES[-1])))
