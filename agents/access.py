"""Who may see and do what. Every door asks here; guardian decides here and in `sight` alone, `onlookers` keeps its rows.

Being superuser gives sight of everything and the right to decide nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from agents import rows, sides, sight
from agents.errors import NoSuchAccount, NoSuchAction, NoSuchAgent, NoSuchRun
from agents.identities import AgentPrincipal, ClientPrincipal
from agents.models import (
    Action,
    Agent,
    AgentRole,
    AgentUserObjectPermission,
    Incident,
    Person,
    Run,
    Slot,
    Standstill,
    Tool,
)
from agents.seating import seat

Viewer = Person | AgentPrincipal | ClientPrincipal


# --- sight


def visible_agents(viewer: Viewer) -> QuerySet[Agent]:
    """Return the agents this viewer may see: its own, or those its token names; for people those answered for, granted by
    guardian, or asked of their groups by tier or rule."""
    if isinstance(viewer, AgentPrincipal):
        return Agent.objects.filter(pk=viewer.agent.pk)
    if isinstance(viewer, ClientPrincipal):
        return viewer.agents
    if not viewer.is_active:
        return Agent.objects.none()
    if viewer.is_superuser:
        return Agent.objects.all()
    return Agent.objects.filter(sight.seen_by(viewer))


def reads_all(person: Person) -> bool:
    """Whether this person may read everything there is, as superusers and auditors do."""
    return person.is_active and (person.is_superuser or person.has_perm("agents.read_all"))


def visible_actions(viewer: Viewer) -> QuerySet[Action]:
    """Return the actions this viewer may see: its own, or those of its runs; for people those of agents they may see, or
    with a slot their groups could have filled."""
    if isinstance(viewer, AgentPrincipal):
        return Action.objects.filter(proposer_agent=viewer.agent)
    if isinstance(viewer, ClientPrincipal):
        return Action.objects.filter(run_id__in=visible_runs(viewer).values("pk"))
    if reads_all(viewer):
        return Action.objects.all()
    routed = Slot.objects.filter(action=OuterRef("pk"), group__in=viewer.groups.values("pk"))
    return Action.objects.filter(Q(agent__in=visible_agents(viewer).values("pk")) | Exists(routed))


def proposed_by(viewer: Viewer) -> Q:
    """Return which actions this viewer asked for; a client asks for runs, and proposes none."""
    if isinstance(viewer, AgentPrincipal):
        return Q(proposer_agent=viewer.agent)
    return Q(proposer_person=viewer) if isinstance(viewer, Person) else Q(pk__in=[])


def action_for(viewer: Viewer, action_id) -> Action:
    """Return one visible action with what its pages need; raises NoSuchAction for a missing and a foreign one alike."""
    related = ("agent", "tool", "definition", "content", "token", "proposer_person")
    action = visible_actions(viewer).select_related(*related).filter(pk=action_id).first()
    if action is None:
        raise NoSuchAction()
    return action


def visible_runs(viewer: Viewer) -> QuerySet[Run]:
    """Return the runs this viewer may see: its own, those its client asked for, or those of agents a person may see."""
    if isinstance(viewer, AgentPrincipal):
        return Run.objects.filter(agent=viewer.agent)
    if isinstance(viewer, ClientPrincipal):
        return Run.objects.filter(client=viewer.client)
    return Run.objects.filter(agent__in=visible_agents(viewer).values("pk"))


def run_for(viewer: Viewer, run_id) -> Run:
    """Return one visible run with what showing it needs; raises NoSuchRun for a missing and a foreign one alike."""
    return run_among(visible_runs(viewer), run_id)


def run_among(runs: QuerySet[Run], run_id) -> Run:
    """Return the run of this id if it is one of these, with what showing it needs and the database's `now`.

    Raises NoSuchRun.
    """

    related = ("agent__policy", "content", "client", "parent__parent__parent")
    heavy = ("content__memory", "agent__policy__source")
    run = runs.select_related(*related).defer(*heavy).annotate(now=Now()).filter(pk=run_id).first()
    if run is None:
        raise NoSuchRun()
    return run


def may_conclude(viewer: Viewer, run: Run) -> bool:
    """Whether this viewer may cancel the run or say what it came to: the client that asked for it, or who answers for its
    agent. Never the agent itself."""
    if isinstance(viewer, ClientPrincipal):
        return run.client_id == viewer.client.pk
    return isinstance(viewer, Person) and answers_for(viewer, run.agent)


def agent_for(viewer: Viewer, slug: str) -> Agent:
    """Return one visible agent; raises NoSuchAgent."""
    agent = visible_agents(viewer).filter(slug=slug).first()
    if agent is None:
        raise NoSuchAgent()
    return agent


def person_for(viewer: Viewer, username: str) -> Person:
    """Return a person whose dossier this viewer may read: any account of their own, and anybody's for those who may read
    all. Raises NoSuchAccount for a missing and a foreign one alike, and for every token.
    """
    asked = Person.objects.filter(username=username) if username.isprintable() else Person.objects.none()
    found = asked.first() if isinstance(viewer, Person) and viewer.is_active else None
    if found is None or not (found.human_id == viewer.human_id or reads_all(viewer)):
        raise NoSuchAccount()
    return found


def may_edit(person: Person, agent: Agent) -> bool:
    """Whether guardian gives this very person the agent to edit. Being superuser doesn't: who signs is not theirs to say."""
    granted = AgentUserObjectPermission.objects.filter(
        user=person, content_object=agent, permission__codename="change_agent"
    )
    return person.is_active and granted.exists()


