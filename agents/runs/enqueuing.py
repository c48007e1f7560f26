"""`enqueue()`: a task enters the queue of its agent, with everything fixed that it will be held to."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from agents import canonical, failpoints, policies, turnstile, wake
from agents.errors import AgentNotEnabled, AgentStopped, Invalid, NotAllowed
from agents.models import Agent, Client, Person, Run, RunContent, Token
from audit import log
from audit.actors import Actor

EXTERNAL = "external"
FIRST_RING = timedelta(seconds=5)
DEPTH = 3
REPLANS = 2
#: What a client may narrow, and where the agent's own cap for it stands.
NARROWED = {
    "tokens": "tokens_per_run",
    "micros": "micros_per_run",
    "actions": "actions_per_run",
    "seconds": "seconds_per_run",
}


class NotRunHere(NotAllowed):
    code, status = "agent_runs_elsewhere", 409
    sentence = "This agent runs elsewhere and proposes actions by itself: there is nothing to enqueue."


@dataclass(frozen=True)
class Asked:
    """What is asked of an agent. `budget` may narrow its caps: tokens, micros (millionths of a US dollar), actions,
    seconds. `mission_lead` is the person who answers for what a swarm does."""

    input: dict
    budget: dict[str, int] = field(default_factory=dict)
    mission_lead: Person | None = None
    trace_id: str = ""


@transaction.atomic
def enqueue(
    agent: Agent,
    asked: Asked,
    *,
    by: Actor,
    client: Client | None = None,
    token: Token | None = None,
    parent: Run | None = None,
    kind: str = Run.Kind.TASK,
) -> Run:
    """Put a task into the agent's queue; a worker is rung once this has committed.

    Raises AgentNotEnabled, AgentStopped, NotRunHere, Invalid: nothing is written then.
    """
    agent = turnstile.share(agent.pk)
    _require_ready(agent)
    run = Run.objects.create(
        agent=agent,
        kind=kind,
        client=client,
        token=token,
        parent=parent,
        depth=parent.depth + 1 if parent else 0,
        mission_lead=asked.mission_lead or (parent.mission_lead if parent else None),
        trace_id=asked.trace_id,
        input_digest=_digest(asked.input),
        runtime={**agent.runtime_body, "kind": agent.runtime},
        verify={} if kind == Run.Kind.VERIFICATION else agent.verify,
        caps=_caps(agent, asked.budget, parent),
        wake_at=Now() + FIRST_RING,
    )
    RunContent.objects.create(run=run, **_content(agent, asked.input))
    data = {"agent": agent.pk, "input_digest": run.input_digest, "caps": run.caps, "kind": kind}
    data |= {"policy": agent.policy.label if agent.policy else None, "parent": str(parent.pk) if parent else None}
    told, names = _who_answers(run)
    log.record("run.enqueued", by=by, subject=("run", str(run.pk)), data=data | told, private=names)
    wake.ring_run(run.pk)
    failpoints.reach("in_enqueue")
    return run


def _who_answers(run: Run) -> tuple[dict, dict]:
    """Return for the record who answers for the run, and under which policy: ids, and apart from them the names."""
    agent, lead = run.agent, run.mission_lead
    roles = list(agent.roles.select_related("person"))
    told = {"slug": agent.slug, "roles": {role.role: role.person_id for role in roles}}
    told |= {"policy_digest": agent.policy.digest if agent.policy else None, "mission_lead": lead and str(lead.pk)}
    names = {"holders": {role.role: role.person.as_named() for role in roles}}
    return told, names | ({"mission_lead_name": lead.as_named()} if lead else {})


def _require_ready(agent: Agent) -> None:
    if agent.runtime == EXTERNAL:
        raise NotRunHere()
    if not agent.enabled:
        raise AgentNotEnabled()
    if agent.is_stopped:
        raise AgentStopped()


def _digest(given: dict) -> str:
    try:
        written = canonical.canonical_bytes(given)
    except canonical.NotCanonical as error:
        raise Invalid(errors=[{"field": "input", "message": str(error)}]) from error
    if canonical.holds_nul(written):
        raise Invalid(errors=[{"field": "input", "message": "must not contain the character NUL"}])
    return canonical.sha256_hex(written)


def _caps(agent: Agent, asked: dict[str, int], parent: Run | None) -> dict[str, int]:
    """Return the run's caps: the agent's, where the client didn't ask for less. What neither names is uncapped."""
    caps = {"depth": agent.budget.get("depth", DEPTH), "replans": agent.verify.get("replans", REPLANS)}
    if parent is not None:  # depth counts from the first run: nobody below may go deeper than it allowed
        caps["depth"] = min(parent.caps["depth"], parent.depth + 1 + caps["depth"])
    for name, own in NARROWED.items():
        both = [cap for cap in (agent.budget.get(own), asked.get(name)) if cap is not None]
        if both:
            caps[name] = min(both)
    return caps


def _content(agent: Agent, given: dict) -> dict:
    policy = policies.stored(agent.policy) if agent.policy else None
    return {"input": given, "erase_after": policy.keep.days if policy else None}
