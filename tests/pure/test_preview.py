"""What would change, computed: exact amounts, nothing invented, and an agent file that can't ask for nonsense."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import evidence, preview
from agents.agentfile import AgentFileErrors, read
from agents.policy.verdict import Missing
from tests.pure.test_agentfile import GOOD

LINES = [{"field": "refunded so far", "now": "refunded_usd", "adds": "amount_usd"}]
AMOUNT = {"amount_usd": {"currency": "USD", "minor": 41200}}


def one(line: dict, args: dict, facts: dict, described=()) -> preview.Change:
    return preview.changes({"preview": [line]}, args, described, facts)[0]


def test_an_amount_is_added_to_what_is_there():
    change = one(LINES[0], AMOUNT, {"refunded_usd": 200.4})
    assert (change.now, change.sign, change.by, change.after) == ("USD 200.40", "+", "USD 412.00", "USD 612.40")
    assert change.known


def test_a_sum_below_zero_is_shown_and_not_hidden():
    change = one({"field": "kept", "now": "kept_usd", "subtracts": "amount_usd"}, AMOUNT, {"kept_usd": 100})
    assert (change.sign, change.after) == ("-", "USD -312.00")


@pytest.mark.parametrize(
    "value",
    [Missing("missing"), Missing("unavailable", "no answer"), "200.40", True, float("inf"), float("nan"), [1], 1e300],
)
def test_what_is_not_known_as_a_number_is_not_known_at_all(value):
    change = one(LINES[0], AMOUNT, {"refunded_usd": value})
    assert (change.now, change.after, change.known) == (preview.NOT_KNOWN, preview.NOT_KNOWN, False)
    assert one(LINES[0], AMOUNT, {}).known is False


def test_an_argument_that_was_not_sent_leaves_the_sum_unknown():
    change = one(LINES[0], {}, {"refunded_usd": 1})
    assert (change.now, change.by, change.after) == ("1", preview.NOT_KNOWN, preview.NOT_KNOWN)


def test_more_decimals_than_money_has_are_shown_as_they_are():
    assert one(LINES[0], AMOUNT, {"refunded_usd": 0.125}).after == "USD 412.125"


def test_plain_numbers_have_no_unit_and_no_exponent():
    line = {"field": "seats", "now": "seats", "adds": "more"}
    change = one(line, {"more": 3}, {"seats": 10_000_000})
    assert (change.now, change.by, change.after) == ("10000000", "3", "10000003")


def test_a_text_becomes_another_with_or_without_what_it_was():
    line = {"field": "status", "now": "status", "becomes": "paid back, {reason}"}
    said = [("reason", "it broke")]
    assert (one(line, {}, {"status": "paid"}, said).now, one(line, {}, {"status": "paid"}, said).after) == (
        "paid",
        "paid back, it broke",
    )
    assert one(line, {}, {}, said).known is False
    assert one(line, {}, {}, said).after == "paid back, it broke"
    assert one({"field": "status", "becomes": "paid back"}, {}, {}).known is True


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12))
def test_sums_of_cents_are_exact(cents, minor):
    fact = cents // 100 if cents % 100 == 0 else cents / 100
    change = one(LINES[0], {"amount_usd": {"currency": "USD", "minor": minor}}, {"refunded_usd": fact})
    assert Decimal(change.after.removeprefix("USD ")) == (Decimal(cents) + minor) / 100
    assert len(change.after.partition(".")[2]) == 2


def test_the_facts_of_a_preview_are_named_once():
    assert preview.facts_named({"preview": [*LINES, *LINES, {"field": "x", "becomes": "y"}]}) == ["refunded_usd"]
    assert preview.facts_named({"preview": "none"}) == preview.facts_named({}) == []


def test_what_may_move_is_held_only_where_another_line_shows_it():
    may = {**LINES[0], "may_move": True}
    assert preview.facts_held({"preview": LINES}) == ["refunded_usd"]
    assert preview.facts_held({"preview": [may]}) == []
    assert preview.facts_held({"preview": [may, *LINES]}) == ["refunded_usd"]
    assert one(may, AMOUNT, {"refunded_usd": 1}).may_move and not one(LINES[0], AMOUNT, {"refunded_usd": 1}).may_move


# --- in the agent file

HEADLINE = '    headline: "Refund {amount_usd} for order {order_id}"\n    preview: none\n'


def problems(text: str) -> list[str]:
    with pytest.raises(AgentFileErrors) as caught:
        read(GOOD.replace(HEADLINE, f"{HEADLINE.removesuffix('    preview: none' + chr(10))}{text}"), name="a.yaml")
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    preview: []\n", "tools[1].preview: not an empty list: write preview: none, or a list"),
        ("    preview: some\n", "tools[1].preview: not the text"),
        ("    preview: [{adds: amount_usd}]\n", "tools[1].preview[0]: field is missing"),
        ("    preview: [{field: x}]\n", "tools[1].preview[0]: write exactly one of adds, subtracts, becomes"),
        ("    preview: [{field: x, adds: amount_usd}]\n", "tools[1].preview[0]: now is missing"),
        ("    preview: [{field: x, now: f, adds: amount_usd}]\n", "tools[1].preview[0].now: facts come with a policy"),
        (
            '    preview: [{field: x, becomes: "y", may_move: true}]\n',
            "tools[1].preview[0].may_move: nothing is looked up",
        ),
        (
            "    preview: [{field: x, now: f, adds: amount_usd, may_move: 1}]\n",
            "tools[1].preview[0].may_move: write true",
        ),
        ("    preview: none\n    evidence: [fact.f]\n", "tools[1].evidence[0]: facts come with a policy"),
        ("    preview: none\n    evidence: [fact.]\n", "tools[1].evidence[0]: not the text"),
        ("    preview: [{field: x, now: f, adds: amount_us}]\n", "tools[1].preview[0].adds: not an argument in the"),
        ("    preview: [{field: x, now: f, adds: order_id}]\n", "tools[1].preview[0].adds: order_id isn't a number"),
        (
            '    preview: [{field: x, becomes: "{amount}"}]\n',
            "tools[1].preview[0].becomes: {amount} is not an argument",
        ),
        ('    preview: [{field: x, becomes: "{fact.f}"}]\n', "tools[1].preview[0].becomes: {fact.f}: only arguments"),
        ('    preview: [{field: x, becomes: "a { b"}]\n', "tools[1].preview[0].becomes: a lone {"),
        ("    preview: none\n    checks: []\n", "tools[1].checks: checks is a list of one to 3 questions"),
        ("    preview: none\n    checks: [{id: a, ask: b, code: wrong}]\n", "tools[1].checks[0].code: not the text"),
        (
            "    preview: none\n    checks: [{id: a, ask: b, code: tone}, {id: a, ask: c, code: tone}]\n",
            "tools[1].checks[1].id: another check",
        ),
        ("    preview: none\n    evidence: []\n", "tools[1].evidence: no tool and no fact is named"),
        ("    preview: none\n    evidence: [look_up_ordr]\n", "tools[1].evidence[0]: no tool in this file has this"),
        ("    preview: none\n    evidence: [void_refund]\n", "tools[1].evidence[0]: a tool that writes shows nothing"),
        ("    preview: none\n    trust: customer\n", "tools[1].trust: trust is about what a tool reads"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, expected):
    found = problems(text)
    assert any(line.startswith(expected) for line in found), "\n".join(found)


def lines_read(text: str) -> list[dict]:
    whole = GOOD.replace(HEADLINE, f"{HEADLINE.removesuffix('    preview: none' + chr(10))}{text}")
    spec = read(whole.replace("enabled: true", "policy: policy.yaml\nenabled: true"), name="a.yaml")
    return preview.lines_of(spec.tools[1].definition)


def test_a_line_that_may_not_move_is_the_same_definition_as_one_that_does_not_say():
    """A definition is known by its digest: saying the default must not end what waits."""
    line = "    preview: [{field: x, now: f, adds: amount_usdSAID}]\n"
    assert lines_read(line.replace("SAID", ", may_move: false")) == lines_read(line.replace("SAID", ""))
    assert lines_read(line.replace("SAID", ", may_move: true"))[0]["may_move"] is True


# --- evidence


def test_evidence_names_tools_and_facts():
    body = {"evidence": ["read_ticket", "fact.ticket_text"]}
    assert (evidence.tools_named(body), evidence.facts_named(body)) == (["read_ticket"], ["ticket_text"])
    assert evidence.tools_named({}) == evidence.facts_named({}) == []


PAGE = """\
  - name: read_page
    tier: 0
    effect: read
    idempotent: true
    connector: {kind: http, host: refunds, path: "/pages/{page}", method: GET}
    schema: {type: object, required: [page], additionalProperties: false, properties: {page: {type: string}}}
    critical: [page]
"""


@pytest.mark.parametrize(("runtime", "named"), [("external", 1), ("scripted, script: x", 0)])
def test_evidence_that_an_agent_elsewhere_could_never_bring_is_refused_with_its_place(runtime, named):
    """It has no runs: only an argument in common tells that an answer is about the same."""
    text = GOOD.replace(HEADLINE, f"{HEADLINE}    evidence: [look_up_order, read_page]\n")
    text = text.replace("{kind: external}", f"{{kind: {runtime}}}").replace("enabled: true", f"{PAGE}enabled: true")
    try:
        found = [problem for problem in read(text, name="a.yaml").notes if "evidence" in problem.path]
    except AgentFileErrors as errors:
        found = [problem for problem in errors.problems if "evidence" in problem.path]
    assert len(found) == named, found
    assert all(problem.path == "tools[1].evidence[1]" for problem in found)
    assert all(problem.message.startswith("this agent has no runs") for problem in found)
