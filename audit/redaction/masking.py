"""Find, mask and count. No text makes these raise, and time grows with the text, no faster."""

from collections.abc import Callable, Collection, Iterator

from audit.redaction.addresses import find_emails, find_ips
from audit.redaction.credentials import SECRET_NAME, find_secrets
from audit.redaction.folding import fold
from audit.redaction.numbers import find_cards, find_ibans, find_ssns
from audit.redaction.phones import BLANK, REGIONS, find_phones
from audit.redaction.spans import ALL, Found, Redacted, Span, check_kinds, merge, tally

MAX_DEPTH = 64
#: Stands for what lies deeper than one looks: what wasn't searched isn't shown.
UNREAD = "[unread]"

_FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "secret": find_secrets,
    "card": find_cards,
    "iban": find_ibans,
    "ssn": find_ssns,
    "email": find_emails,
    "ip": find_ips,
}
# What could be taken for a telephone number is found first, asked for or not.
_BEFORE_PHONES = ("card", "iban", "ssn", "ip")


def find(text: str, kinds: Collection[str] = ALL, *, regions: Collection[str] = REGIONS) -> list[Span]:
    """Return where personal data and secrets of these kinds stand, in order, never overlapping.

    Overlapping finds are one, named after the longest. `regions` are the countries (ISO codes) whose national telephone
    numbers are known; numbers with a country code are found anyway. Raises ValueError for an unknown kind.
    """
    asked = check_kinds(kinds)
    folded = fold(text)
    first = [kind for kind in _FINDERS if kind in asked or (kind in _BEFORE_PHONES and "phone" in asked)]
    spans = [Span(start, end, kind) for kind in first for start, end in _FINDERS[kind](folded.text)]
    if "phone" in asked:
        rest = _blank(folded.text, spans)
        spans += [Span(start, end, "phone") for start, end in find_phones(rest, regions)]
    return merge(Span(*folded.place(span.start, span.end), span.kind) for span in spans if span.kind in asked)


def _blank(text: str, spans: list[Span]) -> str:
    parts, end = [], 0
    for span in merge(spans):
        parts += [text[end : span.start], BLANK * (span.end - span.start)]
        end = span.end
    return "".join([*parts, text[end:]])


def redact(text: str, kinds: Collection[str] = ALL, *, regions: Collection[str] = REGIONS) -> Redacted:
    """Return the text with each find replaced by `[kind]`, and the counts. Nothing of a find is left, not its length."""
    spans = find(text, kinds, regions=regions)
    return Redacted(mask(text, spans), tally(span.kind for span in spans))


def mask(text: str, spans: list[Span]) -> str:
    """Return the text with these spans, as `find` gives them, replaced by `[kind]`."""
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], f"[{span.kind}]"]
        end = span.end
    return "".join([*parts, text[end:]])


def redact_value(
    value: object, kinds: Collection[str] = ALL, *, regions: Collection[str] = REGIONS
) -> tuple[object, tuple[Found, ...]]:
    """Return a JSON-like value with its texts masked, and the counts of all of it.

    Keys stay, and say what a value is: under `password` the whole text is a secret, under `phone` bare digits are a
    number. A number that is a card's becomes the text `[card]`. Other types pass. Below 64 levels stands `[unread]`.
    """
    walk = _Walk(check_kinds(kinds), tuple(regions))
    return walk.take(value, "", 0), tally(walk.kinds_found)


class _Walk:
    def __init__(self, kinds: tuple[str, ...], regions: tuple[str, ...]):
        self.kinds, self.regions = kinds, regions
        self.kinds_found: list[str] = []

    def take(self, value: object, key: str, depth: int) -> object:
        if isinstance(value, str):
            return self._text(value, key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, key)
        if not isinstance(value, dict | list | tuple):
            return value
        if depth >= MAX_DEPTH:
            return UNREAD
        if isinstance(value, dict):
            return {name: self.take(item, str(name), depth + 1) for name, item in value.items()}
        return [self.take(item, key, depth + 1) for item in value]

    def _text(self, text: str, key: str) -> str:
        if "secret" in self.kinds and text and key and SECRET_NAME.search(key):
            self.kinds_found.append("secret")
            return "[secret]"
        label = f"{key}: " if key else ""
        found = find(label + text, self.kinds, regions=self.regions)
        spans = [
            Span(max(0, span.start - len(label)), span.end - len(label), span.kind)
            for span in found
            if span.end > len(label)
        ]
        self.kinds_found += [span.kind for span in spans]
        return mask(text, spans)

    def _number(self, number: int | float, key: str) -> object:
        text = str(number)
        masked = self._text(text, key)
        return number if masked == text else masked
