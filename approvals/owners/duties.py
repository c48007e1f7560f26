"""Who owns what: people, the roles they hold and what they sign for; and first of all, where somebody is missing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents import access
from agents.models import Agent, AgentRole, Person
from agents.readiness.signing import members_of
from approvals.owners.theirs import highest_tier, whole

PAGE = 100
FEWEST = 2  # people of a group that signs: with one, nobody can stand in
CUSTOMERS, MONEY = 2, 3  # from these tiers on every role has somebody, and nobody has three
Role = AgentRole.Role


@dataclass(frozen=True)
class Hole:
    """Where somebody is missing around an agent, in words."""

    agent: Agent
    says: str


@dataclass(frozen=True)
class Duty:
    """One person: by role, in the order of `Duties.roles`, the agents they hold it of."""

    person: Person
    agents: list[list[Agent]]


@dataclass(frozen=True)
class Signing:
    """One group that signs for agents: who can, and for whom."""

    group: str
    people: list[Person]
    agents: list[Agent]


@dataclass(frozen=True)
class Duties:
    """A page of it. Holes and groups are whole on each page; the people are those of this one."""

    roles: list[str]
    holes: list[Hole]
    people: list[Duty]
    groups: list[Signing]
    agents: int
    page: int
    pages: int


def of(person: Person, *, page: int = 1) -> Duties:
    """Return who holds what around the agents this person sees, in as many queries for a hundred agents as for one."""
    agents = whole(access.visible_agents(person).order_by("slug"))
    signers = signers_of(agents)
    people = _by_person(agents)
    pages = max(1, -(-len(people) // PAGE))
    page = min(max(page, 1), pages)
    return Duties(
        roles=[role.label.lower() for role in Role],
        holes=holes(agents, signers),
        people=people[(page - 1) * PAGE : page * PAGE],
        groups=_by_group(agents, signers),
        agents=len(agents),
        page=page,
        pages=pages,
    )


def signers_of(agents: Iterable[Agent]) -> dict[str, list[Person]]:
    """Return by group, for every group that signs for one of these, whoever in it is active."""
    return members_of({name for agent in agents for name, _ in _asked(agent)})


def holes(agents: Sequence[Agent], signers: dict[str, list[Person]]) -> list[Hole]:
    """Return where somebody is missing around these agents, which were read whole."""
    return [Hole(agent, says) for agent in agents for says in _holes(agent, signers)]


def _holes(agent: Agent, signers: dict[str, list[Person]]) -> Iterable[str]:
    roles = {role.role: role.person for role in agent.roles.all()}
    tier = highest_tier(agent)
    asked = list(Role) if tier >= CUSTOMERS else [Role.OWNER]
    if missing := [role.label.lower() for role in asked if role not in roles]:
        yield f"Nobody is its {_listed(missing, 'or')}."
    for person, held in _held(agent).items():
        if not person.is_active:
            yield f"{person} is disabled and still its {_listed(held, 'and')}."
    if tier >= MONEY:
        yield from _crowded(agent)
    own_side = roles[Role.OWNER].human_id if Role.OWNER in roles else None
    for name, when in _asked(agent):
        yield from _thin(name, when, [one for one in signers[name] if one.human_id != own_side])


def _asked(agent: Agent) -> list[tuple[str, str]]:
    """Return each group that signs for the agent with when it does: by a tier, or by a rule of its policy alone."""
    tiers = [(name, f"signs at tier {tier}") for tier, groups in sorted(agent.sign.items()) for name in groups]
    known = {name for name, _ in tiers}
    for rule in agent.policy.body["rules"] if agent.policy else ():
        for name in sorted({*rule["slots"], rule["queue"]} - {None} - known):
            known.add(name)
            tiers.append((name, f"signs by the rule {rule['id']}"))
    return tiers


def _held(agent: Agent) -> dict[Person, list[str]]:
    held: dict[Person, list[str]] = defaultdict(list)
    for role in agent.roles.all():
        held[role.person].append(Role(role.role).label.lower())
    return held


def _crowded(agent: Agent) -> Iterable[str]:
    """Say which human, by whatever accounts, holds three roles or more."""
    humans: dict[int, list[AgentRole]] = defaultdict(list)
    for role in agent.roles.all():
        humans[role.person.human_id].append(role)
    for held in humans.values():
        if len(held) >= 3:
            names = [Role(role.role).label.lower() for role in held]
            yield f"{held[0].person} alone is its {_listed(names, 'and')}, and it acts at tier {highest_tier(agent)}."


def _thin(group: str, when: str, people: list[Person]) -> Iterable[str]:
    """Say where a group has too few: its owner can't sign, and two accounts of one human are one."""
    humans = {person.human_id: person for person in people}
    if len(humans) < FEWEST:
        who = f"only {next(iter(humans.values()))}" if humans else "nobody"
        yield f"In {group}, which {when}, {who} can sign: name {FEWEST} or more."


def _listed(names: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _by_person(agents: Sequence[Agent]) -> list[Duty]:
    """Return whoever holds a role, those first who are disabled, then by name."""
    held: dict[Person, dict[str, list[Agent]]] = defaultdict(lambda: defaultdict(list))
    for agent in agents:
        for role in agent.roles.all():
            held[role.person][role.role].append(agent)
    people = sorted(held, key=lambda person: (person.is_active, person.username))
    return [Duty(person, [held[person][role] for role in Role]) for person in people]


def _by_group(agents: Sequence[Agent], signers: dict[str, list[Person]]) -> list[Signing]:
    asked = {agent: {name for name, _ in _asked(agent)} for agent in agents}
    signs = {name: [agent for agent in agents if name in asked[agent]] for name in signers}
    return [Signing(name, signers[name], signs[name]) for name in sorted(signers)]
