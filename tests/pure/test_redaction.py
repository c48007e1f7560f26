"""Personal data and secrets don't get past, ordinary numbers do, and the published figures are the measured ones."""

import logging
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from audit.log_filter import MAX_LINE, RedactingFilter
from audit.redaction import ALL, PII, UNREAD, Found, Span, find, redact, redact_value

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "redaction.md"
# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)

#: Per kind: the least share of what must be found, and of what is found that had to be.
FLOORS = {
    "secret": (0.98, 0.98),
    "card": (0.97, 0.97),
    "iban": (0.97, 0.97),
    "ssn": (0.95, 0.95),
    "email": (0.97, 0.97),
    "phone": (0.97, 0.97),
    "ip": (0.97, 0.95),
}
CARD = "4242424242424242"
PIECES = [
    "ana@example.com", "415-555-2671", "+14155552671", "4242 4242 4242 4242", "DE89 3704 0044 0532 0130 00", "536-22-8741",
    "203.0.113.7", "password=hunter2", "Bearer abcdef1234567890", "https://u:p4ss@example.com/x", "2001:db8::1", "A-1041",
    "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "cs_1a2b3c4d_abcdefghijkl", "order 9876543210",
    "call 9876543210", "ssn 536228741", "pin 4821", "[phone]", "[secret]", "@", "%40", ":", "=", " ", "\n", ", ", "\u200b",
    "\u00a0",    "\ud800", "\0", "４", "a", "0", "12", ".", "-", "(", ")", '"', "'", "token", "eyJ", "password: ", "my number ",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join),
)


def read_case(line: str) -> tuple[str, set[Span]]:
    """Return the plain text of a labelled line and where in it something must be found."""
    text, spans = "", set()
    for part in re.split(r"(⟦\w+ .*?⟧)", line.replace("¦", ""), flags=re.DOTALL):
        if labelled := re.fullmatch(r"⟦(\w+) (.*)⟧", part, re.DOTALL):
            spans.add(Span(len(text), len(text) + len(labelled[2]), labelled[1]))
            part = labelled[2]
        text += part
    return text, spans


def read_cases() -> list[tuple[str, set[Span]]]:
    halves = YAML(typ="safe").load(HERE / "redaction_cases.yaml")
    return [read_case(line) for half in halves.values() for lines in half.values() for line in lines]


def measure() -> dict[str, tuple[int, int, int, int]]:
    """Return per kind: how many had to be found, how many of them were found whole, how many finds, how many of them right."""
    counts = Counter()
    for text, wanted in read_cases():
        found = find(text)
        for span in wanted:
            covered = any(
                other.kind == span.kind and other.start <= span.start and other.end >= span.end for other in found
            )
            counts += Counter({(span.kind, "wanted"): 1, (span.kind, "covered"): int(covered)})
        for span in found:
            right = any(
                other.kind == span.kind and other.start < span.end and other.end > span.start for other in wanted
            )
            counts += Counter({(span.kind, "found"): 1, (span.kind, "right"): int(right)})
    return {kind: tuple(counts[kind, what] for what in ("wanted", "covered", "found", "right")) for kind in ALL}


@pytest.fixture(scope="module")
def measured():
    return measure()


@pytest.mark.parametrize("kind", ALL)
def test_recall_and_precision_stay_above_their_floors(measured, kind):
    wanted, covered, found, right = measured[kind]
    recall, precision = FLOORS[kind]
    assert wanted >= 20
    assert covered / wanted >= recall
    assert right / found >= precision


def test_the_page_shows_the_measured_figures(measured):
    page = PAGE.read_text(encoding="utf-8")
    assert f"{len(read_cases())} lines" in page
    for kind, (wanted, covered, found, right) in measured.items():
        row = f"| {kind} | {covered} of {wanted} | {covered / wanted:.1%} | {right} of {found} | {right / found:.1%} |"
        assert row in page


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to ana@example.com or call 415-555-2671", "write to [email] or call [phone]"),
        ("card 4242 4242 4242 4242, order A-1041", "card [card], order A-1041"),
        ("https://bob:pw@example.com/x", "https://[secret]/x"),
        ('password="it\'s ok"', 'password="[secret]"'),
        ('{\\"password\\": \\"hunter2\\"}', '{\\"password\\": \\"[secret]"}'),
        ("hunter2 415-555-2671", "hunter2 [phone]"),
        ("DE89 3704 0044 0532 0130 00 415-555-2671", "[iban] [phone]"),
        ("415-555-2671 " * 9, "[phone] " * 9),
        ("415-555-2671 2 items", "[phone] 2 items"),
        ("nothing here on 2024-05-17", "nothing here on 2024-05-17"),
        ("", ""),
    ],
)
def test_a_mask_says_the_kind_and_nothing_more(text, masked):
    assert redact(text).text == masked


def test_what_was_masked_is_counted_by_kind():
    result = redact("ana@example.com, bob@example.com, 203.0.113.7")
    assert result.found == (Found("email", 2), Found("ip", 1))


