"""Canonical bytes, digests and the one strict JSON parser.

Everything that is signed, hashed or compared goes through `canonical_bytes` (RFC 8785, JCS), and every JSON
body that comes from outside goes through `parse_json`, so that two readers can never see two different documents
in the same bytes.
"""

import hashlib
import json
import re
from decimal import Decimal

import rfc8785

from audit import jcs

SAFE_INTEGER = 2**53 - 1  # the largest whole number every JSON reader keeps exactly (RFC 7493, section 2.2)
MAX_NUMBER_CHARS = 400  # longer than any double needs; keeps number parsing linear and below Python's digit limit
MAX_EXPONENT = 400

# Strings are taken whole, so a brace inside text never counts as structure. The possessive quantifiers never
# backtrack. A lone quote is a string that doesn't end: the scan stops there and the parser says so.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:"]|[^\s"{}\[\],:]++', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)")


class NotCanonical(ValueError):
    """The value has no canonical JSON form: send plain JSON, and numbers a double can't carry as strings."""


class BadJson(ValueError):
    """The body isn't JSON we accept: correct it at `line` and `column` (both from 1) and send it again."""

    def __init__(self, message: str, line: int = 1, column: int = 1):
        super().__init__(f"{message} (line {line}, column {column})")
        self.message, self.line, self.column = message, line, column


def canonical_bytes(value) -> bytes:
    """Return the RFC 8785 bytes of a JSON value (dict, list, tuple, str, int, float, Decimal, bool, None).

    Parsing the bytes and canonicalising again gives the same bytes. Raises NotCanonical for NaN, infinities, whole
    numbers beyond 2^53-1, Decimals a double can't carry exactly, lone surrogates, other types and runaway nesting.
    """
    try:
        return jcs.dumps(value, otherwise=lambda it: rfc8785.dumps(_plain(it)))
    except NotCanonical:
        raise
    except RecursionError:
        raise NotCanonical("the value is nested too deeply or contains itself") from None
    except UnicodeEncodeError:  # also from rfc8785 itself, when the surrogate stands in a key
        raise NotCanonical("text holds a lone surrogate, which is not a character") from None
    except rfc8785.CanonicalizationError as error:
        raise NotCanonical(str(error)[:200]) from None


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of the bytes as 64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value) -> str:
    """Return the SHA-256 (hex) of the value's canonical bytes; raises NotCanonical."""
    return sha256_hex(canonical_bytes(value))


def holds_nul(written: bytes) -> bool:
    """Whether canonical bytes hold a NUL character in some text: JSON may, PostgreSQL's jsonb can't."""
    return _NUL.search(written) is not None


def plain_number(number: int | float | Decimal) -> int | float:
    """Return the int or float that canonical JSON writes for this number; raises NotCanonical.

    A Decimal passes only when the double nearest to it prints back the same value, so no digit is ever lost.
    """
    if isinstance(number, Decimal):
        number = _exact_float(number)
    if isinstance(number, int):
        if abs(number) > SAFE_INTEGER:
            raise NotCanonical("the whole number is beyond 2^53-1: send it as a string")
        return int(number)
    if number != number or number in (float("inf"), float("-inf")):
        raise NotCanonical("NaN and infinities are not JSON numbers")
    if SAFE_INTEGER < abs(number) < 1e21:  # JCS would write these as whole numbers no reader keeps exactly
        raise NotCanonical("the whole number is beyond 2^53-1: send it as a string")
    return float(number)


def _exact_float(number: Decimal) -> int | float:
    if not number.is_finite():
        raise NotCanonical("NaN and infinities are not JSON numbers")
    nearest = float(number)
    if nearest in (float("inf"), float("-inf")) or Decimal(repr(nearest)) != number:
        raise NotCanonical("the number has more digits than a double can carry: send it as a string")
    return nearest


