"""Claims about policy files: what is read from them, where each part stands, and that what is written reads back equal."""

import json
import string
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agents.canonical import digest_of
from agents.documents.problems import MAX_PROBLEMS
from agents.policy.deadlines import longest_by
from agents.policy.durations import BadDuration, seconds_of, write_duration
from agents.policy.language import (
    Calendar,
    Case,
    Claim,
    Classified,
    Cumulative,
    Fact,
    HttpLookup,
    Keep,
    Policy,
    Rule,
    SqlLookup,
    ToolLookup,
)
from agents.policy.reading import PolicyErrors, names_for, read_policy
from agents.policy.writing import document_of, write_policy
from tests.pure.policies.tools import TOOLS

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
FILES = Path(__file__).parent / "policies"
DESK = (FILES / "refund-desk.yaml").read_text()
TOOL = {tool.name: tool for tool in TOOLS}


def read(source: bytes | str, tools=TOOLS) -> Policy:
    return read_policy(source, name="p.yaml", tools=tools).policy


def problems_of(source: bytes | str) -> list[str]:
    try:
        read_policy(source, name="p", tools=TOOLS)
    except PolicyErrors as errors:
        return [str(problem).removeprefix("p:") for problem in errors.problems]
    return []


def as_rules(policy: Policy) -> Policy:
    """Return the policy without how it was written."""
    return replace(policy, shorthand=False, rules=tuple(replace(rule, origin="") for rule in policy.rules))


# --- what is read


def test_a_whole_policy_reads():
    policy = read(DESK)
    assert (policy.name, policy.mode, policy.shorthand, policy.file) == (
        "refund-desk",
        "scoped_autonomy",
        False,
        "p.yaml",
    )
    assert policy.lists == ("known_payees",)
    assert policy.claims == {"confidence": Claim("confidence", "number", ("small-refund",))}
    assert policy.redact == ("email", "phone", "card", "iban", "ssn")
    assert policy.keep == Keep(prompts=True, tool_calls=True, days=90)


def test_facts_read_in_each_of_their_forms():
    shop = read(DESK).facts
    assert shop["tenure_days"] == Fact(
        "tenure_days",
        "int",
        SqlLookup("shop", "select current_date - joined from customer where id = %(customer_id)s", ("customer_id",)),
        60,
    )
    assert shop["ticket"].lookup == ToolLookup("look_up_ticket", {"ticket_id": "ticket_id"})
    assert shop["topic"].lookup == Classified("topic", "ticket.text")
    risk = read((FILES / "support-agent.yaml").read_text()).facts["fraud_risk"]
    assert risk.lookup == HttpLookup("risk", "/customers/{customer_id}/risk", "score.value", ("customer_id",))
    assert risk.max_age == 300


def test_a_doubled_percent_sign_is_text_and_no_placeholder():
    sql = "select 1 where a like '5%%(x)s' and b = %(customer_id)s"
    body = f'policy: p\nfacts: {{f: {{type: int, source: shop, sql: "{sql}"}}}}\nrules: []\n'
    assert read(body).facts["f"].lookup == SqlLookup("shop", sql, ("customer_id",))


def test_rules_read_with_times_in_seconds_and_money_in_minor_units():
    small, cap, big, angry, promise, stranger = read(DESK).rules
    when = "amount_usd <= 25 && tenure_days >= 180 && refunds_90d == 0 && confidence >= 0.92"
    assert small == Rule("small-refund", ("issue_refund",), "allow", when, band=2, sample=0.15)
    assert cap.cumulative == Cumulative("amount_usd", "customer_id", 86_400, 10_000)
    assert (big.slots, big.due, big.expires, big.calendar) == (("finance", "support-leads"), 3600, 28_800, "business")
    assert (angry.queue, promise.unless_called, stranger.code) == ("escalations", "check_billing", "unknown_payee")


