"""An agent as the people around it read it: who answers for it, what it may do, where it stands. Only reads."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from agents import access
from agents.lifecycle import OPEN
from agents.models import Action, Agent, AgentRole, Grant, Person, Token
from approvals import history, queue
from approvals.clockface import Due
from audit.models import Event

PAGE = 50


@dataclass(frozen=True)
class OpenAction:
    """An action of the agent that hasn't ended."""

    action: Action
    state_words: str
    due: Due | None


@dataclass(frozen=True)
class Console:
    """The whole page of one agent. `why_not_resume` is empty when this person may resume it."""

    agent: Agent
    roles: list[AgentRole]
    grants: list[Grant]
    sign: list[tuple[str, list[str]]]
    rules: int
    tokens: list[Token]
    open_actions: list[OpenAction]
    more: bool
    events: list[history.Entry]
    may_stop: bool
    why_not_resume: str
    now: datetime


def agents_of(person: Person) -> QuerySet[Agent]:
    """Return the agents this person sees, with their owners and how many actions are open."""
    owners = AgentRole.objects.filter(role=AgentRole.Role.OWNER).select_related("person")
    return (
        access.visible_agents(person)
        .annotate(open_actions=Count("actions", filter=Q(actions__state__in=sorted(OPEN))))
        .prefetch_related(Prefetch("roles", owners, to_attr="owners"))
        .order_by("slug")
    )


def for_person(agent: Agent, person: Person) -> Console:
    """Return everything about one agent that this person may already see."""
    now = timezone.now()
    waiting = agent.actions.filter(state__in=sorted(OPEN)).order_by("due_at", "pk")[: PAGE + 1]
    actions = list(waiting.select_related("tool"))
    about = Event.objects.filter(subject_kind="agent", subject_id=str(agent.pk)).prefetch_related("private")
    return Console(
        agent=agent,
        roles=list(agent.roles.select_related("person").order_by("pk")),
        grants=list(agent.grants.filter(revoked_at=None).select_related("tool__definition").order_by("tool_name")),
        sign=sorted((tier, list(names)) for tier, names in agent.sign.items()),
        rules=len(agent.policy.body["rules"]) if agent.policy else 0,
        tokens=list(agent.tokens.all()),
        open_actions=[OpenAction(a, queue.state_words(a), queue.due_of(a, now)) for a in actions[:PAGE]],
        more=len(actions) > PAGE,
        events=[history.entry(event) for event in about.order_by("-id")[:PAGE]],
        may_stop=access.may_stop(person, agent),
        why_not_resume=access.why_not_resume(person, agent) or "" if agent.is_stopped else "",
        now=now,
    )
