"""Running the tests that stand beside a policy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.documents.problems import Problem
from agents.money import parse_money
from agents.policy.judging.compiling import Compiled
from agents.policy.judging.evaluate import evaluate
from agents.policy.judging.routing import SECURITY
from agents.policy.language import Case, Policy, Tool
from agents.policy.limiting import plan
from agents.policy.values import coerce, of_arguments
from agents.policy.verdict import Situation, Verdict

#: Who signs in a case, where nobody else is named: cases are about rules, not about an agent's groups.
SIGNERS = {2: ("its group",), 3: ("its first group", "its second group"), 4: (SECURITY, "its second group")}


@dataclass(frozen=True)
class CaseResult:
    """What came of one case: the verdict, whether it is the one expected, and if not, a sentence saying what differs.

    Neither the name nor the place of the case is in the sentence: both stand before it wherever it is shown.
    """

    case: Case
    ok: bool
    verdict: Verdict
    rules: tuple[str, ...]
    sentence: str = ""

    def problem(self, file: str) -> Problem:
        """Return a case that failed as a problem of its file."""
        return Problem(file, *self.case.place, f"cases[{self.case.name}]", self.sentence)


def run_cases(
    compiled: Compiled,
    policy: Policy,
    tools: Sequence[Tool],
    *,
    sign: Mapping[int, tuple[str, ...]] = SIGNERS,
) -> list[CaseResult]:
    """Run the policy's cases in their order. What a case doesn't give is missing; a limit it doesn't fill is empty.

    `rules` of a result are the rules that made the verdict what it is. Raises ValueError for a case about a tool the
    policy wasn't compiled for.
    """
    shapes = {tool.name: tool for tool in tools}
    return [_run(case, compiled, policy, shapes[case.tool], sign) for case in policy.cases]


def _run(case: Case, compiled: Compiled, policy: Policy, tool: Tool, sign: Mapping) -> CaseResult:
    verdict = evaluate(compiled, _situation(case, policy, tool, sign))
    rules = _deciding(verdict)
    differences = "; ".join(_differences(case, verdict, rules))
    if not differences:
        return CaseResult(case, True, verdict, rules)
    because = verdict.reasons[0]
    where = f" (line {because.line})" if because.line else ""
    return CaseResult(case, False, verdict, rules, f"{differences}, because {because.text}{where}")


def _situation(case: Case, policy: Policy, tool: Tool, sign: Mapping) -> Situation:
    args = {name: _canonical(value, tool.money.get(name)) for name, value in case.arguments.items()}
    values = {
        **{name: coerce(value, policy.facts[name].type) for name, value in case.facts.items()},
        **{name: coerce(value, policy.claims[name].type) for name, value in case.claims.items()},
        **case.lists,
        **of_arguments(tool, args),
    }
    return Situation(case.tool, values, sign, dict(_totals(case, policy, tool, args, values)), frozenset(case.called))


def _canonical(value: object, currency: str | None) -> object:
    return parse_money(value, currency=currency).as_json() if currency else value


def _totals(case: Case, policy: Policy, tool: Tool, args: dict, values: dict) -> Iterator[tuple[str, int | float]]:
    """Yield what each limit comes to with the action of the case; nothing where that can't be told."""
    limited = {rule.id: rule.cumulative for rule in policy.rules if rule.cumulative and tool.name in rule.tools}
    about = [rule for rule in policy.rules if rule.id in limited]
    for asked in plan(about, tool, args=args, values=values, agent="the case", run="the case").asked:
        if asked.counted and asked.rule in limited:
            used = case.used.get(asked.rule, 0)
            yield (
                asked.rule,
                asked.counted.amount + (round(used * 100) if limited[asked.rule].sum in tool.money else used),
            )


def _deciding(verdict: Verdict) -> tuple[str, ...]:
    """Return the rules that made the outcome what it is: those that asked for it."""
    return tuple(reason.rule for reason in verdict.reasons if reason.rule and reason.outcome == verdict.outcome)


def _differences(case: Case, verdict: Verdict, rules: Sequence[str]) -> Iterator[str]:
    if verdict.outcome != case.expect:
        yield f"{case.expect} was expected and it is {verdict.outcome}"
    if case.rule and case.rule not in rules:
        decided = f"{' and '.join(rules)} did" if rules else "no rule did"
        yield f"rule {case.rule} was expected to decide and {decided}"
    if case.tier is not None and case.tier != verdict.effective_tier:
        yield f"tier {case.tier} was expected and it is tier {verdict.effective_tier}"
