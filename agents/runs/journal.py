"""The journal of a run: each step is written before and after, under the fence, and what is done is never done again."""

from collections import Counter
from dataclasses import asdict

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import budgets, canonical, spikes, states
from agents.lifecycle import RunState
from agents.models import Run, RunContent, RunStep
from agents.runs.leasing import Fenced, Lease, renew
from agents.runtimes.base import Call, Delegate, Fail, Finish, Move, Propose, Step, Usage
from audit.actors import Actor


def open_steps(run: Run) -> list[RunStep]:
    """Return the steps that were begun and aren't over, in order, with their action or child run."""
    related = ("action__definition", "action__content", "child__content", "child__agent")
    return list(run.journal.filter(state=RunStep.State.INTENT).select_related(*related).order_by("number"))


@transaction.atomic
def begin(lease: Lease, kind: str, *, estimate: Usage | None = None, content: dict | None = None) -> RunStep:
    """Write down that a step begins, hold back what it may use, and renew the lease; return the step.

    A step that a dead worker left open is begun again: that is a further try, and what the one before may have used
    counts as used. Raises Fenced and BudgetExhausted.
    """
    renew(lease)
    run = lease.lock()
    if run.state == RunState.PAUSED:  # stopped since the lease was taken
        raise Fenced
    shift_for(run, lease, kind)
    step = run.journal.filter(state=RunStep.State.INTENT, kind=kind, child=None).order_by("number").last()
    if step is None:
        step = _add(run, kind, content=content or {})
    lines = budgets.lines(run)
    if step.reserved:
        _settle(run, step, all_held(step))
    held = budgets.reserve(lines, _amounts(estimate)) if estimate else None
    RunStep.objects.filter(pk=step.pk).update(
        tries=F("tries") + 1, worker=lease.worker, reserved=held.as_json() if held else {}
    )
    step.refresh_from_db()
    step.run = lease.run = _with_agent(run, lease)
    return step


def shift_for(run: Run, lease: Lease, kind: str) -> None:
    """Leave the queue, or the wait for people, when the runtime's turn comes."""
    if kind == RunStep.Kind.THINK and run.state == RunState.QUEUED:
        shift(run, lease, RunState.PLANNING)
    elif kind == RunStep.Kind.THINK and run.state == RunState.AWAITING_REVIEW:
        shift(run, lease, RunState.EXECUTING)


def _with_agent(run: Run, lease: Lease) -> Run:
    agent = lease.run.agent
    run.refresh_from_db()
    run.agent = agent
    return run


def _amounts(usage: Usage) -> dict[str, int]:
    return {"tokens": usage.tokens, "micros": usage.micros}


def _add(run: Run, kind: str, **columns) -> RunStep:
    Run.objects.filter(pk=run.pk).update(steps=F("steps") + 1)
    run.steps += 1
    return RunStep.objects.create(run=run, number=run.steps, kind=kind, plan=run.plan, **columns)


def close(step: RunStep, *, ok: bool, **columns) -> None:
    """Write down, in the caller's transaction, how a step came out."""
    state = RunStep.State.DONE if ok else RunStep.State.FAILED
    RunStep.objects.filter(pk=step.pk, state=RunStep.State.INTENT).update(
        state=state, ended_at=Now(), reserved={}, **columns
    )


@transaction.atomic
def turn_away(lease: Lease, step: RunStep, *, failure: str, code: str, said: str) -> bool:
    """Write down that what was wanted came to nothing, and why; True: the run goes on. Raises Fenced."""
    lease.lock()
    result = {"state": "turned_away", "failure": failure, "codes": [code]}
    close(step, ok=False, result=result, content=step.content | {"turned_away": said[:2000]})
    return True


