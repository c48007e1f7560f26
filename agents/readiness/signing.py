"""Who signs: the reviews that can come up, and whether distinct humans could fill their slots."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.checklist import Item
from agents.models import Person
from agents.policy.judging.defaults import groups_of, signed_as, slots_missing
from agents.policy.judging.routing import Holding, groups_for
from agents.policy.language import Policy, Rule
from agents.policy.quorum import Requirement, Voter, staffable

SIGNED_TIERS = (2, 3)


@dataclass(frozen=True)
class Ask:
    """A review that can come up: its slots' groups, or why there can't be one."""

    name: str
    tier: int
    groups: tuple[str, ...]
    problem: str = ""


def asks(sign_map: Mapping[str, list[str]], policy: Policy, bodies: list[dict], tiers: Collection[int]) -> list[Ask]:
    """Return what reviews the agent's tools and policy can lead to: one ask a tier, and one a rule that asks."""
    sign = {int(tier): groups for tier, groups in sign_map.items()}
    return [*_tier_asks(bodies, policy, sign, tiers), *_rule_asks(bodies, policy, sign)]


def signatures(asked: Sequence[Ask], owner: Person | None, members: Mapping[str, list[Person]]) -> list[Item]:
    """One item an ask: could distinct humans, none of the agent's own side, fill every slot?"""
    names = {name for ask in asked for name in ask.groups}
    candidates = {
        name: [one for one in members[name] if owner is None or one.human_id != owner.human_id] for name in names
    }
    return [_staffed(ask, candidates) for ask in asked]


def _tier_asks(
    bodies: list[dict], policy: Policy, sign: Mapping[int, list[str]], also: Collection[int]
) -> Iterator[Ask]:
    tiers = {body["tier"] for body in bodies} | _raised(bodies, policy) | set(also)
    for tier in SIGNED_TIERS:
        if tier in tiers:
            yield _ask(f"signatures at tier {tier}", tier, sign, Holding((), (), doubtful=False))


def _raised(bodies: list[dict], policy: Policy) -> set[int]:
    """Return the tiers whose groups the policy may ask although no tool is of that tier."""
    named = {body["name"] for body in bodies}
    about = [rule for rule in policy.rules if named & set(rule.tools)]
    tiers = {tier for rule in about for tier in (rule.band, rule.tier) if tier is not None}
    low = {body["name"] for body in bodies if body["tier"] < SIGNED_TIERS[0]}
    if any(_holds(rule) and low & set(rule.tools) for rule in about) or _mode_holds(bodies, policy):
        tiers.add(SIGNED_TIERS[0])
    return {signed_as(tier) for tier in tiers}


def _holds(rule: Rule) -> bool:
    """Whether a rule may lead to a review: by what it says, or because nobody can tell whether it speaks."""
    return rule.then == "review" or bool(rule.when or rule.cumulative or rule.unless_called)


def _mode_holds(bodies: list[dict], policy: Policy) -> bool:
    return policy.mode in ("human_in_the_loop", "swarm") and any(body["effect"] == "write" for body in bodies)


def _rule_asks(bodies: list[dict], policy: Policy, sign: Mapping[int, list[str]]) -> Iterator[Ask]:
    """Yield what the rules that name their own groups ask for: one rule may ask different things at different tiers."""
    tiers = {body["name"]: body["tier"] for body in bodies}
    for rule in policy.rules:
        if rule.then != "review" or not (rule.slots or rule.queue):
            continue
        at = {max(rule.band or tiers[tool], rule.tier or 0) for tool in rule.tools if tool in tiers}
        holding, name = Holding((rule,), (), doubtful=False), f"signatures of rule {rule.id}"
        yield from dict.fromkeys(_ask(name, tier, sign, holding) for tier in sorted(at))


def _ask(name: str, tier: int, sign: Mapping[int, list[str]], holding: Holding) -> Ask:
    groups = groups_for(tier, sign, holding)
    if groups is None:
        return Ask(name, tier, (), slots_missing(tier, groups_of(sign, tier)).text.rstrip("."))
    return Ask(name, tier, groups)


def _staffed(ask: Ask, candidates: dict[str, list[Person]]) -> Item:
    if ask.problem:
        return Item(ask.name, False, ask.problem, "Name them under `sign` in the agent file", tier=ask.tier)
    numbers = {group: number for number, group in enumerate(sorted(candidates))}
    voters = [
        Voter(person.human_id, frozenset([numbers[group]])) for group, people in candidates.items() for person in people
    ]
    ok = staffable([Requirement(slot, numbers[group]) for slot, group in enumerate(ask.groups)], voters)
    shown = [
        f"{group}: {', '.join(person.username for person in candidates[group]) or 'nobody'}" for group in ask.groups
    ]
    step = "Each slot needs a person of its own who isn't the agent's owner: `manage.py person add NAME --groups ...`"
    return Item(ask.name, ok, "; ".join(shown), "" if ok else step, tier=ask.tier)


def members_of(names: set[str]) -> dict[str, list[Person]]:
    """Return who is active in each group."""
    members: dict[str, list[Person]] = {name: [] for name in names}
    people = Person.objects.filter(is_active=True, groups__name__in=names).distinct()
    for person in people.order_by("username").prefetch_related("groups") if names else ():
        for group in person.groups.all():
            if group.name in members:
                members[group.name].append(person)
    return members
