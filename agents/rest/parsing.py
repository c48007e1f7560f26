"""One strict JSON parser for every REST door."""

from django.conf import settings
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from agents import canonical


class BodyTooLarge(APIException):
    """The body is over the limit; nothing beyond the limit was read."""

    status_code = 413


def _require_json(content_type: str) -> None:
    """Raise UnsupportedMediaType unless it is JSON by name, and UTF-8: the framework takes a `*` for it, and any charset."""
    kind, options = parse_header_parameters(content_type)
    if kind.lower() != StrictJSONParser.media_type or options.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType(content_type)


class StrictJSONParser(BaseParser):
    """Parses JSON, refusing duplicate keys, NaN, depth, size and anything that two readers could read differently."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        _require_json(media_type or "")
        limit = settings.MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes. Send less; put large evidence elsewhere.")
        try:
            return canonical.parse_json(body, max_bytes=limit)
        except canonical.BadJson as bad:
            error = ParseError(f"The body isn't JSON we accept: {bad}.")
            error.place = {"line": bad.line, "column": bad.column}
            raise error from bad