def test_a_calendar_reads_as_minutes_of_each_weekday():
    week = dict.fromkeys(range(5), ((540, 1080),))
    business = read(DESK).calendars["business"]
    assert business == Calendar("business", "Europe/Berlin", {**week, 5: ((600, 840),)}, ("2026-12-25",), "DE")
    split = read(changed('sat: "10:00-14:00"', 'sat: "10:00-12:00, 13:00-24:00"')).calendars["business"]
    assert split.hours[5] == ((600, 720), (780, 1440))


def changed(old: str, new: str) -> str:
    assert DESK.count(old) == 1, f"{DESK.count(old)} times in refund-desk.yaml: {old}"
    return DESK.replace(old, new)


def test_cases_read_with_everything_they_give():
    refund, payee = read(DESK).cases
    assert refund == Case(
        "a small refund for an old customer runs",
        "issue_refund",
        "allow",
        rule="small-refund",
        tier=2,
        arguments={"amount_usd": 25, "customer_id": "c-1", "order_id": "o-1"},
        facts={"tenure_days": 400, "refunds_90d": 0},
        claims={"confidence": 0.95},
        used={"day-cap": 40},
    )
    assert payee.lists == {"known_payees": ("p-1", "p-2")} and payee.rule is None


def test_a_limit_on_what_is_not_money_keeps_its_number():
    body = (
        "policy: p\nrules: [{id: a, tool: tag, then: review, cumulative: {sum: %s, per: run, window: 1h, over: %s}}]\n"
    )
    assert read(body % ("weight", "2.5")).rules[0].cumulative.over == 2.5
    counted = read(body % ("count", "3.0")).rules[0].cumulative.over
    assert counted == 3 and type(counted) is int
    assert read(body % ("amount_eur", "99.5")).rules[0].cumulative.over == 9950


def test_what_is_left_out_has_the_documented_meaning():
    policy = read("policy: p\nrules: []\n")
    assert policy == Policy("p", "scoped_autonomy", keep=Keep(True, True, None))


@pytest.mark.parametrize("source", [DESK.encode(), b"\xef\xbb\xbf" + DESK.encode(), DESK.replace("\n", "\r\n")])
def test_bytes_byte_order_mark_and_windows_line_ends_read_the_same(source):
    assert read(source) == read(DESK) and read(source).rules[2].when_place == read(DESK).rules[2].when_place


def test_every_part_knows_its_place():
    policy, lines = read(DESK), DESK.split("\n")

    def text_at(place):
        return lines[place[0] - 1][place[1] - 1 :]

    assert text_at(policy.rules[2].place).startswith("id: big") or text_at(policy.rules[2].place).startswith("{id: big")
    assert text_at(policy.rules[2].when_place).startswith('"amount_usd > 200"')
    assert text_at(policy.facts["topic"].place).startswith("{type: string, classify")
    assert text_at(policy.claims["confidence"].place).startswith("{type: number")
    assert text_at(policy.calendars["business"].place).startswith("{zone: Europe/Berlin")
    assert text_at(policy.cases[1].place).startswith("{name: a stranger waits")


# --- names


def test_a_condition_may_name_arguments_facts_within_reach_claims_and_lists():
    policy = read(DESK)
    shared = {"confidence": "number", "known_payees": "list"}
    by_ticket, by_customer = {"ticket": "record", "topic": "string"}, {"tenure_days": "int", "refunds_90d": "int"}
    assert names_for(policy, TOOL["issue_refund"]) == TOOL["issue_refund"].arguments | shared | by_ticket | by_customer
    assert names_for(policy, TOOL["send_reply"]) == TOOL["send_reply"].arguments | shared | by_ticket
    assert names_for(policy, TOOL["pay"]) == TOOL["pay"].arguments | shared


def test_arguments_that_no_condition_can_write_are_not_among_the_names():
    odd = replace(TOOL["pay"], arguments=dict.fromkeys(["order-id", "in", "ok", "a.b", "_", "_1"], "string"))
    assert names_for(Policy("p"), odd) == {"ok": "string", "_1": "string"}


