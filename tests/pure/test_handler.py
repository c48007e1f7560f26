"""Claims about the steps of a scripted agent: what is read from its file, what is refused and where, and what they do."""

import json
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.agentfile.handler import MAX_OTHERS, MAX_STEPS, MAX_TOGETHER, read_steps
from agents.documents.composing import compose, decode
from agents.documents.grammar import Keys
from agents.documents.problems import DocumentErrors, Findings
from agents.documents.section import Section
from agents.runtimes import templates
from agents.runtimes.base import Call, Fail, Failure, Finish, Propose, Result, Task
from agents.runtimes.handler import step
from agents.runtimes.templates import BadPlaceholder, MissingValue, TooLarge, fill, paths_in

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
RUNTIME = Keys("a runtime", required={}, optional=("kind", "steps", "finish"))
TOOLS = ("look_up_order", "send_reply", "issue_refund")
GOOD = """\
kind: scripted
steps:
  - {id: order, call: look_up_order, with: {order_id: "{input.order_id}"}}
  - id: answer
    when: "order.ok && order.output.status == 'delivered'"
    together:
      - {id: reply, call: send_reply, with: {text: "About {input.order_id}: {order.output.lines.0.sku}"}}
      - id: refund
        call: issue_refund
        with: {amount_usd: "{order.output.total}", reason: "{input.reason}"}
        or_with: [{amount_usd: 25}, {amount_usd: 10}]
    on_failure: continue
  - {id: note, when: answer.ok, call: send_reply, with: {text: Paid}}
finish: {with: {ticket: "{input.ticket_id}", refunded: "{refund.ok}"}}
"""
INPUT = {"order_id": "o-1", "reason": "broken", "ticket_id": 7}
ORDER = {"status": "delivered", "total": 25.5, "lines": [{"sku": "a-1"}]}


def read(text: str, tools=TOOLS) -> dict:
    findings = Findings("a", what="an agent file", refusal=DocumentErrors)
    text = decode(text, findings)
    found = read_steps(Section.open(compose(text, findings), "runtime", RUNTIME, findings), tools, text)
    findings.finish()
    return found


def problems_of(text: str, tools=TOOLS) -> list[str]:
    try:
        read(text, tools)
    except DocumentErrors as errors:
        return [line.removeprefix("a:") for line in errors.lines]
    return []


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{GOOD.count(old)} times in GOOD: {old}"
    return GOOD.replace(old, new)


def steps_of(*steps: str, finish: str = "") -> dict:
    return read("steps:\n" + "".join(f"  - {one}\n" for one in steps) + finish, tools=())


# --- what is read


def test_steps_read_as_the_file_words_them():
    found = read(GOOD)
    assert list(found) == ["steps", "finish"] and json.loads(json.dumps(found)) == found
    order, answer, note = found["steps"]
    assert order == {"id": "order", "call": "look_up_order", "with": {"order_id": "{input.order_id}"}}
    assert list(answer) == ["id", "when", "together", "on_failure"] and answer["on_failure"] == "continue"
    assert answer["together"][1]["or_with"] == [{"amount_usd": 25}, {"amount_usd": 10}]
    assert note == {"id": "note", "call": "send_reply", "with": {"text": "Paid"}, "when": "answer.ok"}
    assert found["finish"] == {"with": {"ticket": "{input.ticket_id}", "refunded": "{refund.ok}"}}


def test_tools_are_only_held_against_names_that_are_given():
    assert problems_of(GOOD, ()) == [] and problems_of(GOOD) == []


