"""Who may see and do what. Every door asks here; guardian is read nowhere else.

Being superuser gives sight of everything and the right to decide nothing.
"""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from guardian.shortcuts import get_objects_for_user

from agents.errors import NoSuchAction, NoSuchAgent
from agents.identities import AgentPrincipal
from agents.models import Action, Agent, AgentRole, AgentUserObjectPermission, Person, Slot
from agents.seating import seat

Viewer = Person | AgentPrincipal
#: Keys of an agent's `sign` map.
SIGNED_TIERS = ("2", "3", "4")


# --- sight


def visible_agents(viewer: Viewer) -> QuerySet[Agent]:
    """Return the agents this viewer may see: its own, answered for, granted by guardian, or asked of its groups by tier or rule."""
    if isinstance(viewer, AgentPrincipal):
        return Agent.objects.filter(pk=viewer.agent.pk)
    if not viewer.is_active:
        return Agent.objects.none()
    if viewer.is_superuser or viewer.has_perm("agents.read_all"):
        return Agent.objects.all()
    granted = get_objects_for_user(viewer, "agents.view_agent", accept_global_perms=False)
    answers_for = AgentRole.objects.filter(person=viewer).values("agent")
    signs = Q(pk__in=[])
    for name in viewer.groups.values_list("name", flat=True):
        for tier in SIGNED_TIERS:
            signs |= Q(sign__contains={tier: [name]})
        for asked in ({"slots": [name]}, {"queue": name}):
            signs |= Q(policy__body__rules__contains=[asked])
    return Agent.objects.filter(Q(pk__in=granted.values("pk")) | Q(pk__in=answers_for) | signs)


def visible_actions(viewer: Viewer) -> QuerySet[Action]:
    """Return the actions this viewer may see: of agents it may see, or with a slot its groups could have filled."""
    if isinstance(viewer, AgentPrincipal):
        return Action.objects.filter(proposer_agent=viewer.agent)
    if viewer.is_active and (viewer.is_superuser or viewer.has_perm("agents.read_all")):
        return Action.objects.all()
    routed = Slot.objects.filter(action=OuterRef("pk"), group__in=viewer.groups.values("pk"))
    return Action.objects.filter(Q(agent__in=visible_agents(viewer).values("pk")) | Exists(routed))


def action_for(viewer: Viewer, action_id) -> Action:
    """Return one visible action with what its pages need; raises NoSuchAction for a missing and a foreign one alike."""
    related = ("agent", "tool", "definition", "content", "token", "proposer_person")
    action = visible_actions(viewer).select_related(*related).filter(pk=action_id).first()
    if action is None:
        raise NoSuchAction()
    return action


def agent_for(viewer: Viewer, slug: str) -> Agent:
    """Return one visible agent; raises NoSuchAgent."""
    agent = visible_agents(viewer).filter(slug=slug).first()
    if agent is None:
        raise NoSuchAgent()
    return agent


def may_edit(person: Person, agent: Agent) -> bool:
    """Whether guardian gives this very person the agent to edit. Being superuser doesn't: who signs is not theirs to say."""
    granted = AgentUserObjectPermission.objects.filter(
        user=person, content_object=agent, permission__codename="change_agent"
    )
    return person.is_active and granted.exists()


# --- signing


def self_humans(agent: Agent, *also: Person | None) -> list[int]:
    """Return the humans who count as self for an action about this agent: its owner, and whoever asked for it."""
    owners = AgentRole.objects.filter(agent=agent, role=AgentRole.Role.OWNER).values_list("person__human", flat=True)
    return sorted({*owners, *(person.human_id for person in also if person is not None)})


def signer_groups(person: Person) -> frozenset[int]:
    """Return the ids of the groups whose slots this person may fill."""
    return frozenset(person.groups.values_list("pk", flat=True)) if person.is_active else frozenset()


def why_never(action: Action, person: Person) -> str | None:
    """Say why this person may never sign this action, or None. The one check of identity; who is seated is another."""
    if not person.is_active:
        return "This account is disabled."
    asked = (action.proposer_person, action.on_behalf_of)
    if person.human_id in {*action.self_humans, *self_humans(action.agent, *asked)}:
        return "You count as its own side here (you asked for it, or you own the agent): somebody else must sign."
    if person.signer_since > action.created_at:
        return "Your account, password or groups changed after this was asked: somebody else must sign it."
    return None


def why_not_sign(action: Action, slots: Sequence[Slot], person: Person) -> str | None:
    """Say why this person can't sign now, or None when one of the open slots is theirs to fill."""
    if reason := why_never(action, person):
        return reason
    if person.human_id in {slot.human for slot in slots}:
        return "You have signed this already; another person must fill what is open."
    if seat(slots) is None:
        return "Somebody who signed has left the group they signed for, so it can't be completed: reject it."
    if seat(slots, newcomer=person) is None:
        needed = ", ".join(slot.label for slot in slots if slot.filled_by_id is None)
        return f"It still needs {needed or 'nobody'}, and your groups don't fill that."
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


def resumers(agent: Agent) -> list[Person]:
    """Return who may resume a stopped agent: whoever holds a role of it, but not the human who stopped it."""
    holders = Person.objects.filter(agent_roles__agent=agent, is_active=True)
    if agent.stopped_by is not None:
        holders = holders.exclude(human=agent.stopped_by.human_id)
    return list(holders.order_by("username").distinct())


def who_resumes(agent: Agent) -> str:
    """Say by name who can resume a stopped agent."""
    other = " other than who stopped it" if agent.stopped_by is not None else ""
    if names := ", ".join(str(person) for person in resumers(agent)):
        return f"Anybody with a role of it{other} can resume it: {names}."
    return f"Nobody{other} holds a role of it, so only the operator can resume it."


def why_not_resume(person: Person, agent: Agent) -> str | None:
    """Say why this person can't resume the agent and who can, or None."""
    if not answers_for(person, agent):
        return f"Only somebody who holds a role of this agent may resume it. {who_resumes(agent)}"
    if agent.stopped_by is not None and agent.stopped_by.human_id == person.human_id:
        return f"You stopped it: another role holder must resume it. {who_resumes(agent)}"
    return None


def why_not_settle(person: Person, action: Action) -> str | None:
    """Say why this person can't say what became of an unknown outcome, or None."""
    if not (
        answers_for(person, action.agent) or signer_groups(person) & {slot.group_id for slot in action.slots.all()}
    ):
        return "Only role holders of the agent and its reviewers can say what became of it."
    return None
