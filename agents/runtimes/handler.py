"""Carries out the steps of an agent file: what is wanted next follows from the file, the input and what came back.

Pure. Memory is `{"at", "asked", "records"}`: the step that is carried out, which of its calls were proposed with which of
their parameters, and what is known of every step that is over.
"""

import copy
from collections.abc import Sequence

from agents.policy.conditions import BadCondition, Environment
from agents.runtimes import templates
from agents.runtimes.base import Call, Fail, Finish, Json, Move, Propose, Result, Step, Task

MAX_SAID = 500  # characters of what somebody or something said about a failure

_SKIPPED = {"ok": False, "output": None, "failure": "", "codes": [], "text": "", "skipped": True}


def step(task: Task, memory: Json, results: Sequence[Result]) -> Step:
    """Return the next move of a run whose runtime has `steps`; a critique changes nothing, so it finishes as before.

    Fails with `handler_cannot_tell`, `missing_value`, `value_too_large`, `step_failed`, `rejected` (people said no), or
    `handler_invalid` for steps that no agent file could hold. Raises ValueError for results that don't fit the memory.
    """
    carried = _Carried(task, memory)
    try:
        move = carried.take([result for result in results if result.kind != "critique"]) or carried.go_on()
    except templates.MissingValue as error:
        move = Fail("missing_value", carried.say(error))
    except templates.TooLarge as error:
        move = Fail("value_too_large", carried.say(error))
    except (templates.BadPlaceholder, BadCondition) as error:
        move = Fail("handler_invalid", carried.say(error))
    return Step(move, carried.memory)


class _Carried:
    """One run's steps, from where its memory says they are."""

    def __init__(self, task: Task, memory: Json):
        self.steps, self.finish = task.settings["steps"], task.settings.get("finish")
        self.memory = copy.deepcopy(memory) if memory else {"at": 0, "asked": [], "records": {}}
        self.records: dict[str, dict] = self.memory["records"]
        self.values = {templates.INPUT: dict(task.input)}

    def say(self, what: object) -> str:
        at = self.memory["at"]
        return f"{'step ' + self.steps[at]['id'] if at < len(self.steps) else 'finish'}: {what}"

    def take(self, results: list[Result]) -> Move | None:
        """Record what became of the calls; return a move when the step isn't over, or the run can't go on."""
        asked = self.memory["asked"]
        if len(results) != len(asked):
            raise ValueError(f"{len(asked)} calls were proposed and {len(results)} results came back")
        if not asked:
            return None
        current = self.steps[self.memory["at"]]
        calls = {call["id"]: call for call in _calls(current)}
        again = []
        for (name, number), result in zip(asked, results, strict=True):
            self.records[name] = _record(result)
            if result.failure == "invalid" and number < len(calls[name].get("or_with", ())):
                again.append([name, number + 1])
        failed = [call for call in calls.values() if self._failed(call["id"], again)]
        if failed and current.get("on_failure") != "continue":
            return self._give_up(failed)
        return self._ask(current, again) if again else self._end_step(current)

    def go_on(self) -> Move:
        """Return the calls of the next step whose condition holds, or what the run answers."""
        while (at := self.memory["at"]) < len(self.steps):
            current = self.steps[at]
            holds, why = self._holds(current)
            if holds is None:
                return Fail("handler_cannot_tell", self.say(why))
            if holds:
                return self._ask(current, [[call["id"], 0] for call in _calls(current)])
            for name in [current["id"], *(call["id"] for call in current.get("together", ()))]:
                self.records[name] = copy.deepcopy(_SKIPPED)
            self.memory["at"] += 1
        if self.finish is None:
            return Finish({name: record["ok"] for name, record in self.records.items()})
        return Finish(self._fill(self.finish["with"]))

    def _ask(self, current: dict, asked: list[list]) -> Propose:
        calls = {call["id"]: call for call in _calls(current)}
        proposed = []
        for name, number in asked:
            template = calls[name].get("with", {}) if number == 0 else calls[name]["or_with"][number - 1]
            proposed.append(Call(calls[name]["call"], self._fill(template)))
        self.memory["asked"] = asked
        return Propose(tuple(proposed))

    def _fill(self, template: Json) -> Json:
        return templates.fill(template, self.records | self.values)

    def _end_step(self, current: dict) -> None:
        if "together" in current:
            self.records[current["id"]] = _together({call["id"]: self.records[call["id"]] for call in _calls(current)})
        self.memory["asked"] = []
        self.memory["at"] += 1

    def _failed(self, name: str, again: list[list]) -> bool:
        return not self.records[name]["ok"] and name not in [other for other, _ in again]

    def _give_up(self, failed: list[dict]) -> Fail:
        records = [self.records[call["id"]] for call in failed]
        said = "; ".join(_what_happened(call["call"], record) for call, record in zip(failed, records, strict=True))
        code = "rejected" if any(record["failure"] == "rejected" for record in records) else "step_failed"
        return Fail(code, self.say(said))

    def _holds(self, current: dict) -> tuple[bool | None, str]:
        """Return whether the step is to be done, or None with the reason why nobody can tell."""
        if "when" not in current:
            return True, ""
        environment = Environment(dict.fromkeys((templates.INPUT, *self.records), "record"))
        condition, activation = environment.compile(current["when"]), environment.activation(self.records | self.values)
        holds = condition.holds(activation)
        if unusable := sorted(condition.names - activation.names):
            return (
                holds,
                f"whether {current['when']} can't be told: {', '.join(unusable)} holds something too large or odd",
            )
        about = ", ".join(sorted(condition.names))
        return (
            holds,
            f"whether {current['when']} can't be told: {about} lacks what it asks for, or has it as another type",
        )


def _calls(current: dict) -> list[dict]:
    return current.get("together") or [current]


def _record(result: Result) -> dict:
    return {
        "ok": result.ok,
        "output": result.output,
        "failure": result.failure,
        "codes": list(result.codes),
        "text": result.text,
        "skipped": False,
    }


def _together(records: dict[str, dict]) -> dict:
    """Return what is known of steps done at once as of one: it went well if all did, else the first failure is its."""
    worst = next((record for record in records.values() if not record["ok"]), next(iter(records.values())))
    return worst | {"output": {name: record["output"] for name, record in records.items()}}


def _what_happened(tool: str, record: dict) -> str:
    codes = f" ({', '.join(record['codes'])})" if record["codes"] else ""
    said = f": {record['text'][:MAX_SAID]}" if record["text"] else ""
    return f"{tool} {record['failure'] or 'failed'}{codes}{said}"
