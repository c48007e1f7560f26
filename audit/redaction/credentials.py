"""Secrets: keys, tokens, passwords and codes, by their form or by the word that stands before them. Never by entropy."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

Place = tuple[int, int]

#: Modules of detect-secrets whose patterns are linear and say whose secret it is. Left out: those that guess (entropy,
#: keyword, artifactory), that need quadratic time (jwt, npm, openai) or do less than ours (basic_auth, private_key).
_VENDORS = (
    "aws", "azure_storage_key", "cloudant", "discord", "github_token", "gitlab_token", "ibm_cloud_iam", "ibm_cos_hmac",
    "mailchimp", "pypi_token", "sendgrid", "slack", "softlayer", "square_oauth", "stripe", "telegram_token", "twilio",
)  # fmt: skip
_REST = re.compile(r"[A-Za-z0-9_\-]{0,200}")
_WORTH_ASKING = re.compile(r"[A-Za-z0-9_\-./+=:]{16}")

# Every pattern below begins at a boundary and repeats possessively or within bounds: time grows with the text, no faster.
_TOKENS = re.compile(
    r"""(?<![A-Za-z0-9_])(?:
        cs_[0-9a-f]{8}_[A-Za-z0-9_\-]{8,}+                                   # an agent's token; its prefix alone is public
      | eyJ[A-Za-z0-9_\-=]{8,}+\.[A-Za-z0-9_\-=]{8,}+(?:\.[A-Za-z0-9_\-.+/=]*+)?  # JWT
      | (?:sk-|sk_live_|sk_test_|rk_live_|rk_test_|whsec_|github_pat_|gh[opsur]_|gl[a-z]{2,6}-|xox[a-z]-|xapp-|hf_|gsk_|npm_
          |dop_v1_|shp(?:at|ss|ca|pa)_|pypi-|ya29\.|AIza|AKC|SG\.)(?=[A-Za-z0-9_\-.]{0,80}?\d)[A-Za-z0-9_\-.]{14,}+
    )""",
    re.VERBOSE,
)
_HEADERS = (
    re.compile(r"(?i)\bbearer[ \t]+(?P<secret>(?=[\w\-.~+/]{0,80}?\d)[\w\-.~+/]{12,}+=*)"),
    re.compile(
        r"(?i)\bauthorization[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?(?:basic|digest|negotiate)[ \t]+(?P<secret>[\w\-+/]{8,}+=*)"
    ),
    re.compile(
        r"(?i)\bauthorization[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?(?:(?:token|apikey|bearer)[ \t]+)?"
        r"(?P<secret>(?=[\w\-.~+/]{0,200}?[\d=])[\w\-.~+/]{8,}+=*)"
    ),
    re.compile(r"(?i)\bcookie[\"']?[ \t]{0,3}:[ \t]{0,3}(?P<secret>[^\s=;]{1,80}=[^\n]{0,4000})"),
)
_ARGUMENTS = (  # of programs: mysql -u root -psecret, curl -u name:secret
    re.compile(r"(?<!\S)-u ?[^\s:]{1,64}[ \t]+-p(?P<secret>\S{3,200})"),
    re.compile(r"(?<!\S)(?:-u|--user)[ =][\"']?[^\s:]{1,64}:(?P<secret>[^\s\"']{3,200})"),
)
_URL_LOGIN = re.compile(
    r"(?i)\b[a-z][a-z0-9+.\-]{1,20}://(?P<secret>[^\s/@:?#]{0,128}:[^\s/]{1,256}@[^\s/?#\"'<>]{0,255})"
)

_KEY_MARK = re.compile(r"-{3,5} ?(?P<side>BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{3,5}")
_KEY_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s]|\\[nr]|[A-Z][A-Za-z\-]{1,20}: )*+")
_PUTTY = re.compile(r"PuTTY-User-Key-File-\d")
_PUTTY_END = re.compile(r"Private-MAC: ?[0-9a-fA-F]*")

_NAME = (
    r"(?:pass[_\- ]?(?:word|phrase|code|wd)s?|(?<![a-z])(?:pwd|pass|pw)(?![a-z])|(?<!\[)secret(?!ar|io|e)s?"
    r"|(?:api|access|auth|private|secret|encryption|signing|account|service|client|db|database)[_\- ]?key"
    r"|credentials?|token(?!s|iz|is)|session[_\-]?id|contrase[ñn]a|passwort|kennwort|mot de passe)"
)
_PUBLIC_TAIL = (
    r"[\w\-]{0,20}(?:count|type|url|uri|limit|expir\w*|name|prefix|ttl|kind|age|length|policy|version|status|field|file"
    r"|path)\b"
)
_ASSIGNED = re.compile(
    rf"(?i){_NAME}(?!{_PUBLIC_TAIL})[\w\-.]{{0,24}}+[\\\"'`\]]{{0,4}}[ \t]{{0,3}}(?P<sign>:=|=>|={{1,3}}|:)[ \t]{{0,3}}"
    r"(?:\\{0,3}(?P<quote>[\"'`])(?P<quoted>(?:(?!(?P=quote))[^\n]){3,400})"
    r"|(?P<bare>[^\s\"'`&](?:[^\s\"'`&]|&(?!\w{1,40}=)|[\"'`](?=\w)){2,400}))"
)
_SAID = re.compile(
    r"(?i)\b(?:password|passphrase|passcode|passwd|pwd|secret|api[ _-]key|token)\b"
    r"(?:[ \t]+(?:is|was|will be|are)(?: now)?[ \t:]+|[ \t]+)[\"'`]?(?P<secret>[^\s\"'`]{6,200})"
)
_CODE = re.compile(
    r"(?i)\b(?:(?:cvv2?|cvc2?|card (?:security|verification) (?:code|number))(?P<cvv>)|(?:pin(?! ?code)|pin number)(?P<pin>)"
    r"|(?:otp|2fa code|mfa code|one[ \-]?time (?:code|password|pin|passcode)|passcode|verification code|security code|login code"
    r"|auth(?:entication)? code|sms code|code (?:from|in|by) (?:the |my |your )?(?:sms|text|e-?mail|app))(?P<otp>))"
    r"(?:[ \t]+(?:code|number|for \w+ \w+))?(?:[ \t]*(?:is|was|:|=|#|-)){0,2}[ \t]{0,2}(?P<code>\d{3,8})(?!\w|[.,]\d)"
)
_CODE_SIZES = {"cvv": (3, 4), "pin": (4, 6), "otp": (4, 8)}

#: A field with such a name holds a secret, whatever it looks like.
SECRET_NAME = re.compile(
    rf"(?i){_NAME}(?!{_PUBLIC_TAIL})|(?<![a-z])(?:authorization|cookie|cvv2?|cvc2?|pin|otp)(?![a-z])"
)

_NO_SECRET = re.compile(
    r"(?i)(?:none|null|nil|undefined|unset|true|false|yes|no|required|optional|missing|empty|blank|expired|invalid|valid|revoked"
    r"|changed|reset|updated|unknown|redacted|hidden|masked|incorrect|wrong|forgotten|str|string|text|bearer|basic|\*+|x{3,}|\.{3,}"
    r"|-{3,}|<[^>]*>?|\$\{?[a-z_][\w.]*\}?|\{\{.*|%\(?\w+\)?s|os\.(?:environ|getenv).*|process\.env.*|settings\.\w+|env\.\w+)[.,;)\]}]*"
    r"|cs_[0-9a-f]{8}[.,;)]*|\[(?:secret|card|iban|ssn|email|phone|ip|unread)\].*"
)
_DIGIT = re.compile(r"\d")


def find_secrets(text: str) -> Iterator[Place]:
    """Yield places of private keys, tokens of known form, logins in addresses, headers, assigned passwords and codes."""
    yield from _private_keys(text)
    yield from (found.span() for found in _TOKENS.finditer(text))
    for pattern in (*_HEADERS, *_ARGUMENTS, _URL_LOGIN):
        yield from (found.span("secret") for found in pattern.finditer(text))
    yield from _assigned(text)
    yield from _said(text)
    yield from _codes(text)
    if _WORTH_ASKING.search(text):
        for pattern in _vendor_patterns():
            yield from (_whole_word(text, found) for found in pattern.finditer(text))


def _whole_word(text: str, found: re.Match) -> Place:
    """Patterns of a fixed length must not leave the rest of a longer token to be read."""
    return found.start(), _REST.match(text, found.end()).end()


@cache
def _vendor_patterns() -> tuple[re.Pattern, ...]:
    """The patterns of detect-secrets' plugins: `analyze_string` tells what it found, these tell where."""
    from detect_secrets.plugins.base import RegexBasedDetector  # 160 ms on first use: only texts with a long word pay

    modules = [import_module(f"detect_secrets.plugins.{name}") for name in _VENDORS]
    detectors = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, RegexBasedDetector) and value.__module__ == module.__name__
    ]
    return tuple(pattern for detector in detectors for pattern in detector.denylist)