@pytest.mark.parametrize("name", ["type", "list", "int", "duration", "size", "matches"])
def test_arguments_called_like_a_type_or_a_function_are_among_the_names(name):
    tool = replace(TOOL["tag"], arguments={name: "int"})
    assert names_for(Policy("p"), tool) == {name: "int"}
    rules = f"policy: p\nrules: [{{id: a, tool: tag, then: review, when: {name} > 3}}]\n"
    assert read(rules, tools=[tool]).rules[0].when == f"{name} > 3"
    limit = f"policy: p\nactions: [{{name: tag, max_{name}: 3, requires_human_approval: false}}]\n"
    assert read(limit, tools=[tool]).rules[0].when == f"{name} <= 3"


def test_an_argument_is_meant_where_a_fact_of_another_tool_has_its_name():
    body = (
        'policy: p\nlists: {label: {key: string}}\nrules: [{id: a, tool: pay, then: review, when: "payee in label"}]\n'
    )
    assert names_for(read(body), TOOL["tag"])["label"] == "string"
    assert names_for(read(body), TOOL["pay"])["label"] == "list"


# --- exact columns, whatever the style


@pytest.mark.parametrize(
    "when",
    [
        "promises_refund && nope",
        "  'text == ''a'' && nope'",
        '"text == \\"a\\" && nope"',
        '"text == \\"\\u00e9\\t\\x20\\U0001F600\\" && nope"',
        "\"text == '😀' && nope\"",
        "|\n      promises_refund\n        && nope",
        "|-  # why\n\n      promises_refund\n\n      && nope",
        ">2\n      promises_refund\n      && nope",
        "promises_refund\n      && nope",
        '"promises_refund\n\n       && nope"',
        '"promises_refund \\\n       && nope"',
        "'promises_refund\n       && nope'",
    ],
)
def test_a_problem_in_a_condition_points_at_its_character(when):
    body = f"policy: p\nrules:\n  - id: a\n    tool: send_reply\n    when: {when}\n    then: review\n"
    before = body[: body.index("nope")]
    assert problems_of(body) == [
        f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: rules[0].when: nope is not a fact, claim, "
        "list or argument of this tool: write one of ticket_id, text, promises_refund"
    ]


def test_a_problem_at_the_end_of_a_condition_points_behind_it():
    rule = "  - {id: a, tool: send_reply, then: review, when: promises_refund &&}"
    place = f"3:{rule.index('}') + 1}"
    assert problems_of(f"policy: p\nrules:\n{rule}\n") == [
        f"{place}: rules[0].when: the condition ends too early: something is missing at its end"
    ]


# --- what isn't a policy at all


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("", "1:1: the file is empty: write a policy"),
        ("- a\n", "1:1: a policy is a mapping, not a list: write its keys (policy, rules, mode, facts, claims, lists, "
                  "calendars, redact, cases, keep)"),
        ("policy: p\n\trules: []\n", '2:1: a tab: write spaces (in text, "\\t" in double quotes)'),
        ("policy: p\npolicy: q\nrules: []\n", "2:1: policy: this key stands here twice, first at 1:1: keep one of them"),
        ("policy: p\nrules: [}\n", "2:9: rules[0]: this isn't YAML while parsing a flow node: expected the node content, but found "
                                   "'}'; correct the line, or put the value in quotes"),
        (b"policy: \xff\n", "1:9: this isn't UTF-8 text: save the file as UTF-8"),
        ("policy: p\nrules: *x\n", "2:8: rules: the alias *x isn't allowed: write the value out"),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused_in_plain_words(source, problem):
    assert problems_of(source)[0] == problem


