"""What a verdict rests on, as people read it: its reasons, what was looked up, and what the agent said. Only reads."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from agents import access
from agents.models import Action, Person, Policy
from agents.policy import verdict
from agents.policy.judging.reasons import lets_run
from agents.policy.values import from_json, shown
from agents.policy.verdict import Missing
from approvals import inert, queue

SHORT = 160  # characters of a text that stand in one line


@dataclass(frozen=True)
class Reason:
    """Why, in words; as written, with what its names stood for. `known` is false when it couldn't be told, `lets` true when
    it would let an action run that something else holds.

    `place` says where in the policy it stands, `address` leads there; both are empty for what no rule said.
    """

    text: str
    condition: str
    values: list[tuple[str, str]]
    known: bool
    lets: bool
    place: str
    address: str


@dataclass(frozen=True)
class Fact:
    """Something looked up by us: its value in one line (`whole` when that can't hold it), or why it isn't known.

    `as_of` is the value's own time, where its source gave one.
    """

    name: str
    value: str
    whole: str
    known: bool
    why: str
    source: str
    as_of: datetime | None
    notes: list[str]


@dataclass(frozen=True)
class Claim:
    """Something the agent said of itself, in one line or `whole`. `is_read` tells whether policy read it, `trouble` why
    policy couldn't use it."""

    name: str
    value: str
    whole: str
    is_read: bool
    trouble: str


def reasons_of(action: Action, *, in_review: bool, policy: str) -> list[Reason]:
    """Return why it came to people, strongest first; `policy` is the address of the policy that said so.

    Once they are done with it, the tier waits for nobody.
    """
    return [_reason(action, row, in_review=in_review, policy=policy) for row in action.reasons]


def policy_address(action: Action, person: Person) -> str:
    """Return where this person can read the policy that gave the verdict, or nothing."""
    if action.policy_id is None or not access.visible_agents(person).filter(pk=action.agent_id).exists():
        return ""
    policy = Policy.objects.filter(pk=action.policy_id, agent=action.agent_id).only("version").first()
    return f"{reverse('policy', args=[action.agent.slug])}?version={policy.version}" if policy else ""


def facts_of(action: Action) -> list[Fact]:
    """Return what was looked up, first what isn't known."""
    facts = [_fact(name, row) for name, row in action.facts.items()]
    return sorted(facts, key=lambda fact: (fact.known, fact.name))


def claims_of(action: Action) -> list[Claim]:
    """Return what the agent said of itself; what policy needed and didn't get stands there too."""
    read = {name: from_json(value) for name, value in action.snapshot.get("claims", {}).items()}
    said = dict(action.content.claims)
    if action.content.erased_at:  # the words are gone; what policy read of them is evidence
        said = {name: value for name, value in read.items() if not isinstance(value, Missing)}
    asked = {name for row in action.reasons for name in row.get("values", {})}
    unsaid = [name for name in read if name not in said and name in asked]
    given = [Claim(name, *_lines(value), name in read, _trouble(read.get(name))) for name, value in said.items()]
    return [*given, *(Claim(name, "", "", True, "not given") for name in unsaid)]


def sampling_of(action: Action) -> str:
    """Say what share of its like people look at afterwards, and whether this one was drawn; nothing where none is."""
    if action.verdict != "allow" or not action.sample_rate:
        return ""
    drawn = "this one was drawn" if action.sampled else "this one was not drawn"
    return f"People look at {action.sample_rate:.0%} of its like afterwards; {drawn}."


def _reason(action: Action, row: dict, *, in_review: bool, policy: str) -> Reason:
    text, line = row["text"], row.get("line")
    if row["code"] == queue.TIER_DEFAULT and not in_review:
        text = text.replace(" waits for ", " waited for ", 1)
    return Reason(
        text=text,
        condition=" ".join(part.strip() for part in row.get("condition", "").split("\n")),
        values=list(row.get("values", {}).items()),
        known=row.get("known", True),
        lets=lets_run(verdict.Reason(**row)) and action.verdict != "allow",
        place=f"policy {action.policy}, line {line}" if line else "",
        address=f"{policy}#L{line}" if line and policy else "",
    )


def _fact(name: str, row: dict) -> Fact:
    value, as_of = from_json(row["value"]), row.get("as_of")
    unknown = isinstance(value, Missing)
    short, whole = ("", "") if unknown else _lines(value)
    return Fact(
        name=name,
        value=f"not known: {value.code.replace('_', ' ')}" if unknown else short,
        whole=whole,
        known=not unknown,
        why=value.detail if unknown else "",
        source=row.get("from", ""),
        as_of=datetime.fromisoformat(as_of) if as_of else None,
        notes=inert.notes(whole or short),
    )


def _lines(value: object) -> tuple[str, str]:
    """Return a value in one line and, when that doesn't hold all of it, whole. Nothing is ever cut without saying so."""
    if isinstance(value, str):
        is_short = len(value) <= SHORT and "\n" not in value
        return (f'"{value}"', "") if is_short else (shown(value), value)
    if isinstance(value, list | dict):
        return shown(value), json.dumps(value, indent=2, ensure_ascii=False, default=shown)
    return shown(value), ""


def _trouble(value: object) -> str:
    return (value.detail or value.code.replace("_", " ")) if isinstance(value, Missing) else ""