def _private_keys(text: str) -> Iterator[Place]:
    """Whole blocks; one whose end is missing goes as far as it reads like a key."""
    start = None
    for mark in _KEY_MARK.finditer(text):
        if mark["side"] == "BEGIN":
            yield mark.start(), _KEY_BODY.match(text, mark.end()).end()
            start = mark.start() if start is None else start
        elif start is not None:
            yield start, mark.end()
            start = None
    for mark in _PUTTY.finditer(text):
        end = _PUTTY_END.search(text, mark.end())
        yield mark.start(), end.end() if end else len(text)
        if not end:
            return


def _assigned(text: str) -> Iterator[Place]:
    for found in _ASSIGNED.finditer(text):
        group = "quoted" if found["quote"] else "bare"
        value = found[group]
        if _NO_SECRET.fullmatch(value):
            continue
        if found["quote"] or found["sign"] != ":" or _is_telling(value) or _ends_line(text, found.end()):
            yield found.span(group)


def _said(text: str) -> Iterator[Place]:
    """`my password is hunter2`: what follows must look unlike a word."""
    for found in _SAID.finditer(text):
        if _is_telling(found["secret"]) and not _NO_SECRET.fullmatch(found["secret"]):
            yield found.span("secret")


def _is_telling(value: str) -> bool:
    """Whether a word looks like a secret rather than like prose after a colon: digits or signs among its letters."""
    core = value.rstrip(".,;:!?)'\"]}")
    return bool(_DIGIT.search(core) or re.search(r"\w[!@#$%^&*_+=~]\w|[a-z][A-Z]", core) or len(core) >= 24)


def _ends_line(text: str, end: int) -> bool:
    return not text[end : end + 80].split("\n", 1)[0].strip(" \t.,;")


def _codes(text: str) -> Iterator[Place]:
    for found in _CODE.finditer(text):
        kind = next(kind for kind in _CODE_SIZES if found[kind] is not None)
        fewest, most = _CODE_SIZES[kind]
        if fewest <= len(found["code"]) <= most:
            yield found.span("code")
