"""What one action counts towards, and which limits it meets. Pure: `agents.limits` holds the rows these speak of."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agents.canonical import digest_of
from agents.policy.language import Cumulative, Rule, Tool
from agents.policy.verdict import Missing

#: The built-in limit that finds a second action with the same business key, and how far it looks back.
DUPLICATE = "@business_key"
DUPLICATE_WINDOW = 30 * 24 * 3600
COUNTERPARTY, COUNT = "counterparty", "count"
#: A number beyond this can't be added up exactly: then nobody can tell the total.
LARGEST = 10**15
MILLION = 1_000_000  # amounts that aren't money are counted to six decimals, rounded up


@dataclass(frozen=True)
class Counted:
    """One thing an action counts towards: so much of a measure (minor units of a currency, say), for one key of a scope."""

    scope: str
    key: str
    measure: str
    amount: int | float


@dataclass(frozen=True)
class Asked:
    """A limit to be totalled over the last `window` seconds, this action included. `tools` None means whatever the tool.

    `counted` is None when who or how much it is about couldn't be told: then nobody can tell the total.
    """

    rule: str
    counted: Counted | None
    tools: tuple[str, ...] | None
    window: int


@dataclass(frozen=True)
class Plan:
    """Everything an action asks of the limits, and everything it adds to them."""

    asked: tuple[Asked, ...]
    counted: tuple[Counted, ...]


def plan(
    rules: Iterable[Rule], tool: Tool, *, args: dict, values: Mapping[str, object], agent: str, run: str | None
) -> Plan:
    """Plan the limits of one action. `args` are canonical (money in minor units), `values` what conditions see.

    An amount of money counts for its counterparty whether or not this agent's policy has a limit, so that another
    agent's limit sees it.
    """
    subject = _Subject(tool, args, values, agent, run)
    asked = [subject.ask(rule) for rule in rules if rule.cumulative]
    if tool.business_key:
        asked.append(subject.ask_duplicate())
    counted = [one.counted for one in asked if one.counted]
    if tool.amount and tool.counterparty and (paid := subject.count(Cumulative(tool.amount, tool.counterparty, 1, 0))):
        counted.append(paid)
    return Plan(tuple(asked), tuple(dict.fromkeys(counted)))


@dataclass(frozen=True)
class _Subject:
    tool: Tool
    args: dict
    values: Mapping[str, object]
    agent: str
    run: str | None

    def ask(self, rule: Rule) -> Asked:
        limit = rule.cumulative
        # Who is paid is paid, whichever tool does it; anything else is about the tools the rule names.
        tools = None if limit.per == self.tool.counterparty else rule.tools
        return Asked(rule.id, self.count(limit), tools, limit.window)

    def ask_duplicate(self) -> Asked:
        given = [_same(self.args.get(name)) for name in self.tool.business_key]
        counted = Counted("business_key", digest_of(given), COUNT, 1)
        return Asked(DUPLICATE, counted, (self.tool.name,), DUPLICATE_WINDOW)

    def count(self, limit: Cumulative) -> Counted | None:
        who, much = self._who(limit.per), self._much(limit.sum)
        if who is None or much is None:
            return None
        scope = COUNTERPARTY if limit.per == self.tool.counterparty else limit.per
        return Counted(scope, digest_of([_same(who)]), *much)

    def _who(self, per: str):
        if per == "agent":
            return self.agent
        if per == "run":
            return self.run
        # Only what the tool declares is an argument: one that was added must not pass for a fact of the same name.
        if per in self.tool.arguments or per == self.tool.counterparty:
            return self.args.get(per)
        value = self.values.get(per)
        return None if value is None or isinstance(value, Missing) else value if isinstance(value, int) else str(value)

    def _much(self, name: str) -> tuple[str, int | float] | None:
        if name == COUNT:
            return COUNT, 1
        if name in self.tool.money:
            given = self.args.get(name)
            measure = self.tool.money[name] if name == self.tool.amount else name
            return (measure, given["minor"]) if given else None
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
            return None  # a negative amount would pay the limit back
        return name, value if isinstance(value, int) else math.ceil(value * MILLION) / MILLION


def _same(value: object) -> object:
    """Return what a limit takes for the same: spellings that look alike, or differ in what can't be seen, are one."""
    if not isinstance(value, str):
        return value
    visible = "".join(char for char in unicodedata.normalize("NFKC", value) if unicodedata.category(char) != "Cf")
    return " ".join(visible.casefold().split())
