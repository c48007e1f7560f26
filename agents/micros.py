"""Money of budgets: micros, whole millionths of a US dollar. Tokens cost fractions of a cent, and sums lose nothing.

Pure. Outside it is US dollars, as decimals: `parse_usd` and `usd` are the two ways between them.
"""

import re
from decimal import Decimal

MICROS = 1_000_000  # in a dollar
MAX_USD = 1_000_000_000

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")


class BadUsd(ValueError):
    """The amount isn't one we can hold exactly; the message says what to write instead."""


def parse_usd(text: str) -> int:
    """Return an amount in US dollars, as its digits are written, in micros; raises BadUsd.

    No sign, separator or blank; at most six decimals, so that nothing is rounded; at most a billion dollars.
    """
    if not _NUMBER.fullmatch(text):
        raise BadUsd("write an amount in US dollars, like 1.50")
    exact = Decimal(text)
    if exact > MAX_USD:
        raise BadUsd(f"write at most {MAX_USD} US dollars")
    micros = exact.scaleb(6)
    if micros != micros.to_integral_value():
        raise BadUsd("write at most six decimals: less than a millionth of a US dollar isn't counted")
    return int(micros)


def usd(micros: int) -> Decimal:
    """Return micros as US dollars, without zeros behind: 1500000 is Decimal("1.5"), 50000000 is Decimal("50")."""
    whole, rest = divmod(micros, MICROS)
    return Decimal(f"{whole}.{rest:06d}".rstrip("0").rstrip("."))
