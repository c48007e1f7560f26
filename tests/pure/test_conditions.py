"""Claims about conditions: what is refused and where, what holds, and that doubt is never true."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from time import monotonic

import pytest
from cel_expr_python import cel
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agents.policy.conditions import MAX_CONDITION, RESERVED, BadCondition, Environment
from agents.policy.conditions.decoding import decode
from agents.policy.conditions.expression import (
    Call,
    Comprehension,
    Field,
    ListOf,
    Literal,
    Name,
    as_text,
    free_names,
    start,
    walk,
)
from agents.policy.conditions.taking import MAX_TEXT

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = {
    "amount_usd": "number",
    "score": "number",
    "tenure_days": "int",
    "topic": "string",
    "payee": "string",
    "promises_refund": "bool",
    "due": "timestamp",
    "known_payees": "list",
    "ticket": "record",
}
ENVIRONMENT = Environment(NAMES)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
VALUES = {
    "amount_usd": 25,
    "score": 0.5,
    "tenure_days": 90,
    "topic": "legal",
    "payee": "ana",
    "promises_refund": False,
    "due": NOON,
    "known_payees": ["ana", "bo"],
    "ticket": {"priority": 3, "text": "hi", "vip": True, "tags": ["a"], "by": {"name": "zoë"}, "none": None},
}


def holds(text, **values):
    return ENVIRONMENT.compile(text).holds(ENVIRONMENT.activation(VALUES | values))


def problems_of(text, environment=ENVIRONMENT):
    with pytest.raises(BadCondition) as refused:
        environment.compile(text)
    return refused.value.problems


# --- what holds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount_usd <= 25 && tenure_days >= 2.5", True),
        ("amount_usd == 25 && amount_usd != 25.01 && amount_usd in [25, 30.5]", True),
        ("amount_usd > 25 || score < 0.5", False),
        ("topic in ['chargeback', 'legal'] && payee in known_payees && !('cy' in known_payees)", True),
        ("!promises_refund && promises_refund == false", True),
        ("ticket.priority >= 2.5 && ticket['text'] == 'hi' && ticket.vip && 'a' in ticket.tags", True),
        ("ticket.by.name == 'zoë' && ticket.none == null && has(ticket.by) && !has(ticket.nothing)", True),
        ("'text' in ticket && ticket.exists(key, key == 'vip')", True),
        ("due > timestamp('2026-01-31T11:59:59Z') && due.getHours('Europe/Berlin') == 13", True),
        ("due - timestamp('2026-01-30T12:00:00Z') == duration('24h')", True),
        ("size(known_payees) == 2 && topic.size() == 5", True),
        ("topic.startsWith('le') && topic.endsWith('al') && topic.contains('ega') && topic.matches('^l.g')", True),
        ("known_payees.exists(p, p == payee) && known_payees.all(p, size(p) < 4)", True),
        ("known_payees.exists_one(p, p == payee) && !known_payees.exists_one(p, p.startsWith(''))", True),
        ("known_payees[1] == 'bo' && (promises_refund ? topic : payee) == 'ana'", True),
        ("tenure_days / 30 == 3 && tenure_days % 60 == 30 && -tenure_days < 0", True),
        ("amount_usd * 2.0 + score == 50.5 && amount_usd / 2.0 == 12.5 && -amount_usd < 0.0", True),
        ("double(tenure_days) * 1.5 == 135.0 && int(score) == 0 && string(tenure_days) == '90'", True),
        ("topic == 'legal' // the lawyers'", True),
        ("topic\n== r'legal'", True),
    ],
)  # fmt: skip
def test_what_makes_sense_holds_or_not(text, expected):
    assert holds(text) is expected


@pytest.mark.parametrize(
    "name", ["type", "int", "string", "list", "map", "duration", "matches", "has", "size", "google"]
)
def test_arguments_may_have_the_names_of_the_languages_own_types_and_functions(name):
    environment = Environment({name: "string", "x": "list"})
    condition = environment.compile(
        f"{name} == 'refund' && size({name}) == 6 && {name} in x && x.exists(y, y == {name})"
    )
    assert condition.names == {name, "x"}
    assert condition.holds(environment.activation({name: "refund", "x": ["refund"]})) is True
    assert condition.holds(environment.activation({name: "other", "x": ["other"]})) is False


def test_names_that_conditions_cannot_write_are_left_out():
    odd = ["order-id", "", "1st", "é", "a.b", "_", *RESERVED]
    environment = Environment(dict.fromkeys(odd, "string") | {"topic": "string", "_x": "string"})
    assert environment.names == {"topic": "string", "_x": "string"}
    for word in sorted(RESERVED - {"true", "false", "null", "in"}):
        message = f"{word} is a word the language keeps for itself: a condition can't name it"
        assert problems_of(f"topic == 'a' && {word} == 'b'", environment) == ((16, message),)


@CALM
@given(cents=st.integers(0, 10**15 - 1), away=st.integers(-3, 3))
@example(cents=20001, away=-1)
def test_every_cent_is_told_from_the_next(cents, away):
    limit = max(cents + away, 0)
    condition = ENVIRONMENT.compile(f"amount_usd <= {limit // 100}.{limit % 100:02d}")
    amount = cents / 100 if cents % 100 else cents // 100
    assert condition.holds(ENVIRONMENT.activation({"amount_usd": amount})) is (cents <= limit)


@CALM
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-1, 1))
def test_whole_numbers_are_compared_exactly_to_64_bits(number, away):
    limit = min(max(number + away, -(2**63)), 2**63 - 1)
    condition = ENVIRONMENT.compile(f"tenure_days < {limit}")
    assert condition.holds(ENVIRONMENT.activation({"tenure_days": number})) is (number < limit)


@CALM
@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=9))])),
       st.sampled_from([-1, 0, 1]))  # fmt: skip
def test_moments_are_compared_to_the_microsecond_whatever_their_zone(moment, away):
    if not 1000 < moment.year < 9999:
        return
    written = (moment + timedelta(microseconds=away)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    condition = ENVIRONMENT.compile(f"due <= timestamp('{written}')")
    assert condition.holds(ENVIRONMENT.activation({"due": moment})) is (away >= 0)


# --- doubt is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 / tenure_days > 0", {"tenure_days": 0}),
        ("tenure_days % tenure_days == 0", {"tenure_days": 0}),
        ("1 / 0 == 1", {}),
        ("tenure_days * tenure_days > 0", {"tenure_days": 2**62}),
        ("ticket.missing == 1", {}),
        ("ticket.missing != 1", {}),
        ("ticket['missing'] == 'x'", {}),
        ("has(ticket.missing.deeper)", {}),
        ("ticket.text > 3", {}),
        ("ticket.priority.deeper == 1", {}),
        ("ticket.priority && true", {}),
        ("ticket.text", {}),
        ("ticket.priority", {}),
        ("ticket.none", {}),
        ("ticket.none > 3", {}),
        ("!ticket.text", {}),
        ("ticket.text ? true : true", {}),
        ("known_payees[7] == 'x'", {}),
        ("int(topic) > 3", {}),
        ("due > timestamp(topic)", {}),
        ("due.getHours(topic) == 1", {}),
        ("ticket.tags.all(tag, tag > 3)", {}),
        ("known_payees.exists(p, known_payees[9] == p)", {}),
    ],
)
def test_what_fails_while_it_is_asked_is_neither_true_nor_false(text, values):
    condition = ENVIRONMENT.compile(text)
    activation = ENVIRONMENT.activation(VALUES | values)
    assert condition.holds(activation) is None
    assert ENVIRONMENT.batch([condition, condition]).hold(activation) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_usd", value)
        for value in (Decimal("25"), float("nan"), float("inf"), 10**400, 2**53 + 1, True, "25", None, [25], timedelta(1))
    ]
    + [("tenure_days", value) for value in (2**63, -(2**63) - 1, 2**64, True, 90.0, Decimal(90), "90", None)]
    + [("topic", value) for value in (None, 3, b"legal", "legal\0", "\ud800", "x" * (MAX_TEXT + 1), ["legal"])]
    + [("promises_refund", value) for value in (None, 0, 1, "true")]
    + [("due", value) for value in (None, "2026-01-31T00:00:00Z", 0, NOON.replace(tzinfo=None), NOON.date())]
    + [("due", datetime.max.replace(tzinfo=timezone(-timedelta(hours=5))))]
    + [("known_payees", value) for value in (None, "ana", {"ana"}, ["ana", 1], [None], ["ana\0"], ["\udfff"], [["ana"]])]
    + [
        ("ticket", value)
        for value in (None, "x", ["x"], {1: 2}, {"a": Decimal(1)}, {"a": {"b": [2**70]}}, {"a": float("nan")},
                      {"a": "x\0"}, {"x\0": 1}, {"\ud800": 1}, {"a": (1,)}, {"a": object()}, {"a": NOON})
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_told_exactly_makes_its_conditions_unknown(name, value):
    activation = ENVIRONMENT.activation(VALUES | {name: value})
    assert name not in activation.names
    asked = {"known_payees": f"'x' in {name}", "ticket": f"'x' in {name}", "promises_refund": name}
    question = asked.get(name, f"{name} == {name}")
    for text in (question, f"!({question})", f"true || {question}", f"false && {question}"):
        assert ENVIRONMENT.compile(text).holds(activation) is None
    assert ENVIRONMENT.compile("score < 1" if name != "score" else "true").holds(activation) is True


def test_a_record_deeper_than_any_is_unknown():
    deep = {}
    for _ in range(10_000):
        deep = {"a": deep}
    assert holds("has(ticket.a)", ticket=deep) is None


def test_a_name_without_a_value_is_unknown_even_where_it_would_not_matter():
    values = {"amount_usd": 1}
    for text in (
        "amount_usd < 25 || tenure_days > 3",
        "amount_usd > 25 && tenure_days > 3",
        "tenure_days == tenure_days",
    ):
        assert ENVIRONMENT.compile(text).holds(ENVIRONMENT.activation(values)) is None
    assert (
        ENVIRONMENT.compile("amount_usd < 25").holds(ENVIRONMENT.activation(values | {"unheard_of": object()})) is True
    )


def test_a_text_with_a_hidden_end_is_not_the_text_before_it():
    assert holds("payee in known_payees", payee="ana\0 and everyone else") is None
    assert holds("payee in known_payees", known_payees=["ana\0x"]) is None
    assert holds(r"topic == 'legal\u0000'") is False


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("topic.matches('(a+)+$')", {"topic": "a" * 50_000 + "!"}),
        ("topic.matches('(.*)(.*)(.*)(.*)(.*)[ab]{100}c$')", {"topic": "ab" * 25_000}),
        ("known_payees.all(a, known_payees.all(b, known_payees.all(c, a != b || b == c || true)))",
         {"known_payees": [f"payee {number}" for number in range(2_000)]}),
        ("known_payees.all(a, a in known_payees)", {"known_payees": [f"payee {number}" for number in range(2_000)]}),
        ("known_payees.exists(a, topic.contains(a))", {"known_payees": ["aab"] * 9_000, "topic": "a" * MAX_TEXT}),
        ("[topic].exists(t, known_payees.exists(a, t.contains(a)))", {"known_payees": ["aab"] * 9_000, "topic": "a" * MAX_TEXT}),
        ("ticket.words.exists(a, ticket.text.contains(a))", {"ticket": {"words": ["aab"] * 9_000, "text": "a" * MAX_TEXT}}),
    ],
)  # fmt: skip
def test_the_most_expensive_questions_end(text, values):
    began = monotonic()
    assert holds(text, **values) in (True, False, None)
    assert monotonic() - began < 5  # each takes milliseconds; without bounds the second and third would take hours


def test_what_would_take_long_is_not_asked_and_what_would_not_is():
    text = "known_payees.exists(word, topic.contains(word))"
    few, many = ["aab"] * 150, ["aab"] * 9_000
    assert holds(text, known_payees=few, topic="a" * MAX_TEXT) is False
    assert holds(text, known_payees=many, topic="a" * 2_000) is False
    assert holds(text, known_payees=many, topic="a" * MAX_TEXT) is None
    assert holds(text, known_payees=[], topic="a" * MAX_TEXT) is False
    assert holds("known_payees.exists(p, p == payee)", known_payees=[*many, "ana"]) is True
    assert holds("known_payees.exists(p, p == payee)", known_payees=["aab"] * 10_001) is None
    nested = "[topic].exists(t, known_payees.exists(word, t.contains(word)))"
    assert holds(nested, known_payees=few, topic="a" * 200) is False
    assert holds(nested, known_payees=many, topic="a" * MAX_TEXT) is None
    condition = ENVIRONMENT.compile(text)
    heavy = ENVIRONMENT.activation(VALUES | {"known_payees": many, "topic": "a" * MAX_TEXT})
    assert ENVIRONMENT.batch([condition, ENVIRONMENT.compile("score < 1")]).hold(heavy) is None


# --- batches


def test_a_batch_says_what_each_condition_says():
    texts = ["amount_usd <= 25", "topic == 'x' // never )", "promises_refund", "payee in known_payees"]
    conditions = [ENVIRONMENT.compile(text) for text in texts]
    batch, activation = ENVIRONMENT.batch(conditions), ENVIRONMENT.activation(VALUES)
    assert (
        batch.hold(activation)
        == [condition.holds(activation) for condition in conditions]
        == [True, False, False, True]
    )
    assert batch.names == {"amount_usd", "topic", "promises_refund", "payee", "known_payees"}
    assert batch.hold(ENVIRONMENT.activation({"amount_usd": 1})) is None
    assert ENVIRONMENT.batch([]).hold(activation) == []


def test_a_batch_that_is_too_long_is_left_to_single_questions():
    long = ENVIRONMENT.compile(f"topic == '{'x' * 2000}'")
    assert ENVIRONMENT.batch([long] * 10).hold(ENVIRONMENT.activation(VALUES)) == [False] * 10
    assert ENVIRONMENT.batch([long] * 100) is None


# --- what is refused, and where

REFUSED = [
    # names
    ("tenure_day > 3", 0, 'tenure_day is not a fact, claim, list or argument of this tool: did you mean "tenure_days"?'),
    ("'é😀' == topic && tenur > 3", 17, "tenur is not a fact, claim, list or argument of this tool: did you mean"),
    ("promises_refund == True", 19, "True is not a fact, claim, list or argument of this tool: write true"),
    ("int == 3", 0, "int is not a fact"),
    ("_.topic == 'a'", 0, "_ is not a fact"),
    (".topic == 'a'", 1, ".topic is not a fact"),
    ("known_payees.exists(p, true) && p == 'a'", 32, "p is not a fact"),
    # numbers, texts and truths
    ('tenure_days > "3 months"', 14, 'tenure_days is a number and "3 months" is text: compare it with a number'),
    ('"3 months" < tenure_days', 0, 'tenure_days is a number and "3 months" is text: compare it with a number'),
    ("amount_usd\n  == '25'", 16, 'amount_usd is a number and "25" is text: compare it with a number'),
    ("(amount_usd + 1.0) == 'x'", 22, 'amount_usd + 1.0 is a number and "x" is text: compare it with a number'),
    ("topic != 3", 9, "topic is text and 3 is a number: compare it with text in quotes"),
    ("topic == tenure_days", 9, "topic is text and tenure_days is a number: compare it with text in quotes"),
    ("promises_refund == 'yes'", 19, 'promises_refund is true or false and "yes" is text: compare it with true or false'),
    ("promises_refund > true", 16, "promises_refund is true or false and has no order: write == or !="),
    ("due > '2026-01-31'", 6, 'due is a point in time and "2026-01-31" is text: compare it with timestamp("2026-01-31T'),
    ("topic == null", 9, "nothing here is ever null: where a value isn't known the rule waits for a person; take this"),
    ("ticket == 3", 10, "ticket is a record and 3 is a number: name one of its fields, as in ticket.priority"),
    ("(promises_refund ? topic : 3) == 3", 27, "topic is text and 3 is a number"),
    ("known_payees[0] > 3", 18, "known_payees[0] is text and 3 is a number: compare it with text in quotes"),
    # not a question
    ("tenure_days", 0, "a condition is true or false; this is a number: compare it with something"),
    ("amount_usd + 2.0", 0, "a condition is true or false; this is a number: compare it with something"),
    ("'a'", 0, "a condition is true or false; this is text: compare it with something"),
    ("promises_refund ? topic : payee", 0, "a condition is true or false; this is text: compare it with something"),
    ("promises_refund && tenure_days", 19,
     "tenure_days is a number, not true or false: compare it with something, as in tenure_days > 0"),
    ("!topic", 1, 'topic is text, not true or false: compare it with something, as in topic == "..."'),
    ("tenure_days ? true : false", 0, "tenure_days is a number, not true or false"),
    ("!(score + ticket.a)", 2, "score + ticket.a is a number, not true or false"),
    ("known_payees.exists(p, size(p))", 23, "size(p) is a number, not true or false"),
    # lists
    ("payee == known_payees", 0, "known_payees is a list and payee is text: write payee in known_payees"),
    ("payee in topic", 9, "topic is text, not a list: write topic.contains(payee)"),
    ("payee in tenure_days", 9, 'tenure_days is a number, not a list: name a list or write one, as in ["a", "b"]'),
    ("tenure_days in known_payees", 0, "tenure_days is a number and known_payees holds text: look for text in it"),
    ("tenure_days in ['a', 'b']", 16, 'tenure_days is a number and "a" is text: compare it with a number'),
    ("tenure_days in [1, 'b']", 19, '1 is a number and "b" is text: a list holds one kind of thing'),
    ("known_payees == [1]", 16, "known_payees and [1] hold different things: compare like with like"),
    ("topic[0] == 'l'", 0, "topic is text: only a list or a record is asked with [...]"),
    ("known_payees['a'] == 'b'", 13, '"a" is text: write known_payees[0]'),
    ("known_payees < ['a']", 13, "known_payees is a list and has no order: write == or !="),
    ("topic.exists(p, p == 'a')", 0, "topic is text, not a list: exists looks through a list"),
    ("known_payees.exists(payee, payee == 'a')", 20, "payee is taken: choose another name for what is looked at"),
    ("ticket.tags.exists(_, _.topic == 'a')", 19, "_ is taken: choose another name for what is looked at"),
    ("known_payees.all(p, known_payees.all(p, true))", 37, "p is taken"),
    ("known_payees.map(p, size(p)) == [1]", 16, "a condition can't use map or filter: write exists, all or exists_one"),
    ("known_payees.map(p, p == 'a', p) == []", 16, "a condition can't use map or filter"),
    ("size(known_payees.filter(p, p == 'a')) > 1", 24, "a condition can't use map or filter"),
    ("known_payees.exists(p)", 13, 'exists is not something a condition can ask: write known_payees.exists(p, p == "x")'),
    ("known_payees.exists('p', true)", 20, "the first thing in the brackets is a new name, as in known_payees.exists(p"),
    # records
    ("topic.length == 3", 0, "topic is text and has no fields: take .length away"),
    ("has(topic.x)", 4, "topic is text and has no fields: take .x away"),
    ("has(topic)", 4, "has takes a field, as in has(ticket.priority)"),
    ("ticket[3] == 3", 7, '3 is a number: write ticket["field"]'),
    ("{'a': 1} == ticket", 0, "a condition can't use a record made on the spot"),
    ("ticket.a['tags'].exists(tag, tag == 'a')", 8, "what is looked through is reached with a dot, as in ticket.tags"),
    # sums
    ("amount_usd * 2 > 3.0", 13, "2 is a whole number and amount_usd a decimal one, which aren't put together: write 2.0"),
    ("tenure_days * 1.5 > 3.0", 0,
     "tenure_days is a whole number and 1.5 a decimal one, which aren't put together: write double(tenure_days)"),
    ("(promises_refund ? 1 : 2.5) < score", 19, "1 is a whole number and 2.5 a decimal one"),
    ("amount_usd / score > 0.5", 11, "what is divided by may be 0: multiply the other side with it instead"),
    ("amount_usd / 0.0 > 0.5", 11, "what is divided by may be 0"),
    ("ticket.a / ticket.b > 0.5", 9, "what is divided by may be 0"),
    ("amount_usd % 2.0 == 1.0", 11, "% takes whole numbers"),
    ("-topic == 'a'", 1, "topic is text: - takes numbers"),
    ("promises_refund + 1 > 1", 0, "promises_refund is true or false: + takes numbers"),
    ("topic + payee == 'ab'", 6, "a condition compares texts and lists, it doesn't join them: compare each"),
    ("ticket.a + payee == 'ab'", 9, "a condition compares texts and lists, it doesn't join them: compare each"),
    ("known_payees + ['a'] == []", 13, "a condition compares texts and lists, it doesn't join them"),
    ("amount_usd > 9007199254740993", 13, "9007199254740993 has more digits than a decimal number keeps: shorten it"),
    ("ticket.id == 9007199254740993", 13, "9007199254740993 has more digits than a decimal number keeps: shorten it"),
    ("amount_usd in [1, 9007199254740993]", 18, "9007199254740993 has more digits than a decimal number keeps"),
    ("size(topic) > 2.5", 12, "a whole number and a decimal one don't go together here: write both as in 2, or both as in"),
    ("1e999 > amount_usd", 0, "this number is too large: nothing can be compared with it"),
    ("99999999999999999999 > tenure_days", 0, "this number is too large: a whole number has at most 18 digits"),
    ("5u > tenure_days", 0, "a condition can't use an unsigned number"),
    ("b'a' == topic", 0, "a condition can't use a text of bytes"),
    # functions
    ("topic.startswith('a')", 6, 'startswith is not something a condition can ask: did you mean "startsWith"?'),
    ("startsWith(topic, 'a')", 0, 'startsWith is written topic.startsWith("refund")'),
    ("topic.startsWith(3)", 17, '3 is a number: startsWith is written topic.startsWith("refund")'),
    ("amount_usd.contains('2')", 0, 'amount_usd is a number: contains is written topic.contains("refund")'),
    ("size() > 2", 0, "size is written size(known_payees)"),
    ("now() > due", 0, "now is not something a condition can ask: a condition reads no clock: use a fact"),
    ("not(promises_refund)", 0, "not is not something a condition can ask: write !(...)"),
    ("dyn(topic) == 3", 0, "dyn is not something a condition can ask"),
    ("type(topic) == topic", 0, "type is not something a condition can ask"),
    ("topic.matches('(')", 14, '"(" is not a pattern: check its brackets'),
    ("topic.matches(payee)", 14, 'a pattern is text in quotes, as in topic.matches("refunds?")'),
    ("due > timestamp('soon')", 16, '"soon" is not a point in time: write it as in "2026-01-31T00:00:00Z"'),
    ("due - due > duration('90d')", 21, '"90d" is not a length of time: write hours, minutes or seconds, as in "36h"'),
    # how it is written
    ("amount_usd = 3", 11, "= means nothing here: write == to compare"),
    ("topic == 'é' &&\n amount_usd = 3", 28, "= means nothing here: write == to compare"),
    ("'😀' == topic && amount_usd = 3", 27, "= means nothing here: write == to compare"),
    ("amount_usd => 3", 11, "=> means nothing here: write >="),
    ("amount_usd <> 3", 11, "<> means nothing here: write !="),
    ("amount_usd ≤ 3", 11, "≤ means nothing here: write <="),
    ("amount_usd > $25", 13, "$ means nothing here: write the number alone: the currency is the argument's"),
    ("promises_refund and score > 1", 16, "and means nothing here: write && between two conditions"),
    ("promises_refund OR score > 1", 16, "OR means nothing here: write || between two conditions"),
    ("not promises_refund", 0, "not means nothing here: write ! before what is denied, as in !(payee in known_payees)"),
    ("topic is 'a'", 6, "is means nothing here: write == to compare"),
    ("promises_refund & true", 16, "& means nothing here: write &&"),
    ("(score > 1", 0, "( is never closed"),
    ("score > 1)", 9, ") closes nothing: take it out, or open it before"),
    ("topic in ['a', 'b'", 9, "[ is never closed"),
    ("topic == 'x", 9, "this text isn't closed: write ' where it ends"),
    ("topic == \u201cx\u201d".replace("\u201d", ""), 9, '\u201c means nothing here: write straight quotes: "'),
    ("topic in ('a', 'b')", 13, 'a list is written in square brackets, as in ["a", "b"]'),
    ("topic.matches('\\d')", 14, "this text has a backslash that means nothing: write \\\\ for a backslash"),
    ("amount_usd >", 12, "the condition ends too early: something is missing at its end"),
    ("", 0, "the condition is empty: write what has to be true"),
    (" // nothing", 11, "the condition ends too early"),
    ("amount_usd > 25 USD", 16, '"USD" can\'t stand here: is something missing before it, like && or a quote?'),
    ("score > 1 &&\nscore > 25 USD", 24, '"USD" can\'t stand here: is something missing before it, like && or a quote?'),
    ("topic == 'a\u202eb'", 11, "U+202E can't be seen: take it out, or write it as an escape"),
    ("topic == 'a\0b'", 11, "U+0000 can't be seen"),
    ("topic == '\ud800'", 10, "U+D800 can't be seen"),
    ("topic == 'recursion' recursion", 21, '"recursion" can\'t stand here'),
    ("topic 'has() argument'", 6, "\"'has() argument'\" can't stand here"),
    ("tenure_days" + " + 1" * 60 + " > 3", 0, "this is nested more than 32 deep: make two rules of it, or a fact"),
    ("(" * 40 + "true" + ")" * 40, 0, "this is nested more than 32 deep: make two rules of it, or a fact"),
    ("true" + " " * MAX_CONDITION, 2048, "a condition has at most 2048 characters: make two rules of it, or a fact"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "offset", "message"), REFUSED, ids=[case[0][:40] for case in REFUSED])
def test_what_makes_no_sense_is_refused_where_it_stands(text, offset, message):
    found = problems_of(text)
    assert len(found) == 1
    assert found[0][0] == offset
    assert found[0][1].startswith(message)


def test_every_problem_is_told_at_once_in_order():
    found = problems_of("topic > 3 && (tenure_day == 1 || promises_refund == 'no') && size(amount_usd) > 1")
    assert [offset for offset, _ in found] == [8, 14, 52, 66]
    found = problems_of("amount_usd = 3 and not promises_refund")
    assert [offset for offset, _ in found] == [11, 15, 19]


def test_a_condition_without_any_names_to_use_says_so():
    assert problems_of("a == 1", Environment({}))[0][1].endswith("or argument of this tool: there is none")


def test_a_name_may_be_a_word_that_is_otherwise_a_mistake():
    environment = Environment({"is": "string", "and": "bool"})
    assert environment.compile("is == 'a' && and").names == {"is", "and"}
    assert problems_of("is = 'a' && and", environment) == ((3, "= means nothing here: write == to compare"),)


# The same question put to the library with strict types: numbers are all decimal, so that nothing is left to us.
STRICT = cel.NewEnv(
    variables={
        "score": cel.Type.DOUBLE,
        "topic": cel.Type.STRING,
        "promises_refund": cel.Type.BOOL,
        "due": cel.Type.TIMESTAMP,
        "known_payees": cel.Type.List(cel.Type.STRING),
        "ticket": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    }
)
PARTS = st.sampled_from(
    ["score", "topic", "promises_refund", "due", "known_payees", "ticket", "ticket.a", "2.5", "'a'", "true", "null",
     "['a']", "[2.5]", "[]", "timestamp('2026-01-31T00:00:00Z')", "duration('1h')"]
)  # fmt: skip
SIGNS = st.sampled_from(["==", "!=", "<", ">=", "&&", "||", "in", "+", "-", "*", "/"])
FORMS = st.sampled_from(
    ["!({})", "-({})", "({}).contains('a')", "({}).x == 'a'", "({})['a'] == 2.5", "({}).exists(x, x == 'a')",
     "({}).all(x, x > 2.5)", "string({}) == 'a'", "double({}) > 2.5", "({}) ? true : false", "true ? ({}) : 'a'",
     "({}).map(x, x != 'a') == [true]", "timestamp({}) < due", "({}).filter(x, x)", "[{}, 'a']"]
)  # fmt: skip


def larger(inner):
    joined = st.tuples(inner, SIGNS, inner).map(lambda parts: "({}) {} ({})".format(*parts))
    return joined | st.tuples(FORMS, inner).map(lambda parts: parts[0].format(parts[1]))


@settings(CALM, max_examples=600)
@given(st.recursive(PARTS, larger, max_leaves=4))
def test_dynamic_numbers_lose_none_of_the_librarys_type_errors(text):
    environment = Environment({name: kind for name, kind in NAMES.items() if name not in ("amount_usd", "tenure_days")})
    try:
        environment.compile(text)
    except BadCondition:
        return
    STRICT.compile(text)  # raises where the library would refuse it


# --- whatever comes in

SOUP = st.lists(
    st.sampled_from([*NAMES, "(", ")", "[", "]", "&&", "||", "!", "==", "<=", "in", "'a'", "25", "2.5", ".", ",", "?", ":",
                     "exists", "has", "size", "x", "and", "=", "'", "é", "😀", "\n", "//", "\\", "{", "}", "-", "null"]),
    max_size=14,
).map(" ".join)  # fmt: skip


@settings(CALM, max_examples=400)
@given(st.one_of(st.text(max_size=40), SOUP, SOUP.map(lambda text: text.replace(" ", ""))))
def test_any_text_is_a_condition_or_is_refused_with_places_in_it(text):
    try:
        condition = ENVIRONMENT.compile(text)
    except BadCondition as refused:
        assert refused.problems
        assert all(0 <= offset <= len(text) and message for offset, message in refused.problems)
        return
    assert condition.holds(ENVIRONMENT.activation(VALUES)) in (True, False, None)


# --- the tree


def tree_of(text):
    return ENVIRONMENT.compile(text).tree


def test_the_tree_is_what_was_written():
    assert tree_of("amount_usd <= -25.5 && promises_refund && !has(ticket.by.name)") == Call(
        "&&",
        (
            Call("<=", (Name("amount_usd"), Literal("number", -25.5))),
            Name("promises_refund"),
            Call("!", (Field(Field(Name("ticket"), "by"), "name", is_given=True),)),
        ),
    )
    assert tree_of("topic in ['a', \"é\"] || topic.size() == -9") == Call(
        "||",
        (
            Call("in", (Name("topic"), ListOf((Literal("string", "a"), Literal("string", "é"))))),
            Call("==", (Call("size", (), Name("topic")), Literal("int", -9))),
        ),
    )


@pytest.mark.parametrize(
    ("text", "macro", "condition"),
    [
        ("known_payees.exists(p, p == 'a' || p == 'b' || true)", "exists", "p == 'a' || p == 'b' || true"),
        ("known_payees.all(p, p == 'a' && p == 'b')", "all", "p == 'a' && p == 'b'"),
        ("known_payees.all(p, p == 'a' || p == 'b')", "all", "p == 'a' || p == 'b'"),
        ("known_payees.exists_one(p, p == 'a')", "exists_one", "p == 'a'"),
    ],
)
def test_macros_are_known_again(text, macro, condition):
    found = next(part for part in walk(tree_of(text)) if isinstance(part, Comprehension))
    asked = decode(cel.NewEnv().compile(condition, True).serialize())
    assert found == Comprehension(macro, Name("known_payees"), "p", asked)


def test_equal_numbers_of_different_kinds_are_different_literals():
    kinds = [tree_of(text).args[1] for text in ("score == 1", "score == 1.0", "promises_refund == true")]
    assert len(set(kinds)) == 3


def test_free_names_leave_out_what_a_comprehension_binds():
    text = "has(ticket.text) && known_payees.exists(p, p == payee || [p].all(q, q == topic))"
    assert free_names(tree_of(text)) == ENVIRONMENT.compile(text).names == {"ticket", "known_payees", "payee", "topic"}
    assert free_names(Comprehension("exists", Name("x"), "x", Call("==", (Name("x"), Name("y"))))) == {"x", "y"}


def test_offsets_count_code_points():
    tree = tree_of("topic == '😀é' &&\n 3 <= amount_usd")
    assert [part.offset for part in walk(tree)] == [14, 6, 0, 9, 20, 18, 23]
    assert start(tree) == 0


ROUND = ["-(5) > -5", "-(-tenure_days) > -tenure_days", "!(!promises_refund)", "tenure_days - (1 - tenure_days) > 1 - 2 - 3",
         "(topic == payee) == promises_refund", "topic == 'x' == promises_refund", "promises_refund == (topic == payee)",
         "(promises_refund || true) && (false || promises_refund && true)", "-5.5e-7 > -(score)", "1e30 > score",
         "(promises_refund ? true : false) ? true : promises_refund ? true : false", "ticket['a`b'].c[1].d == null",
         r"topic == 'a\u202e\U000e0001\n\t\\\"\' \x41 é😀'", "ticket.a.b.size() == 1",
         "ticket.a[0].b.exists(x, has(x.y))",
         "(tenure_days * 2 + 1) % 3 == 0", "due + duration('1h') - due > duration('1h')"]  # fmt: skip


@pytest.mark.parametrize("text", ROUND)
def test_a_tree_written_as_text_reads_back_the_same(text):
    tree = tree_of(text)
    written = as_text(tree)
    assert tree_of(written) == tree
    assert not re.search("[\n\u202e\U000e0001]", written)


@CALM
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_in_a_condition_is_read_as_it_was_meant(text):
    written = as_text(Call("==", (Name("topic"), Literal("string", text))))
    assert tree_of(written).args[1].value == text
    assert holds(written, topic=text) is (None if "\0" in text else True)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x12\x00", b"\x12\x02\x12", b"\xff" * 20, b"\x0b\x0c", b"\x12\x04\x12\x02\x18\x01"]
)
def test_bytes_that_are_no_expression_are_an_error(data):
    with pytest.raises(ValueError, match="this isn't a"):
        decode(data)


def test_one_module_alone_knows_the_library():
    top = Path(__file__).parents[2]
    rooms = [top / room for room in ("audit", "agents", "approvals", "controlplane", "examples")]
    users = [path for room in rooms for path in room.rglob("*.py") if "cel_expr_python" in path.read_text()]
    assert users == [top / "agents/policy/conditions/environment.py"]