def why_not_show(person: Person, agent: Agent) -> str | None:
    """Say why this person can't give sight of the agent or take it back, or None: its owner may, and superusers, who see
    everything."""
    if not (may_edit(person, agent) or (person.is_active and person.is_superuser)):
        return "Only the agent's owner, or a superuser, gives sight of it and takes it back."
    return None


# --- signing


_BEHIND_RUN = f"""{sides.ABOVE}
SELECT p.human_id FROM above JOIN agents_person AS p ON p.id = above.mission_lead_id
UNION
SELECT p.human_id FROM above JOIN agents_agentrole AS r ON r.agent_id = above.agent_id AND r.role = 'owner'
    JOIN agents_person AS p ON p.id = r.person_id
"""  # noqa: S608 - of our own pieces


_OWNERS = """
SELECT p.human_id FROM agents_agentrole AS r JOIN agents_person AS p ON p.id = r.person_id
WHERE r.agent_id = %s AND r.role = 'owner'
"""


def self_humans(agent: Agent, *also: Person | None, run_id: UUID | None = None) -> list[int]:
    """Return the humans who count as self for an action of this agent: its owner, and whoever asked for it; in a run also
    who leads its mission, and the owners of every agent that handed its task on."""
    return side(_owners(agent), *also, run_id=run_id)


def side(owners: Iterable[int], *also: Person | None, run_id: UUID | None = None) -> list[int]:
    """Return the humans who count as self, for whoever knows the agent's owners already."""
    return sorted({*owners, *(person.human_id for person in also if person is not None), *_behind(run_id)})


def _owners(agent: Agent) -> list[int]:
    return [human for (human,) in rows.asked(_OWNERS, [agent.pk])]


def _behind(run_id: UUID | None) -> set[int]:
    if run_id is None:
        return set()
    return {human for (human,) in rows.asked(_BEHIND_RUN, {"run": run_id})}


def signer_groups(person: Person) -> frozenset[int]:
    """Return the ids of the groups whose slots this person may fill."""
    return frozenset(person.groups.values_list("pk", flat=True)) if person.is_active else frozenset()


def own_side(action: Action, *, owners: Iterable[int] | None = None) -> frozenset[int]:
    """Return the humans who count as self for an action now, and who did when it came in.

    `owners` are the agent's, for whoever knows them already.
    """
    asked, owners = (action.proposer_person, action.on_behalf_of), _owners(action.agent) if owners is None else owners
    return frozenset({*action.self_humans, *side(owners, *asked, run_id=action.run_id)})


def who_may_sign(action: Action, slots: Sequence[Slot], people: Iterable[Person]) -> list[Person]:
    """Return those of them who can sign now. As many queries for a hundred as for one, if their groups are prefetched."""
    side = own_side(action)
    return [person for person in people if why_not_sign(action, slots, person, side=side) is None]


def why_never(action: Action, person: Person, *, side: Collection[int] | None = None) -> str | None:
    """Say why this person may never sign this action, or None. The one check of identity; who is seated is another.

    `side` is its own side, for whoever asks about several people.
    """
    if not person.is_active:
        return "This account is disabled."
    if person.human_id in (own_side(action) if side is None else side):
        return f"You count as its own side: {sides.why(action, person)}. Somebody else must sign."
    if person.signer_since > action.created_at:
        return "Your account, password or groups changed after this was asked: somebody else must sign it."
    return None


def why_not_sign(
    action: Action, slots: Sequence[Slot], person: Person, *, side: Collection[int] | None = None
) -> str | None:
    """Say why this person can't sign now, or None when one of the open slots is theirs to fill."""
    if reason := why_never(action, person, side=side):
        return reason
    if person.human_id in {slot.human for slot in slots}:
        return "You have signed this already; another person must fill what is open."
    if seat(slots) is None:
        return "Somebody who signed has left the group they signed for, so it can't be completed: reject it."
    if seat(slots, newcomer=person) is None:
        needed = ", ".join(slot.label for slot in slots if slot.filled_by_id is None)
        return f"It still needs {needed or 'nobody'}, and your groups don't fill that."
    return None


