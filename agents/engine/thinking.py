"""The runtime's turn: budgets hold back what it may use, it makes one step, and what it wants next is written down."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta

from django.conf import settings

from agents import budgets, canonical, failpoints, granted, rates, spikes, stops
from agents.budgets import BudgetExhausted, Line
from agents.engine.acting import results_of
from agents.engine.limits import (
    MOST_BYTES,
    MOST_CALLS,
    MOST_REPEATS,
    MOST_STEPS,
    MOST_TRIES,
    Over,
    failed,
    overspent,
    quarantined,
)
from agents.errors import Refusal
from agents.lifecycle import RunState
from agents.models import Run, RunContent, RunStep
from agents.runs import journal, leasing
from agents.runs.ending import Ended
from agents.runs.leasing import Lease
from agents.runtimes import base
from agents.runtimes.base import Allowance, Fail, Propose, Step, StepFailed, Task, Usage
from agents.tools import base as operator
from audit.actors import Actor

logger = logging.getLogger("countersign.runs")
_KINDS = dict.fromkeys(("tool", "rationale", "agent", "code", "detail"), str)
_KINDS |= dict.fromkeys(("arguments", "claims", "provenance", "input"), dict)
_FIRST_PAUSE = timedelta(seconds=2)


def think(lease: Lease) -> bool:
    """Let the runtime make its next step. Raises Over when the run ends with it, Fenced."""
    run = lease.run
    if run.steps >= MOST_STEPS:
        raise failed("too_many_steps", f"It made {MOST_STEPS} steps without coming to an end.")
    if gave_up := _gave_up(run):
        raise failed(gave_up["code"], gave_up["detail"])
    runtime = _runtime(run)
    if wait := _must_wait(run):
        return not leasing.give_back(lease, to=None, wake_in=timedelta(seconds=wait))
    content = RunContent.objects.get(run=run)
    task, results = _task(run, content), results_of(run)
    try:
        estimate = _countable(runtime.estimate(task, content.memory, results))
    except Exception as error:  # noqa: BLE001 - a runtime is foreign code: whatever it raises is a try that failed
        return _failed_try(lease, _begin(lease, Usage()), error)
    step = _begin(lease, estimate)
    failpoints.reach("before_step")
    try:
        made = runtime.step(task, content.memory, results, _allowance(estimate))
        made = _sound(run, made)
    except Exception as error:  # noqa: BLE001 - as above
        return _failed_try(lease, step, error)
    failpoints.reach("after_step")
    over = journal.finish_think(lease, step, made)
    failpoints.reach("after_step_written")
    _mind_spending(run)
    return _go_on(made, over)


def _gave_up(run: Run) -> dict | None:
    """Return why the runtime gave up, where whoever wrote that down died before the run ended."""
    last = run.journal.exclude(state=RunStep.State.INTENT).order_by("-number").first()
    return last.content if last and (last.result or {}).get("move") == "fail" else None


def _runtime(run: Run) -> base.Runtime:
    try:
        return base.get(run.runtime["kind"])
    except base.UnknownRuntime as unknown:
        kind = run.runtime["kind"]
        raise failed("runtime_missing", f"No worker knows the runtime {kind!r}: the operator names it.") from unknown


def _must_wait(run: Run) -> float:
    """Return how many seconds the run's rate pool asks it to wait."""
    if not (name := run.runtime.get("pool")):
        return 0.0
    try:
        pool = operator.pool(name)
    except Refusal as unknown:
        raise failed(unknown.code, unknown.detail) from unknown
    return rates.take(f"pool:{name}", per_minute=pool.per_minute, burst=pool.burst)


def _task(run: Run, content: RunContent) -> Task:
    kept = ("name", "tier", "effect", "schema", "headline")
    tools = {body["name"]: {key: body.get(key) for key in kept} for body in granted.definitions(run.agent)}
    return Task(
        run=str(run.pk),
        agent=run.agent.slug,
        input=content.input,
        tools=tools,
        settings=run.runtime,
        delegates=tuple(run.agent.delegates),
        plan=run.plan,
    )