def test_only_the_kinds_asked_for_are_masked():
    text = "ana@example.com from 203.0.113.7"
    assert redact(text, ["ip"]).text == "ana@example.com from [ip]"
    assert redact(text, []).text == text
    assert "ip" in PII
    assert "secret" not in PII


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="'mail' isn't a kind.*email"):
        redact("x", ["mail"])


def test_national_numbers_are_those_of_the_regions_named():
    assert redact("landline 02 12 34 56 78", ["phone"], regions=["FR"]).text == "landline [phone]"
    assert redact("(415) 555-2671", ["phone"], regions=["FR"]).text == "(415) 555-2671"
    assert redact("+1 415 555 2671", ["phone"], regions=[]).text == "[phone]"


def test_overlapping_finds_are_masked_as_one():
    """A shorter find that sticks out of a longer one must not be left to be read."""
    assert redact("password=ana@example.com").text == "password=[secret]"
    assert redact("ana@example.com:x@example.org").text.count("@") == 0


@CALM
@given(TEXTS)
def test_no_text_raises_and_spans_lie_in_order_inside_the_text(text):
    end = 0
    for span in find(text):
        assert end <= span.start < span.end <= len(text)
        assert span.kind in ALL
        end = span.end


@CALM
@given(st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join))
def test_what_was_masked_once_has_nothing_left_to_mask(text):
    once = redact(text).text
    assert redact(once).text == once


@CALM
@given(TEXTS, st.sampled_from(ALL))
def test_one_kind_alone_finds_no_other(text, kind):
    assert {span.kind for span in find(text, [kind])} <= {kind}


@CALM
@given(
    st.sampled_from([CARD, "DE89370400440532013000", "ana@example.com", "536-22-8741", "+14155552671", "203.0.113.7"]),
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\u202e\u0301\0\u034f")), max_size=8
    ),
)
def test_hidden_characters_inside_hide_nothing(value, hidden):
    disguised = list(value)
    for place, char in hidden:
        disguised.insert(place % len(value), char)
    masked = redact(f"it is {''.join(disguised)} here").text
    assert len(re.sub(r"[\W_]", "", masked, flags=re.ASCII)) < len("itishere") + len("secret") + 1
    assert "[" in masked


@CALM
@given(
    st.lists(st.sampled_from("please order refund the of and to us again 12 A-1041 2024-05-17".split()), max_size=12)
)
def test_ordinary_words_and_numbers_stay(words):
    text = " ".join(words)
    assert redact(text).text == text


@pytest.mark.parametrize("value", ["4242-4242-4242-4242", "ana@example.com", "DE89370400440532013000", "536-22-8741"])
@pytest.mark.parametrize("digits", ["０", "٠", "𝟎", "०"])
def test_digits_of_other_scripts_are_digits(value, digits):
    other = value.translate({ord("0") + n: chr(ord(digits) + n) for n in range(10)})
    assert redact(other, ["card", "email", "iban", "ssn"]).text in ("[card]", "[email]", "[iban]", "[ssn]")


def test_a_key_block_is_masked_whole_and_so_is_one_without_an_end():
    block = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
    assert redact(f"a {block} b {block} c").text == "a [secret] b [secret] c"
    assert "MIIEp" not in redact(block[:60]).text


@pytest.mark.parametrize(
    "piece",
    ["4 2 ", "4", "42 4242-", "DE89 ", "a@", "a.", "password", "password=", "eyJ", "sk-a1", "xoxb-1-", "://a:b", "x://a:b@", "%40",
     "-----BEGIN PRIVATE KEY-----", "1.2.3.4 ", "::", "+1", "415-555-2671 ", "call 02079460958 ", "(((1", "\u200b", "４", "\ud800",
     "\0", " is password is ", "aws key '", "cs_12345678_", "PuTTY-User-Key-File-2", "ssn 123 45 6789 ", "-u a -p", "'", "a at "],
)  # fmt: skip
def test_time_grows_with_the_text_and_no_faster(piece):
    small, large = (cpu_seconds((piece * 100_000)[:size]) for size in (12_500, 100_000))
    assert large < 3 or large < 40 * small  # eight times the text; a square would be sixty-four times the time


def cpu_seconds(text: str) -> float:
    start = time.process_time()
    find(text)
    return time.process_time() - start


def test_a_value_keeps_its_shape_and_its_keys():
    value = {"to": "ana@example.com", "lines": [{"text": "call 415-555-2671"}, 12, 1.5, True, None], "ok": "fine"}
    masked, found = redact_value(value)
    assert masked == {"to": "[email]", "lines": [{"text": "call [phone]"}, 12, 1.5, True, None], "ok": "fine"}
    assert found == (Found("email", 1), Found("phone", 1))
    assert value["to"] == "ana@example.com"


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"password": "correct horse battery"}, {"password": "[secret]"}),
        ({"dbPassword": "x"}, {"dbPassword": "[secret]"}),
        ({"api_key": ["a", "b"]}, {"api_key": ["[secret]", "[secret]"]}),
        ({"max_tokens": 512, "token_type": "bearer"}, {"max_tokens": 512, "token_type": "bearer"}),
        ({"phoneNumber": "9876543210"}, {"phoneNumber": "[phone]"}),
        ({"order_id": "9876543210"}, {"order_id": "9876543210"}),
        ({"ssn": 536228741}, {"ssn": "[ssn]"}),
        ({"pan": int(CARD)}, {"pan": "[card]"}),
        ({"amount": 4200, "at": 1715942400123}, {"amount": 4200, "at": 1715942400123}),
        ("ana@example.com", "[email]"),
        (("ana@example.com",), ["[email]"]),
        (None, None),
    ],
)
def test_a_key_says_what_its_value_is(value, masked):
    assert redact_value(value)[0] == masked


