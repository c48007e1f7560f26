"""Telephone numbers: those with a country code anywhere, national ones of the given regions."""

import re
from collections.abc import Collection, Iterator

Place = tuple[int, int]

#: Stands in the place of what was found to be something else.
BLANK = "\0"
REGIONS = ("US", "GB", "DE", "FR", "ES", "NG", "BR", "IN")
#: After this many candidates whatever has the shape is masked unasked: time stays bounded, the doubt goes to masking.
MAX_ASKED = 500
_TRIES = 10
_FEWEST_DIGITS = 7

_CANDIDATE = re.compile(r"(?:\+ ?|\()?\d(?:[ ().\-/]{0,3}+\d){6,40}+(?: ?(?:x|ext\.?|extension) ?\d{1,6}(?!\w))?")
_GLUED_BEFORE = re.compile(r"(?:\w|\d[.,:\-/]|[#$€£¥₹]\s?|[A-Za-z]\w*[\-_/])$")
_GLUED_AFTER = re.compile(
    r"[.,:]\d|\w|%|-\w| ?(?:[$€£¥₹]|(?:usd|eur|gbp|ngn|inr|brl|kg|km|ms|bytes|items)\b)", re.IGNORECASE
)
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([\-./ ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])|\d{1,2}([./\-])\d{1,2}\2(?:19|20)\d\d)(?!\d)"
)
_SSN_SHAPE = re.compile(r"\d{3}-\d{2}-\d{4}")
_V4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
# A run that goes on is looked at in parts that overlap by more than a number's length.
_MORE = re.compile(r"[ ().\-/]{0,3}\d")
_OVERLAP = 24
_GROUP = re.compile(r"[^ ]* *")
_NEAR = 48
_CLAUSE_END = re.compile(r"[,;!?\n]|\. ")
_MASKS = re.compile(rf"\[\w+\]|{BLANK}+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MY_NUMBER = re.compile(r"(?i)\b(?:(?:my|his|her|our|new) (?:number|digits)|number (?:is|was)|ph)\b")
_WORD = re.compile(r"[^\W\d_]+")
_PHONE_WORDS = frozenset(
    "phone phones tel telephone telefono telefon mobile mob movil cell handy call called calling calls ring dial text texts"
    " sms whatsapp fax reach contact callback voicemail hotline landline".split()
)
_OTHER_WORDS = frozenset(
    "order orders invoice invoices inv bill ref reference tracking track ticket tickets case account acct id ids sku part"
    " serial model item items parcel package shipment policy booking confirmation transaction txn batch lot version total"
    " amount sum qty quantity code po zip postcode isbn imei vat ean upc barcode iban card timestamp epoch page pages"
    " customer member claim rma return receipt product article meter seat flight license licence plate coordinates pin".split()
)


def find_phones(text: str, regions: Collection[str] = REGIONS) -> Iterator[Place]:
    """Yield telephone numbers.

    With a country code: whatever could be one. Without: numbers valid in a region that are grouped as people there
    write them, begin with the trunk 0, or follow a word such as `call`; not those that follow `order`, `invoice` and
    the like, and no dates.
    """
    asked = 0
    for start, end in _candidates(text):
        is_international = text[start] == "+"
        said = None if is_international else _said_before(text, start)
        if said == "other":
            continue
        asked += 1
        if asked > MAX_ASKED:
            yield start, end
        elif is_international:
            yield from _international(text, start, end)
        else:
            yield from _national(text, start, end, regions, said)


def _candidates(text: str) -> Iterator[Place]:
    """Yield runs that may hold a number. Of a run that is glued to something, what stands apart by a space is tried."""
    found = _CANDIDATE.search(text)
    while found:
        start, end = found.span()
        if text[start] != "+" and _GLUED_BEFORE.search(text[max(0, start - 24) : start]):
            end = _GROUP.match(text, start).end()
        else:
            while end > start and _GLUED_AFTER.match(text, end):
                end = text.rfind(" ", start, end)
            if end > start and not _DATE.fullmatch(text, start, end):
                yield start, end
            end = found.end() - (_OVERLAP if _MORE.match(text, found.end()) else 0)
        found = _CANDIDATE.search(text, max(end, start + 1))


def _international(text: str, start: int, end: int) -> Iterator[Place]:
    digits = sum(char.isdigit() for char in text[start:end])
    if digits > 15:  # too long for one number: two stand side by side, or a disguise
        yield start, end
    else:
        yield from _matches(text, start, end, (None,), "POSSIBLE")


def _national(text: str, start: int, end: int, regions: Collection[str], said: str | None) -> Iterator[Place]:
    valid = set(_matches(text, start, end, regions, "VALID"))
    for gap_start, gap_end in _gaps(start, end, valid):  # of several numbers in a row the library may tell only some
        if sum(char.isdigit() for char in text[gap_start:gap_end]) >= _FEWEST_DIGITS:
            yield from _national(text, gap_start, gap_end, regions, said)
    if said == "phone":
        yield from valid or _matches(text, start, end, regions, "POSSIBLE")
        return
    yield from (place for place in valid if _begins_like_one(text[place[0] : place[1]]))
    if any(_is_grouped(text[place[0] : place[1]]) for place in valid):
        grouped = _matches(text, start, end, regions, "STRICT_GROUPING")
        yield from (place for place in grouped if _is_grouped(text[place[0] : place[1]]))


def _gaps(start: int, end: int, places: set[Place]) -> Iterator[Place]:
    """Yield what lies between the places, if there are any."""
    for place_start, place_end in sorted(places):
        if start < place_start:
            yield start, place_start
        start = max(start, place_end)
    if places and start < end:
        yield start, end


def _begins_like_one(raw: str) -> bool:
    digits = sum(char.isdigit() for char in raw)
    return raw.startswith("(") or (raw.startswith("0") and 10 <= digits <= 14)


def _is_grouped(raw: str) -> bool:
    return not raw.isdigit() and not _SSN_SHAPE.fullmatch(raw)


def _matches(text: str, start: int, end: int, regions: Collection[str | None], leniency: str) -> Iterator[Place]:
    from phonenumbers import Leniency, PhoneNumberMatcher  # 40 to 160 ms on first use: only texts with a candidate pay

    for region in regions:
        for match in PhoneNumberMatcher(text[start:end], region, getattr(Leniency, leniency), max_tries=_TRIES):
            raw = match.raw_string
            if not _DATE.search(raw) and not _V4.fullmatch(raw):
                yield start + match.start, start + match.end


def _said_before(text: str, start: int) -> str | None:
    """Return what the nearest telling word before says: `phone`, `other` (in the same clause), or None."""
    near = _CAMEL.sub(" ", _MASKS.sub(" ", text[max(0, start - 4 * _NEAR) : start]))[-_NEAR:]
    clauses = _CLAUSE_END.split(near.lower())
    for place, clause in enumerate(reversed(clauses)):
        for word in reversed(_WORD.findall(clause)):
            if word in _PHONE_WORDS:
                return "phone"
            if word in _OTHER_WORDS and place == 0:
                return "other"
    return "phone" if _MY_NUMBER.search(near) else None
