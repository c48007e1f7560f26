"""An agent as the people around it read it: who answers for it, what it may do, where it stands. Only reads."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from agents import access, stops
from agents.errors import Refusal
from agents.lifecycle import OPEN
from agents.models import Action, Agent, AgentRole, Grant, Person, Token, Tool
from agents.stops import stoppers
from approvals import queue
from approvals.action import history
from approvals.attending.clockface import Due
from approvals.queue import turns
from audit.models import Event

PAGE = 50
_GRANTED = ("tool__definition", "tool__stopped_by")


class NoSuchTool(Refusal):
    code, status = "not_found", 404
    sentence = "This agent has no such tool: its page names those it has."


@dataclass(frozen=True)
class OpenAction:
    """An action of the agent that hasn't ended."""

    action: Action
    state_words: str
    due: Due | None


@dataclass(frozen=True)
class ToolRow:
    """A tool of the agent; `grant` is None for one that was stopped and is granted no longer.

    `stopped_by` is empty while it runs, `why_not_resume` when this person may resume it.
    """

    tool: Tool
    grant: Grant | None
    stopped_by: str
    may_stop: bool
    why_not_resume: str


@dataclass(frozen=True)
class Console:
    """The whole page of one agent. `stopped_by` is empty while it runs, `why_not_resume` when this person may resume it."""

    agent: Agent
    roles: list[AgentRole]
    tools: list[ToolRow]
    sign: list[tuple[str, list[str]]]
    rules: int
    tokens: list[Token]
    open_actions: list[OpenAction]
    more: bool
    events: list[history.Entry]
    stopped_by: str
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
        tools=_tools(agent, person),
        sign=sorted((tier, list(names)) for tier, names in agent.sign.items()),
        rules=len(agent.policy.body["rules"]) if agent.policy else 0,
        tokens=list(agent.tokens.all()),
        open_actions=_open(actions[:PAGE], person, now),
        more=len(actions) > PAGE,
        events=[history.entry(event) for event in about.order_by("-id")[:PAGE]],
        stopped_by=stoppers.names_of([agent])[0] if agent.is_stopped else "",
        may_stop=access.may_stop(person, agent),
        why_not_resume=_why_not_resume(agent, person),
        now=now,
    )


def _open(actions: list[Action], person: Person, now: datetime) -> list[OpenAction]:
    mine = set(turns.of(person, among=[action.pk for action in actions]).ids)
    return [OpenAction(a, queue.state_words(a, theirs=a.pk in mine), queue.due_of(a, now)) for a in actions]


def _why_not_resume(agent: Agent, person: Person) -> str:
    if not agent.is_stopped:
        return ""
    if stops.current() is not None:
        return stops.EverythingStopped.sentence
    return access.why_not_resume(person, agent) or ""


# --- its tools


def tool_of(agent: Agent, name: str) -> Tool:
    """Return a tool of the agent by its name: the one it is granted, else one its file defines. Raises NoSuchTool."""
    granted = Tool.objects.filter(grants__agent=agent, grants__revoked_at=None)
    for tools in (granted, agent.tools) if "\x00" not in name else ():  # PostgreSQL takes no text with it
        if tool := tools.filter(name=name).first():
            return tool
    raise NoSuchTool()


def _tools(agent: Agent, person: Person) -> list[ToolRow]:
    """Return what the agent is granted, and what of its own is stopped, so that it can be resumed."""
    grants = list(agent.grants.filter(revoked_at=None).select_related(*_GRANTED).order_by("tool_name"))
    others = agent.tools.filter(stopped_at__isnull=False).exclude(pk__in=[grant.tool_id for grant in grants])
    pairs = [(grant.tool, grant) for grant in grants]
    pairs += [(tool, None) for tool in others.select_related("definition", "stopped_by")]
    for tool, _ in pairs:
        if tool.agent_id == agent.pk:
            tool.agent = agent
    return _tool_rows(pairs, person)


def _tool_rows(pairs: list[tuple[Tool, Grant | None]], person: Person) -> list[ToolRow]:
    """Return a row for each. Who may do what depends on whose tool it is and who stopped it: asked once for each of these."""
    stopped = [tool for tool, _ in pairs if tool.stopped_at is not None]
    names = dict(zip([tool.pk for tool in stopped], stoppers.names_of(stopped), strict=True))
    owned, cases = {tool.agent_id: tool for tool, _ in pairs}, {_case(tool): tool for tool in stopped}
    may_stop = {owner: access.may_stop(person, tool.agent) for owner, tool in owned.items()}
    why_not = {case: access.why_not_resume(person, tool) or "" for case, tool in cases.items()}
    return [
        ToolRow(
            tool=tool,
            grant=grant,
            stopped_by=names.get(tool.pk, ""),
            may_stop=may_stop[tool.agent_id],
            why_not_resume=why_not[_case(tool)] if tool.pk in names else "",
        )
        for tool, grant in pairs
    ]


def _case(tool: Tool) -> tuple:
    return tool.agent_id, tool.stopped_by and tool.stopped_by.human_id
