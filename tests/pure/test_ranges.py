"""Claims about what can be told of conditions without asking them: every proof is held against what happens."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.policy.conditions import Environment
from agents.policy.conditions.meaning import MAX_CASES, Patience, TooMuch

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ENVIRONMENT = Environment(
    {
        "amount": "number",
        "days": "int",
        "topic": "string",
        "angry": "bool",
        "trusted": "bool",
        "payees": "list",
        "ticket": "record",
    }
)


def meaning_of(text):
    return ENVIRONMENT.compile(text).meaning


def implies(first, second):
    return first.implies(second, Patience(10**6))


def same(first, second):
    return first.is_same_as(second, Patience(10**6))


@pytest.mark.parametrize(
    "text",
    [
        "amount > 5 && amount < 3",
        "amount >= 5 && amount < 5",
        "5 > amount && 5 <= amount",
        "amount <= 5 && days > 3 && !(amount < 5.5)",
        "amount == 5 && amount != 5.0",
        "amount == 5 && amount == 6",
        "amount in [1, 2, 3] && amount > 3",
        "amount in [1, 2] && amount in [3, 4]",
        "amount in [1, 2] && !(amount in [1, 2, 3])",
        "amount >= 5 && amount <= 5 && amount != 5",
        "!(amount <= 5 || amount > 3)",
        "topic == 'x' && topic == 'y'",
        "topic == 'x' && topic != 'x'",
        "topic in ['x', 'y'] && topic == 'z'",
        "angry && !angry",
        "angry == true && angry != true",
        "angry && (days > 3 && days < 2 || !angry)",
        "amount > 5 && amount < 3 || topic == 'x' && topic == 'y'",
        "'a' in payees && !('a' in payees)",
        "ticket.vip && amount > 3 && !ticket.vip",
        "payees.exists(p, p == topic) && !payees.exists(p, p == topic)",
        "false",
        "!true || false && angry",
    ],
)
def test_contradictions_are_never_true(text):
    assert meaning_of(text).is_never_so


@pytest.mark.parametrize(
    "text",
    [
        "amount > 3 && amount < 5",
        "amount >= 5 && amount <= 5",
        "days > 3 && days < 4",  # no whole number lies between; this isn't claimed
        "amount > 5 && amount < 3 || angry",
        "topic != 'x' && topic != 'y'",
        "topic < 'a' && topic > 'b'",
        "size(topic) > 3 && size(topic) < 2",
        "ticket.priority > 3 && ticket.priority < 2",
        "ticket.priority == 3 && ticket.priority == 4.0",
        "amount + 1.0 > 5.0 && amount < 3",
        "days > 9007199254740993 && days < 9007199254740993.0",
        "angry ? amount > 5 && amount < 3 : false",
        "payees.all(p, p == 'a') && payees.all(p, p == 'b')",  # true of an empty list
        "true",
    ],
)
def test_what_is_not_understood_or_possible_is_not_called_impossible(text):
    assert not meaning_of(text).is_never_so


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("amount > 200", "amount > 100"),
        ("amount >= 200", "amount > 199.99"),
        ("200 < amount && angry", "amount >= 200"),
        ("amount > 200 && topic == 'x'", "topic in ['x', 'y'] || trusted"),
        ("amount == 7", "amount > 5 && amount < 9 && amount != 8"),
        ("amount in [6, 7]", "!(amount <= 5)"),
        ("amount > 5", "amount != 5 && !(amount in [3, 4])"),
        ("amount > 5 && amount < 7 && amount != 6", "!(amount == 6)"),
        ("topic == 'x'", "topic != 'y' && !(topic in ['z'])"),
        ("!(angry || trusted)", "!angry"),
        ("angry", "angry == true && angry != false"),
        ("angry && amount > 3 || angry && amount < 2", "angry"),
        ("amount > 5 && amount < 3", "topic == 'anything'"),
        ("'a' in payees && angry", "'a' in payees"),
        ("payees.exists(p, p == topic)", "payees.exists(p,   p == topic)"),
        ("size(topic) > 3 && ticket.vip", "ticket.vip && size(topic)>3"),
        ("topic < 'b' && angry", "topic < 'b'"),
        ("angry ? trusted : false", "(angry ? trusted : false) || amount > 3"),
        ("amount > 5", "true"),
        ("false", "amount > 5"),
    ],
)
def test_one_condition_implies_another(first, second):
    assert implies(meaning_of(first), meaning_of(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("amount > 100", "amount > 200"),
        ("amount >= 200", "amount > 200"),
        ("amount <= 200", "amount < 200"),
        ("!(amount < 200)", "amount > 200"),
        ("amount > 200 || angry", "amount > 100"),
        ("amount != 5", "amount > 5"),
        ("amount > 4 && amount < 6", "amount in [5]"),
        ("amount >= 5", "amount != 5"),
        ("topic != 'x'", "topic == 'y'"),
        ("angry", "trusted"),
        ("true", "angry"),
        ("amount > 3", "amount > 3 && days > 3"),
        ("amount < 3", "days < 3"),
        ("size(topic) > 3", "size(topic) > 2"),
        ("amount + 1.0 > 3.0", "amount + 1.5 > 3.0"),
        ("days > 9007199254740993", "days > 9007199254740992.0"),
        ("ticket.priority == 3", "ticket.priority == 3.0"),
        ("!(ticket.vip && angry)", "!ticket.vip"),
        ("true", "angry || !angry"),
    ],
)
def test_nothing_is_said_to_be_implied_without_proof(first, second):
    assert not implies(meaning_of(first), meaning_of(second))


def test_the_same_question_in_other_words_is_the_same():
    assert same(meaning_of("!(amount > 25) && topic in ['x']"), meaning_of("topic == 'x' && 25.0 >= amount"))
    assert same(meaning_of("ticket.a > ticket.b"), meaning_of("(ticket.a  > ticket.b)"))
    assert not same(meaning_of("amount > 25"), meaning_of("amount >= 25"))
    assert not same(meaning_of("ticket.a > 1"), meaning_of("ticket.a > 1.0"))


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("amount <= 25", {"amount": 25}),
        ("25.5 > amount && angry", {"amount": 25.5}),
        ("!(amount > 25) && !(days >= 3 || angry)", {"amount": 25, "days": 3}),
        ("amount <= 25 && amount < 20", {"amount": 20}),
        ("amount <= 25 || angry", {}),
        ("!(amount > 25 && angry)", {}),
        ("amount >= 25 && amount > 3", {}),
        ("amount == 25 && amount in [25]", {}),
        ("amount * 2.0 <= 25.0 && size(topic) < 3 && topic < 'b'", {}),
        ("payees.all(p, amount < 3)", {}),
        ("amount <= 9007199254740992", {}),
        ("angry ? amount < 3 : false", {}),
    ],
)
def test_bounds_are_those_that_hold_whatever_else_does(text, bounds):
    assert meaning_of(text).upper_bounds() == bounds


def test_conditions_with_too_many_ways_to_be_true_are_left_alone():
    impossible = " && ".join(f"(amount == {n} || topic == 'x{n}')" for n in range(40))
    assert meaning_of(impossible).is_never_so  # each contradicts another, so there are never many
    many = " && ".join(f"(amount != {n} || topic != 'x{n}')" for n in range(40))
    assert not meaning_of(f"{many} && angry && !angry").is_never_so
    assert not implies(meaning_of(f"{many} && angry"), meaning_of("angry"))
    assert implies(meaning_of(many), meaning_of(many))
    wide = " || ".join(f"amount == {n}" for n in range(MAX_CASES + 1))
    assert not implies(meaning_of(wide), meaning_of("amount >= 0"))


def test_what_would_take_long_to_find_is_left_alone():
    long = " && ".join(f"(amount != {n} || amount == {n + 1})" for n in range(60))
    assert meaning_of(long).cases is None


def test_comparing_ends_when_patience_does():
    one, other = meaning_of(" || ".join(f"amount == {n}" for n in range(60))), meaning_of("amount != 99 && amount >= 0")
    patience = Patience(1500)
    assert one.implies(other, patience)
    with pytest.raises(TooMuch):
        one.implies(other, patience)


# --- proofs against what happens: few values, so that limits are hit

NUMBERS = ["0", "1", "1.0", "1.5", "2", "3"]
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
NUMBER = st.sampled_from(NUMBERS)
ATOMS = st.one_of(
    st.tuples(st.sampled_from(["amount", "days"]), SIGNS, NUMBER).map(" ".join),
    st.tuples(NUMBER, SIGNS, st.sampled_from(["amount", "days"])).map(" ".join),
    st.tuples(st.just("topic"), st.sampled_from(["==", "!="]), st.sampled_from(["'x'", "'y'"])).map(" ".join),
    st.lists(st.sampled_from(["'x'", "'y'"]), min_size=1).map(lambda texts: f"topic in [{', '.join(texts)}]"),
    st.lists(NUMBER, min_size=1, max_size=3).map(lambda numbers: f"amount in [{', '.join(numbers)}]"),
    st.sampled_from(["angry", "!angry", "angry == false", "trusted != true", "true", "false"]),
    st.sampled_from(
        ["'x' in payees", "size(payees) > 0", "ticket.vip", "ticket.rank > 1", "topic < 'y'", "1 / days > 0"]
    ),
)


def larger(inner):
    joined = st.tuples(inner, st.sampled_from(["&&", "&&", "||"]), inner).map(
        lambda parts: "({}) {} ({})".format(*parts)
    )
    return joined | inner.map(lambda text: f"!({text})")


CONDITIONS = st.recursive(ATOMS, larger, max_leaves=5)
CHOICES = {
    "amount": [-1, 0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4],
    "days": [-1, 0, 1, 2, 3, 4],
    "topic": ["", "x", "y", "z"],
    "angry": [True, False],
    "trusted": [True, False],
    "payees": [[], ["x"], ["y"]],
    "ticket": [{}, {"vip": True}, {"vip": False, "rank": 2}, {"vip": "yes", "rank": "high"}],
}
SAMPLE = Random(6)
SITUATIONS = [{name: SAMPLE.choice(values) for name, values in CHOICES.items()} for _ in range(400)]
ACTIVATIONS = [ENVIRONMENT.activation(values) for values in SITUATIONS]


SIMPLE = [f"amount {sign} {limit}" for sign in ("==", "!=", "<", "<=", ">", ">=") for limit in ("1", "2.0")]
SIMPLE += ["amount in [1]", "amount in [1.0, 2]", "2 > amount"]
SIMPLE += [f"!({text})" for text in SIMPLE]


def test_everything_two_limits_say_together_is_seen():
    points = [ENVIRONMENT.activation({"amount": amount}) for amount in (0, 1, 1.5, 2, 3)]

    def truth(text):
        condition = ENVIRONMENT.compile(text)
        return condition.meaning, {number for number, point in enumerate(points) if condition.holds(point)}

    simple = [truth(text) for text in SIMPLE]
    for first, second in combinations(SIMPLE, 2):
        both, where = truth(f"{first} && {second}")
        assert both.is_never_so == (not where), (first, second)
        for tree, holds in simple:
            assert where <= holds or not implies(both, tree), (first, second, tree)
    for one, where in simple:
        for other, holds in simple:
            assert implies(one, other) == (where <= holds), (one, other)


@settings(CALM, max_examples=400)
@given(CONDITIONS)
def test_what_is_never_true_holds_in_no_situation(text):
    condition = ENVIRONMENT.compile(text)
    if condition.meaning.is_never_so:
        assert not any(map(condition.holds, ACTIVATIONS))


@settings(CALM, max_examples=400)
@given(CONDITIONS, CONDITIONS)
def test_what_is_implied_holds_wherever_the_other_does(first, second):
    one, other = ENVIRONMENT.compile(first), ENVIRONMENT.compile(second)
    if implies(one.meaning, other.meaning):
        assert all(other.holds(activation) for activation in ACTIVATIONS if one.holds(activation))


@settings(CALM, max_examples=200)
@given(CONDITIONS)
def test_a_bound_is_never_passed_where_the_condition_holds(text):
    condition = ENVIRONMENT.compile(text)
    for name, bound in condition.meaning.upper_bounds().items():
        for values, activation in zip(SITUATIONS, ACTIVATIONS, strict=True):
            assert values[name] <= bound or not condition.holds(activation)


@CALM
@given(CONDITIONS, CONDITIONS)
def test_a_condition_implies_itself_and_whatever_is_added_to_it_by_or(first, second):
    tree = meaning_of(first)
    assert same(tree, tree)
    assert implies(tree, meaning_of(f"({second}) || ({first})"))
    assert implies(meaning_of(f"({first}) && ({second})"), tree)