@transaction.atomic
def finish_think(lease: Lease, step: RunStep, made: Step) -> list[budgets.Line]:
    """Write down what the runtime made of its turn, and with it everything it wants next; return the budgets it overdrew.

    The new steps stand in the journal before any of them is taken. Raises Fenced.
    """
    run = lease.lock()
    over = _settle(run, step, made.usage)
    RunContent.objects.filter(run=run).update(memory=made.memory)
    result = {"move": type(made.move).__name__.lower(), "note": made.note[:500]}
    said = {"content": asdict(made.move)} if isinstance(made.move, Fail) else {}
    close(step, ok=True, result=result, **said, **_used(made.usage))
    if over:
        return over
    if isinstance(made.move, Propose):
        for call in made.move.calls:
            _add(run, RunStep.Kind.ACT, asked_by=step.number, **_asked(call))
        shift(run, lease, RunState.EXECUTING)
    elif isinstance(made.move, Delegate):
        asked = {"tool": made.move.agent[:63], "content": {"input": made.move.input}}
        digest = asked_digest(made.move)
        _add(run, RunStep.Kind.DELEGATE, asked_by=step.number, asked_digest=digest, **asked)
        shift(run, lease, RunState.EXECUTING)
    elif isinstance(made.move, Finish):
        RunContent.objects.filter(run=run).update(output=made.move.output)
        shift(run, lease, RunState.VERIFYING)
    return []


@transaction.atomic
def give_up_try(lease: Lease, step: RunStep, usage: Usage | None) -> list[budgets.Line]:
    """Write down what a step used that came to nothing; unknown usage counts as all that was held. Raises Fenced."""
    run = lease.lock()
    over = _settle(run, step, all_held(step) if usage is None else usage)
    RunStep.objects.filter(pk=step.pk).update(reserved={})
    return over


def all_held(step: RunStep) -> Usage:
    """Return everything that was held back for a step, as if it had been used."""
    amounts = budgets.Held.from_json(step.reserved).amounts
    return Usage(tokens_out=amounts.get("tokens", 0), micros=amounts.get("micros", 0))


def _settle(run: Run, step: RunStep, usage: Usage) -> list[budgets.Line]:
    Run.objects.filter(pk=run.pk).update(
        tokens_in=F("tokens_in") + usage.tokens_in,
        tokens_out=F("tokens_out") + usage.tokens_out,
        micros_inference=F("micros_inference") + usage.micros,
    )
    if usage.tokens or usage.micros:
        spikes.note(run.agent, usage.tokens, usage.micros)
    return budgets.settle(budgets.lines(run), budgets.Held.from_json(step.reserved), _amounts(usage))


def _used(usage: Usage) -> dict[str, int]:
    return {"tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out, "micros": usage.micros}


def _asked(call: Call) -> dict:
    content = asdict(call)
    return {"tool": call.tool[:63], "asked_digest": asked_digest(call), "content": content}


def asked_digest(wanted: Call | Delegate) -> str:
    """Return what two have in common that want the same: tool and arguments, whatever is said about them."""
    if isinstance(wanted, Delegate):
        return canonical.digest_of(["delegate", wanted.agent, wanted.input])
    return canonical.digest_of([wanted.tool, wanted.arguments])


def times_asked(run: Run, move: Move) -> int:
    """Return how often the run will have wanted the same, by what it wants most often, this move included."""
    wanted = move.calls if isinstance(move, Propose) else [move] if isinstance(move, Delegate) else []
    now = Counter(map(asked_digest, wanted))
    return max((run.journal.filter(asked_digest=digest).count() + times for digest, times in now.items()), default=0)


@transaction.atomic
def begin_try(lease: Lease, step: RunStep) -> None:
    """Write down that a worker takes a wanted call up. Whoever did so before and wasn't heard of again counts as a try."""
    renew(lease)
    lease.lock()
    tries = step.tries + 1 if step.worker else max(step.tries, 1)
    RunStep.objects.filter(pk=step.pk).update(worker=lease.worker, tries=tries)
    step.tries, step.worker = tries, lease.worker


def end_try(step: RunStep) -> None:
    """Write down that a worker came back without an answer: that wasn't a try."""
    RunStep.objects.filter(pk=step.pk).update(worker="")


def shift(run: Run, lease: Lease, to: RunState) -> None:
    """Move a leased run on. One that was paused meanwhile stays so, and goes on from there when it is resumed."""
    if run.state == to:
        return
    if run.state == RunState.PAUSED:
        Run.objects.filter(pk=run.pk).update(paused_from=to)
    else:
        states.move_run(run, to=to, by=Actor.SYSTEM, where=lease.guard)