def test_a_file_of_five_megabytes_is_refused_at_once():
    source = DESK + "# " + "x" * 5_000_000
    started = time.monotonic()
    assert problems_of(source) == ["1:1: the file has more than 262144 bytes (256 KB): a policy is smaller"]
    assert time.monotonic() - started < 1


def test_aliases_that_multiply_are_never_expanded():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    started = time.monotonic()
    problems = problems_of(f"policy: p\nrules: []\n{bomb}")
    assert sum("the anchor &" in problem for problem in problems) == 9
    assert sum("the alias *" in problem for problem in problems) == 72
    assert time.monotonic() - started < 5


def test_a_file_of_nothing_but_mistakes_is_told_briefly():
    body = "policy: p\nrules:\n" + "  - {id: a, tool: nope, then: perhaps}\n" * 300
    assert len(problems_of(body)) == MAX_PROBLEMS + 1


def test_the_refusal_carries_its_code_and_each_place():
    with pytest.raises(PolicyErrors) as refusal:
        read("policy: p\nmode: free\nrules: []\n")
    assert (refusal.value.code, refusal.value.status) == ("policy_invalid", 422)
    assert refusal.value.problems[0].as_json()["line"] == 2


# --- written and read back


@pytest.mark.parametrize("name", ["refund-desk", "support-agent", "refunds-scoped"])
def test_a_policy_written_out_in_rules_reads_back_equal(name):
    policy = read((FILES / f"{name}.yaml").read_text())
    again = read(write_policy(policy, tools=TOOLS))
    assert not again.shorthand and again == as_rules(policy)
    assert write_policy(again, tools=TOOLS) == write_policy(as_rules(policy), tools=TOOLS)


def test_each_rule_of_a_shorthand_is_written_with_the_key_it_came_from():
    lines = write_policy(read((FILES / "support-agent.yaml").read_text()), tools=TOOLS).split("\n")
    rules = [line for line in lines if line.startswith("  - {id")]
    assert rules[0].endswith("}  # from refunds.auto_approve_max_usd")
    assert rules[3].endswith("}  # from refunds.require_human_if[1]")
    assert all("  # from " in line for line in rules)


def test_the_document_of_a_policy_is_what_decides_and_nothing_else():
    policy = read(DESK)
    digest = digest_of(document_of(policy))
    assert json.loads(json.dumps(document_of(policy))) == document_of(policy)
    moved = read("# moved down by a line\n" + DESK.replace("  - name: a small", "  - name: one small"))
    assert digest_of(document_of(moved)) == digest
    assert digest_of(document_of(replace(policy, shorthand=True, file="x", cases=()))) == digest
    for old, new in [("<= 25", "<= 26"), ("max_age: 60s", "max_age: 61s"), ("over: 100", "over: 101"), ("days: 90", "days: 91"),
                     ("[2026-12-25]", "[2026-12-26]"), ("may_loosen: [small-refund]", "may_loosen: [small-refund, big]"),
                     ("tool: look_up_ticket", "tool: check_billing"), ("due: 60m", "due: 59m")]:  # fmt: skip
        assert digest_of(document_of(read(changed(old, new)))) != digest, new


def test_a_shorthand_and_its_expansion_are_one_document():
    policy = read((FILES / "support-agent.yaml").read_text())
    assert document_of(read(write_policy(policy, tools=TOOLS))) == document_of(policy)


@given(st.integers(min_value=1, max_value=3650 * 86_400))
def test_a_length_of_time_reads_as_it_was_written(seconds):
    assert seconds_of(write_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "60s"), (3600, "60m"), (86_400, "24h"), (90 * 86_400, "90d"), (90, "90s")]
)
def test_lengths_of_time_are_written_as_people_write_them(seconds, text):
    assert write_duration(seconds) == text


