"""Amounts and limits as people read them."""

from agents.policy.durations import write_duration
from agents.policy.language import Cumulative, Tool
from agents.policy.limiting import COUNT


def say_major(number: int | float, currency: str) -> str:
    """Return an amount in major units, like 412.5, with its currency and two decimals: "USD 412.50"."""
    return f"{currency} {number:.2f}" if isinstance(number, float) else f"{currency} {number}.00"


def say_minor(minor: int | float, currency: str) -> str:
    """Return an amount in minor units, like 41250, with its currency and two decimals: "USD 412.50"."""
    if isinstance(minor, float):
        return say_major(minor / 100, currency)
    units, cents = divmod(abs(minor), 100)
    return f"{currency} {'-' if minor < 0 else ''}{units}.{cents:02d}"


def say_counted(limit: Cumulative) -> str:
    """Return what a limit counts, like "amount_usd per customer_id in 24h"."""
    summed = "the number of calls" if limit.sum == COUNT else limit.sum
    return f"{summed} per {limit.per} in {write_duration(limit.window)}"


def say_total(total: int | float, limit: Cumulative, tool: Tool) -> str:
    """Return a total that a limit is held against; minor units of money become "USD 100.00"."""
    currency = tool.money.get(limit.sum)
    return say_minor(total, currency) if currency else str(total)
