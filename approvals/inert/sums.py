"""Pure: the amounts that stand in what somebody read, and a payment that is one of them with a digit too many."""

import re
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation

SEARCHED = 262_144
_MOST = 2_000  # amounts of one answer; nobody reads more
_SIGN = r"(?:USD|EUR|GBP|CHF|CAD|AUD|JPY|SEK|NOK|DKK|PLN|US\$|[$€£¥])"
_NUMBER = r"[0-9]{1,3}(?:[ ,.'’\u00a0\u202f][0-9]{3}){1,4}(?:[.,][0-9]{2})?|[0-9]{1,12}(?:[.,][0-9]{2})?"
# An amount is written with its currency, or with two decimals; a bare whole number may count anything.
_WRITTEN = re.compile(
    rf"(?<![\w.,]){_SIGN}\s?({_NUMBER})(?![\w]|[.,][0-9])|(?<![\w.,\-])({_NUMBER})\s?{_SIGN}(?!\w)"
    r"|(?<![\w.,\-])([0-9]{1,3}(?:[ ,.'’][0-9]{3}){1,4}[.,][0-9]{2}|[0-9]{1,12}[.,][0-9]{2})(?![\w]|[.,][0-9])"
)
_MINOR = re.compile(r"(?:^|_)(?:cents|minor|pence)(?:_|$)", re.IGNORECASE)
_MAJOR = re.compile(
    r"(?:^|_)(?:amount|price|total|paid|cost|fee|balance|refund(?:ed)?|usd|eur|gbp|chf|cad|aud)(?:_|$)", re.IGNORECASE
)
_SLIPS = (10, 100, 1000)


def amounts_in(value: object) -> set[Decimal]:
    """Return every amount that stands in an answer, in major units: written in its texts, or a number whose name says so.

    Searches the first 262,144 characters of each text, and keeps 2,000 amounts at most.
    """
    found: set[Decimal] = set()
    for amount in _walk(value, ""):
        found.add(amount)
        if len(found) >= _MOST:
            break
    return found


def slipped_from(amount: Decimal, among: Collection[Decimal]) -> Decimal | None:
    """Return the amount of which this one is ten, a hundred or a thousand times as much, while it stands nowhere itself."""
    if amount in among:
        return None
    return next(
        (one for one in sorted(among, reverse=True) if one > 0 and any(one * by == amount for by in _SLIPS)), None
    )


def _walk(value: object, name: str) -> Iterator[Decimal]:
    if isinstance(value, str):
        yield from _in_text(value)
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from _walk(inside, str(key))
    elif isinstance(value, list):
        for inside in value:
            yield from _walk(inside, name)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield from _numeral(value, name)


def _numeral(value: int | float | Decimal, name: str) -> Iterator[Decimal]:
    number = Decimal(str(value))
    if not number.is_finite():
        return
    if _MINOR.search(name):
        yield number / 100
    elif _MAJOR.search(name):
        yield number


def _in_text(text: str) -> Iterator[Decimal]:
    for found in _WRITTEN.finditer(text[:SEARCHED]):
        written = next(group for group in found.groups() if group)
        whole, decimals = (written[:-3], written[-2:]) if written[-3:-2] in (".", ",") else (written, "00")
        try:
            yield Decimal(f"{re.sub('[^0-9]', '', whole)}.{decimals}")
        except InvalidOperation:  # nothing but separators
            continue
