"""Which tools have a rule of their own, and what happens to the others: of every agent somebody sees. Only reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from agents import access, granted, policies
from agents.models import Agent, Grant, Person, ToolDefinition
from agents.policy.coverage import Covered, coverage

PAGE = 100
HELD = 2  # from this tier on people sign, so a tool without a rule of its own is worth a look
BARE, GATED, FREE = range(3)


@dataclass(frozen=True)
class Line:
    """One tool of one agent, with what gates it."""

    agent: Agent
    covered: Covered


@dataclass(frozen=True)
class Overview:
    """A page of every tool this person may see: `bare` of tier 2 and above without a rule, `gated`, and the rest, `free`."""

    bare: list[Line]
    gated: list[Line]
    free: list[Line]
    ungated: int
    tools: int
    agents: int
    page: int
    pages: int


@dataclass(frozen=True)
class _Granted:
    agent: Agent
    definition: ToolDefinition
    kind: int


def overview(person: Person, *, page: int = 1) -> Overview:
    """Return a page of the tools of every agent this person sees, those without a rule first.

    The number of queries doesn't grow with the agents, and only what is on the page is put in words.
    """
    agents = _with_grants(access.visible_agents(person))
    tools = _in_order(agents)
    pages = max(1, -(-len(tools) // PAGE))
    page = min(max(page, 1), pages)
    lines: tuple[list[Line], ...] = ([], [], [])
    for tool in tools[(page - 1) * PAGE : page * PAGE]:
        lines[tool.kind].append(_line(tool))
    ungated = sum(tool.kind == BARE for tool in tools)
    return Overview(*lines, ungated, len(tools), len(agents), page, pages)


def every_tool() -> list[Line]:
    """Return every tool of every agent, in the same order, for the operator."""
    return [_line(tool) for tool in _in_order(_with_grants(Agent.objects.all()))]


def _with_grants(agents: QuerySet[Agent]) -> list[Agent]:
    grants = granted.live(Grant.objects.select_related("tool__definition"))
    found = agents.select_related("policy").defer("policy__source")
    return list(found.prefetch_related(Prefetch("grants", grants, to_attr="live")))


def _granted(agent: Agent) -> Iterable[_Granted]:
    named = {tool for rule in agent.policy.body["rules"] for tool in rule["tools"]} if agent.policy else set()
    for grant in agent.live:
        gated = GATED if grant.tool_name in named else BARE if grant.tool.tier >= HELD else FREE
        yield _Granted(agent, grant.tool.definition, gated)


def _in_order(agents: Iterable[Agent]) -> list[_Granted]:
    return sorted((tool for agent in agents for tool in _granted(agent)), key=_place)


def _line(tool: _Granted) -> Line:
    (covered,) = coverage(policies.compiled(tool.agent.policy, tool.definition))
    return Line(tool.agent, covered)


def _place(tool: _Granted) -> tuple:
    body = tool.definition.body
    return tool.kind, -body["tier"], tool.agent.slug, body["name"]
