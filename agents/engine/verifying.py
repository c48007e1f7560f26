"""Before a run completes, its output is held against what was declared, by rules or by another agent, never by itself."""

from collections import Counter

from django.db import transaction
from django.db.models import F

from agents import failpoints, verification
from agents.engine.delegating import begin_child
from agents.engine.limits import MOST_TRIES, Over, quarantined
from agents.errors import Refusal
from agents.lifecycle import RunState
from agents.models import Agent, Run, RunContent, RunStep
from agents.runs import journal
from agents.runs.ending import Ended
from agents.runs.leasing import Lease

RULES = "rules"
_RULE_KEYS = {"output", "checks", "forbid"}


def verify(lease: Lease) -> bool:
    """Hold the output against the next thing declared; raises Over when it has passed all, or failed for good."""
    if no := _last_no(lease.run):
        raise Over(_not_verified(no.content["problems"]))
    waiting = _not_passed(lease.run)
    if not waiting:
        raise Over(Ended(RunState.COMPLETED))
    step = journal.begin(lease, RunStep.Kind.VERIFY, content={"by": waiting[0]})
    if step.tries > MOST_TRIES:
        raise Over(quarantined(step, "its workers died of it, or lost their lease"))
    failpoints.reach("before_verify")
    output = RunContent.objects.get(run=lease.run).output
    if waiting[0] == RULES:
        return _conclude(lease, step, verification.check(output, lease.run.verify, _succeeded(lease.run)))
    return _ask(lease, step, waiting[0], output)


def _not_passed(run: Run) -> list[str]:
    """Return who still has to pass the output of the present plan: the rules first, then the verifying agent."""
    declared = [RULES] if _RULE_KEYS & run.verify.keys() else []
    declared += [run.verify["agent"]] if run.verify.get("agent") else []
    passed = run.journal.filter(kind=RunStep.Kind.VERIFY, plan=run.plan, state=RunStep.State.DONE)
    done = {step.content["by"] for step in passed}
    return [one for one in declared if one not in done]


def _succeeded(run: Run) -> Counter[str]:
    acted = run.journal.filter(kind=RunStep.Kind.ACT, state=RunStep.State.DONE)
    return Counter(acted.values_list("tool", flat=True))


def _ask(lease: Lease, step: RunStep, slug: str, output: object) -> bool:
    """Let another agent look. One that isn't there, or would look at its own work, counts as a no."""
    agent = Agent.objects.filter(slug=slug).first()
    if agent is None or agent.pk in _proposers(lease.run):
        return _conclude(lease, step, [f"There is no agent {slug!r} that could verify this without verifying itself."])
    given = {"run": str(lease.run.pk), "agent": lease.run.agent.slug, "output": output, "did": _did(lease.run)}
    try:
        begin_child(lease, step, agent, given, Run.Kind.VERIFICATION)
    except Refusal as refusal:
        return _conclude(lease, step, [f"The verifier {slug} can't look at it: {refusal.detail}"])
    return True


def _proposers(run: Run) -> set[int]:
    """Return the agents that had a hand in it: its own, those it delegated to, and those that delegated it."""
    hands, above, below = {run.agent_id}, run.parent, [run.pk]
    while below:
        tasks = Run.objects.filter(parent__in=below).exclude(kind=Run.Kind.VERIFICATION)
        below = list(tasks.values_list("pk", flat=True))
        hands |= set(tasks.values_list("agent", flat=True))
    while above is not None:
        hands.add(above.agent_id)
        above = above.parent
    return hands


def _did(run: Run) -> list[dict]:
    acted = run.journal.filter(kind=RunStep.Kind.ACT, state=RunStep.State.DONE).order_by("number")
    return [{"tool": step.tool, "arguments": step.content.get("arguments", {})} for step in acted]


def hear(lease: Lease, step: RunStep) -> bool:
    """Take the verifying agent's answer. Anything but a clear yes is a no."""
    child = step.child
    said = child.content.output if isinstance(child.content.output, dict) else {}
    if child.state == RunState.COMPLETED and said.get("passed") is True:
        return _conclude(lease, step, [])
    critique = str(said.get("critique") or f"{child.agent.slug} didn't say that it passes.")
    return _conclude(lease, step, [critique[:2000]])


def _conclude(lease: Lease, step: RunStep, problems: list[str]) -> bool:
    """Write down what was found. A no is told to the runtime for a new plan, as often as its caps allow."""
    with transaction.atomic():
        run = lease.lock()
        content = step.content | {"problems": problems}
        journal.close(step, ok=not problems, content=content, result={"problems": len(problems)})
        if not problems:
            return True
        if run.plan <= run.caps.get("replans", 0):
            Run.objects.filter(pk=run.pk).update(plan=F("plan") + 1)
            journal.shift(run, lease, RunState.PLANNING)
            return True
    raise Over(_not_verified(problems))


def _last_no(run: Run) -> RunStep | None:
    """Return the step that didn't pass this plan: whoever wrote that down died, or the run was stopped, before it ended."""
    return run.journal.filter(kind=RunStep.Kind.VERIFY, plan=run.plan, state=RunStep.State.FAILED).first()


def _not_verified(problems: list[str]) -> Ended:
    return Ended(RunState.FAILED_VERIFICATION, "failed_verification", " ".join(problems)[:1000])
