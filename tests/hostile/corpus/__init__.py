"""The corpus: hostile texts by family, each with what must be seen, flagged and absent."""

from tests.hostile.corpus import doors, invisible, lookalikes, markup, persuasion, sizes
from tests.hostile.corpus.case import Case

CASES: list[Case] = [
    *invisible.CASES, *lookalikes.CASES, *markup.CASES, *doors.CASES, *persuasion.CASES, *sizes.CASES,
]  # fmt: skip
HANDY = [case for case in CASES if not case.bulky]
STORABLE = [case for case in CASES if case.storable]


def sample(count: int) -> list[Case]:
    """Return handy, storable cases spread over all families."""
    handy = [case for case in HANDY if case.storable]
    return handy[:: max(1, len(handy) // count)][:count]
