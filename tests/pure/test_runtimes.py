"""Claims that every runtime must keep: all it knows is in its memory, and a step made twice is the same step."""

import copy
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agents.runtimes.base import (
    Allowance,
    Call,
    Delegate,
    Fail,
    Finish,
    Propose,
    Result,
    Runtime,
    Step,
    Task,
    UnknownRuntime,
    Usage,
    get,
    kinds,
    register,
)
from agents.runtimes.scripted import Scripted
from agents.tools import base as operator
from tests.runtimes import KIND, Talking, register_talking

HOUSE = Path(__file__).parents[2]
PLENTY = Allowance(tokens=None, micros=None, seconds=60)
ORDER = {"status": "delivered", "total": 25.5, "lines": [{"sku": "a-1"}]}
ANSWERS = {
    "look_up_order": [Result("action", "look_up_order", True, ORDER)],
    "send_reply": [Result("action", "send_reply", True, {"id": 7})],
    "issue_refund": [
        Result("action", "issue_refund", False, failure="invalid", codes=("amount",), text="too many digits"),
        Result("action", "issue_refund", True, {"refund": "r-1"}),
    ],
}
STEPS = [
    {"id": "order", "call": "look_up_order", "with": {"order_id": "{input.order_id}"}},
    {
        "id": "answer",
        "when": "order.ok && order.output.status == 'delivered'",
        "together": [
            {"id": "reply", "call": "send_reply", "with": {"text": "Order {input.order_id}"}},
            {
                "id": "refund",
                "call": "issue_refund",
                "with": {"amount_usd": "{order.output.total}"},
                "or_with": [{"amount_usd": 25}],
            },
        ],
    },
    {"id": "apology", "when": "order.output.status == 'lost'", "call": "send_reply", "with": {}},
]
TURNS = [
    {"use": 1200, "micros": 40, "propose": [{"tool": "look_up_order", "arguments": {"order_id": "o-1"}}]},
    {
        "use": 3000,
        "propose": [
            {"tool": "send_reply", "arguments": {"text": "Order o-1"}},
            {"tool": "issue_refund", "arguments": {"amount_usd": 25.5}, "or": [{"amount_usd": 25}]},
        ],
    },
    {"use": 90, "delegate": {"agent": "auditor", "input": {"refund": "r-1"}}},
    {"use": 900, "finish": {"saw": "$results"}},
]


def handle(task):
    order = yield Call("look_up_order", {"order_id": task.input.pop("order_id")})
    reply, refund = yield (
        Call("send_reply", {"text": "Order o-1"}),
        Call("issue_refund", {"amount_usd": order.output["total"]}),
    )
    if refund.failure == "invalid":
        refund = yield Call("issue_refund", {"amount_usd": int(order.output.pop("total"))})
    audited = yield Delegate("auditor", {"refund": refund.output["refund"]})
    return {"reply": reply.output["id"], "audited": audited.ok}


@dataclass
class World:
    """Answers every move, each tool's answers in order."""

    given: dict[str, int] = field(default_factory=dict)

    def answer(self, move) -> list[Result]:
        if isinstance(move, Delegate):
            return [Result("delegate", move.agent, True, {"fine": True})]
        return [self._one(call) for call in move.calls]

    def _one(self, call: Call) -> Result:
        number = self.given[call.tool] = self.given.get(call.tool, -1) + 1
        answers = ANSWERS[call.tool]
        return answers[min(number, len(answers) - 1)]


@dataclass(frozen=True)
class Case:
    make: Callable[[], Runtime]
    settings: dict
    input: dict
    moves: int

    def task(self) -> Task:
        return Task("run-1", "refund-desk", copy.deepcopy(self.input), {}, copy.deepcopy(self.settings), ("auditor",))


CASES = {
    "steps": Case(Scripted, {"kind": "scripted", "steps": STEPS}, {"order_id": "o-1"}, 4),
    "script": Case(Scripted, {"kind": "scripted", "script": "refunds"}, {"order_id": "o-1"}, 5),
    "talking": Case(Talking, {"kind": KIND}, {"turns": TURNS}, 5),
}


@pytest.fixture(params=sorted(CASES))
def case(request, monkeypatch):
    monkeypatch.setitem(operator.scripts, "refunds", handle)
    return CASES[request.param]


def carry(case: Case, *, runtime: Runtime | None = None, through_json: bool = False) -> list[Step]:
    """Return every step of a run to its end: made by one instance when one is given, else each by a fresh one."""
    world, memory, results, steps = World(), None, [], []
    while len(steps) < 20:
        made = (runtime or case.make()).step(case.task(), memory, results, PLENTY)
        steps.append(made)
        if isinstance(made.move, Finish | Fail):
            return steps
        memory = json.loads(json.dumps(made.memory)) if through_json else made.memory
        results = world.answer(made.move)
    raise AssertionError("the run never ends")


def test_a_run_comes_to_its_end(case):
    steps = carry(case)
    assert isinstance(steps[-1].move, Finish) and len(steps) == case.moves
    tried = [call.arguments for made in steps if isinstance(made.move, Propose) for call in made.move.calls]
    assert {"amount_usd": 25.5} in tried and {"amount_usd": 25} in tried


