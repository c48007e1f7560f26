"""A wanted call goes through the gate like any other, and its result goes back to the runtime."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from agents import actions, budgets, failpoints, granted
from agents.actions import Proposal
from agents.engine.limits import MOST_TRIES, Over, overspent, quarantined
from agents.errors import (
    AgentNotEnabled,
    AgentStopped,
    KeyInFlight,
    NotAllowed,
    NotReady,
    Refusal,
    ToolStopped,
    TooManyArrivals,
)
from agents.identities import RunPrincipal
from agents.lifecycle import RunState, State
from agents.models import Action, Run, RunStep
from agents.runs import journal, telling
from agents.runs.leasing import Fenced, Lease, give_back, renew
from agents.runtimes.base import Result
from agents.tools.failures import failure_of
from audit import redaction

#: No word about the call itself: the run looks again a little later, when its agent may work, or is stopped for good.
_NOT_NOW = (AgentStopped, AgentNotEnabled, KeyInFlight, NotReady, ToolStopped, TooManyArrivals)
_LATER = timedelta(seconds=2)


def propose(lease: Lease, step: RunStep) -> bool:
    """Take a wanted call through the gate, once however often it is tried; run it at once where policy lets it.

    What the gate turns away (an unknown tool, arguments that don't fit) is a result like any other.
    """
    run = lease.run
    proposal = Proposal(
        **step.content,
        run_id=run.pk,
        root_id=_root(run),
        step_id=step.pk,
        led=run.mission_lead_id is not None,
        trace_id=run.trace_id,
    )
    if run.kind == Run.Kind.VERIFICATION and _writes(run, proposal.tool):
        return _turn_away(lease, step, VerifiersRead())
    journal.begin_try(lease, step)
    if step.tries > MOST_TRIES:
        raise Over(quarantined(step, "its workers died of it, or lost their lease"))
    failpoints.reach("before_propose")
    try:
        actions.propose(
            principal=RunPrincipal(run.agent, run.pk),
            proposal=proposal,
            key=str(step.pk),
            answer=lambda action: (201, {"id": str(action.pk)}),
            entered=partial(_enter, lease, step),
        )
    except budgets.BudgetExhausted as refusal:
        raise overspent(refusal) from refusal
    except _NOT_NOW as refusal:
        journal.end_try(step)
        if isinstance(refusal, NotReady):
            telling.hold_up(lease, refusal)
        return not give_back(lease, to=None, wake_in=_LATER * 2 ** min(lease.rings, 5))
    except Refusal as refusal:
        return _turn_away(lease, step, refusal)
    failpoints.reach("after_propose")
    action = Action.objects.filter(run_id=lease.run.pk, step_id=step.pk).latest("revision")
    if action.state == State.APPROVED:
        actions.execute(action.pk, worker=lease.worker)
    return True


def _root(run: Run) -> UUID:
    """Return the first run above: handing tasks on must not begin a limit anew."""
    while run.parent is not None:
        run = run.parent
    return run.pk


class VerifiersRead(NotAllowed):
    code = "verifiers_only_read"
    sentence = "A run that verifies another's output only reads: tools of tier 0, without effect."


def _writes(run: Run, tool: str) -> bool:
    return granted.definitions(run.agent).filter(body__name=tool).exclude(body__tier=0).exists()


def _enter(lease: Lease, step: RunStep, action: Action) -> None:
    """Tie the action to its step, in the transaction in which it enters, and charge the budgets that count actions."""
    renew(lease)
    run = lease.lock()
    if run.state == RunState.PAUSED:  # stopped since the lease was taken
        raise Fenced
    telling.goes_on(run)
    lines = budgets.lines(run)
    kept = {}
    if action.state != State.DENIED and lines:
        budgets.settle(lines, budgets.reserve(lines, {"actions": 1}), {"actions": 1})
        price = action.definition.body.get("cost_micros", 0)
        kept = budgets.reserve(lines, {"micros": price}).as_json() if price else {}
    RunStep.objects.filter(pk=step.pk).update(action=action, reserved=kept)


@transaction.atomic
def _turn_away(lease: Lease, step: RunStep, refusal: Refusal) -> bool:
    telling.goes_on(lease.lock())
    fields = "; ".join(f"{error['field']}: {error['message']}" for error in refusal.errors)
    said = f"{refusal.detail} {fields}".strip()
    return journal.turn_away(lease, step, failure="invalid", code=refusal.code, said=said)


@transaction.atomic
def record(lease: Lease, step: RunStep) -> bool:
    """Write down what became of the step's action, which has ended, and what the call cost."""
    run = lease.lock()
    action = step.action
    price = action.definition.body.get("cost_micros", 0) if action.called_at else 0
    if step.reserved:
        budgets.settle(budgets.lines(run), budgets.Held.from_json(step.reserved), {"micros": price})
    Run.objects.filter(pk=run.pk).update(micros_tooling=F("micros_tooling") + price)
    failure = failure_of(action.state, action.error)
    result = {"state": action.state, "failure": failure, "codes": _codes(action)}
    journal.close(step, ok=action.state == State.SUCCEEDED, result=result, micros=price)
    return True


def _codes(action: Action) -> list[str]:
    codes = [reason["code"] for reason in action.reasons if action.state == State.DENIED]
    codes += ["edited"] if _was_edited(action) else []
    codes += [action.reason_code] if action.reason_code else []
    codes += [action.error["code"]] if action.error and action.state != State.SUCCEEDED else []
    return codes


def _was_edited(action: Action) -> bool:
    """Whether people changed what was asked for. The same bytes looked up anew are a revision too."""
    first = Action.objects.filter(lineage=action.lineage, revision=1).values_list("payload_digest", flat=True)
    return action.revision > 1 and first.get() != action.payload_digest


def results_of(run: Run) -> list[Result]:
    """Return what the runtime is told of what it wanted last, in the order it wanted it."""
    closed = run.journal.exclude(state=RunStep.State.INTENT)
    last = closed.order_by("-number").first()
    if last is None:
        return []
    if last.kind == RunStep.Kind.VERIFY:
        text = "\n".join(last.content.get("problems", []))
        return [Result("critique", "verification", ok=False, text=text)]
    thought = closed.filter(kind=RunStep.Kind.THINK).order_by("-number").first()
    related = ("action__content", "child__content")
    wanted = closed.filter(asked_by=thought.number).select_related(*related).order_by("number")
    return [_result(step) for step in wanted]


def _result(step: RunStep) -> Result:
    kind = "delegate" if step.kind == RunStep.Kind.DELEGATE else "action"
    said = step.result or {}
    output, text = None, step.content.get("turned_away", "")
    if step.action:
        output, text = _read_back(step.action, text)
    elif step.child:
        output = step.child.content.output
    return Result(
        kind=kind,
        name=step.tool,
        ok=step.state == RunStep.State.DONE,
        output=output,
        failure=said.get("failure", ""),
        codes=tuple(said.get("codes", ())),
        text=text,
        action=str(step.action_id or ""),
    )


def _read_back(action: Action, text: str) -> tuple[object, str]:
    """Return a tool's answer and a reviewer's words as an agent may read them: what policy redacts is masked."""
    kinds = {*action.snapshot.get("redact", ()), "secret"}
    note = action.content.note or (action.error or {}).get("detail", "")
    return redaction.redact_value(action.content.output, kinds)[0], redaction.redact(note or text, kinds).text
