"""Pure: numbers that two readers read in two ways."""

import re
from collections.abc import Iterator

_THOUSANDS = re.compile(r"(?<![\w.,\-/])[1-9]\d{0,2}[.,]\d{3}(?![\w]|[.,]\d)", re.ASCII)
_EXPONENT = re.compile(
    r"(?<![\w.\-])[0-9]{1,40}(?:[.,][0-9]{1,40})?(?:[eE][+\-]?[0-9]{1,5}|\s?[x×*·]\s?10\s?(?:\^|\*\*)\s?[+\-]?[0-9]{1,5}"
    r"|\s?[x×*·]\s?10[⁻⁺]?[⁰¹²³⁴-⁹]{1,5})(?![\w\-])"
)
# Between digits: stops, commas and strokes of other scripts and sizes. Before them: dashes that aren't a minus.
_BETWEEN = (
    "\u066b\u066c\u060c\uff0c\uff0e\u3002\uff61\u2024\u201a\u2019\u02bc\u2032\u00b7\u2e31\u2e41\ufe50\ufe52\ufe10"
    "\ua4f8\ua4f9\ua4fa\ua4fb\u0387\u2027\u2219\u22c5\u30fb\u3001\uff64\u02d9"
)
_ODD = re.compile(rf"\d[{_BETWEEN}]\d|(?<![\w.,)])[\u2010-\u2015\u2212\ufe63\uff0d\u2796\u207b\u208b]\s?\d")
_LETTERS = "lIOo\u041e\u043e\u039f\u03bf\u0406\u0399\u04c0\u0417\u0431"
_MAYBE = re.compile(
    rf"(?<![\w\-])(?:[0-9]|[{_LETTERS}](?=[0-9]))[0-9{_LETTERS}]{{1,40}}(?:[.,][0-9{_LETTERS}]{{1,10}})?(?![\w\-])"
)
_CODES = "USD EUR GBP JPY CNY CHF CAD AUD INR KRW BRL RUB TRY MXN SEK NOK DKK PLN IDR VND KWD BHD BTC XBT ETH"
_SIGNS = {"$": "USD", "＄": "USD", "﹩": "USD", "€": "EUR", "£": "GBP", "￡": "GBP", "¥": "JPY", "￥": "JPY", "₹": "INR",
          "₩": "KRW", "₽": "RUB", "₺": "TRY", "฿": "THB", "₫": "VND", "₿": "BTC"}  # fmt: skip
_MONEY = re.compile(rf"(?<!\w)(?:{_CODES.replace(' ', '|')})(?!\w)|[{''.join(_SIGNS)}]")


def ambiguous(text: str) -> Iterator[str]:
    """Yield numbers with one point or comma before exactly three digits: 1.000 is one or a thousand, by country."""
    yield from (found.group() for found in _THOUSANDS.finditer(text))


def exponents(text: str) -> Iterator[str]:
    """Yield numbers that hide their size in a power of ten."""
    yield from (found.group() for found in _EXPONENT.finditer(text))


def odd_separators(text: str) -> Iterator[str]:
    """Yield numbers whose separator or sign only looks like the usual one."""
    if not text.isascii():
        yield from (text[max(0, found.start() - 8) : found.end() + 8].strip() for found in _ODD.finditer(text))


def with_letters(text: str) -> Iterator[str]:
    """Yield numbers in which a letter O, l or I stands for a digit."""
    for found in _MAYBE.finditer(text):
        if not found.group().replace(".", "").replace(",", "").isdecimal():
            yield found.group()


def currencies(text: str) -> Iterator[str]:
    """Yield the currencies of a text that names more than one."""
    named = dict.fromkeys(found.group() for found in _MONEY.finditer(text))
    if len({_SIGNS.get(one, one) for one in named}) > 1:
        yield from named