def test_memory_is_json_and_nothing_is_lost_on_the_way(case):
    assert carry(case, through_json=True) == carry(case)


def test_one_instance_remembers_nothing_between_steps(case):
    assert carry(case, runtime=case.make()) == carry(case)


def test_a_step_made_twice_is_the_same_step(case):
    world, memory, results = World(), None, []
    runtime, task = case.make(), case.task()
    for _ in range(case.moves):
        first = runtime.step(task, memory, results, PLENTY)
        assert runtime.step(task, memory, results, PLENTY) == first
        assert case.make().step(case.task(), memory, results, PLENTY) == first
        if isinstance(first.move, Finish):
            return
        memory, results = first.memory, world.answer(first.move)
    raise AssertionError("the run never ends")


def test_a_step_leaves_what_it_was_given_as_it_was(case):
    world, memory, results, task = World(), None, [], case.task()
    for _ in range(case.moves - 1):
        before = copy.deepcopy((task, memory, results))
        made = case.make().step(task, memory, results, PLENTY)
        assert (task, memory, results) == before
        memory, results = made.memory, copy.deepcopy(world.answer(made.move))


def test_two_runs_of_one_instance_dont_mix(case):
    runtime, first, second = case.make(), (None, []), (None, [])
    worlds, moves = (World(), World()), ([], [])
    for _ in range(case.moves - 1):
        made = [runtime.step(case.task(), *state, PLENTY) for state in (first, second)]
        first, second = ((one.memory, world.answer(one.move)) for one, world in zip(made, worlds, strict=True))
        for seen, one in zip(moves, made, strict=True):
            seen.append(one.move)
    assert moves[0] == moves[1] == [one.move for one in carry(case)[:-1]]


def test_what_a_step_used_is_what_was_estimated(case):
    world, memory, results = World(), None, []
    for _ in range(case.moves):
        estimate = case.make().estimate(case.task(), memory, results)
        made = case.make().step(case.task(), memory, results, PLENTY)
        assert made.usage == estimate
        if isinstance(made.move, Finish):
            return
        memory, results = made.memory, world.answer(made.move)


def test_critique_after_the_end_gets_a_move_and_no_error(case):
    steps = carry(case)
    critique = Result("critique", "verification", False, text="output.reply is required")
    again = case.make().step(replace(case.task(), plan=2), steps[-1].memory, [critique], PLENTY)
    assert isinstance(again.move, Finish)


# --- the registry


def test_scripted_is_registered_and_others_can_be():
    register("scripted", Scripted)
    register_talking()
    assert {"scripted", KIND} <= set(kinds()) and isinstance(get(KIND), Talking)


def test_an_unknown_kind_is_named():
    with pytest.raises(UnknownRuntime, match="nobody"):
        get("nobody")


# --- what the talking runtime can be told to do


def talk(turns: list[dict], memory=None, results=()) -> Step:
    return Talking().step(replace(CASES["talking"].task(), input={"turns": turns}), memory, list(results), PLENTY)


def test_it_raises_when_told_and_only_once_when_told_so(tmp_path):
    with pytest.raises(RuntimeError, match="no model today"):
        talk([{"raise": "no model today", "finish": 1}])
    turns = [{"raise": "no model today", "once": str(tmp_path / "mark"), "finish": 1}]
    with pytest.raises(RuntimeError):
        talk(turns)
    assert talk(turns).move == Finish(1)


def test_it_kills_its_own_process_when_told():
    turn = "Talking().step(Task('r', 'a', {'turns': [{'kill': True, 'finish': 1}]}, {}, {}), None, [], None)"
    code = f"from agents.runtimes.base import Task; from tests.runtimes import Talking; {turn}"
    assert subprocess.run([sys.executable, "-c", code], cwd=HOUSE, timeout=60).returncode == -signal.SIGKILL


def test_it_hangs_as_long_as_told():
    begun = time.monotonic()
    assert talk([{"hang": 0.05, "finish": 1}]).move == Finish(1) and time.monotonic() - begun >= 0.05


def test_it_reports_more_than_it_estimated_when_told():
    turns = [{"estimate": 10, "use": 400, "micros": 9, "estimate_micros": 1, "finish": 1}]
    task = replace(CASES["talking"].task(), input={"turns": turns})
    assert Talking().estimate(task, None, []).tokens == 10
    assert talk(turns).usage == Usage(300, 100, 9)


def test_its_last_turn_is_repeated_for_ever():
    turns = [{"propose": [{"tool": "send_reply", "arguments": {}}]}]
    memory, result = None, Result("action", "send_reply", True)
    for _ in range(5):
        made = talk(turns, memory, [result] if memory else [])
        assert made.move == Propose((Call("send_reply", {}),))
        memory = made.memory


def test_it_plans_again_on_critique():
    turns = [{"finish": {"a": 1}}, {"finish": {"a": 2, "heard": "$results"}}]
    critique = Result("critique", "verification", False, text="a is 1")
    again = talk(turns, talk(turns).memory, [critique])
    assert again.move.output["a"] == 2 and again.move.output["heard"][0]["said"] == ["a is 1"]


def test_it_gives_up_when_told():
    assert talk([{"fail": {"code": "no_idea", "detail": "asked twice"}}]).move == Fail("no_idea", "asked twice")
