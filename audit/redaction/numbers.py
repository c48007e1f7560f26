"""Numbers with a checksum or a fixed shape: payment cards, IBANs, American social security numbers."""

import re
from collections.abc import Iterator
from functools import cache

Place = tuple[int, int]

#: After this many numbers that fail the checksum, one that has a card's shape is taken for one: time stays bounded and
#: the doubt goes to masking.
MAX_CHECKS = 20_000

_CARD_RUN = re.compile(r"\d(?:[ .\-_]{0,2}+\d){12,}+")
_DIGITS = re.compile(r"\d+")
_CARD_SIZES = range(13, 20)
_FIRST_DIGITS = "234568"
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}"  # Discover, UnionPay
    r"|35(?:2[89]|[3-8]\d)\d{12,15}|220[0-4]\d{12,15}"  # JCB, Mir
    r"|(?:5018|5020|5038|5893|6304|6759|676[123])\d{9,15}"  # Maestro
    r"|506(?:099|1\d\d)\d{10,13}|(?:508\d|60\d\d|8[12]\d\d)\d{12}"  # Verve, RuPay
)
_TOKEN_BEFORE = re.compile(r"[A-Za-z0-9]{0,40}$")
_TOKEN_AFTER = re.compile(r"[A-Za-z0-9]{0,40}")
_HEX = re.compile(r"[0-9a-fA-F]+")

_IBAN_START = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=[a-z])(?=[A-Z]))([A-Za-z]{2})[ .\-]?\d{2}(?=[ .\-]?[A-Za-z0-9])")
_IBAN_CHARACTER = re.compile(r"[ .\-]{0,2}+([A-Za-z0-9])")
_IBAN_PARTS = re.compile(r"(\d+)!")

_SSN = re.compile(r"(?<![\w\-])(\d{3})([\- .]?)(\d{2})\2(\d{4})(?![\w]|-\w)")
_SSN_WORDS = re.compile(
    r"(?i)(?<![a-z\[])(?:ssn|s\.s\.n\.?|soc(?:ial)?(?:\.? sec(?:urity|\.)?)?|tax ?payer ?id|tin)(?![a-z\]])"
)
_NEAR = 40


def find_cards(text: str) -> Iterator[Place]:
    """Yield card numbers: an issuer's first digits and length, and a right check digit; spaces, dots or dashes inside."""
    checks = 0
    for run in _CARD_RUN.finditer(text):
        covered = 0
        for place, number in _windows(run):
            if place[0] < covered or not _ISSUERS.fullmatch(number) or _is_in_a_code(text, place):
                continue
            checks += 1
            if checks > MAX_CHECKS or _has_check_digit(number):
                covered = place[1]
                yield place


def _windows(run: re.Match) -> Iterator[tuple[Place, str]]:
    """Yield stretches of whole groups that have as many digits as a card, longest first from each start."""
    groups = [(run.start() + group.start(), run.start() + group.end()) for group in _DIGITS.finditer(run.group())]
    digits = re.sub(r"\D", "", run.group())
    passed = 0
    for first, (start, first_end) in enumerate(groups):
        size, fitting = 0, []
        if digits[passed] in _FIRST_DIGITS:
            for group_start, end in groups[first : first + _CARD_SIZES[-1]]:
                size += end - group_start
                if size > _CARD_SIZES[-1]:
                    break
                if size in _CARD_SIZES:
                    fitting.append(((start, end), digits[passed : passed + size]))
        yield from reversed(fitting)
        passed += first_end - start


def _is_in_a_code(text: str, place: Place) -> bool:
    """Whether the digits are a stretch of a digest or another hexadecimal code."""
    before = _TOKEN_BEFORE.search(text[max(0, place[0] - 40) : place[0]]).group()
    after = _TOKEN_AFTER.match(text, place[1]).group()
    return bool(before + after) and bool(_HEX.fullmatch(before + after))


def _has_check_digit(number: str) -> bool:
    from stdnum import luhn  # 50 ms on first use: only texts with such a number pay

    return luhn.is_valid(number)


def find_ibans(text: str) -> Iterator[Place]:
    """Yield account numbers of a country that has IBANs, of that country's length, with right check digits."""
    for found in _IBAN_START.finditer(text):
        length = _iban_length(found[1].upper())
        place = _take(text, found.start(), length) if length else None
        if place and _is_iban(text[place[0] : place[1]]):
            yield place


def _take(text: str, start: int, length: int) -> Place | None:
    """Return the place of that many letters and digits from start, or None when they run on or end too soon."""
    end = start
    for _ in range(length):
        found = _IBAN_CHARACTER.match(text, end)
        if not found:
            return None
        end = found.end()
    return None if text[end : end + 1].isalnum() else (start, end)


@cache
def _iban_length(country: str) -> int:
    """Return how many characters an IBAN of this country has, 0 when it has none."""
    from stdnum import numdb

    known = numdb.get("iban").info(country)[0][1]
    return 4 + sum(int(size) for size in _IBAN_PARTS.findall(known["bban"])) if "bban" in known else 0


def _is_iban(text: str) -> bool:
    from stdnum import iban

    return iban.is_valid(text, check_country=False)


def find_ssns(text: str) -> Iterator[Place]:
    """Yield social security numbers written with dashes, and any other way where words before say what they are."""
    for found in _SSN.finditer(text):
        said = found[2] == "-" or _SSN_WORDS.search(text[max(0, found.start() - _NEAR) : found.start()])
        if said and _is_ssn(f"{found[1]}-{found[3]}-{found[4]}"):
            yield found.span()


def _is_ssn(number: str) -> bool:
    from stdnum.us import ssn

    return ssn.is_valid(number)
