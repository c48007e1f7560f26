"""Numbers of the agent file that stand for a limit or a price: whole ones, US dollars, factors."""

from decimal import Decimal

from agents.documents.nodes import Scalar, describe
from agents.documents.section import Section
from agents.micros import BadUsd, parse_usd, usd


def read_whole(section: Section, key: str, low: int, high: int) -> int | None:
    """Return the whole number of a key, `low` to `high`; None after reporting why there is none."""
    node = section.get(key)
    if node is None or (isinstance(node, Scalar) and type(node.value) is int and low <= node.value <= high):
        return node.value if node else None
    section.report(key, f"write a whole number from {low} to {high}, not {describe(node)}")
    return None


def read_usd(section: Section, key: str) -> int | None:
    """Return the amount of a key in micros, more than 0; None after reporting why there is none."""
    node = section.get(key)
    if node is None:
        return None
    if not isinstance(node, Scalar) or isinstance(node.value, bool | None):
        section.report(key, f"write an amount in US dollars, like 1.50, not {describe(node)}")
        return None
    try:
        # As it is written: a number has been through a float by now.
        if micros := parse_usd(node.text):
            return micros
        section.report(key, "write more than 0, or leave it out")
    except BadUsd as error:
        section.report(key, f"not {describe(node)}: {error}")
    return None


def read_factor(section: Section, key: str, low: int, high: int) -> int | float | None:
    """Return the number of a key, `low` to `high`, with decimals or without; None after reporting why there is none."""
    node = section.get(key)
    if node is None or (isinstance(node, Scalar) and type(node.value) in (int, float) and low <= node.value <= high):
        return node.value if node else None
    section.report(key, f"write a number from {low} to {high}, not {describe(node)}")
    return None


def write_usd(micros: int) -> int | Decimal | str:
    """Return micros in US dollars as the file says them: `read_usd` gives the same micros back."""
    amount = usd(micros)
    if amount == amount.to_integral_value():
        return int(amount)
    return amount if amount >= Decimal("0.0001") else f"{amount:f}"  # a smaller number would get an exponent