def test_a_secret_name_masks_nothing_when_secrets_are_not_asked_for():
    assert redact_value({"password": "hunter2"}, ["email"])[0] == {"password": "hunter2"}


def test_what_lies_too_deep_to_search_is_not_shown():
    value = "ana@example.com"
    for _ in range(5_000):
        value = [value]
    masked = redact_value(value)[0]
    for _ in range(64):
        masked = masked[0]
    assert masked == UNREAD


@CALM
@given(
    st.recursive(
        TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8
    )
)
def test_a_masked_value_has_the_same_keys_everywhere(value):
    def keys(node):
        if isinstance(node, dict):
            return {name: keys(item) for name, item in node.items()}
        return [keys(item) for item in node] if isinstance(node, list) else None

    assert keys(redact_value(value)[0]) == keys(value)


def written(message, *args, **kwargs) -> str:
    """Return what a handler with the filter writes."""
    record = logging.LogRecord("x", logging.INFO, __file__, 1, message, args, kwargs.get("exc_info"))
    record.stack_info = kwargs.get("stack_info")
    assert RedactingFilter().filter(record) is True
    return logging.Formatter("%(message)s").format(record)


@pytest.mark.parametrize(
    ("message", "args", "line"),
    [
        ("signed in", (), "signed in"),
        ("mail to %s", ("ana@example.com",), "mail to [email]"),
        ("mail to %(to)s", ({"to": "ana@example.com"},), "mail to [email]"),
        ("mail to %s", (ValueError("ana@example.com"),), "mail to [email]"),
        ("paid with %d", (int(CARD),), "paid with [card]"),
        ("100%% of %s", (CARD,), "100% of [card]"),
        ("100% ana@example.com", (), "100% [email]"),
        ("half %s%s", ("ana@", "example.com"), "half [email]"),
        ("call 203.0.113.7", (), "call 203.0.113.7"),
        ("token=%s", ("abcdef12",), "token=[secret]"),
    ],
)
def test_a_log_line_is_masked_before_it_is_written(message, args, line):
    assert written(message, *args) == line


def test_nobody_can_write_a_log_line_of_their_own():
    forged = written("run ended: %s", "no\r\n2026-11-21 10:00:00 INFO action 7 was approved by ana\x1b[2K\u2028\x85")
    assert forged == "run ended: no\\r\n    2026-11-21 10:00:00 INFO action 7 was approved by ana\\x1b[2K\\u2028\\x85"


def test_nor_by_what_an_exception_says():
    try:
        raise ValueError("no\n2026-11-21 10:00:00 INFO approved")
    except ValueError as error:
        lines = written("failed", exc_info=(ValueError, error, error.__traceback__)).splitlines()
    assert lines[0] == "failed"
    assert all(line.startswith("    ") for line in lines[1:])


def test_a_formatter_that_takes_arguments_apart_still_can():
    args = ("203.0.113.7:99", "GET", "/x?email=ana%40example.com", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 1, '%s - "%s %s HTTP/%s" %d', args, None)
    RedactingFilter().filter(record)
    assert record.args == ("203.0.113.7:99", "GET", "/x?email=[email]", "1.1", 200)


def test_exception_and_stack_are_masked_and_the_exception_itself_is_let_go():
    try:
        raise ValueError("no such user ana@example.com")
    except ValueError as error:
        line = written("failed", exc_info=(ValueError, error, error.__traceback__), stack_info="at password=hunter2")
    assert "ana@" not in line
    assert "hunter2" not in line
    assert "ValueError: no such user [email]" in line


def test_a_line_that_can_not_be_read_is_not_written():
    class Nasty:
        def __str__(self):
            raise RuntimeError("ana@example.com")

    assert written("x %s", Nasty()).startswith(UNREAD)
    assert written("x %d ana@example.com", "y").startswith(UNREAD)


@pytest.mark.parametrize("before", range(MAX_LINE - 40, MAX_LINE + 3))
def test_a_long_line_is_cut_but_never_inside_a_find(before):
    line = written("." * before + " 4242 4242 4242 4242 " + "." * 50_000)
    assert "4242" not in line
    assert len(line) < MAX_LINE + 100
    assert "more characters weren't written" in line


@CALM
@given(st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join))
def test_the_filter_masks_what_redact_masks(text):
    masked = redact(text, [kind for kind in ALL if kind != "ip"]).text
    assert written("%s", text) == masked.replace("\0", "\\x00").replace("\n", "\n    ")


@CALM
@given(TEXTS, TEXTS)
def test_the_filter_never_raises_and_never_drops_a_line(message, argument):
    assert written(message, argument) is not None
    assert written("%s", argument) is not None
