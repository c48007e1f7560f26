"""A task for another agent: a run of its own, within what is left of the budgets of the run that asked for it."""

from django.db import transaction

from agents import failpoints
from agents.errors import Refusal
from agents.identities import RunPrincipal
from agents.lifecycle import RunState
from agents.models import Agent, Run, RunStep
from agents.runs import journal
from agents.runs.enqueuing import Asked, enqueue
from agents.runs.leasing import Fenced, Lease, renew


def delegate(lease: Lease, step: RunStep) -> bool:
    """Begin the other agent's run, or write down why it can't be begun."""
    run = lease.run
    if step.tool not in run.agent.delegates:
        return _refuse(lease, step, "not_a_delegate", "The agent file doesn't name it under delegates.")
    if run.depth >= run.caps.get("depth", 0):
        return _refuse(lease, step, "too_deep", "Tasks were handed on as often as the budget allows.")
    failpoints.reach("before_delegate")
    try:
        begin_child(lease, step, Agent.objects.get(slug=step.tool), step.content["input"], Run.Kind.TASK)
    except Agent.DoesNotExist:
        return _refuse(lease, step, "not_found", "There is no such agent any more.")
    except Refusal as refusal:
        return _refuse(lease, step, refusal.code, refusal.detail)
    failpoints.reach("after_delegate")
    return True


@transaction.atomic
def begin_child(lease: Lease, step: RunStep, agent: Agent, given: dict, kind: str) -> Run:
    """Enqueue a run for a step, once. The other agent's row is held before ours: locks are taken in one order."""
    asked = Asked(input=given, trace_id=lease.run.trace_id)
    by = RunPrincipal(lease.run.agent, lease.run.pk).actor()
    child = enqueue(agent, asked, by=by, client=lease.run.client, parent=lease.run, kind=kind)
    lease.lock()
    renew(lease)
    if not RunStep.objects.filter(pk=step.pk, child=None).update(child=child):
        raise Fenced
    return child


@transaction.atomic
def hear(lease: Lease, step: RunStep) -> bool:
    """Write down what became of the other agent's run, which has ended."""
    lease.lock()
    child = step.child
    codes = [child.error["code"]] if child.error else []
    ok = child.state == RunState.COMPLETED
    journal.close(step, ok=ok, result={"state": child.state, "failure": "" if ok else "refused", "codes": codes})
    return True


def _refuse(lease: Lease, step: RunStep, code: str, detail: str) -> bool:
    return journal.turn_away(lease, step, failure="refused", code=code, said=detail)
