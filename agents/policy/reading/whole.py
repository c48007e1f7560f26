"""From a policy file to a Policy, or to every problem in it. Pure: text goes in, frozen dataclasses come out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.documents.composing import Unreadable, compose, decode
from agents.documents.nodes import Mapping, Node
from agents.documents.problems import DocumentErrors, Findings, Problem
from agents.documents.section import Section
from agents.policy.language import Keep, Policy, Tool
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_kinds, ask_whole
from agents.policy.reading.calendars import read_calendars
from agents.policy.reading.cases import read_cases
from agents.policy.reading.checks import check
from agents.policy.reading.drafts import Draft
from agents.policy.reading.facts import check_texts, read_claims, read_facts, read_lists
from agents.policy.reading.placing import Source
from agents.policy.reading.reader import Reader
from agents.policy.reading.rules import read_rules
from agents.policy.reading.shorthand import expand, is_shorthand, open_shorthand, refuse_shorthand_keys


class PolicyErrors(DocumentErrors):
    """The policy can't be used: correct the places in `problems` (in file order) and read it again."""

    code = "policy_invalid"


@dataclass(frozen=True)
class Reading:
    """A policy, and the notes: what its owner should know although it can be used, in file order."""

    policy: Policy
    notes: tuple[Problem, ...] = ()


def read_policy(source: bytes | str, *, name: str, tools: Sequence[Tool]) -> Reading:
    """Return the policy that the YAML text describes, in the rules form or in the shorthand, with notes.

    `name` is what problems call the file, `tools` are those of the agent: conditions are typed against their arguments.
    Raises PolicyErrors with every problem found. Nothing is opened or looked up: whether its groups, sources and lists
    exist is for the caller to check, with the `place` of each rule, fact and calendar to point at.
    """
    findings = Findings(name, what="a policy", refusal=PolicyErrors)
    try:
        text = decode(source, findings)
        root = compose(text, findings)
    except Unreadable:
        raise PolicyErrors(sorted(findings.problems), partial=True) from None
    reader = Reader({tool.name: tool for tool in tools}, Source(text), findings)
    top = _open(root, reader)
    if top is None:
        raise PolicyErrors(findings.problems, partial=True)
    return Reading(_read(top, reader, shorthand=is_shorthand(root, reader.tools)), findings.finish())


def _open(root: Node, reader: Reader) -> Section | None:
    if is_shorthand(root, reader.tools):
        return open_shorthand(root, reader)
    mixed = [key for key in grammar.SHORTHAND_KEYS if isinstance(root, Mapping) and key in root.items]
    keys = replace(grammar.RULES_FORM, optional=(*grammar.RULES_FORM.optional, *mixed))
    top = Section.open(root, "", keys, reader.findings)
    if top:
        refuse_shorthand_keys(top)
    return top


def _read(top: Section, reader: Reader, *, shorthand: bool) -> Policy:
    facts = read_facts(top, reader)
    check_texts(facts, top, reader)
    declared = Policy(
        name=_read_name(top),
        mode=top.choice("mode", grammar.MODES) or Policy.mode,
        facts=facts,
        claims=read_claims(top, reader),
        lists=read_lists(top, reader),
        calendars=read_calendars(top, reader),
        redact=_read_redact(top),
        shorthand=shorthand,
        file=reader.findings.file,
    )
    policy, drafts = _expanded(top, declared, reader) if shorthand else _ruled(top, declared, reader)
    check(policy, drafts, top, reader)
    return replace(policy, cases=read_cases(top, policy, reader))


def _read_name(top: Section) -> str:
    named, workflow = top.text("policy", grammar.POLICY), top.text("workflow", grammar.POLICY)
    return named or workflow or ""


def _ruled(top: Section, declared: Policy, reader: Reader) -> tuple[Policy, list[Draft]]:
    drafts = read_rules(top, reader)
    return replace(declared, rules=tuple(draft.rule for draft in drafts), keep=_read_keep(top)), drafts


def _expanded(top: Section, declared: Policy, reader: Reader) -> tuple[Policy, list[Draft]]:
    found = expand(top, declared.facts, reader)
    policy = replace(
        declared,
        facts={**declared.facts, **found.facts},
        rules=tuple(draft.rule for draft in found.drafts),
        redact=tuple(dict.fromkeys((*declared.redact, *found.redact))),
        keep=found.keep,
    )
    return policy, found.drafts


def _read_redact(top: Section) -> tuple[str, ...]:
    redact = top.section("redact", grammar.REDACT)
    return tuple(ask_kinds(redact, "pii")) if redact else ()


def _read_keep(top: Section) -> Keep:
    keep = top.section("keep", grammar.KEEP)
    if keep is None:
        return Keep()
    prompts, calls = keep.truth("prompts"), keep.truth("tool_calls")
    days = ask_whole(keep, "days", low=1, high=grammar.MAX_DAYS, says=grammar.DAYS_SAYS)
    return Keep(prompts is not False, calls is not False, days)
