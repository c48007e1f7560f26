"""A second runtime, as unlike `scripted` as one can be: it talks like a model does, spends tokens, errs, hangs and dies.

What it does stands in the run's input, turn by turn; the last turn is repeated for as long as it is asked:

    {"turns": [
        {"estimate": 12000, "use": 12000, "micros": 300,
         "propose": [{"tool": "issue_refund", "arguments": {...}, "or": [{...}]}]},
        {"estimate": 25000, "use": 25000, "finish": {"refunded": true, "saw": "$results"}},
    ]}

Of each turn (all but the move may be left out):

- `use` tokens (three quarters of them in), `micros` of a dollar; `estimate` and `estimate_micros` are what it says before,
  the same unless given. It reports what it used though that be more than it was allowed.
- `raise`: TEXT, `hang`: SECONDS, `kill`: true (SIGKILL to its own process) come before the move. With `once`: PATH they
  happen only while there is no such file, which is made just before.
- the move: `propose` (calls, each with other arguments under `or` to try when the tool says `invalid`; trying doesn't take
  a turn), `delegate`: {"agent", "input"}, `finish`: VALUE, or `fail`: {"code", "detail"}.

`"$results"` as a value of `finish` becomes everything that came back so far, critiques too.
"""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from agents.runtimes.base import (
    Allowance,
    Call,
    Delegate,
    Fail,
    Finish,
    Json,
    Move,
    Propose,
    Result,
    Step,
    Task,
    Usage,
    register,
)

KIND = "talking"


def register_talking() -> None:
    """Make the kind known to this process, like an operator's `[runtimes.NAME]` would be."""
    register(KIND, Talking)


class Talking:
    """Its memory is the conversation: a list of messages, from which it tells whose turn it is and what was tried."""

    def estimate(self, task: Task, memory: Json, results: Sequence[Result]) -> Usage:
        turn = _turn(task, _heard(memory, results))
        used = turn.get("use", 0)
        return _usage(turn.get("estimate", used), turn.get("estimate_micros", turn.get("micros", 0)))

    def step(self, task: Task, memory: Json, results: Sequence[Result], allowance: Allowance) -> Step:
        messages = _heard(memory, results)
        turn = _turn(task, messages)
        _misbehave(turn)
        usage = _usage(turn.get("use", 0), turn.get("micros", 0))
        if again := _other_arguments(messages):
            messages.append({"role": "assistant", "calls": again, "retry": True})
            return Step(_proposed(again), messages, usage, "tries other arguments")
        message = {"role": "assistant", "calls": turn.get("propose", []), "retry": False}
        return Step(_move(turn, messages), [*messages, message], usage, f"turn {_turns_taken(messages) + 1}")


def _heard(memory: Json, results: Sequence[Result]) -> list[dict]:
    """Return the conversation with what came back; the same for a step that is made twice."""
    roles = {"action": "tool", "delegate": "colleague", "critique": "critic"}
    heard = [
        {
            "role": roles[result.kind],
            "name": result.name,
            "ok": result.ok,
            "failure": result.failure,
            "output": result.output,
            "said": [*result.codes, result.text],
        }
        for result in results
    ]
    return [*(memory or []), *heard]


def _turns_taken(messages: list[dict]) -> int:
    return sum(message["role"] == "assistant" and not message["retry"] for message in messages)


def _turn(task: Task, messages: list[dict]) -> dict:
    """Return the coming turn; trying other arguments is still part of the turn that wanted the call."""
    turns = task.input["turns"]
    number = _turns_taken(messages) - bool(_other_arguments(messages))
    return turns[min(number, len(turns) - 1)]


def _other_arguments(messages: list[dict]) -> list[dict]:
    """Return the last calls that the tool found invalid and that have other arguments, with the next of them."""
    asked = max((i for i, message in enumerate(messages) if message["role"] == "assistant"), default=None)
    if asked is None:
        return []
    answers = [message for message in messages[asked + 1 :] if message["role"] == "tool"]
    calls = messages[asked]["calls"]
    return [
        {"tool": call["tool"], "arguments": call["or"][0], "or": call["or"][1:]}
        for call, answer in zip(calls, answers, strict=False)
        if answer["failure"] == "invalid" and call.get("or")
    ]


def _misbehave(turn: dict) -> None:
    if marker := turn.get("once"):
        if Path(marker).exists():
            return
        Path(marker).touch()
    if "hang" in turn:
        time.sleep(turn["hang"])
    if turn.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if "raise" in turn:
        raise RuntimeError(turn["raise"])


def _usage(tokens: int, micros: int) -> Usage:
    return Usage(tokens_in=tokens - tokens // 4, tokens_out=tokens // 4, micros=micros)


def _move(turn: dict, messages: list[dict]) -> Move:
    if "propose" in turn:
        return _proposed(turn["propose"])
    if "delegate" in turn:
        return Delegate(turn["delegate"]["agent"], turn["delegate"]["input"])
    if "fail" in turn:
        return Fail(turn["fail"]["code"], turn["fail"].get("detail", ""))
    return Finish(_with_results(turn["finish"], messages))


def _proposed(calls: list[dict]) -> Propose:
    return Propose(
        tuple(
            Call(call["tool"], call["arguments"], call.get("rationale", ""), call.get("claims", {})) for call in calls
        )
    )


def _with_results(output: Json, messages: list[dict]) -> Json:
    if not isinstance(output, dict):
        return output
    seen = [message for message in messages if message["role"] != "assistant"]
    return {name: seen if value == "$results" else value for name, value in output.items()}
