"""Claims about how conditions read to people: plainly, in one way only, with nothing hidden."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.documents.problems import find_hidden
from agents.policy.conditions import Environment
from agents.policy.conditions.words import in_words, names_in_order

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ENVIRONMENT = Environment(
    {
        "amount_usd": "number",
        "tenure_days": "int",
        "refunds_90d": "int",
        "topic": "string",
        "payee": "string",
        "promises_refund": "bool",
        "due": "timestamp",
        "known_payees": "list",
        "tags": "list",
        "ticket": "record",
    }
)


def words(text):
    return in_words(ENVIRONMENT.compile(text), money={"amount_usd": "USD"}, lists={"known_payees"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "amount_usd <= 25 && tenure_days >= 180 && refunds_90d == 0",
            "amount_usd is at most USD 25.00, tenure_days is at least 180 and refunds_90d is 0",
        ),
        # comparisons
        ("amount_usd > 200", "amount_usd is above USD 200.00"),
        ("200.5 > amount_usd", "amount_usd is below USD 200.50"),
        ("0 == tenure_days", "tenure_days is 0"),
        ("tenure_days != -3", "tenure_days is not -3"),
        ("amount_usd == 25.005", "amount_usd is USD 25.005"),
        ("amount_usd < 1e20", "amount_usd is below USD 1e+20"),
        ("amount_usd in [5, 7.5]", "amount_usd is one of USD 5.00, USD 7.50"),
        ("amount_usd >= tenure_days", "amount_usd is at least tenure_days"),
        ("due > timestamp('2026-01-31T00:00:00Z')", 'due is after "2026-01-31T00:00:00Z"'),
        ("timestamp('2026-01-31T00:00:00Z') >= due", 'due is at or before "2026-01-31T00:00:00Z"'),
        ("topic in ['chargeback','legal']", 'topic is one of "chargeback", "legal"'),
        ("topic in ['legal']", 'topic is "legal"'),
        ("payee in known_payees", "payee is in the list known_payees"),
        ("payee in tags", "payee is in tags"),
        ("size(known_payees) > 0", "the size of known_payees is above 0"),
        ("topic.size() < 3", "the size of topic is below 3"),
        ("ticket.by.name == 'zoë'", 'ticket.by.name is "zoë"'),
        # truths
        ("promises_refund", "promises_refund is true"),
        ("promises_refund == false", "promises_refund is false"),
        ("false != promises_refund", "promises_refund is true"),
        ("ticket.vip", "ticket.vip is true"),
        ("has(ticket.vip)", "ticket.vip is given"),
        ("true", "always"),
        # not
        ("!promises_refund", "promises_refund is false"),
        ("!(!promises_refund)", "promises_refund is true"),
        ("!(promises_refund == true)", "promises_refund is false"),
        ("!has(ticket.vip)", "ticket.vip is not given"),
        ("!(amount_usd > 25)", "amount_usd is not above USD 25.00"),
        ("!(topic == 'x')", 'topic is not "x"'),
        ("!(topic != 'x')", 'topic is "x"'),
        ("!(topic in ['x', 'y'])", 'topic is not one of "x", "y"'),
        ("!(payee in known_payees)", "payee is not in the list known_payees"),
        ("!topic.contains('x')", 'topic does not contain "x"'),
        ("!(promises_refund && tenure_days > 3)", "not (promises_refund is true and tenure_days is above 3)"),
        ("!(promises_refund || tenure_days > 3) && topic == 'x'",
         'not (either promises_refund is true or tenure_days is above 3) and topic is "x"'),
        # texts
        ("topic.startsWith('le') && topic.endsWith('al')", 'topic starts with "le" and topic ends with "al"'),
        ("topic.contains('ega') || topic.matches('^l.*')", 'either topic contains "ega" or topic matches the pattern "^l.*"'),
        # groups
        ("promises_refund || tenure_days > 3 || topic == 'x'",
         'either promises_refund is true, tenure_days is above 3 or topic is "x"'),
        ("promises_refund && (tenure_days > 3 || topic == 'x')",
         'promises_refund is true and (either tenure_days is above 3 or topic is "x")'),
        ("promises_refund || tenure_days > 3 && topic == 'x'",
         'either promises_refund is true or (tenure_days is above 3 and topic is "x")'),
        # looking through lists
        ("known_payees.exists(p, p.startsWith('x'))", 'for at least one p in the list known_payees: p starts with "x"'),
        ("tags.all(t, t == 'a' || t == 'b') && promises_refund",
         '(for every t in tags: (either t is "a" or t is "b")) and promises_refund is true'),
        ("!ticket.tags.exists_one(t, t == payee)", "not (for exactly one t in ticket.tags: t is payee)"),
        # as written
        ("amount_usd * 2.0 > 5.0", "`amount_usd * 2.0` is above 5.0"),
        ("topic.contains(payee)", "`topic.contains(payee)`"),
        ("!(promises_refund ? true : false)", "not `promises_refund ? true : false`"),
        ("ticket['a b'] == 3", '`ticket["a b"]` is 3'),
        ("ticket.a[0].b == 3", "`ticket.a[0].b` is 3"),
        ("topic in []", "`topic in []`"),
        ("(tenure_days > 3) == promises_refund", "`tenure_days > 3` is promises_refund"),
        ("size(ticket.a[0]) > 1", "`size(ticket.a[0])` is above 1"),
        ("due.getHours('Europe/Berlin') >= 18", '`due.getHours("Europe/Berlin")` is at least 18'),
    ],
)  # fmt: skip
def test_conditions_read_plainly(text, said):
    assert words(text) == said


def test_and_and_or_never_read_the_same():
    texts = [
        "promises_refund && (tenure_days > 3 || topic == 'x')",
        "promises_refund && tenure_days > 3 || topic == 'x'",
        "promises_refund || (tenure_days > 3 && topic == 'x')",
        "(promises_refund || tenure_days > 3) && topic == 'x'",
        "!(promises_refund || tenure_days > 3) && topic == 'x'",
        "!(promises_refund || tenure_days > 3 && topic == 'x')",
        "!(promises_refund && tenure_days > 3) || topic == 'x'",
        "!(promises_refund && tenure_days > 3 || topic == 'x')",
        "tags.all(t, t == 'a') && topic == 'x'",
        "tags.all(t, t == 'a' && topic == 'x')",
    ]
    assert len({words(text) for text in texts}) == len(texts)


def test_what_is_hidden_in_a_text_is_shown():
    assert words(r"topic == 'pay\u202eee\u200b'") == 'topic is "payU+202EeeU+200B"'
    assert words(r"topic.contains('x` is true')") == 'topic contains "x` is true"'
    assert words(r"topic.contains(string('x` or\u200b'))") == (r'`topic.contains(string("x\u0060 or\u200b"))`')


def test_names_come_in_the_order_in_which_they_are_written():
    text = "tenure_days > 3 && (has(ticket.vip) || amount_usd > 3) && tags.exists(t, t == payee) && tenure_days < amount_usd"
    assert names_in_order(ENVIRONMENT.compile(text)) == ["tenure_days", "ticket", "amount_usd", "tags", "payee"]
    assert names_in_order(ENVIRONMENT.compile("3 < tenure_days")) == ["tenure_days"]


ATOMS = st.sampled_from(
    ["amount_usd <= 25", "promises_refund", "topic == 'x'", "payee in known_payees", "ticket.vip", "size(tags) > 1",
     "topic.contains('a')", "tags.exists(t, t == 'a' || promises_refund)", "has(ticket.a)", "true", "topic < payee"]
)  # fmt: skip


def larger(inner):
    joined = st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: "({}) {} ({})".format(*parts))
    return joined | inner.map(lambda text: f"!({text})")


@CALM
@given(st.recursive(ATOMS, larger, max_leaves=6))
def test_every_condition_has_words_with_closed_brackets_and_all_its_names(text):
    said = words(text)
    assert said.count("(") == said.count(")")
    assert all(name in said for name in names_in_order(ENVIRONMENT.compile(text)))


@CALM
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_no_text_hides_anything_from_the_reader(text):
    written = "".join(f"\\U{ord(char):08x}" for char in text)
    assert not find_hidden(words(f"topic == '{written}' || topic.contains(string('{written}'))"))
