"""What a rule may say about its tools, and rules about each other: everything that can be told before anything happens."""

from collections.abc import Mapping, Sequence

from agents.documents.problems import suggest
from agents.documents.section import Section
from agents.policy.language import Policy, Rule, Tool
from agents.policy.reading.condition_checks import check_conditions
from agents.policy.reading.drafts import Draft
from agents.policy.reading.name_checks import check_loosened, check_names, note_unused
from agents.policy.reading.reader import Reader
from agents.policy.reading.time_checks import Problems, time_problems
from agents.policy.scope import cannot_look_up, missing_for
from agents.policy.verdict import BANDED_TIER, SIGNED_TIER

SCOPES = ("run", "agent")

_OF_A_REVIEW = ("slots", "queue", "due", "expires", "calendar")
_HOLDS_BACK = ("cumulative", "unless_called")


def check(policy: Policy, drafts: Sequence[Draft], top: Section, reader: Reader) -> None:
    """Report everything wrong with the rules of a policy, and note what its owner should know."""
    check_names(policy, top, reader)
    _check_ids(drafts, reader)
    for draft in drafts:
        tools = [reader.tools[name] for name in draft.rule.tools]
        for key, message in _problems(draft, tools, policy, reader):
            draft.report(reader, key, message)
    check_loosened(policy, drafts, top, reader)
    note_unused(policy, check_conditions(policy, drafts, reader), top, reader)


def _check_ids(drafts: Sequence[Draft], reader: Reader) -> None:
    first: dict[str, Rule] = {}
    for draft in drafts:
        earlier = first.setdefault(draft.rule.id, draft.rule)
        if earlier is not draft.rule:
            line, column = earlier.place
            draft.report(reader, "id", f"the rule at {line}:{column} has the id {earlier.id} too: give each its own")


def _problems(draft: Draft, tools: Sequence[Tool], policy: Policy, reader: Reader) -> Problems:
    rule = draft.rule
    yield from _outcome_problems(draft)
    yield from _band_problems(draft)
    yield from time_problems(draft, tools, policy, reader)
    for tool in tools:
        yield from _tier_problems(draft, tool)
        yield from _slot_problems(draft, tool)
        yield from _called_problems(rule, tool, reader)
        yield from _limit_problems(rule, tool, policy, reader)


def _outcome_problems(draft: Draft) -> Problems:
    rule = draft.rule
    if rule.then == "allow":
        for key in filter(draft.has, _OF_A_REVIEW):
            yield key, f"an allow rule opens no review: remove {key}, or write then: review"
        for key in filter(draft.has, _HOLDS_BACK):
            yield key, f"{key} holds back, an allow rule lets run: write then: review or deny"
        if draft.has("code"):
            yield "code", "nobody is told the code of an allow rule: remove code, or write then: review or deny"
        if (rule.tier or 0) >= SIGNED_TIER:
            yield "tier", "from tier 3 on nothing runs unattended: write then: review"
    elif draft.has("sample"):
        yield "sample", "only what runs unattended is sampled: remove sample"
    if draft.has("slots") and draft.has("queue"):
        yield "queue", "slots already name who signs: put this group among them, or remove slots"


def _band_problems(draft: Draft) -> Problems:
    if not draft.has("band"):
        return
    if draft.rule.then == "deny":
        yield "band", "a band is for what may run or be signed: remove it"
    if not draft.has("when"):
        yield "band", "a band without when would place every case lower: add when, with the small cases"
    if draft.has("tier"):
        yield "tier", "a band lowers, tier raises: remove one of them"
    for key in filter(draft.has, _HOLDS_BACK):
        yield "band", f"{key} holds back, a band lowers: write two rules"


def _tier_problems(draft: Draft, tool: Tool) -> Problems:
    rule, unattended = draft.rule, draft.rule.then == "allow"
    if unattended and tool.tier > BANDED_TIER:
        yield "then", f"{tool.name} is of tier {tool.tier}, which never runs unattended: write then: review, or deny"
    elif unattended and tool.tier == BANDED_TIER and not draft.has("band"):
        message = (
            f"{tool.name} is of tier 3, which never runs unattended: add band: 2 with a when, or write then: review"
        )
        yield "then", message
    if draft.has("band") and tool.tier != BANDED_TIER:
        yield "band", f"{tool.name} is of tier {tool.tier}: only a tool of tier 3 has a band, remove it"
    if rule.tier is not None and rule.tier < tool.tier:
        yield "tier", f"{tool.name} is of tier {tool.tier} already: a rule only raises the tier, remove it"


def _slot_problems(draft: Draft, tool: Tool) -> Problems:
    rule = draft.rule
    tier = rule.band or max(tool.tier, rule.tier or 0)
    if rule.then == "review" and tier >= SIGNED_TIER and len(rule.slots) == 1:
        yield "slots", f"{tool.name} at tier {tier} is signed by two groups or more: name another one"


def _called_problems(rule: Rule, tool: Tool, reader: Reader) -> Problems:
    if not rule.unless_called:
        return
    before = reader.tools[rule.unless_called]
    if before is tool:
        yield "unless_called", "name another tool, one that is to be called before"
    elif not before.arguments.keys() & tool.arguments.keys():
        yield "unless_called", f"{before.name} shares no argument with {tool.name}: nothing says it is the same case"


def _limit_problems(rule: Rule, tool: Tool, policy: Policy, reader: Reader) -> Problems:
    limit = rule.cumulative
    if limit is None or limit.per in SCOPES or limit.per in reader.broken:
        return
    fact = policy.facts.get(limit.per)
    kinds: Mapping = {limit.per: fact.type} if fact else tool.arguments
    if fact and (missing := missing_for(fact, tool, policy.facts)):
        yield "cumulative.per", cannot_look_up(fact.name, tool, missing)
    elif limit.per not in kinds:
        known = [*SCOPES, *tool.arguments, *policy.facts]
        yield "cumulative.per", f"neither an argument of {tool.name} nor a fact: {suggest(limit.per, known)}"
    elif kinds[limit.per] in ("list", "record", "timestamp"):
        yield "cumulative.per", f"{limit.per} is a {kinds[limit.per]}: a limit is counted for a text or a number"
