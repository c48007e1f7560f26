"""What needs attention around the agents somebody looks after, each with the place where it is mended. Only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from django.urls import reverse

from agents import access, arrivals, identities, readiness
from agents.lifecycle import State
from agents.models import Action, Agent, Incident, Person, Token
from agents.stops import stoppers
from approvals.owners import duties
from approvals.owners.coverage import HELD
from approvals.owners.theirs import looked_after, whole

MOST = 20  # lines of one part; the rest are counted


@dataclass(frozen=True)
class Line:
    """One thing to look at. `subject` and `says` may hold other people's words: show them inert."""

    subject: str
    says: str
    address: str
    mend: str


@dataclass(frozen=True)
class Part:
    """One kind of thing: its first lines, and how many more there are."""

    name: str
    title: str
    lines: list[Line]
    more: int


@dataclass(frozen=True)
class Attention:
    """Only the parts that have lines. `everything` says that these are all agents there are, not only this person's."""

    parts: list[Part]
    agents: int
    everything: bool


def of(person: Person) -> Attention:
    """Return what needs this person's attention, what hurts most first, in a number of queries that doesn't grow."""
    agents = whole(looked_after(person).order_by("slug"))
    names = _stopped_by(agents)
    parts = [
        _part("stopped", "Stopped", _stopped(agents, names)),
        _part("arrivals", "Paused: too much came in", _flooding(agents, names)),
        _counted("unknown", "Outcomes nobody knows", _unknown(agents)),
        _counted("incidents", "Open incidents", _incidents(agents)),
        _part("readiness", "Enabled, and no longer ready", _unready(agents)),
        _part("roles", "Somebody is missing", _holes(agents)),
        _counted("tokens", "Tokens that end soon or lie unused", _tokens(agents)),
        _part("coverage", "Tools without a rule", _uncovered(agents)),
    ]
    return Attention([part for part in parts if part.lines], len(agents), access.reads_all(person))


def _part(name: str, title: str, lines: Iterable[Line]) -> Part:
    found = list(lines)
    return Part(name, title, found[:MOST], len(found[MOST:]))


def _counted(name: str, title: str, found: tuple[list[Line], int]) -> Part:
    lines, all_there_are = found
    return Part(name, title, lines, all_there_are - len(lines))


def _page_of(agent: Agent, part: str) -> str:
    return reverse("admin:agents_agent_change", args=[agent.pk]) + f"#{part}"


# --- stopped


def _stopped_by(agents: Sequence[Agent]) -> dict[int, str]:
    stopped = [agent for agent in agents if agent.is_stopped]
    return dict(zip([agent.pk for agent in stopped], stoppers.names_of(stopped), strict=True))


def _stopped(agents: Sequence[Agent], names: dict[int, str]) -> Iterable[Line]:
    for agent in agents:
        if agent.is_stopped and not arrivals.paused(agent, stopped_by=names[agent.pk]):
            says = f"stopped by {names[agent.pk]}: {agent.stop_reason}"
            yield Line(agent.name, says, reverse("agent", args=[agent.slug]), "Look, and resume it")


def _flooding(agents: Sequence[Agent], names: dict[int, str]) -> Iterable[Line]:
    for agent in agents:
        if agent.is_stopped and arrivals.paused(agent, stopped_by=names[agent.pk]):
            yield Line(agent.name, agent.stop_reason, reverse("agent", args=[agent.slug]), "See what it asks for")


# --- what happened


def _unknown(agents: Sequence[Agent]) -> tuple[list[Line], int]:
    found = Action.objects.filter(agent__in=agents, state=State.UNKNOWN)
    oldest = found.order_by("state_since").select_related("agent")[:MOST]
    lines = [
        Line(one.agent.name, one.headline, reverse("action", args=[one.pk]), "Say what became of it") for one in oldest
    ]
    return lines, found.count()


def _incidents(agents: Sequence[Agent]) -> tuple[list[Line], int]:
    found = Incident.objects.filter(agent__in=agents, closed_at=None)
    oldest = found.order_by("pk").select_related("agent")[:MOST]
    address = reverse("incidents")
    return [
        Line(one.agent.name, one.title, address, "Say what you found, and close it") for one in oldest
    ], found.count()


# --- what is missing


def _unready(agents: Sequence[Agent]) -> Iterable[Line]:
    enabled = [agent for agent in agents if agent.enabled]
    lacking = readiness.blocking(enabled)
    for agent in enabled:
        if items := lacking.get(agent.pk):
            says = "; ".join(f"{item.name}: {item.evidence}" for item in items)
            yield Line(agent.name, says, _page_of(agent, "readiness"), "See what to do")


def _holes(agents: Sequence[Agent]) -> Iterable[Line]:
    for hole in duties.holes(agents, duties.signers_of(agents)):
        address = f"{reverse('admin:duties')}#agent-{hole.agent.slug}"
        yield Line(hole.agent.name, hole.says, address, "Who owns what")


def _tokens(agents: Sequence[Agent]) -> tuple[list[Line], int]:
    """Say it once for each token, beside the first of these agents that it speaks for."""
    known = {agent.pk: agent for agent in agents}
    of_agents = identities.needing_attention().filter(agent__in=agents)
    of_clients = identities.needing_attention().filter(agents__in=agents).distinct()
    found = [(token, known[token.agent_id]) for token in of_agents]
    clients = of_clients.select_related("client").prefetch_related("agents")
    found += [(token, next(one for one in token.agents.all() if one.pk in known)) for token in clients]
    lines = [_token(token, agent) for token, agent in islice(found, MOST)]
    return lines, len(found)


def _token(token: Token, agent: Agent) -> Line:
    whose = f"{token.prefix} of the client {token.client.name}" if token.client_id else token.prefix
    says = f"token {whose}: {identities.standing_of(token, token.now)}"
    return Line(agent.name, says, _page_of(agent, "clients" if token.client_id else "tokens-group"), "See its tokens")


def _uncovered(agents: Sequence[Agent]) -> Iterable[Line]:
    for agent in agents:
        ruled = {tool for rule in agent.policy.body["rules"] for tool in rule["tools"]} if agent.policy else set()
        bare = [grant.tool_name for grant in agent.live if grant.tool.tier >= HELD and grant.tool_name not in ruled]
        if bare:
            says = f"the tier alone decides about {', '.join(sorted(bare))}"
            yield Line(agent.name, says, reverse("policy", args=[agent.slug]), "What its policy covers")
