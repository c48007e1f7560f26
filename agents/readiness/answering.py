"""Who answers for it, by which policy, and with which token it shows itself."""

from agents.checklist import Item
from agents.counting import count
from agents.models import Agent, AgentRole, Person, Token
from agents.policy.language import Policy
from agents.readiness.connected import JUDGED

SEPARATED = 3  # the lowest tier that asks for distinct people
#: Tier 3 and up: nobody may hold two of these.
SEPARATE = (AgentRole.Role.OWNER, AgentRole.Role.STEWARD, AgentRole.Role.EVAL_OWNER)


def owner(owner: Person | None) -> Item:
    if owner is None:
        return Item("owner", False, "nobody", "Name one in the agent file: roles: {owner: USERNAME}")
    if not owner.is_active:
        return Item("owner", False, f"{owner.username} is disabled", "Name somebody else in the agent file")
    return Item("owner", True, owner.username)


def policy(agent: Agent, policy: Policy) -> Item:
    if agent.policy is None:
        return Item("policy", True, "none: the tiers alone decide", tier=JUDGED)
    cases = f", {count(len(policy.cases), 'case')} passed" if policy.cases else ""
    return Item("policy", True, f"{agent.policy.label}, {count(len(policy.rules), 'rule')}{cases}", tier=JUDGED)


def break_glass(tools: list[str], policy: Policy) -> Item:
    opened = {tool: rule.id for rule in policy.rules if rule.then == "review" for tool in rule.tools}
    said = [
        f"{tool}: two people may break the glass (rule {opened[tool]})" if tool in opened else f"{tool}: always refused"
        for tool in sorted(tools)
    ]
    return Item("tier 4", True, "; ".join(said), tier=4)


def loosens(policy: Policy) -> bool:
    """Whether the policy lets something run that the tools' tiers alone would hold with more signatures."""
    return any(rule.band for rule in policy.rules) or any(claim.may_loosen for claim in policy.claims.values())


def steward(steward: Person | None) -> Item:
    if steward is not None and steward.is_active:
        return Item("steward", True, steward.username, tier=JUDGED)
    shown = "nobody" if steward is None else f"{steward.username} is disabled"
    step = "A policy with a band, or with a claim that may loosen, needs one: name the `steward` in the agent file"
    return Item("steward", False, shown, step, tier=JUDGED)


def token(agent: Agent, token: Token | None) -> Item:
    if token is None:
        return Item("live token", False, "none", f"Issue one with `manage.py token issue --agent {agent.slug}`")
    return Item("live token", True, f"{token.prefix}, until {token.expires_at:%Y-%m-%d}")


def separate(roles: dict[str, Person]) -> Item:
    named = {AgentRole.Role(role): roles[role] for role in SEPARATE if role in roles}
    shown = ", ".join(f"{role.label.lower()} {person.username}" for role, person in named.items()) or "nobody is named"
    ok = len({person.human_id for person in named.values()}) == len(named)
    step = "At tier 3 and up owner, steward and eval owner are different people: change `roles` in the agent file"
    return Item("separate roles", ok, shown, "" if ok else step, tier=SEPARATED)
