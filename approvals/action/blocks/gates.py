"""What was checked by us before anybody was asked: passed, failed, or why not. Only what was really looked at counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.utils import timezone

from agents import budgets, present
from agents.models import Action, Run, ToolHealth
from agents.policy import limiting
from agents.policy.judging.reasons import GENERIC, lets_run
from agents.policy.values import from_json, shown
from agents.policy.verdict import Missing, Reason
from approvals import inert
from approvals.attending import clockface

#: `not_run` was wanted and came to nothing, which is a warning. `not_set_up` nobody asked for, `not_applicable` can't be.
Result = Literal["fail", "not_run", "pass", "not_set_up", "not_applicable"]
WORDS: dict[Result, str] = {
    "fail": "Failed", "not_run": "Not run", "pass": "Passed", "not_set_up": "Not set up", "not_applicable": "Doesn't apply",
}  # fmt: skip
_FIRST: tuple[Result, ...] = tuple(WORDS)
_BY_CODE = ("duplicate_business_key", "rejected_before")  # these have a check of their own


@dataclass(frozen=True)
class Gate:
    """One check. `text` may hold what others wrote: show it inert."""

    name: str
    result: Result
    text: str

    @property
    def words(self) -> str:
        return WORDS[self.result]


def of(action: Action, run: Run | None) -> list[Gate]:
    """Return every check, failed ones first, what doesn't apply last; `run` is the one it came with. One query."""
    gates = [
        *_policy(action),
        *_limits(action),
        _duplicate(action),
        _rejected(action),
        *_classifiers(action),
        _hidden(action),
        _redaction(action),
        _budget(run),
        _breaker(action),
    ]
    return sorted(gates, key=lambda gate: _FIRST.index(gate.result))


def _policy(action: Action) -> Iterator[Gate]:
    """Yield what the rules said: each that holds it has failed it, and one that couldn't be told wasn't run."""
    spoke = False
    for row in action.reasons:
        reason = Reason(**row)
        if lets_run(reason) or reason.code in GENERIC or reason.code in _BY_CODE or _is_limit(action, reason):
            continue
        spoke = True
        yield Gate("Policy", "fail" if reason.known else "not_run", reason.text)
    if not spoke:
        asks = "its tier alone asks for people" if action.verdict == "review" else "it may run by itself"
        yield Gate("Policy", "pass", f"No rule of {action.policy} holds it; {asks}.")


def _is_limit(action: Action, reason: Reason) -> bool:
    return reason.rule is not None and reason.rule in action.snapshot.get("totals", {})


def _limits(action: Action) -> Iterator[Gate]:
    said = {row["rule"]: row["text"] for row in action.reasons if row.get("rule")}
    for rule, total in action.snapshot.get("totals", {}).items():
        if rule == limiting.DUPLICATE:
            continue
        if total is None:
            yield Gate("Limit", "not_run", said.get(rule, f"{rule}: nobody can tell what it comes to."))
        elif rule in said:
            yield Gate("Limit", "fail", said[rule])
        else:
            yield Gate("Limit", "pass", f"{rule}: with this one still within the limit.")


def _duplicate(action: Action) -> Gate:
    key = action.definition.body.get("business_key")
    totals = action.snapshot.get("totals", {})
    if action.definition.body.get("effect") == "read":
        return Gate("Duplicate", "not_applicable", "The tool only reads: doing it twice changes nothing.")
    if not key:
        return Gate("Duplicate", "not_set_up", "The tool doesn't say which arguments make two actions the same.")
    if limiting.DUPLICATE not in totals:
        return Gate("Duplicate", "not_run", "It wasn't looked up for this one.")
    same = " and ".join(key)
    total = totals[limiting.DUPLICATE]
    if total is None:
        return Gate("Duplicate", "not_run", f"Nobody can tell whether one with the same {same} ran or waits.")
    if total > 1:
        return Gate("Duplicate", "fail", f"One with the same {same} ran or waits already.")
    return Gate("Duplicate", "pass", f"None with the same {same} ran or waits, of the last 30 days.")


def _rejected(action: Action) -> Gate:
    if "rejected_by" not in action.snapshot:
        return Gate("Rejected before", "not_run", "It wasn't looked up for this one.")
    if groups := action.snapshot["rejected_by"]:
        return Gate("Rejected before", "fail", f"The same was rejected lately by {' and '.join(groups)}.")
    return Gate("Rejected before", "pass", "People rejected nothing like it in the last 30 days.")


def _classifiers(action: Action) -> Iterator[Gate]:
    """Yield what classifiers made of the words. They say what a text is about, and a rule says whether that matters."""
    for name, row in action.facts.items():
        if row.get("from", "").startswith("classifier "):
            value, what = from_json(row["value"]), row["from"].capitalize()
            if isinstance(value, Missing):
                yield Gate(what, "not_run", f"{name}: {value.detail or value.code.replace('_', ' ')}")
            else:
                yield Gate(what, "pass", f"{name} reads {shown(value)}; the rules above say whether that matters.")


def _hidden(action: Action) -> Gate:
    found = [f"{name}: {note}" for name, value in present.arguments(action) for note in inert.notes(value)]
    if found:
        return Gate("Hidden characters", "fail", "; ".join(found))
    return Gate("Hidden characters", "pass", "Every argument shows as what it is.")


def _redaction(action: Action) -> Gate:
    if kinds := action.snapshot.get("redact"):
        return Gate("Redaction", "pass", f"Masked in the agent's words: {', '.join(sorted(kinds))}.")
    return Gate("Redaction", "not_set_up", "The policy masks nothing in the agent's words.")


def _budget(run: Run | None) -> Gate:
    if run is None:
        return Gate("Budget of the run", "not_applicable", "It came without a run, so there is no budget of one.")
    used = {"tokens": run.tokens_in + run.tokens_out, "micros": run.micros_inference + run.micros_tooling}
    caps = {unit: run.caps[unit] for unit in used if run.caps.get(unit)}
    if not caps:
        return Gate("Budget of the run", "not_set_up", "Its run has no cap on tokens or money.")
    text = "; ".join(
        f"{budgets.in_words(unit, used[unit])} of {budgets.in_words(unit, cap)}" for unit, cap in caps.items()
    )
    over = any(used[unit] > cap for unit, cap in caps.items())
    return Gate("Budget of the run", "fail" if over else "pass", f"Used so far: {text}.")


def _breaker(action: Action) -> Gate:
    name, health = "The tool answers", ToolHealth.objects.filter(tool=action.tool_id).first()
    if action.tool.stopped_at is not None:
        return Gate(name, "fail", "The tool is stopped: nothing of it runs until somebody resumes it.")
    if health and health.open_until and health.open_until > timezone.now():
        until = clockface.instant(health.open_until)
        return Gate(name, "fail", f"It failed {health.failures} times in a row; nobody calls it before {until}.")
    if health and health.failures:
        return Gate(name, "fail", f"It failed the last {health.failures} times; the next attempt is made all the same.")
    return Gate(name, "pass", "No call of it failed lately.")
