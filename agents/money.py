"""Money as integer minor units and a currency: what is stored, hashed and added up."""

import re
from dataclasses import dataclass
from decimal import Decimal

MAX_DIGITS = 15  # in minor units; stays below 2^53 and within the digits a double keeps

# ISO 4217 currencies with two decimals. Others would need their own rounding rules on every page and wire.
CENT_CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP
    CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
    NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
    SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """.split()
)
OTHER_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,2}))?")


class BadMoney(ValueError):
    """The amount or currency isn't one we can hold exactly; the message says what to send instead."""


@dataclass(frozen=True)
class Money:
    """An amount >= 0 in minor units (cents) of a two-decimal currency."""

    minor: int
    currency: str

    def __post_init__(self):
        check_currency(self.currency)
        if type(self.minor) is not int or self.minor < 0:
            raise BadMoney("money is a whole number of minor units, zero or more")

    def major(self) -> Decimal:
        """Return the amount in major units with exactly two decimals: 2500 minor is Decimal("25.00")."""
        return Decimal(f"{self.minor // 100}.{self.minor % 100:02d}")

    def number(self) -> int | float:
        """Return the major units as a JSON number, by one correctly rounded division: 2500 is 25, 2550 is 25.5."""
        return self.minor / 100 if self.minor % 100 else self.minor // 100

    def as_json(self) -> dict:
        """Return the canonical form, {"currency": "USD", "minor": 2500}."""
        return {"currency": self.currency, "minor": self.minor}

    def __str__(self) -> str:
        return f"{self.currency} {self.major()}"


def check_currency(currency: str) -> None:
    """Raise BadMoney unless the ISO 4217 code is one with two decimals."""
    if currency in OTHER_DECIMALS:
        decimals = OTHER_DECIMALS[currency]
        raise BadMoney(f"{currency} has {decimals} decimals; only currencies with 2 decimals are supported")
    if currency not in CENT_CURRENCIES:
        raise BadMoney(f"{str(currency)[:20]!r} is not a currency code we know: use one like USD or EUR, in capitals")


def parse_money(value: int | Decimal | float | str, *, currency: str) -> Money:
    """Return the amount in major units (25, Decimal("25.00"), "25.00") as Money; raises BadMoney.

    Text is digits with at most one point and two decimals: no sign, separator, exponent, blank or leading zero, and
    ASCII digits only. Numbers must be written with at most two decimals. A float is read as its shortest text, so
    0.1 + 0.2 is refused rather than rounded. Up to 15 digits in minor units.
    """
    check_currency(currency)
    minor = _minor_of_text(value) if isinstance(value, str) else _minor_of_number(value)
    if minor >= 10**MAX_DIGITS:
        raise BadMoney(f"the amount is too large: at most {MAX_DIGITS - 2} digits before the point")
    return Money(minor=minor, currency=currency)


def _minor_of_text(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise BadMoney('an amount as text is digits with at most two decimals, like "25.00"')
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _minor_of_number(value: int | float | Decimal) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise BadMoney('an amount is a number or text like "25.00"')
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise BadMoney("an amount is a finite number")
    if number.is_signed():
        raise BadMoney("an amount can't be negative")
    if number.adjusted() > MAX_DIGITS:  # before scaling: 1e999999 must not become a million digits
        raise BadMoney(f"the amount is too large: at most {MAX_DIGITS - 2} digits before the point")
    return _scale(number)


def _scale(number: Decimal) -> int:
    # From the digits themselves: Decimal arithmetic would round to whatever context the caller runs in.
    _, digits, exponent = number.as_tuple()
    if exponent < -2:
        raise BadMoney("an amount has at most two decimals")
    return int("".join(map(str, digits))) * 10 ** (exponent + 2)