def _begin(lease: Lease, estimate: Usage) -> RunStep:
    try:
        step = journal.begin(lease, RunStep.Kind.THINK, estimate=estimate)
    except BudgetExhausted as refusal:
        raise overspent(refusal) from refusal
    if step.tries > MOST_TRIES:
        raise Over(quarantined(step, "its workers died of it, or lost their lease"))
    return step


def _allowance(estimate: Usage) -> Allowance:
    return Allowance(tokens=estimate.tokens, micros=estimate.micros, seconds=settings.RUN_LEASE.total_seconds() * 0.8)


def _sound(run: Run, made: Step) -> Step:
    """Return the step as it can be written down, or the end it comes to: what goes round in circles isn't begun.

    Raises ValueError and TypeError for what is no step: that is a try that failed.
    """
    if not isinstance(made.note, str):
        raise TypeError("a note is a text")
    made, move = replace(made, usage=_countable(made.usage)), made.move
    stored = canonical.canonical_bytes([made.memory, _said(move), made.note])
    if len(stored) > MOST_BYTES:
        said = f"More than {MOST_BYTES // 1024} KiB of memory and what it wants."
        return Step(Fail("too_much_to_remember", said), usage=made.usage)
    if canonical.holds_nul(stored):
        return Step(Fail("unstorable", "Its memory or what it wants holds a NUL character."), usage=made.usage)
    return replace(made, move=_begun(run, move))


def _begun(run: Run, move: base.Move) -> base.Move:
    if isinstance(move, Propose) and not 0 < len(move.calls) <= MOST_CALLS:
        return Fail("too_many_calls", f"A step wants 1 to {MOST_CALLS} calls, not {len(move.calls)}.")
    if journal.times_asked(run, move) > MOST_REPEATS:
        return Fail("repeat_loop", f"It wanted the very same thing more than {MOST_REPEATS} times.")
    return move


def _countable(usage: Usage) -> Usage:
    """Return it as it is counted. Raises ValueError: whoever says nonsense made no step, and all that was held counts."""
    return Usage(*(budgets.countable(said) for said in (usage.tokens_in, usage.tokens_out, usage.micros)))


def _said(move: base.Move) -> dict:
    """Return the move as it would be stored. Raises TypeError for what is none."""
    said = asdict(move)
    for part in said["calls"] if isinstance(move, Propose) else [said]:
        for name, kind in _KINDS.items():
            if name in part and not isinstance(part[name], kind):
                raise TypeError(f"{name} of a {type(move).__name__} isn't a {kind.__name__}")
    return said


def _failed_try(lease: Lease, step: RunStep, error: Exception) -> bool:
    """Try again a little later; what keeps failing is set apart."""
    logger.warning("run %s step %s, try %s: %s", lease.run.pk, step.number, step.tries, type(error).__name__)
    over = journal.give_up_try(lease, step, error.usage if isinstance(error, StepFailed) else None)
    if over:
        raise Over(_overdrawn(over))
    if step.tries >= MOST_TRIES:
        raise Over(quarantined(step, f"it raised {type(error).__name__} every time"))
    pause = _FIRST_PAUSE * 2 ** (step.tries - 1)
    return not leasing.give_back(lease, to=None, wake_in=pause)


def _overdrawn(over: Sequence[Line]) -> Ended:
    cap = budgets.in_words(over[0].unit, over[0].cap)
    detail = f"A step used more than it was allowed to: {over[0].scope} is over its {cap}."
    data = {"scope": over[0].scope, "unit": over[0].unit, "cap": over[0].cap}
    return Ended(RunState.BUDGET_EXCEEDED, "budget_exceeded", detail, data)


def _mind_spending(run: Run) -> None:
    """Stop an agent that suddenly spends far more than it did: people look before it goes on."""
    if not (why := spikes.why(run.agent)):
        return
    try:
        stops.stop(agent=run.agent, by=Actor.SYSTEM, reason=why)
    except stops.AlreadyStopped:
        pass


def _go_on(made: Step, over: Sequence[Line]) -> bool:
    if over:
        raise Over(_overdrawn(over))
    if isinstance(made.move, Fail):
        raise failed(made.move.code[:40], made.move.detail[:500])
    return True
