"""Claims about scripts: run again from the start at each step, they go on where they were or are found out."""

import json

import pytest

from agents.runtimes import scripted
from agents.runtimes.base import Allowance, Call, Delegate, Fail, Finish, Propose, Result, Task, Usage
from agents.runtimes.scripted import GiveUp, Scripted
from agents.tools import base as operator

PLENTY = Allowance(None, None, 60)


@pytest.fixture
def script(monkeypatch):
    """Return what makes a function the operator's script `job` and carries its first step."""

    def start(function, given=None) -> "Run":
        monkeypatch.setitem(operator.scripts, "job", function)
        return Run(given or {})

    return start


class Run:
    def __init__(self, given: dict):
        self.task = Task("r", "desk", given, {}, {"kind": "scripted", "script": "job"})
        self.memory, self.move = None, None
        self.go()

    def go(self, *results: Result) -> "Run":
        made = Scripted().step(self.task, self.memory, results, PLENTY)
        assert made.usage == Usage()
        self.memory, self.move = json.loads(json.dumps(made.memory)), made.move
        return self


def good(output=None) -> Result:
    return Result("action", "t", True, output)


def test_results_come_back_from_yield_in_the_shape_that_was_asked(script):
    seen = []

    def job(task):
        seen[:] = [(yield Call("a", {"n": 1}))]
        seen.append((yield (Call("b", {}), Call("c", {}))))
        seen.append((yield (Call("d", {}),)))
        seen.append((yield Delegate("auditor", {"x": 1})))
        return {"done": task.input["who"]}

    one, two, three = good(1), Result("action", "t", False, failure="rejected", codes=("no",), text="not so"), good(3)
    run = script(job, {"who": "ada"})
    assert run.move == Propose((Call("a", {"n": 1}),))
    assert run.go(one).move == Propose((Call("b", {}), Call("c", {})))
    assert run.go(two, three).move == Propose((Call("d", {}),))
    assert run.go(one).move == Delegate("auditor", {"x": 1})
    assert run.go(Result("delegate", "auditor", True)).move == Finish({"done": "ada"})
    assert seen == [one, (two, three), (one,), Result("delegate", "auditor", True)]


def test_giving_up_fails_the_run_with_code_and_words(script):
    def job(task):
        yield Call("a", {})
        raise GiveUp("no_such_order", "asked twice")

    assert script(job).go(good()).move == Fail("no_such_order", "asked twice")


def test_what_a_script_raises_is_raised(script):
    def job(task):
        yield Call("a", {})
        raise KeyError("total")

    run = script(job)
    with pytest.raises(KeyError):
        run.go(good())


@pytest.mark.parametrize("drift", ["other tool", "other arguments", "more", "ends", "gives up", "delegates"])
def test_a_script_that_does_something_else_when_run_again_is_found_out(script, drift):
    again = []

    def job(task):
        again.append(1)
        if len(again) > 1 and drift == "ends":
            return 1
        if len(again) > 1 and drift == "gives up":
            raise GiveUp("no")
        if len(again) > 1 and drift == "delegates":
            yield Delegate("a", {})
        if len(again) > 1 and drift == "more":
            yield Call("a", {}), Call("a", {})
        yield Call("a" if drift != "other tool" else f"a{len(again)}", {"n": len(again)} if "arg" in drift else {})

    assert script(job).go(good()).move.code == "script_not_deterministic"


def test_what_a_script_does_to_its_input_and_results_isnt_remembered(script):
    def job(task):
        order = yield Call("a", {"id": task.input.pop("id")})
        total = order.output.pop("total")
        yield Call("b", {"total": total})
        return total

    assert script(job, {"id": 7}).go(good({"total": 5})).go(good()).move == Finish(5)


def test_what_was_wanted_stays_as_it_was_when_the_script_goes_on(script):
    def job(task):
        arguments = {"n": 1}
        try:
            yield Call("a", arguments)
        finally:
            arguments["n"] = 2

    assert script(job).move == Propose((Call("a", {"n": 1}),))


@pytest.mark.parametrize(
    "wanted", [None, "a", (), [Call("a", {})], (Call("a", {}), "b"), (Delegate("a", {}),), Finish(1)]
)
def test_a_script_yields_calls_and_nothing_else(script, wanted):
    def job(task):
        yield wanted

    assert script(job).move.code == "script_invalid"


@pytest.mark.parametrize("odd", [{1, 2}, object(), float("nan"), b"x", 2**60])
def test_what_isnt_json_is_refused(script, odd):
    def wants(task):
        yield Call("a", {"x": odd})

    def answers(task):
        return {"x": odd}
        yield

    assert script(wants).move.code == "script_invalid"
    assert script(answers).move.code == "script_invalid"


def test_a_plain_function_is_no_script(script):
    assert script(lambda task: {"done": True}).move.code == "script_invalid"


def test_a_critique_doesnt_wake_a_script_that_is_done(script):
    def job(task):
        answer = yield Call("a", {})
        return answer.output

    run = script(job).go(good(4))
    assert run.go(Result("critique", "verification", False, text="no")).move == Finish(4)


def test_results_that_dont_fit_are_an_error(script):
    def job(task):
        yield Call("a", {}), Call("b", {})

    run = script(job)
    for results in ([], [good()], [good()] * 3):
        with pytest.raises(ValueError, match="results were due"):
            run.go(*results)
    with pytest.raises(ValueError, match="nothing was wanted"):
        Scripted().step(run.task, None, [good()], PLENTY)


def test_a_script_without_end_is_ended(script, monkeypatch):
    monkeypatch.setattr(scripted, "MAX_YIELDS", 3)

    def job(task):
        while True:
            yield Call("a", {})

    run = script(job).go(good()).go(good())
    assert isinstance(run.move, Propose) and run.go(good()).move.code == "script_too_long"


def test_a_script_the_operator_doesnt_name_is_an_error(script):
    task = Task("r", "desk", {}, {}, {"kind": "scripted", "script": "gone"})
    with pytest.raises(operator.UnknownScript):
        Scripted().step(task, None, [], PLENTY)


def test_an_agent_with_neither_script_nor_steps_fails():
    task = Task("r", "desk", {}, {}, {"kind": "scripted"})
    assert Scripted().step(task, None, [], PLENTY).move.code == "handler_missing"
    assert Scripted().estimate(task, None, []) == Usage()