def why_not_reject(action: Action, slots: Sequence[Slot], person: Person) -> str | None:
    """Say why this person can't reject, ask for changes or edit, or None: whoever could ever sign may."""
    if reason := why_never(action, person):
        return reason
    if not signer_groups(person) & {slot.group_id for slot in slots}:
        return f"Only members of {', '.join(slot.label for slot in slots)} decide on this."
    return None


def why_not_answer(viewer: Viewer, action: Action) -> str | None:
    """Say why this viewer can't answer what was asked about the action, or None: who proposed it may, and who answers
    for its agent."""
    if isinstance(viewer, AgentPrincipal):
        return None if action.proposer_agent_id == viewer.agent.pk else "Only the agent that proposed it may answer."
    if isinstance(viewer, Person) and viewer.is_active:
        if answers_for(viewer, action.agent) or viewer.pk == action.proposer_person_id:
            return None
    return "Only the agent that proposed it, or somebody who holds a role of this agent, may answer."


def why_not_undo(person: Person, action: Action) -> str | None:
    """Say why this person can't ask for the action to be undone, or None: whoever may stop its agent. Others sign it."""
    if not may_stop(person, action.agent):
        return "Only role holders of the agent and its reviewers can ask for it to be undone."
    return None


# --- stopping, resuming, reconciling


def answers_for(person: Person, agent: Agent) -> bool:
    """Whether the person holds a role of the agent."""
    return person.is_active and AgentRole.objects.filter(agent=agent, person=person).exists()


def reviews(person: Person, agent: Agent) -> bool:
    """Whether one of the person's groups signs for the agent, by its tiers or by a rule of its policy."""
    signing = {name for groups in agent.sign.values() for name in groups}
    for rule in agent.policy.body["rules"] if agent.policy else ():
        signing |= {*rule["slots"], rule["queue"]}
    return person.is_active and person.groups.filter(name__in=signing - {None}).exists()


def may_stop(person: Person, agent: Agent) -> bool:
    """Any role holder or reviewer may stop an agent: stopping is the safe side."""
    return answers_for(person, agent) or reviews(person, agent)


def may_stop_everything(person: Person) -> bool:
    """Whoever may stop any agent may stop them all: that is the safe side too, and somebody else lets them go on."""
    return person.is_active and Agent.objects.filter(sight.asked_of(person)).exists()


def resumers(stopped: Agent | Tool | Run) -> list[Person]:
    """Return who may resume what was stopped: whoever holds a role of its agent, but not the human who stopped it."""
    holders = Person.objects.filter(agent_roles__agent=_agent_of(stopped), is_active=True)
    if stopped.stopped_by is not None:
        holders = holders.exclude(human=stopped.stopped_by.human_id)
    return list(holders.order_by("username").distinct())


def who_resumes(stopped: Agent | Tool | Run) -> str:
    """Say by name who can resume what was stopped."""
    other = " other than who stopped it" if stopped.stopped_by is not None else ""
    whose = "it" if isinstance(stopped, Agent) else "its agent"
    if names := ", ".join(str(person) for person in resumers(stopped)):
        return f"Anybody with a role of {whose}{other} can resume it: {names}."
    return f"Nobody{other} holds a role of {whose}, so only the operator can resume it."


def why_not_resume(person: Person, stopped: Agent | Tool | Run) -> str | None:
    """Say why this person can't resume the agent, the tool or the run, and who can; or None."""
    if not answers_for(person, _agent_of(stopped)):
        return f"Only somebody who holds a role of this agent may resume it. {who_resumes(stopped)}"
    if stopped.stopped_by is not None and stopped.stopped_by.human_id == person.human_id:
        return f"You stopped it: another role holder must resume it. {who_resumes(stopped)}"
    return None


def why_not_resume_everything(person: Person, standstill: Standstill) -> str | None:
    """Say why this person can't end a standstill, or None: it takes a role of any agent, and another human's hand."""
    if not (person.is_active and person.agent_roles.exists()):
        return "Only somebody who holds a role of an agent, or the operator, may let everything go on."
    if standstill.started_by is not None and standstill.started_by.human_id == person.human_id:
        return "You stopped everything: somebody else who holds a role of an agent must let it go on."
    return None


def _agent_of(stopped: Agent | Tool | Run) -> Agent:
    return stopped if isinstance(stopped, Agent) else stopped.agent


def why_not_close(person: Person, incident: Incident) -> str | None:
    """Say why this person can't close the incident, or None."""
    if not answers_for(person, incident.agent):
        return "Only somebody who holds a role of this agent may close its incidents."
    return None


def why_not_settle(person: Person, action: Action) -> str | None:
    """Say why this person can't say what became of an unknown outcome, or None."""
    if not (
        answers_for(person, action.agent) or signer_groups(person) & {slot.group_id for slot in action.slots.all()}
    ):
        return "Only role holders of the agent and its reviewers can say what became of it."
    return None
