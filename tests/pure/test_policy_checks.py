"""Claims about what a policy may not say: everything that can be told before anything happens is refused at its place."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from agents.classifiers import tones
from agents.classifiers.lexicons import danger, subjects
from agents.policy.deadlines import add
from agents.policy.reading import PolicyErrors, Reading, read_policy
from agents.policy.reading.answer_checks import ANSWERS
from agents.policy.reading.grammar import CLASSIFIERS
from audit import redaction
from tests.pure.policies.corpus import refused
from tests.pure.policies.tools import TOOLS

REFUSED = refused()
ALLOW = "{id: small, tool: issue_refund, then: allow, band: 2, when: "


def read(body: str) -> Reading:
    return read_policy(f"policy: p\n{body}\n", name="p.yaml", tools=TOOLS)


def problems_of(source: bytes | str) -> list[str]:
    try:
        read_policy(source, name="p", tools=TOOLS)
    except PolicyErrors as errors:
        return [str(problem).removeprefix("p:") for problem in errors.problems]
    return []


def notes_of(body: str) -> list[str]:
    return [str(note) for note in read(body).notes if "no rule is about" not in str(note)]


@pytest.mark.parametrize(("policy", "problems"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_bad_policy_is_refused_where_it_is_bad_and_says_what_to_write(policy, problems):
    assert problems and problems_of(policy) == problems


def test_every_problem_of_a_file_is_told_at_once():
    body = """policy: p
mode: free
facts: {tenure: {type: int, source: shop, sql: "drop table customer"}}
rules:
  - {id: a, tool: issue_refnd, then: review}
  - {id: b, tool: issue_refund, then: allow, when: "amount_usd < 5"}
  - {id: c, tool: issue_refund, then: review, when: "amont_usd > 5", sample: 2}
"""
    assert [line.split(": ")[0] for line in problems_of(body)] == [
        "2:7",
        "3:49",
        "5:19",
        "6:39",
        "7:54",
        "7:78",
        "7:78",
    ]


# --- nobody is refused for what follows from another mistake


@pytest.mark.parametrize(
    "body",
    [
        'facts: {tenure: {type: in, source: shop, sql: "select 1"}}\nrules:\n'
        '  - {id: a, tool: issue_refund, then: review, when: "tenure < 3"}',
        "claims: {c: {type: number, may_loosen: [a]}}\nrules:\n  - {id: a, tool: issue_refnd, then: review}",
        'calendars: {work: {zone: Berln, hours: {mon: "09:00-10:00"}}}\nrules:\n'
        "  - {id: a, tool: issue_refund, then: review, due: 30m, calendar: work}",
        "rules:\n  - {id: a, tool: issue_refnd, then: review}\n"
        "cases:\n  - {name: x, tool: issue_refund, expect: {verdict: review, rule: a}}",
        "claims: {c: {type: number, may_loosen: [small]}}\nrules:\n  - " + ALLOW + '"c > 0.5"}\n'
        "  - {id: cap, tool: issue_refund, then: review, cumulative: {sum: amount_usd, per: agent, window: 1x, over: 9}}",
        "claims: {c: {type: number, may_loosen: [small]}}\nrules:\n  - " + ALLOW + '"c > 0.5"}\n'
        "  - {id: cap, tool: issue_refnd, then: review, cumulative: {sum: count, per: agent, window: 1h, over: 9}}",
    ],
    ids=["fact", "rule of a claim", "calendar", "rule of a case", "cap of a claim", "rule that caps a claim"],
)
def test_a_mistake_is_reported_once_and_not_again_where_its_name_is_used(body):
    assert len(problems_of(f"policy: p\n{body}\n")) == 1


# --- what may be said


@pytest.mark.parametrize(
    "body",
    [
        "rules: []",
        "rules:\n  - {id: a, tool: tag, then: allow}",
        "rules:\n  - {id: a, tool: tag, then: deny, slots: [x], due: 1h, expires: 2h}",
        "rules:\n  - {id: a, tool: issue_refund, then: deny, slots: [x]}",
        "rules:\n  - {id: a, tool: tag, then: review, tier: 3, slots: [x, y], due: 60m}",
        "rules:\n  - {id: a, tool: issue_refund, then: review, band: 2, slots: [x], when: 'amount_usd < 3'}",
        "rules:\n  - {id: a, tool: rotate_secret, then: review}",
        "rules:\n  - {id: a, tool: [issue_refund, pay], then: review, when: 'amount_usd > 3', tier: 4}",
        "rules:\n  - {id: a, tool: send_reply, then: review, unless_called: look_up_ticket}",
        "rules:\n  - {id: a, tool: tag, then: review, cumulative: {sum: weight, per: label, window: 7d, over: 2.5}}",
        "rules:\n  - {id: a, tool: tag, then: review, cumulative: {sum: count, per: run, window: 1s, over: 0}}",
    ],
)
def test_what_makes_sense_is_taken(body):
    assert read(body).policy.name == "p"


def test_a_name_may_be_an_argument_of_a_tool_that_it_is_not_used_with():
    fact = 'facts: {label: {type: int, source: shop, sql: "select 1 where id = %(customer_id)s"}}\n'
    calendar = 'calendars: {weight: {zone: UTC, hours: {mon: "09:00-10:00"}}}\n'
    read(
        fact
        + calendar
        + """rules:
  - {id: a, tool: tag, then: review, when: "label == 'x'"}
  - {id: b, tool: issue_refund, then: review, when: "label == 3", due: 30m, calendar: weight}"""
    )


def test_a_calendar_may_not_be_called_like_an_argument_it_is_used_with():
    body = """policy: p
