"""Conditions against everything they name: compiled for each tool of a rule, then compared with each other."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from agents.policy.conditions import BadCondition, Condition, Environment, words_in
from agents.policy.conditions.expression import name_places
from agents.policy.language import Policy, Type
from agents.policy.reading.answer_checks import unheard_words
from agents.policy.reading.comparisons import compare
from agents.policy.reading.drafts import Compiled, Draft
from agents.policy.reading.reader import Reader
from agents.policy.scope import cannot_look_up, missing_for, names_for


def check_conditions(policy: Policy, drafts: Sequence[Draft], reader: Reader) -> set[str]:
    """Report what is wrong with the rules' conditions; return the names that they use."""
    compiled = list(_compile_all(policy, drafts, reader))
    for one in {id(one.draft): one for one in compiled}.values():
        _check_answers(one, policy, reader)  # the words of a rule are the same for each of its tools
    for one in compiled:
        _check_reach(one, policy, reader)
        if not reader.findings.partial:  # what couldn't be read may be the cap
            _check_claims(one, drafts, policy, reader)
    never = _check_never(compiled, reader)
    compare([one for one in compiled if one.rule.id not in never], reader)
    return {name for one in compiled if one.condition for name in one.condition.names}


# --- compiling


def _compile_all(policy: Policy, drafts: Sequence[Draft], reader: Reader) -> Iterator[Compiled]:
    @cache
    def environment(tool_name: str) -> Environment:
        # Facts that this tool's arguments don't lead to are in it too: they get a better sentence than "unknown".
        every = {name: fact.type for name, fact in policy.facts.items()}
        return Environment(every | names_for(policy, reader.tools[tool_name]))

    for draft in drafts:
        when = draft.rule.when
        if when is None:
            if not draft.has("when"):
                yield from (Compiled(draft, reader.tools[name], None) for name in draft.rule.tools)
        elif not words_in(when) & reader.broken:
            yield from _compile_for_tools(draft, environment, reader)


def _compile_for_tools(draft: Draft, environment: Callable[[str], Environment], reader: Reader) -> Iterator[Compiled]:
    """Yield a rule's condition for each of its tools, compiled once for all that take its names for the same types."""
    words, tools = words_in(draft.rule.when), draft.rule.tools
    made: dict[frozenset[tuple[str, Type]], Condition] = {}
    wrong: dict[tuple[int, str], list[str]] = {}
    for name in tools:
        known = environment(name)
        typed = frozenset((word, known.names[word]) for word in words if word in known.names)
        try:
            if typed not in made:
                made[typed] = _compile(draft, known)
            yield Compiled(draft, reader.tools[name], made[typed])
        except BadCondition as error:
            for problem in error.problems:
                wrong.setdefault(problem, []).append(name)
    for (offset, message), names in wrong.items():
        whose = "" if len(names) == len(tools) else f" (for {', '.join(names)})"
        draft.report_in_condition(reader, offset, message + whose)


def _compile(draft: Draft, environment: Environment) -> Condition:
    """Compile the whole, and before it each piece alone: "a) || (b" must not change what stands round it."""
    when = draft.rule.when
    for piece in draft.pieces:
        if piece.text != when:
            try:
                environment.compile(piece.text)
            except BadCondition as error:
                raise BadCondition((piece.start + offset, message) for offset, message in error.problems) from None
    try:
        return environment.compile(when)
    except BadCondition as error:
        if len(draft.pieces) == 1 and draft.pieces[0].text == when:
            raise
        # Each piece is right and the whole isn't: it is too long, or a comment swallows what comes behind it.
        say = f"this doesn't go together with the rest of its rule, without a comment it may: {error.problems[0][1]}"
        raise BadCondition([(piece.start, say) for piece in draft.pieces[:1]] or error.problems) from None


def _place_of(name: str, condition: Condition) -> int:
    return min(offset for found, offset in name_places(condition.tree) if found == name)


# --- what one condition means


def _check_reach(one: Compiled, policy: Policy, reader: Reader) -> None:
    for name in sorted(one.condition.names & policy.facts.keys()) if one.condition else ():
        missing = missing_for(policy.facts[name], one.tool, policy.facts)
        if missing and name not in one.tool.arguments:
            at = _place_of(name, one.condition)
            one.draft.report_in_condition(reader, at, cannot_look_up(name, one.tool, missing))


def _check_answers(one: Compiled, policy: Policy, reader: Reader) -> None:
    for offset, message in unheard_words(one.condition.tree, policy.facts) if one.condition else ():
        one.draft.report_in_condition(reader, offset, message)


def _check_never(compiled: Sequence[Compiled], reader: Reader) -> set[str]:
    """Report conditions that nothing fulfils; return the ids of their rules."""
    never = [one for one in compiled if one.condition and one.condition.meaning.is_never_so]
    for one in never:
        one.draft.report_in_condition(reader, 0, "this can never be true: correct its limits, or remove the rule")
    return {one.rule.id for one in never}


def _check_claims(one: Compiled, drafts: Sequence[Draft], policy: Policy, reader: Reader) -> None:
    if one.condition is None or not one.loosens:
        return
    for name in sorted(one.condition.names & policy.claims.keys()):
        at = _place_of(name, one.condition)
        if one.rule.id not in policy.claims[name].may_loosen:
            say = f"name this rule in claims: {{{name}: {{..., may_loosen: [{one.rule.id}]}}}}, or leave the claim out"
            message = f"{name} is what the agent says of itself, and would loosen: {say}"
            one.draft.report_in_condition(reader, at, message)
        elif not _is_capped(one, drafts):
            example = one.tool.amount or "amount"
            message = (
                f"{name} is what the agent says of itself: put a cap beside it, like {example} <= 25 &&, or write a "
                f"rule with a cumulative limit for {one.tool.name}"
            )
            one.draft.report_in_condition(reader, at, message)


def _is_capped(one: Compiled, drafts: Sequence[Draft]) -> bool:
    if one.condition.meaning.upper_bounds().keys() & one.tool.arguments.keys():
        return True
    return any(draft.has("cumulative") and one.tool.name in draft.rule.tools for draft in drafts)