@pytest.mark.parametrize("text", ["", "60", "0s", "-1s", "1.5h", "1 h", "1H", "٣h", "1h30m", "99999999d"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(BadDuration):
        seconds_of(text)


def test_facts_claims_and_calendars_are_written_in_their_order():
    policy = read(DESK)
    again = read(write_policy(policy, tools=TOOLS))
    assert list(again.facts) == list(policy.facts) == ["tenure_days", "refunds_90d", "ticket", "topic"]
    turned = replace(policy, facts=dict(reversed(policy.facts.items())), cases=())
    assert list(read(write_policy(turned, tools=TOOLS)).facts) == list(turned.facts)


@pytest.mark.parametrize(
    ("days", "written"),
    [
        ({0: 1, 1: 1, 2: 1, 3: 1, 4: 1}, "{mon-fri: A}"),
        ({0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 2}, "{mon-fri: A, sat: B}"),
        ({0: 1, 1: 2, 2: 1}, "{mon: A, tue: B, wed: A}"),
        ({0: 1, 1: 1, 3: 1, 4: 1}, "{mon-tue: A, thu-fri: A}"),
        ({6: 1, 5: 1, 0: 2}, "{mon: B, sat-sun: A}"),
    ],
)
def test_days_that_follow_each_other_with_the_same_hours_are_written_as_a_range(days, written):
    spans = {1: ((540, 1080),), 2: ((600, 720), (780, 840))}
    calendar = Calendar("work", "UTC", {day: spans[which] for day, which in days.items()})
    text = write_policy(Policy("p", calendars={"work": calendar}), tools=TOOLS)
    shown = written.replace("A", '"09:00-18:00"').replace("B", '"10:00-12:00, 13:00-14:00"')
    assert f"  work: {{zone: UTC, hours: {shown}}}" in text
    assert read(text).calendars == {"work": calendar}


def test_words_that_other_readers_take_for_true_or_false_are_written_in_quotes():
    policy = Policy("p", rules=(Rule("on", ("tag",), "review", queue="no"),))
    assert 'id: "on", tool: tag, then: review, queue: "no"' in write_policy(policy, tools=TOOLS)


def test_a_count_is_written_as_a_number_even_beside_money_of_that_name():
    odd = replace(TOOL["tag"], arguments={"count": "number"}, money={"count": "USD"})
    policy = Policy("p", rules=(Rule("a", ("tag",), "review", cumulative=Cumulative("count", "run", 60, 300)),))
    text = write_policy(policy, tools=[odd])
    assert "over: 300" in text and read(text, tools=[odd]).rules == policy.rules


# --- any policy at all

GROUPS = st.text(string.ascii_letters + " -é'\"#:&*{}[]?|>%@`", min_size=1, max_size=12).map(str.strip).filter(bool)
LONG = st.integers(min_value=1, max_value=500).map(lambda minutes: minutes * 60)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=12)
CONDITIONS = [
    "amount_usd <= 25",
    "amount_usd > 10.5 &&\n  tenure_days < 3  # not a comment in YAML".replace("  # not", " // not"),
    "order_id == 'it''s'".replace("''", '"'),
    'order_id in ["é", "\\"", "#: "]',
    "topic == 'legal' || sure > 0.5",
    "!(order_id in known) && ticket.priority == 'high'",
]
FACTS = {
    "tenure_days": Fact("tenure_days", "int", SqlLookup("shop", "select 1 -- 100%%\nwhere c = %(customer_id)s", ("customer_id",))),
    "ticket": Fact("ticket", "record", ToolLookup("look_up_ticket", {"ticket_id": "ticket_id"}, "data.ticket"), 7),
    "topic": Fact("topic", "string", Classified("topic", "ticket.text")),
    "risk": Fact("risk", "number", HttpLookup("risk", "/c/{customer_id}/x", "", ("customer_id",)), 3600),
}  # fmt: skip


@st.composite
def reviews(draw, number: int) -> Rule:
    due = draw(st.none() | LONG)
    slots = tuple(draw(st.lists(GROUPS, min_size=2, max_size=3, unique=True) | st.just([])))
    limit = Cumulative("amount_usd", draw(st.sampled_from(["run", "agent", "order_id", "topic"])), draw(LONG), 12_345)
    return Rule(
        f"review-{number}",
        draw(st.sampled_from([("issue_refund",), ("propose_refund", "issue_refund")])),
        draw(st.sampled_from(["review", "deny"])),
        draw(st.none() | st.sampled_from(CONDITIONS)),
        tier=draw(st.sampled_from([None, 3, 4])),
        slots=slots,
        queue=None if slots else draw(st.none() | GROUPS),
        due=due,
        expires=due + draw(LONG) if due else None,
        calendar="work" if due and draw(st.booleans()) else None,
        cumulative=draw(st.none() | st.just(limit)),
        unless_called=draw(st.sampled_from([None, "check_billing"])),
        code=draw(st.sampled_from([None, "too_much"])),
    )


@st.composite
def allows(draw, number: int) -> Rule:
    share = draw(st.integers(min_value=0, max_value=1000)) / 1000
    return Rule(f"allow-{number}", ("pay",), "allow", f"amount_usd == {number}", band=2, sample=share)


@st.composite
def calendars(draw) -> Calendar:
    spans = st.lists(st.integers(0, 1440), min_size=2, max_size=8, unique=True).map(sorted)
    paired = spans.map(lambda ends: tuple(zip(ends[::2], ends[1::2], strict=False)))
    hours = draw(st.dictionaries(st.integers(0, 6), paired, min_size=1))
    days = st.dates().filter(lambda day: day.year >= 1000).map(lambda day: day.isoformat())
    holidays = tuple(draw(st.lists(days, max_size=3, unique=True)))
    calendar = Calendar("work", draw(st.sampled_from(["UTC", "Europe/Berlin"])), dict(sorted(hours.items())), holidays)
    assume(longest_by(calendar) >= 1000 * 60)  # the longest expiry that is drawn
    return calendar


@st.composite
def cases(draw, number: int) -> Case:
    return Case(
        f"case {number}",
        "issue_refund",
        draw(st.sampled_from(["allow", "review", "deny"])),
        tier=draw(st.none() | st.integers(0, 4)),
        arguments=draw(st.fixed_dictionaries({}, optional={"order_id": TEXTS, "amount_usd": st.integers(0, 999)})),
        facts=draw(
            st.fixed_dictionaries({}, optional={"ticket": st.dictionaries(TEXTS.filter(bool), TEXTS | st.none())})
        ),
        lists={"known": tuple(draw(st.lists(TEXTS, min_size=1, max_size=3)))},
        called=draw(st.sampled_from([(), ("check_billing",)])),
    )


@st.composite
def policies(draw) -> Policy:
    rules = [draw(reviews(number)) for number in range(draw(st.integers(0, 4)))]
    rules += [draw(allows(number)) for number in range(draw(st.integers(0, 2)))]
    return Policy(
        name=draw(st.sampled_from(["p", "refund-desk", "a_b"])),
        mode=draw(st.sampled_from(["human_in_the_loop", "swarm", "read_only", "scoped_autonomy"])),
        facts=FACTS,
        claims={"sure": Claim("sure", "number", tuple(rule.id for rule in rules[:1]))},
        lists=("known",),
        calendars={"work": draw(calendars())},
        rules=tuple(rules),
        redact=tuple(draw(st.lists(st.sampled_from(["email", "ip", "secret"]), unique=True))),
        keep=Keep(draw(st.booleans()), draw(st.booleans()), draw(st.none() | st.integers(1, 3650))),
        cases=tuple(draw(cases(number)) for number in range(draw(st.integers(0, 2)))),
    )


@CALM
@given(policies())
def test_any_policy_that_is_written_reads_back_equal(policy):
    assert read(write_policy(policy, tools=TOOLS)) == policy
    assert document_of(read(write_policy(policy, tools=TOOLS))) == document_of(policy)
