"""A policy made ready to be asked: per tool the rules about it, their conditions compiled and in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.policy.conditions import BadCondition, Batch, Condition, Environment
from agents.policy.conditions.expression import Call
from agents.policy.conditions.words import in_words, names_in_order
from agents.policy.judging.amounts import say_counted, say_total
from agents.policy.language import Classified, Fact, Policy, Rule, Tool
from agents.policy.scope import names_for, root_of

#: For agents without a policy: no rule ever speaks, so the tier decides. Its label is `defaults.POLICY`.
TIER_DEFAULTS = Policy(name="tier-defaults")


@dataclass(frozen=True)
class CompiledRule:
    """A rule about one tool. `words` says when it speaks; `names` are those of its condition, as they stand in it.

    `broken` says why its condition can't be asked about this tool: then nobody can tell whether it holds.
    """

    rule: Rule
    words: str
    condition: Condition | None = None
    names: tuple[str, ...] = ()
    broken: str = ""


@dataclass(frozen=True)
class CompiledTool:
    """One tool with the rules about it, in the policy's order. `batch` asks all their conditions at once.

    `names` are those that the conditions need, `facts` what has to be looked up for them and for the limits.
    """

    shape: Tool
    rules: tuple[CompiledRule, ...]
    environment: Environment
    batch: Batch | None
    names: tuple[str, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Compiled:
    """A policy compiled against the tools of one agent. `label` is what its verdicts say of themselves."""

    policy: Policy
    label: str
    tools: Mapping[str, CompiledTool]

    def facts_for(self, tool: str) -> tuple[Fact, ...]:
        """Return the facts a verdict on this tool needs, each after the one it is computed from; () for an unknown tool."""
        return self.tools[tool].facts if tool in self.tools else ()


def compile_policy(policy: Policy, tools: Sequence[Tool], *, label: str) -> Compiled:
    """Return the policy ready to be asked about these tools. Never fails: a condition that doesn't fit is unknown."""
    return Compiled(policy, label, {tool.name: _compile_tool(policy, tool) for tool in tools})


def _compile_tool(policy: Policy, tool: Tool) -> CompiledTool:
    environment = Environment(names_for(policy, tool))
    about = [rule for rule in policy.rules if tool.name in rule.tools]
    rules = tuple(_compile_rule(rule, tool, policy, environment) for rule in about)
    names = tuple(dict.fromkeys(name for rule in rules for name in rule.names))
    conditions = [rule.condition for rule in rules if rule.condition]
    return CompiledTool(
        shape=tool,
        rules=rules,
        environment=environment,
        batch=environment.batch(conditions) if conditions else None,
        names=names,
        facts=tuple(_facts_behind([*names, *_counted(about)], policy.facts)),
    )


def _compile_rule(rule: Rule, tool: Tool, policy: Policy, environment: Environment) -> CompiledRule:
    if rule.when is None:
        return CompiledRule(rule, _say(rule, tool))
    try:
        condition = environment.compile(rule.when)
    except BadCondition as error:
        return CompiledRule(rule, _say(rule, tool, rule.when), broken=error.problems[0][1])
    said = in_words(condition, money=tool.money, lists=policy.lists)
    if (rule.cumulative or rule.unless_called) and isinstance(condition.tree, Call) and condition.tree.function == "||":
        said = f"({said})"  # what follows is no part of the last choice
    return CompiledRule(rule, _say(rule, tool, said), condition, tuple(names_in_order(condition)))


def _say(rule: Rule, tool: Tool, condition: str = "") -> str:
    """Return when a rule speaks, in words."""
    parts = [condition] if condition else []
    if rule.cumulative:
        limit = rule.cumulative
        parts.append(f"{say_counted(limit)} is above {say_total(limit.over, limit, tool)}")
    if rule.unless_called:
        parts.append(f"{rule.unless_called} wasn't called before")
    return " and ".join(parts) or f"{tool.name} is proposed"


def _counted(rules: Iterable[Rule]) -> list[str]:
    return [name for rule in rules if rule.cumulative for name in (rule.cumulative.per, rule.cumulative.sum)]


def _facts_behind(names: Iterable[str], facts: Mapping[str, Fact]) -> Iterable[Fact]:
    """Return the facts among the names with those they are computed from, each after its source."""
    ordered: dict[str, Fact] = {}

    def take(name: str) -> None:
        fact = facts.get(name)
        if fact is None or name in ordered:
            return
        if isinstance(fact.lookup, Classified):
            take(root_of(fact.lookup.of))
        ordered[name] = fact

    for name in names:
        take(name)
    return ordered.values()
