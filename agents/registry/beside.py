"""The policy beside an agent file: read against the file's tools, and whether the names in it exist here."""

from collections.abc import Iterable, Iterator, Sequence

from django.contrib.auth.models import Group

from agents import evidence, policies, preview
from agents.agentfile import AgentFile, AgentFileErrors, Problem
from agents.documents.composing import compose
from agents.documents.nodes import locate
from agents.documents.problems import Findings, ask_or, suggest
from agents.headline import facts_named
from agents.policy.language import HttpLookup, Policy, SqlLookup, Tool
from agents.policy.reading import PolicyErrors, Reading
from agents.policy.scope import cannot_look_up, missing_for
from agents.tools import base


def check(spec: AgentFile) -> Reading | None:
    """Return the policy beside an agent file, None when the file names none. Nothing is looked up.

    Raises AgentFileErrors with every problem of the policy, or of headlines that name facts it doesn't have.
    """
    reading = read(spec)
    if reading and (problems := unknown_facts(spec, reading.policy)):
        raise AgentFileErrors(problems)
    return reading


def read(spec: AgentFile) -> Reading | None:
    """Return the policy beside an agent file, None without one; its cases have passed. Raises AgentFileErrors."""
    if spec.policy is None:
        return None
    if spec.policy.text is None:
        message = f"{spec.policy.file} wasn't read: give the path of this file, with {spec.policy.file} beside it"
        raise AgentFileErrors([spec.problem("policy", message)])
    try:
        return policies.read(spec.policy, tools=policies.shapes(spec), name=spec.policy_path)
    except PolicyErrors as errors:
        raise AgentFileErrors(errors.problems, partial=errors.partial) from None


def unknown_facts(spec: AgentFile, policy: Policy) -> list[Problem]:
    """Return the headlines, previews and evidence that name a fact which the policy doesn't have, or can't look up for that
    tool, and the previews that count with a fact which is no number."""
    return [
        spec.problem(f"tools[{number}].{place}", message)
        for number, (tool, shape) in enumerate(zip(spec.tools, policies.shapes(spec), strict=True))
        for place, name, counts in _facts_in(tool.definition)
        if (message := _why_not_fact(name, policy, shape, counts=counts, braced=place == "headline"))
    ]


def _facts_in(definition: dict) -> Iterator[tuple[str, str, bool]]:
    """Yield where a tool names a fact, which, and whether it counts with it."""
    yield from (("headline", name, False) for name in facts_named(definition["headline"] or ""))
    for number, line in enumerate(preview.lines_of(definition)):
        if "now" in line:
            yield f"preview[{number}].now", line["now"], "becomes" not in line
    for number, name in enumerate(definition.get("evidence", ())):
        if name.startswith(evidence.FACT):
            yield f"evidence[{number}]", name.removeprefix(evidence.FACT), False


def _why_not_fact(name: str, policy: Policy, shape: Tool, *, counts: bool, braced: bool) -> str | None:
    if name not in policy.facts:
        hint = suggest(name, policy.facts) if policy.facts else "it has none"
        written = f"{{fact.{name}}}" if braced else name
        return f"{written} is not a fact of the policy: {hint}"
    if counts and policy.facts[name].type not in ("int", "number"):
        return f"{name} is no number: name a fact of type int or number, or write becomes"
    missing = missing_for(policy.facts[name], shape, policy.facts)
    return cannot_look_up(name, shape, missing) if missing else None


def unknown_names(spec: AgentFile, policy: Policy) -> list[Problem]:
    """Return the groups and sources in a policy that don't exist here, or that the agent file doesn't name."""
    if not (found := [*_unknown_groups(policy), *_unknown_sources(policy, spec.sources)]):
        return []
    file = spec.policy_path
    root = compose(spec.policy.text, Findings(file, what="a policy", refusal=PolicyErrors))
    return [Problem(file, *locate(root, path), path, message) for path, message in found]


def _unknown_groups(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield (path, message) of each; what the shorthand was expanded into stands where its key does."""
    named = [name for rule in policy.rules for name in (*rule.slots, rule.queue) if name]
    known = known_groups(named) if named else set()
    for number, rule in enumerate(policy.rules):
        places = [(f"slots[{place}]", name) for place, name in enumerate(rule.slots)]
        for place, name in [*places, ("queue", rule.queue)]:
            if name and name not in known:
                yield rule.origin or f"rules[{number}].{place}", no_group(name)


def _unknown_sources(policy: Policy, granted: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name, fact in policy.facts.items():
        if isinstance(fact.lookup, SqlLookup | HttpLookup) and fact.lookup.source not in granted:
            source = fact.lookup.source
            grant = f"the agent may not ask the source {source!r}: name it in the agent file, sources: [{source}]"
            yield f"facts.{name}.source", grant if is_source(source) else no_source(source)


# --- what exists here


def known_groups(named: Iterable[str]) -> set[str]:
    return set(Group.objects.filter(name__in=set(named)).values_list("name", flat=True))


def no_group(name: str) -> str:
    otherwise = f"make it by adding somebody, `manage.py person add USERNAME --groups {name}`"
    groups = Group.objects.order_by("name").values_list("name", flat=True)
    return f"there is no group {name!r}: {ask_or(otherwise, name, groups)}"


def is_source(name: str) -> bool:
    return name in base.sources or name in base.unusable_sources  # what keeps one from being used: see readiness


def no_source(name: str) -> str:
    otherwise = f"add [sources.{name}] there"
    hint = ask_or(otherwise, name, [*base.sources, *base.unusable_sources])
    return f"the operator's countersign.toml has no source {name!r}: {hint}"
