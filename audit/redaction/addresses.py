"""Addresses: e-mail and IP."""

import ipaddress
import re
from collections.abc import Iterator

Place = tuple[int, int]

# An at sign, as mail, logs and pages write it.
_AT = re.compile(r" @ |@|%40|&#0*64;|&#x0*40;|&commat;", re.IGNORECASE)
_SPELLED_AT = re.compile(r" ?[\[({] ?at ?[\])}] ?| at (?=[\w\-]{1,63} (?:dot|punkt|punto) )", re.IGNORECASE)
_LONGEST = 128
# Read backwards from the at sign. An apostrophe counts only inside a name.
_LOCAL_BACKWARDS = re.compile(r"(?:[\w.+%~\-]|'(?=\w))+")
_QUOTED_BACKWARDS = re.compile(r'"[^"\n]{1,64}"')
_DOMAIN = re.compile(r"(?:[\w\-]{1,63}\.){1,8}(?:xn--[\w\-]{1,59}|[^\W\d_]{2,24})(?![\w\-])|\[[0-9a-fA-F:.]{3,45}\]")
_SPELLED_DOT = r"(?: ?\. ?| ?[\[({] ?(?:dot|\.) ?[\])}] ?| (?:dot|punkt|punto) )"
_SPELLED_DOMAIN = re.compile(rf"[\w\-]{{1,63}}(?:{_SPELLED_DOT}[\w\-]{{2,63}}){{1,4}}", re.IGNORECASE)
_SPELLED_ENDS = frozenset("com org net edu gov info biz io co me eu uk de fr es it nl in ng br pt us ca au".split())
_FILES = re.compile(r"(?i)\dx\.(?:png|jpe?g|gif|svg|webp|avif)$")  # logo@2x.png
_REPOSITORY = re.compile(r"[\w.\-]+:[\w~./\-]")  # git@host:owner/name

_V4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_V6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4})?(?![\w:])")
_NUMBERING = re.compile(
    r"(?:(?<![a-z])(?:v|ver\.?|version|release|build|firmware|section|clause|chapter|paragraph|article|update|step)|§"
    r"|upgraded? from)[ :=#]{0,3}$|[A-Za-z]/$",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Place]:
    """Yield e-mail addresses: with @ or its encodings, and the spelled `name [at] example [dot] com`."""
    for at in _AT.finditer(text):
        yield from _email_around(text, at, _DOMAIN)
    for at in _SPELLED_AT.finditer(text):
        yield from _email_around(text, at, _SPELLED_DOMAIN)


def _email_around(text: str, at: re.Match, domains: re.Pattern) -> Iterator[Place]:
    before = text[max(0, at.start() - _LONGEST) : at.start()][::-1]
    local = _LOCAL_BACKWARDS.match(before) or _QUOTED_BACKWARDS.match(before)
    domain = domains.match(text, at.end())
    if not local or not domain or _FILES.search(domain.group()):
        return
    if at.group() == " at " and not _SPELLED_ENDS & set(domain.group().lower().split()):
        return  # "at noon dot on": with nothing around the words only a known ending tells
    if local.group() == "tig" and _REPOSITORY.match(text, at.end()):
        return
    yield at.start() - local.end(), domain.end()


def find_ips(text: str) -> Iterator[Place]:
    """Yield IPv4 and IPv6 addresses. Four numbers after `version`, `section`, `Agent/` and the like aren't."""
    for found in _V4.finditer(text):
        if _is_ip(found.group()) and not _NUMBERING.search(text[max(0, found.start() - 16) : found.start()]):
            yield found.span()
    for found in _V6.finditer(text):
        if _says_enough(found.group()) and _is_ip(found.group()):
            yield found.span()


def _says_enough(text: str) -> bool:
    """`a::b` and `::` are valid IPv6 addresses, and more often code."""
    groups = [group for group in text.split(":") if group]
    return text == "::1" or len(groups) > 2 or (len(groups) > 1 and any(len(group) > 2 for group in groups))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