def _plain(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        value.encode()  # raises on a lone surrogate, which then gets the same words in a key and in a value
        return value
    if isinstance(value, (int, float, Decimal)):
        return plain_number(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    raise NotCanonical(f"a {type(value).__name__} is not a JSON value")


def parse_json(body: bytes, *, max_bytes: int = 262_144, max_depth: int = 32, max_members: int = 10_000) -> object:
    """Return the value of a JSON body; whole numbers as int, numbers with a fraction or exponent as Decimal.

    Refuses what two readers could read in two ways, or what is only there to hurt: duplicate keys, NaN and
    infinities, lone surrogates, NUL characters, a byte order mark, invalid UTF-8, text after the value, an empty body,
    more than `max_bytes`, nesting beyond `max_depth`, more than `max_members` object members and array items in all.
    Raises BadJson with line and column. Limits are checked before Python's own parser sees the text.
    """
    text = _decode(body, max_bytes)
    _scan(text, max_depth=max_depth, max_members=max_members)
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        sentence = "there is text after the JSON value" if error.msg == "Extra data" else f"not JSON: {error.msg}"
        raise BadJson(sentence, error.lineno, error.colno) from None


def _decode(body: bytes, max_bytes: int) -> str:
    if len(body) > max_bytes:
        raise BadJson(f"the body has {len(body)} bytes, more than the {max_bytes} allowed")
    try:
        text = bytes(body).decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8", "replace")
        raise BadJson("the body is not UTF-8", *_place(before, len(before))) from None
    if text.startswith("\ufeff"):
        raise BadJson("the body starts with a byte order mark: send plain UTF-8")
    if not text.strip(" \t\r\n"):
        raise BadJson("the body is empty")
    return text


def _scan(text: str, *, max_depth: int, max_members: int) -> None:
    """Walk the pieces once: depth, members, duplicate keys and odd text, each with its exact position.

    It trusts the order of pieces only as far as valid JSON goes; anything else is left for the parser to refuse.
    """
    open_keys: list[set | None] = []  # one entry a container: the keys seen, or None for an array
    members, before, before_at = 0, "", 0
    for found in _TOKEN.finditer(text):
        piece, at = found.group(), found.start()
        if piece == '"':
            return
        if piece == "," or (before in ("{", "[") and piece not in ("}", "]")):
            members += 1
        if members > max_members:
            raise _bad(text, at, f"more than {max_members} members")
        if piece in ("{", "["):
            open_keys.append(set() if piece == "{" else None)
            if len(open_keys) > max_depth:
                raise _bad(text, at, f"nested deeper than {max_depth} levels")
        elif piece in ("}", "]") and open_keys:
            open_keys.pop()
        elif piece == ":" and open_keys and open_keys[-1] is not None:
            _note_key(text, before, before_at, open_keys[-1])
        elif piece[0] == '"':
            _check_text(text, piece, at)
        elif piece[0] not in ",:{}[]":
            _check_word(text, piece, at)
        before, before_at = piece, at


def _note_key(text: str, piece: str, at: int, seen: set) -> None:
    key = _unescape(text, piece, at) if "\\" in piece else piece[1:-1]
    if key in seen:
        raise _bad(text, at, f"the key {json.dumps(key)[:80]} stands twice")
    seen.add(key)


def _check_text(text: str, piece: str, at: int) -> None:
    # Raw surrogates can't survive UTF-8 decoding and raw controls are refused by the parser: only \u can hide them.
    if "\\u" not in piece:
        return
    value = _unescape(text, piece, at)
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise _bad(text, at, "text holds a lone surrogate, which is not a character")
    if "\x00" in value:
        raise _bad(text, at, "text holds a NUL character")


def _check_word(text: str, piece: str, at: int) -> None:
    if piece in ("NaN", "Infinity", "-Infinity"):
        raise _bad(text, at, f"{piece} is not a JSON number")
    exponent = _EXPONENT.search(piece[:MAX_NUMBER_CHARS])
    if len(piece) > MAX_NUMBER_CHARS or (exponent and abs(int(exponent[1])) > MAX_EXPONENT):
        raise _bad(text, at, "the number is out of range: send it as a string")


def _unescape(text: str, piece: str, at: int) -> str:
    try:
        return json.loads(piece)
    except json.JSONDecodeError as error:
        raise _bad(text, at, f"not JSON: {error.msg}") from None


def _bad(text: str, at: int, message: str) -> BadJson:
    return BadJson(message, *_place(text, at))


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
