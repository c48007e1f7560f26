"""Claims about headlines: one line, arguments only, nothing hidden."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.headline import BadTemplate, check_template, facts_named, placeholders, render, reveal

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEMPLATE = "Refund {amount_usd} for order {order_id}"


def test_headline_puts_values_in_place():
    assert placeholders(TEMPLATE) == ["amount_usd", "order_id"]
    assert render(TEMPLATE, {"amount_usd": "USD 25.00", "order_id": "A-1"}) == "Refund USD 25.00 for order A-1"


def test_values_are_never_read_as_template():
    assert render("{a} {b}", {"a": "{b}", "b": "{{a}}"}) == "{b} {{a}}"


def test_doubled_braces_are_braces_and_a_missing_value_says_so():
    assert render("{{{a}}} {b}", {"a": "x"}) == "{x} (not given)"


@pytest.mark.parametrize(
    "template",
    ["{", "}", "a {b", "b} a", "{}", "{a.b}", "{a[0]}", "{a:>10}", "{a!r}", "{ a }", "{a{b}}", "{0.__class__}",
     "{fact.}", "{fact.a.b}", "{fact}}"],
)  # fmt: skip
def test_a_template_names_arguments_and_nothing_else(template):
    with pytest.raises(BadTemplate):
        render(template, {})
    assert len(check_template(template, arguments={"a", "b"}, critical=[])) == 1


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("Refund {amount_usd} to {fact.customer_name} {order_id}", "facts come with a policy"),
        ("Refund {amount_usd} {order_id} {customer}", "{customer} is not an argument"),
        ("Refund {order_id}", "critical argument amount_usd must appear"),
        ("Refund {amount_usd} {order_id}\n", "don't show"),
        ("Refund {amount_usd} \u202e{order_id}", "don't show"),
    ],
)
def test_problems_of_a_template_are_named(template, problem):
    problems = check_template(template, arguments={"amount_usd", "order_id"}, critical=["amount_usd"])
    assert len(problems) == 1 and problem in problems[0]


def test_a_good_template_has_no_problems():
    assert check_template(TEMPLATE, arguments={"amount_usd", "order_id"}, critical=["amount_usd", "order_id"]) == []
    assert check_template(" ", arguments=set(), critical=[]) == ["the headline is empty"]


def test_facts_may_be_named_when_the_agent_has_a_policy():
    template = "Refund {amount_usd} to {fact.customer_name}, {fact.city}"
    assert facts_named(template) == ["customer_name", "city"]
    assert check_template(template, arguments={"amount_usd"}, critical=["amount_usd"], policy=True) == []
    assert len(check_template(template, arguments={"amount_usd"}, critical=[])) == 2


def test_a_fact_in_a_headline_is_no_argument_even_of_that_name():
    assert check_template("{fact.a}", arguments={"fact.a"}, critical=[])[0].startswith("{fact.a}: facts come with")
    assert check_template("{fact.a}", arguments={"a"}, critical=["a"], policy=True) == [
        "the critical argument a must appear in the headline"
    ]


def test_facts_are_put_in_place_as_inert_as_arguments_and_what_nobody_knows_says_so():
    assert render("{amount} to {fact.name}", {"amount": "USD 25.00", "fact.name": "Ana"}) == "USD 25.00 to Ana"
    assert render("{fact.name}", {"fact.name": "{fact.other}\u202e"}) == "{fact.other}[U+202E]"
    assert render("{fact.name}", {"fact.name": "x" * 125}) == "x" * 120 + "… (+5)"
    assert render("{name} {fact.name}", {}) == "(not given) (not known)"
    assert render("{fact.name}", {"name": "Ana"}) == "(not known)"


@pytest.mark.parametrize(
    "char",
    ["\x00", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b",
     "\u200d", "\u200e", "\u2028", "\u2029", "\u202e", "\u2060", "\u2066", "\u2069", "\u2800", "\u3000", "\u3164",
     "\ufe0f", "\ufeff", "\uffa0", "\ue000", "\ud800", "\U000e0041", "\U000e0100", "\uffff"],
)  # fmt: skip
def test_what_does_not_show_becomes_a_chip(char):
    assert reveal(f"a{char}b") == f"a[U+{ord(char):04X}]b"
    assert render("{v}", {"v": char}) == f"[U+{ord(char):04X}]"


def test_ordinary_text_stays_as_it_is():
    plain = "Zoë paid 25,00 € to 株式会社 and Ελένη; مرحبا é👍 <b>{}</b>"
    assert reveal(plain) == plain


def test_stacks_of_combining_marks_are_unstacked():
    assert reveal("e" + "\u0301" * 5) == "e" + "\u0301" * 3 + "[U+0301]" * 2


def test_long_values_are_cut_with_the_number_left():
    assert render("{v}!", {"v": "x" * 120}) == "x" * 120 + "!"
    assert render("{v}!", {"v": "x" * 125}) == "x" * 120 + "… (+5)!"
    assert render("{v}!", {"v": "\u202e" * 1000}) == "[U+202E]" * 15 + "… (+985)!"


@CALM
@given(st.text(st.characters(), max_size=200))
def test_any_value_gives_one_short_visible_line(value):
    line = render("{v}", {"v": value})
    assert len(line) <= 120 + len("… (+200)")
    assert len(line.splitlines()) <= 1
    assert not [c for c in line if c != " " and unicodedata.category(c)[0] in "CZ"]


@CALM
@given(st.text(max_size=30), st.dictionaries(st.sampled_from("ab"), st.text(max_size=5)))
def test_any_template_renders_or_is_refused(template, shown):
    try:
        named = placeholders(template)
    except BadTemplate:
        with pytest.raises(BadTemplate):
            render(template, shown)
    else:
        assert isinstance(render(template, shown), str) and len(set(named)) == len(named)
