"""Which agent may use which tool, until when, and what its policy comes to, in a word. Only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.db.models.functions import Now

from agents import access, granting, policies
from agents.models import Agent, Grant, Person, Tool
from agents.policy.coverage import Covered, coverage

PAGE = 25
#: What a policy comes to, by what its rules and the tier may say.
_WORDS = {"allow": "runs", "review": "people sign", "deny": "refused"}
DEPENDS = "depends"


@dataclass(frozen=True)
class Cell:
    """One tool of one agent: `standing` is `granted`, `expired`, `revoked` or `not granted`."""

    tool: Tool
    tier: int
    standing: str
    until: datetime | None
    outcome: str


@dataclass(frozen=True)
class Row:
    """One agent with a cell for each column, None where it never had that tool."""

    agent: Agent
    cells: list[Cell | None]


@dataclass(frozen=True)
class Matrix:
    tools: list[str]
    rows: list[Row]
    agents: int
    page: int
    pages: int


def of(person: Person, *, page: int = 1) -> Matrix:
    """Return a page of the agents this person sees against their tools. The number of queries doesn't grow with them."""
    seen = access.visible_agents(person).order_by("slug")
    found = seen.count()
    pages = max(1, -(-found // PAGE))
    page = min(max(page, 1), pages)
    cells = {agent: _cells(agent) for agent in _whole(seen[(page - 1) * PAGE : page * PAGE])}
    tools = sorted({name for row in cells.values() for name in row})
    return Matrix(
        tools, [Row(agent, [row.get(name) for name in tools]) for agent, row in cells.items()], found, page, pages
    )


def _whole(agents) -> Sequence[Agent]:
    tools = Tool.objects.filter(definition__isnull=False).select_related("definition")
    grants = Grant.objects.filter(tool__definition__isnull=False).select_related("tool__definition")
    grants = grants.annotate(now=Now()).order_by("granted_at", "pk")
    related = agents.select_related("policy").defer("policy__source")
    return related.prefetch_related(
        Prefetch("tools", tools, to_attr="defined"), Prefetch("grants", grants, to_attr="given")
    )


def _cells(agent: Agent) -> dict[str, Cell]:
    """Return by name what the agent was ever granted, as its latest grant says, and what else its file defined."""
    cells = {tool.name: _cell(agent, tool, None) for tool in agent.defined}
    latest = {grant.tool_name: grant for grant in agent.given}
    live = {grant.tool_name: grant for grant in agent.given if grant.revoked_at is None}
    return cells | {name: _cell(agent, grant.tool, grant) for name, grant in (latest | live).items()}


def _cell(agent: Agent, tool: Tool, grant: Grant | None) -> Cell:
    standing = granting.standing_of(grant, grant.now) if grant else "not granted"
    (covered,) = coverage(policies.compiled(agent.policy, tool.definition))
    until = grant.expires_at if grant and grant.revoked_at is None else None
    return Cell(tool, tool.definition.body["tier"], standing, until, _outcome(covered) if standing == "granted" else "")


def _outcome(covered: Covered) -> str:
    """Return the one thing that can happen, in a word, or that it depends on the call."""
    said = {_WORDS[gate.then] for gate in covered.gates} | set(_otherwise(covered.otherwise))
    return said.pop() if len(said) == 1 else DEPENDS


def _otherwise(sentence: str) -> Iterable[str]:
    if sentence.startswith("it runs"):
        yield _WORDS["allow"]
    else:
        yield _WORDS["deny"] if sentence == "it is refused" else _WORDS["review"]
