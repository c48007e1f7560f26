"""Where it comes from: the agent, who answers for it, what carried it, and each step of its run before this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agents import budgets
from agents.lifecycle import WORDS, State
from agents.models import Action, Run
from approvals.action.blocks.trail import Trail
from approvals.runs import listing

_KINDS = {"think": "Think", "act": "Act", "delegate": "Hand on", "verify": "Verify"}


@dataclass(frozen=True)
class Step:
    """One step before this action. `title` holds an agent's text: show it inert."""

    number: int
    kind: str
    title: str
    state: str
    at: datetime
    cost: str


@dataclass(frozen=True)
class Provenance:
    """`owners` are those on record now, `runtime` how it is carried, `run` its id (empty without one)."""

    owners: str
    runtime: str
    run: str
    short: str
    mission: str
    spent: str
    steps: list[Step]
    more: bool
    proposer: str
    trace: str


def of(action: Action, before: Trail, owners: Sequence[str]) -> Provenance:
    """Return where the action comes from; `before` is its run with the steps before it."""
    run = before.run
    used = [] if run is None else [("tokens", run.tokens_in + run.tokens_out), ("micros", _micros(run))]
    return Provenance(
        owners=", ".join(owners) or "nobody",
        runtime=_runtime(action, run),
        run=str(run.pk) if run else "",
        short=listing.short(run.pk) if run else "",
        mission=str(run.mission_lead) if run and run.mission_lead else "",
        spent=", ".join(budgets.in_words(unit, amount) for unit, amount in used if amount),
        steps=[_step(step) for step in before.steps],
        more=before.more,
        proposer=str(action.proposer_person) if action.proposer_person else "",
        trace=action.trace_id,
    )


def _micros(run: Run) -> int:
    return run.micros_inference + run.micros_tooling


def _runtime(action: Action, run: Run | None) -> str:
    if run is not None:
        return str(run.runtime.get("kind", ""))
    return "a person" if action.proposer_person_id else "external: it came over REST, without a run"


def _step(step) -> Step:
    return Step(
        number=step.number,
        kind=_KINDS[step.kind],
        title=step.action.headline if step.action else step.tool,
        state=WORDS[State(step.action.state)] if step.action else step.state.capitalize(),
        at=step.began_at,
        cost=budgets.in_words("micros", step.micros) if step.micros else "",
    )