REFUSED = [
    ("call: look_up_order", "call: lookup_order", '3:23: runtime.steps[0].call: no tool in this file has this name: did you'),
    ("id: note", "id: order", "13:10: runtime.steps[2].id: the step at 3:10 has this id too"),
    ("id: reply", "id: order", "7:14: runtime.steps[1].together[0].id: the step at 3:10 has this id too"),
    ("id: note", "id: input", "13:10: runtime.steps[2].id: input means something else here"),
    ("id: note", "id: in", "13:10: runtime.steps[2].id: in means something else here"),
    ("id: note", "id: 12", "13:10: runtime.steps[2].id: not the number 12: write 1 to 63 lowercase"),
    ("id: order", "id: Order", '3:10: runtime.steps[0].id: not the text "Order"'),
    ("{input.order_id}\"}}", "{note.output}\"}}", "{note.output}: note isn't over here: name input or an earlier step"),
    ("{input.reason}", "{reply.ok}", "reply isn't over here"),
    ("{input.reason}", "{oder.ok}", "oder is neither input nor the id of an earlier step: did you mean \"order\"?"),
    ("{input.reason}", "{order.okay}", "{order.okay}: a step has ok, output, failure"),
    ("{input.reason}", "{order}", "{order}: a step has ok, output, failure"),
    ("{input.reason}", "{input reason}", "10:60: runtime.steps[1].together[1].with.reason: {input reason} is no placeholder"),
    ("{input.reason}", "100 {", "a lone { at character 5: write {{ for a brace"),
    ("{refund.ok}", "{refunds.ok}", '14:56: runtime.finish.with.refunded: {refunds.ok}: refunds is neither input'),
    ("order.ok &&", "order.ok & ", "5:21: runtime.steps[1].when: & means nothing here: write &&"),
    ("order.ok &&", "note.ok &&", "5:12: runtime.steps[1].when: note isn't over here: name an earlier step"),
    ("order.ok &&", "odrer.ok &&", '5:12: runtime.steps[1].when: odrer is neither input nor the id of an earlier step: did'),
    ("order.ok &&", "order.okay &&", "5:12: runtime.steps[1].when: order.okay: a step has ok, output"),
    ("when: answer.ok", "when: answer", "this is a record: compare it with something"),
    ("when: answer.ok", "when: true", "not true: write a condition"),
    ("when: answer.ok", "when: 'answer.ok && !answer.ok'", "this can never be true"),
    ("on_failure: continue", "on_failure: ignore", "write one of stop, continue"),
    ("on_failure: continue", "with: {a: 1}", "with goes with call: write it in the steps of together"),
    ("on_failure: continue", "call: send_reply", "a step has one of call and together"),
    ("call: send_reply, with: {text: Paid}", "with: {}", "13:5: runtime.steps[2]: a step has one of call and together"),
    ("with: {text: Paid}", "with: Paid", '13:57: runtime.steps[2].with: parameters are a mapping, not the text "Paid"'),
    ("or_with: [{amount_usd: 25}, {amount_usd: 10}]", "or_with: {amount_usd: 25}", "or_with is a list of 1 to 5 other"),
    ("or_with: [{amount_usd: 25}, {amount_usd: 10}]", "or_with: [7]", "or_with[0]: parameters are a mapping"),
    ("or_with: [{amount_usd: 25}, {amount_usd: 10}]", "or_with: [{a: '{no.x}'}]", "or_with[0].a: {no.x}: no is neither"),
    ("finish: {with:", "finish: {answer:", "14:10: runtime.finish.answer: not a key of finish"),
    ("id: refund\n", "id: refund\n        when: order.ok\n", "together[1].when: not a key of a step of together"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_place(old, new, says):
    found = problems_of(changed(old, new))
    assert any(says in line for line in found), found


def test_lists_are_bounded():
    one = "{id: s%d, call: send_reply}"
    many = [one % i for i in range(MAX_STEPS + 1)]
    assert "more than 50 steps" in problems_of("steps: [" + ", ".join(many) + "]")[0]
    assert steps_of(*many[:MAX_STEPS])["steps"][-1]["id"] == "s49"
    together = "{id: all, together: [" + ", ".join(many[: MAX_TOGETHER + 1]) + "]}"
    assert "more than 20 steps" in problems_of(f"steps: [{together}]")[0]
    others = ", ".join(["{a: 1}"] * (MAX_OTHERS + 1))
    assert "1 to 5 other" in problems_of(f"steps: [{{id: s, call: send_reply, or_with: [{others}]}}]")[0]
    assert "at least one step" in problems_of("steps: []")[0] and "a list" in problems_of("steps: {a: 1}")[0]


# --- what they do


class Run:
    """Carries steps through JSON, as the engine would; keeps what was proposed."""

    def __init__(self, body: dict, given: dict = INPUT):
        self.task = Task("r", "desk", given, {}, {"kind": "scripted", **body})
        self.memory, self.move = None, None
        self.go()

    def go(self, *results: Result):
        made = step(self.task, self.memory, results)
        self.memory, self.move = json.loads(json.dumps(made.memory)), made.move
        return self

    @property
    def calls(self) -> list[tuple[str, dict]]:
        return [(call.tool, call.arguments) for call in self.move.calls]


def good(name: str = "t", output=None) -> Result:
    return Result("action", name, True, output)


def bad(failure: str, *codes: str, text: str = "") -> Result:
    return Result("action", "t", False, failure=failure, codes=codes, text=text)


def test_a_value_keeps_its_type_alone_and_is_text_within_a_text():
    run = Run(read(GOOD)).go(good(output=ORDER))
    assert run.calls == [
        ("send_reply", {"text": "About o-1: a-1"}),
        ("issue_refund", {"amount_usd": 25.5, "reason": "broken"}),
    ]


def test_a_run_goes_through_its_steps_and_answers():
    run = Run(read(GOOD))
    assert run.calls == [("look_up_order", {"order_id": "o-1"})]
    assert run.go(good(output=ORDER)).go(good(), good()).calls == [("send_reply", {"text": "Paid"})]
    assert run.go(good()).move == Finish({"ticket": 7, "refunded": True})


def test_other_parameters_are_tried_for_what_is_invalid_and_the_rest_is_left_alone():
    run = Run(read(GOOD)).go(good(output=ORDER)).go(good(), bad("invalid"))
    assert run.calls == [("issue_refund", {"amount_usd": 25})]
    assert run.go(bad("invalid")).calls == [("issue_refund", {"amount_usd": 10})]
    assert run.go(bad("invalid")).move == Finish({"ticket": 7, "refunded": False})


@pytest.mark.parametrize("failure", sorted(set(get_args(Failure)) - {"", "invalid"}))
def test_other_parameters_are_never_tried_for_anything_else(failure):
    run = Run(read(GOOD)).go(good(output=ORDER)).go(good(), bad(failure))
    assert run.move == Finish({"ticket": 7, "refunded": False})


def test_a_step_whose_condition_doesnt_hold_is_skipped_with_all_in_it():
    run = Run(read(GOOD)).go(good(output=ORDER | {"status": "lost"}))
    assert run.move == Finish({"ticket": 7, "refunded": False})
    assert all(run.memory["records"][name]["skipped"] for name in ("answer", "reply", "refund", "note"))


@pytest.mark.parametrize("output", [None, {}, {"status": 7}, {"status": None}, {"status": "x" * 100_001}, "delivered"])
def test_a_condition_nobody_can_tell_fails_the_run_and_names_the_step(output):
    move = Run(read(GOOD)).go(good(output=output)).move
    told = output in ({"status": 7}, {"status": None})  # a number isn't 'delivered', and nothing neither: that is told
    assert isinstance(move, Finish) if told else (move.code == "handler_cannot_tell" and "step answer" in move.detail)
    assert told or "order" in move.detail


def test_hidden_or_odd_input_cant_pass_for_anything():
    body = steps_of("{id: a, when: \"input.kind == 'gift'\", call: t}")
    for odd in ({}, {"kind": "gift\0"}, {"kind": "gift", "other": 2**70}, {"kind": "gift", "x": float("nan")}):
        assert Run(body, odd).move.code == "handler_cannot_tell"
    assert isinstance(Run(body, {"kind": "gift"}).move, Propose)


STOPPING = "steps: [{id: a, call: t, or_with: [{a: 1}]}, {id: b, call: t}]"


def test_a_failure_stops_the_run_and_says_what_happened():
    move = Run(read(STOPPING, ())).go(bad("refused", "too_late", text="the order is closed")).move
    assert move == Fail("step_failed", "step a: t refused (too_late): the order is closed")


def test_a_rejection_stops_the_run_with_the_words_of_who_rejected():
    move = Run(read(STOPPING, ())).go(bad("rejected", "wrong_amount", text="twice the price")).move
    assert move == Fail("rejected", "step a: t rejected (wrong_amount): twice the price")


def test_after_a_rejection_nothing_else_is_tried():
    body = steps_of("{id: both, together: [{id: a, call: t, or_with: [{a: 1}]}, {id: b, call: t}]}")
    assert Run(body).go(bad("invalid"), bad("rejected", text="no")).move == Fail(
        "rejected", "step both: t rejected: no"
    )


def test_a_failure_that_may_continue_is_known_to_later_steps():
    body = steps_of(
        "{id: a, call: t, on_failure: continue}",
        "{id: b, when: \"a.failure == 'rejected' && 'amount' in a.codes\", call: t, with: {said: '{a.text}'}}",
    )
    assert Run(body).go(bad("rejected", "amount", text="no {input.order_id}")).calls == [
        ("t", {"said": "no {input.order_id}"})
    ]


def test_steps_done_at_once_are_one_to_later_steps():
    body = steps_of(
        "{id: both, together: [{id: a, call: t}, {id: b, call: t}], on_failure: continue}",
        "{id: c, when: both.ok, call: t}",
        "{id: d, when: both.failure == 'timeout', call: t, with: {a: '{both.output.a}'}}",
    )
    assert Run(body).go(good(output=1), good()).calls == [("t", {})]
    assert Run(body).go(good(output=1), bad("timeout")).calls == [("t", {"a": 1})]


def test_without_finish_the_answer_says_which_steps_went_well():
    body = steps_of("{id: a, call: t}", "{id: b, when: '!a.ok', call: t}")
    assert Run(body).go(good()).move == Finish({"a": True, "b": False})


def test_a_missing_value_fails_the_run_before_anything_is_proposed():
    move = Run(read(GOOD), {"ticket_id": 7}).move
    assert move == Fail("missing_value", "step order: {input.order_id} isn't there")
    move = Run(steps_of("{id: a, call: t, with: {x: 'for {input.who}'}}"), {"who": None}).move
    assert move == Fail("missing_value", "step a: {input.who} is null, and stands in a text")


def test_results_that_dont_fit_the_memory_are_an_error():
    run = Run(read(GOOD))
    for results in ([], [good(), good()]):
        with pytest.raises(ValueError, match="results came back"):
            step(run.task, run.memory, results)
    with pytest.raises(ValueError, match="results came back"):
        step(run.task, None, [good()])


def test_a_critique_changes_nothing_and_does_nothing():
    run = Run(steps_of("{id: a, call: t}")).go(good())
    first = run.move
    assert run.go(Result("critique", "verification", False, text="no")).move == first == Finish({"a": True})


# --- placeholders

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@CALM
@given(JSON)
def test_a_value_comes_out_as_it_went_in(value):
    assert fill({"a": ["{input.x}"]}, {"input": {"x": value}}) == {"a": [value]}


@CALM
@given(st.text(), st.text())
def test_hostile_text_is_never_read_as_a_template(value, other):
    values = {"input": {"x": value + "{input.y}{{", "y": other}}
    assert fill("<{input.x}|{input.y}>", values) == f"<{value}{{input.y}}{{{{|{other}>"


@CALM
@given(JSON)
def test_what_is_escaped_reads_back(value):
    text = json.dumps(value)
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert fill(escaped, {}) == text and list(paths_in(escaped)) == []


@pytest.mark.parametrize(
    ("template", "shown"),
    [("a {input.n}", "a 2"), ("{input.t}!", "true!"), ("{input.l} x", '[1,{"b":2}] x'), ("{input.l.1.b}", 2)],
)
def test_values_within_a_text_are_shown_as_json(template, shown):
    assert fill(template, {"input": {"n": 2.0, "t": True, "l": [1, {"b": 2}]}}) == shown


@pytest.mark.parametrize("path", ["input.y", "input.x.2", "input.x.-1", "input.x.a", "input.s.0", "nobody.x"])
def test_what_isnt_there_is_missing(path):
    with pytest.raises(MissingValue):
        fill(f"{{{path}}}", {"input": {"x": [1, 2], "s": "text"}})


@pytest.mark.parametrize("template", ["{", "}", "{}", "{a b}", "{a.}", "{.a}", "{a!r}", "{a:>9}", "{a[0]}", "{{a}"])
def test_a_brace_that_stands_for_nothing_is_refused(template):
    with pytest.raises(BadPlaceholder):
        fill(template, {"a": 1})


def test_what_comes_out_is_bounded_before_it_is_written_out():
    values = {"input": {"x": "x" * 1000}}
    with pytest.raises(TooLarge):
        fill("{input.x} " * 1000, values)
    with pytest.raises(TooLarge):
        fill(["{input.x}"] * 1000, values)
    assert len(fill(["{input.x}"] * 200, values)) == 200
    body = steps_of("{id: a, call: t, with: {x: '" + "{input.x} " * 1000 + "'}}")
    assert Run(body, values["input"]).move.code == "value_too_large"


def test_names_of_members_are_no_templates():
    assert fill({"{input.x}": 1}, {}) == {"{input.x}": 1} and templates.INPUT == "input"


def test_a_call_carries_what_the_file_says_and_no_more():
    assert Run(steps_of("{id: a, call: t}")).move == Propose((Call("t", {}),))
