"""What goes on the wire: a versioned function of canonical arguments and tool definition.

Pure. Approved bytes are sent bytes: whoever holds the arguments and the definition can make the request again.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote, unquote

from agents.canonical import canonical_bytes, digest_of, sha256_hex
from agents.dialect import money_arguments, type_meant
from agents.money import Money

WIRE_VERSION = 1

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9_.~!$&'()*+,;=:@-]|\{[^{}/]+\})*)+")
_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")
_PATH_SHAPE = "the connector's path is /plain/segments with {argument} in them, without query or escapes"
_IN_QUERY, _IN_BODY = ("GET", "DELETE"), ("POST", "PUT", "PATCH")


class NotSendable(ValueError):
    """The arguments can't be put into the tool's request: change the argument or the connector's path."""


@dataclass(frozen=True)
class WireRequest:
    """The request as it leaves: `path` with its query, `body` and `content_type` empty for GET and DELETE."""

    method: str
    path: str
    body: bytes
    content_type: str
    v: int = WIRE_VERSION

    def digest(self) -> str:
        """Return the SHA-256 (hex) of JCS {"method", "path", "body_sha256", "v"}."""
        body = sha256_hex(self.body)
        return digest_of({"method": self.method, "path": self.path, "body_sha256": body, "v": self.v})


def wire_request(definition: dict, canonical_args: dict, *, version: int = WIRE_VERSION) -> WireRequest:
    """Return the request a tool definition and canonical arguments stand for: same input, same bytes, for ever.

    Amounts go out in major units, as the type the schema declares ("25.00" for string, 25 or 25.5 for number).
    `{argument}` in the connector's path is percent-encoded and leaves the body. What remains is the query, sorted
    by name, for GET and DELETE (text as it is, anything else as canonical JSON), else a canonical JSON body.
    Raises NotSendable, also for a value that could walk the path.
    """
    if version != WIRE_VERSION:
        raise NotSendable(f"wire version {version} is not known here")
    connector = definition["connector"]
    method = str(connector.get("method", "")).upper()
    if connector.get("kind") != "http" or method not in _IN_QUERY + _IN_BODY:
        raise NotSendable("the connector is not http with GET, DELETE, POST, PUT or PATCH")
    values = _wire_values(definition["schema"], canonical_args)
    path, used = _fill_path(str(connector.get("path", "")), values)
    rest = {name: value for name, value in sorted(values.items()) if name not in used}
    if method in _IN_BODY:
        return WireRequest(method, path, canonical_bytes(rest), "application/json")
    query = "&".join(f"{quote(name, safe='')}={quote(_text(value), safe='')}" for name, value in rest.items())
    return WireRequest(method, f"{path}?{query}" if query else path, b"", "")


def amount_to_send(amount: Money, declared: str) -> int | float | str:
    """Return the amount in major units as its declared type: "25.00" for string, else the number 25 or 25.5."""
    return str(amount.major()) if type_meant(declared) == "string" else amount.number()


def _has_shape(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and "//" not in path


def _wire_values(schema: dict, canonical_args: dict) -> dict:
    values = dict(canonical_args)
    for name, currency in money_arguments(schema).items():
        if name in values:
            amount = Money(**values[name])
            if amount.currency != currency:
                raise NotSendable(f"{name} is in {amount.currency}, but the tool takes {currency}")
            values[name] = amount_to_send(amount, schema["properties"][name]["type"])
    return values


def _fill_path(template: str, values: dict) -> tuple[str, set[str]]:
    if not _has_shape(template):
        raise NotSendable(_PATH_SHAPE)
    path = _PLACEHOLDER.sub(lambda found: quote(_path_text(found[1], values), safe=""), template)
    # A server or proxy may decode more than once: the path must have the approved shape however often it does.
    settled = _settle(path)
    walks = {".", ".."} & set(settled.split("/"))
    if walks or settled.count("/") != template.count("/") or re.search(r"[\x00-\x1f\x7f\\]", settled):
        raise NotSendable("an argument in the path would change where the request goes")
    return path, set(_PLACEHOLDER.findall(template))


def _path_text(name: str, values: dict) -> str:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise NotSendable(f"the path needs {name} as text or a number")
    text = _text(value)
    if text in ("", ".", ".."):
        raise NotSendable(f"{name} stands in the path and can't be empty, . or ..")
    return text


def _settle(path: str) -> str:
    for _ in range(5):
        path, before = unquote(path), path
        if path == before:
            return path
    raise NotSendable("an argument in the path is percent-encoded over and over")


def _text(value) -> str:
    return value if isinstance(value, str) else canonical_bytes(value).decode()