calendars: {order_id: {zone: UTC, hours: {mon: "09:00-10:00"}}}
rules: [{id: a, tool: issue_refund, then: review, due: 30m, calendar: order_id}]
"""
    assert problems_of(body) == [
        "2:13: calendars.order_id: order_id is an argument of issue_refund too: write another name"
    ]


def test_a_limit_over_two_currencies_is_refused():
    euros = replace(TOOLS[3], name="pay_back", money={"amount_usd": "EUR"})
    limit = "{sum: amount_usd, per: agent, window: 1h, over: 9}"
    body = f"policy: p\nrules: [{{id: a, tool: [issue_refund, pay_back], then: review, cumulative: {limit}}}]\n"
    with pytest.raises(PolicyErrors, match="amount_usd isn't in one currency for all tools of this rule"):
        read_policy(body, name="p", tools=[*TOOLS, euros])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("rules: [" + "{id: a, tool: tag, then: deny}, " * 501 + "]", "2:8: rules: more than 500 rules: split the policy"),
        ("lists: {" + ", ".join(f"a{i}: {{key: string}}" for i in range(201)) + "}\nrules: []",
         "2:8: lists: more than 200 lists: leave out what no rule uses"),
    ],
)  # fmt: skip
def test_what_nobody_reads_any_more_is_refused(body, problem):
    assert problems_of(f"policy: p\n{body}\n") == [problem]


def test_a_shorthand_needs_a_name_too():
    assert problems_of("actions: []\n") == ["1:1: policy is missing: add its name, like policy: refund-desk"]


def test_two_rules_of_different_width_stand_beside_each_other():
    read(
        "rules:\n  - "
        + ALLOW
        + "'amount_usd < 3'}\n  - {id: b, tool: issue_refund, then: review, when: 'amount_usd > 2'}"
    )


def test_a_rule_that_also_counts_shadows_nothing():
    read("rules:\n  - " + ALLOW + "'amount_usd < 3'}\n"
         "  - {id: b, tool: issue_refund, then: review, cumulative: {sum: count, per: run, window: 1h, over: 2}}\n"
         "  - {id: c, tool: issue_refund, then: deny, unless_called: look_up_ticket}")  # fmt: skip


def test_an_allow_rule_shadowed_for_one_of_its_tools_still_decides_about_the_other():
    read("rules:\n  - {id: a, tool: [tag, send_reply], then: allow}\n  - {id: b, tool: send_reply, then: review}")


def many(when, *, most=500, size=250_000, tools="issue_refund") -> str:
    """Return a file with as many rules as there may be; `when` gives the condition of each by its number."""
    lines, left = ["rules:"], size
    for number in range(most):
        then = "then: review" if number % 2 or "," in tools else "then: allow, band: 2"
        line = f'  - {{id: r{number}, tool: {tools}, {then}, when: "{when(number)}"}}'
        left -= len(line)
        if left > 0:
            lines.append(line)
    return "\n".join(lines)


def either(number, choices):
    return " && ".join(f"(amount_usd != {number}.{i:02d} || order_id != 'x{i}')" for i in range(choices))


HEAVY = {
    "many ways to be true": many(lambda n: either(n, 6)),
    "too many ways to be true": many(lambda n: either(n, 8)),
    "few ways against long conditions": many(
        lambda n: (
            " || ".join(f"amount_usd == {n}.{i:02d}" for i in range(60))
            if n % 2
            else " && ".join(f"amount_usd != {n}.{i:02d}" for i in range(80))
        )
    ),
    "the same but for the end": many(lambda n: either(0, 6) + f" && ticket_id != '{n}'"),
    "long lists": many(lambda n: "amount_usd in [" + ", ".join(str(1000 * n + i) for i in range(60)) + "]"),
    "many tools": many(
        lambda n: " && ".join(f"ticket_id != 'x{n}-{i}'" for i in range(20)),
        tools=f"[{', '.join(tool.name for tool in TOOLS if 'ticket_id' in tool.arguments)}]",
    ),
}


@pytest.mark.parametrize("kind", HEAVY)
def test_the_heaviest_policies_are_judged_in_seconds(kind):
    started = time.process_time()
    problems_of(f"policy: p\n{HEAVY[kind]}\n")
    assert time.process_time() - started < 20  # two on a machine of its own; comparing everything takes minutes


def test_rules_that_were_not_compared_are_noted_where_they_begin():
    (note,) = notes_of(HEAVY["many ways to be true"])
    place, path, message = note.split(": ", 2)
    number = int(path.removeprefix("rules[").removesuffix("]"))
    assert 50 < number < 500 and place == f"p.yaml:{number + 3}:5"
    assert message == (
        "from this rule on rules aren't compared with each other, there is too much to compare: some that contradict or "
        "never decide may be left"
    )


def test_as_many_rules_as_there_may_be_are_all_compared_when_they_are_plain():
    rules = many(lambda n: f"amount_usd > {n + 1000}" if n % 2 else f"amount_usd <= {n} && order_id != 'x'", most=499)
    assert notes_of(rules) == []
    last = "  - {id: last, tool: issue_refund, then: allow, band: 2, when: 'amount_usd > 2000'}"
    assert [problem.split(", ")[0] for problem in problems_of(f"policy: p\n{rules}\n{last}\n")] == [
        "502:64: rules[499].when: never decides: r1 at 4:5 speaks whenever this rule does"
    ]


# --- deadlines that come


def with_calendar(hours, holidays=(), due="30m"):
    listed = f", holidays: [{', '.join(map(str, holidays))}]" if holidays else ""
    return (
        f"calendars: {{work: {{zone: UTC, hours: {hours}{listed}}}}}\n"
        f"rules: [{{id: a, tool: send_reply, then: review, due: {due}, expires: {due}, calendar: work}}]"
    )


def days(count, every=1):
    return [date(2026, 1, 5) + timedelta(days=every * number) for number in range(count)]  # from a Monday on


@pytest.mark.parametrize(
    "body",
    [
        with_calendar('{mon: "09:00-10:00"}', due="57h"),
        with_calendar('{mon-sun: "00:00-24:00"}', due="400d"),
        with_calendar('{mon-sun: "00:00-24:00"}', days(299), due="400d"),
        with_calendar('{mon: "09:00-10:00"}', days(42, every=7), due="57h"),
        with_calendar('{mon: "09:00-10:00"}', days(400, every=14), due="57h"),
    ],
)
def test_what_is_accepted_of_times_and_calendars_is_counted_at_once(body):
    policy = read(body).policy
    (rule,), calendar = policy.rules, policy.calendars["work"]
    took = []
    for _ in range(3):
        started = time.process_time()
        ends = add(datetime(2026, 1, 5, tzinfo=UTC), rule.due, calendar)
        took.append(time.process_time() - started)
    assert ends.year < 2045
    assert min(took) < 1


@pytest.mark.parametrize(
    ("holidays", "problem"),
    [
        (days(300), "with these days nobody works for 300 days from 2026-01-05 on: leave some out"),
        (days(43, every=7), "with these days nobody works for 300 days from 2026-01-05 on: leave some out"),
        (days(401, every=2), "more than 400 days: list those of the next years, or name the country"),
    ],
)
def test_a_calendar_that_stays_closed_for_most_of_a_year_is_refused(holidays, problem):
    body = "policy: p\n" + with_calendar('{mon: "09:00-10:00"}', holidays) + "\n"
    assert problems_of(body) == [f"2:70: calendars.work.holidays: {problem}"]


# --- what the agent says of itself


CLAIM = "claims: {sure: {type: number, may_loosen: [small]}}\nrules:\n"


@pytest.mark.parametrize(
    "rules",
    [
        "  - " + ALLOW + "'amount_usd <= 25 && sure > 0.9'}",
        "  - " + ALLOW + "'sure > 0.9 && !(amount_usd >= 25)'}",
        "  - " + ALLOW + "'sure > 0.9'}\n  - {id: cap, tool: [issue_refund], then: deny, "
        "cumulative: {sum: amount_usd, per: agent, window: 24h, over: 100}}",
    ],
)
def test_a_claim_may_loosen_the_rule_that_it_names_when_a_cap_stands_beside_it(rules):
    assert read(CLAIM + rules).policy.claims["sure"].may_loosen == ("small",)


@pytest.mark.parametrize(
    "rules",
    [
        "  - " + ALLOW + "'sure > 0.9'}",
        "  - " + ALLOW + "'sure > 0.9 && amount_usd >= 25'}",
        "  - " + ALLOW + "'sure > 0.9 || amount_usd <= 25'}",
        "  - " + ALLOW + "'sure <= 0.9'}",
        "  - " + ALLOW + "'sure > 0.9'}\n  - {id: cap, tool: pay, then: deny, "
        "cumulative: {sum: amount_usd, per: agent, window: 24h, over: 100}}",
    ],
    ids=["alone", "a floor", "an alternative", "a cap on the claim itself", "a cap on another tool"],
)
def test_a_claim_without_a_cap_beside_it_loosens_nothing(rules):
    assert "put a cap beside it" in problems_of("policy: p\n" + CLAIM + rules + "\n")[0]


def test_a_claim_may_tighten_without_being_named():
    read("claims: {sure: {type: number}}\nrules:\n  - {id: a, tool: issue_refund, then: review, when: 'sure < 0.5'}\n"
         "  - {id: b, tool: send_reply, then: deny, when: 'sure < 0.1'}")  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        "{id: a, tool: issue_refund, then: review, band: 2, when: 'amount_usd < 9 && sure > 0.5'}",
        "{id: a, tool: rotate_secret, then: review, when: 'sure > 0.5'}",
    ],
    ids=["one signature in the place of two", "breaking the glass"],
)
def test_a_review_that_loosens_is_held_to_the_same_for_claims(rule):
    assert "would loosen" in problems_of(f"policy: p\nclaims: {{sure: {{type: number}}}}\nrules: [{rule}]\n")[0]


# --- what classifiers answer


def test_the_words_a_policy_may_expect_are_those_that_classifiers_answer():
    assert set(ANSWERS["topic"]) == {*danger.TOPICS, *subjects.TOPICS, "other"}
    assert ANSWERS["tone"] == tones.TONES
    assert set(ANSWERS["pii"]) == set(redaction.PII)
    assert set(CLASSIFIERS) >= set(ANSWERS)


# --- notes


def test_what_nobody_uses_is_noted_and_not_refused():
    body = """facts:
  tenure: {type: int, source: shop, sql: "select 1 where id = %(customer_id)s"}
  ticket: {type: record, tool: look_up_ticket, with: {ticket_id: ticket_id}}
  topic: {type: string, classify: topic, of: ticket.text}
