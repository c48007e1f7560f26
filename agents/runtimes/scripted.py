"""Agents without a model: an operator's Python generator, or the steps of the agent file. They use no tokens.

Pure but for the operator's function, which is run again from its start at each step, with what is remembered.
"""

import inspect
import json
from collections.abc import Generator, Sequence
from copy import deepcopy
from dataclasses import asdict, replace

from agents.canonical import NotCanonical, canonical_bytes, digest_of
from agents.runtimes import handler
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
)
from agents.tools import base as operator

KIND = "scripted"
MAX_YIELDS = 500  # each step runs the script again from its start

Script = Generator[Call | tuple[Call, ...] | Delegate, Result | tuple[Result, ...], Json]


class GiveUp(Exception):
    """Raised by a script that can't do its task: the run fails with this `code`, and `detail` for people."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


class Scripted:
    """Carries runs by `script` (a name in countersign.toml) or by `steps`, as the agent's runtime says."""

    def estimate(self, task: Task, memory: Json, results: Sequence[Result]) -> Usage:
        """Return nothing: no model is asked."""
        return Usage()

    def step(self, task: Task, memory: Json, results: Sequence[Result], allowance: Allowance) -> Step:
        """Make one step. Raises what the operator's function raises, and UnknownScript for a name nobody gave."""
        if "script" in task.settings:
            return _step_of_script(task, memory, results)
        if "steps" in task.settings:
            return handler.step(task, memory, results)
        return Step(Fail("handler_missing", "the agent's runtime has neither steps nor a script"), memory)


# --- scripts: memory is {"yielded": a digest of each thing wanted, "results": what came back for each but the last}


class _Broken(Exception):
    """The script did what no script may do; the run fails with `code`."""

    def __init__(self, code: str, detail: str):
        super().__init__(detail)
        self.code = code


def _step_of_script(task: Task, memory: Json, results: Sequence[Result]) -> Step:
    remembered = _take(memory, [result for result in results if result.kind != "critique"])
    # Its own copy: a script that changes its input must find it unchanged when it is run again.
    script = operator.script(task.settings["script"])(replace(task, input=deepcopy(dict(task.input))))
    if not inspect.isgenerator(script):
        return Step(Fail("script_invalid", "the script is no generator function: write yield before each call"), memory)
    try:
        return Step(_replay(script, remembered), remembered)
    except _Broken as error:
        return Step(Fail(error.code, str(error)), memory)
    finally:
        script.close()


def _take(memory: Json, results: list[Result]) -> dict:
    remembered = deepcopy(memory) if memory else {"yielded": [], "results": []}
    if len(remembered["yielded"]) > len(remembered["results"]):
        remembered["results"].append([asdict(result) | {"codes": list(result.codes)} for result in results])
    elif results:
        raise ValueError(f"nothing was wanted and {len(results)} results came back")
    return remembered


def _replay(script: Script, remembered: dict) -> Move:
    """Run the script to the first thing that it wants and hasn't got, or to its end; note what it wants."""
    answer = None
    for digest, results in zip(remembered["yielded"], remembered["results"], strict=True):
        move, several = _resume(script, answer)
        if _digest(move) != digest:
            raise _Broken("script_not_deterministic", "run again, the script did something else than before")
        answer = _answer(move, several, results)
    move, _ = _resume(script, answer)
    if isinstance(move, Propose | Delegate):
        if len(remembered["yielded"]) >= MAX_YIELDS:
            raise _Broken("script_too_long", f"the script wanted more than {MAX_YIELDS} things: split the task")
        remembered["yielded"].append(_digest(move))
    return move


def _resume(script: Script, answer: Result | tuple[Result, ...] | None) -> tuple[Move, bool]:
    """Return the script's next move, and whether it asked for several calls at once."""
    try:
        wanted = script.send(answer)
    except StopIteration as end:
        return Finish(_plain(end.value)), False
    except GiveUp as error:
        return Fail(error.code, error.detail), False
    several = isinstance(wanted, tuple)
    if isinstance(wanted, Delegate):
        return deepcopy(wanted), False
    calls = wanted if several else (wanted,)
    if not calls or not all(isinstance(call, Call) for call in calls):
        raise _Broken("script_invalid", f"a script yields a Call, a tuple of them or a Delegate, not {wanted!r:.100}")
    return Propose(deepcopy(calls)), several


def _answer(move: Propose | Delegate, several: bool, results: list[dict]) -> Result | tuple[Result, ...]:
    wanted = len(move.calls) if isinstance(move, Propose) else 1
    if len(results) != wanted:
        raise ValueError(f"{wanted} results were due and {len(results)} came back")
    # Copies again: what a script does to a result must not be remembered.
    found = tuple(Result(**deepcopy(result) | {"codes": tuple(result["codes"])}) for result in results)
    return found if several else found[0]


def _digest(move: Move) -> str:
    try:
        return digest_of(asdict(move))
    except NotCanonical as error:
        raise _Broken("script_invalid", f"the script wants something that isn't JSON: {error}") from None


def _plain(output: Json) -> Json:
    """Return the output as JSON reads it back, so that nothing of the script is kept."""
    try:
        return json.loads(canonical_bytes(output))
    except NotCanonical as error:
        raise _Broken("script_invalid", f"the script answers something that isn't JSON: {error}") from None