claims: {sure: {type: number}}
lists: {payees: {key: string}}
calendars: {work: {zone: UTC, hours: {mon: "09:00-10:00"}}}
rules: [{id: a, tool: send_reply, then: review, when: "topic == 'legal'"}]"""
    assert notes_of(body) == [
        "p.yaml:3:3: facts.tenure: no rule uses this fact",
        "p.yaml:6:10: claims.sure: no rule uses this claim",
        "p.yaml:7:9: lists.payees: no rule uses this list",
        "p.yaml:8:13: calendars.work: no rule uses this calendar",
    ]


def test_a_fact_that_only_a_limit_counts_by_is_used():
    assert notes_of(
        'facts: {household: {type: string, source: shop, sql: "select 1 where id = %(customer_id)s"}}\n'
        "rules: [{id: a, tool: issue_refund, then: review, cumulative: {sum: amount_usd, per: household, window: 1d, over: 9}}]"
    ) == []  # fmt: skip


def test_held_tools_without_a_rule_are_noted_at_the_rules():
    notes = read("rules: [{id: a, tool: [issue_refund, pay], then: review}]").notes
    assert [str(note) for note in notes] == [
        "p.yaml:2:1: no rule is about erase: its tier 4 alone decides",
        "p.yaml:2:1: no rule is about propose_refund: its tier 2 alone decides",
        "p.yaml:2:1: no rule is about rotate_secret: its tier 4 alone decides",
        "p.yaml:2:1: no rule is about send_reply: its tier 2 alone decides",
    ]
