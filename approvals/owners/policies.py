"""One agent's policy as people read it: every part of a version in words, and which versions there were. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import Count, Q

from agents import granted, policies, rulebook
from agents.counting import count
from agents.errors import Refusal
from agents.lists import COUNTING
from agents.models import Agent, ListEntry, Policy
from agents.policy import language
from agents.policy.coverage import Covered, coverage
from agents.policy.durations import write_duration
from agents.policy.judging.compiling import TIER_DEFAULTS, compile_policy
from agents.policy.language import Calendar, Classified, Fact, HttpLookup, Keep, SqlLookup, ToolLookup
from agents.policy.shapes import shape_of
from agents.rulebook import RuleInWords
from audit.models import Event

VERSIONS = 50

MODES = {
    "human_in_the_loop": "a person decides on every write that would run",
    "human_on_the_loop": "tier 2 runs where no rule speaks, and people look at a share of it afterwards",
    "scoped_autonomy": "what a rule allows runs; where no rule speaks the tier decides",
    "swarm": "a write waits for people unless somebody leads the mission it belongs to",
    "read_only": "every write is refused",
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class NoSuchVersion(Refusal):
    code, status = "not_found", 404
    sentence = "This agent's policy has no such version."


@dataclass(frozen=True)
class Lookup:
    """A fact that the policy asks for: where it is from, how it is asked there, and how old it may be."""

    name: str
    type: str
    source: str
    asked: str
    max_age: str


@dataclass(frozen=True)
class Kept:
    """A list that people keep: how many of its keys count, and how many wait for a second person."""

    name: str
    counting: int
    waiting: int


@dataclass(frozen=True)
class Version:
    """One version in the list of them. `by` is empty where the record doesn't name who published it."""

    policy: Policy
    at: datetime
    by: str
    in_force: bool


@dataclass(frozen=True)
class Said:
    """What one version of a policy says, part by part."""

    mode: str
    meaning: str
    rules: list[RuleInWords]
    facts: list[Lookup]
    claims: list[tuple[str, str, tuple[str, ...]]]
    lists: list[Kept]
    calendars: list[tuple[str, str]]
    redact: tuple[str, ...]
    keep: str
    shorthand: bool
    source: list[tuple[int, str]]


@dataclass(frozen=True)
class PolicyPage:
    """One agent's policy. `version` and `said` are None where the tiers alone decide."""

    agent: Agent
    version: Version | None
    said: Said | None
    tools: list[Covered]
    versions: list[Version]
    more: bool


def page_of(agent: Agent, *, version: str = "") -> PolicyPage:
    """Return what the agent's policy says, or one of its earlier versions by number. Raises NoSuchVersion."""
    row = _row(agent, version)
    defined = agent.tools.filter(definition__isnull=False).select_related("definition").order_by("name")
    shapes = [shape_of(tool.definition.body) for tool in defined]
    held = set(granted.live(agent.grants.all()).values_list("tool_name", flat=True))
    policy = policies.stored(row) if row else TIER_DEFAULTS
    compiled = compile_policy(policy, shapes, label=policy.name)
    versions = _versions(agent)
    return PolicyPage(
        agent=agent,
        version=next((one for one in versions if one.policy == row), None),
        said=_said(agent, policy, row.source, rulebook.in_words(policy, compiled, source=row.source)) if row else None,
        tools=[covered for covered in coverage(compiled) if covered.tool in held],
        versions=versions[:VERSIONS],
        more=len(versions) > VERSIONS,
    )


def _row(agent: Agent, version: str) -> Policy | None:
    """Return the version asked for, or the one in force; None where there is none in force."""
    if not version:
        return agent.policy
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    row = agent.policies.filter(version=number).first()
    if row is None:
        raise NoSuchVersion()
    return row


def _versions(agent: Agent) -> list[Version]:
    """Return every version, newest first, with who published it, from the record."""
    about = {"subject_kind": "agent", "subject_id": str(agent.pk), "verb": "policy.published"}
    events = {event.data["policy_id"]: event for event in Event.objects.filter(**about).prefetch_related("private")}
    rows = agent.policies.defer("source", "body").order_by("-version")
    return [_published(row, events.get(str(row.pk)), in_force=row.pk == agent.policy_id) for row in rows]


def _published(row: Policy, event: Event | None, *, in_force: bool) -> Version:
    who = str(event.private_values().get("display", "")) if event else ""
    return Version(row, event.at if event else row.created_at, who, in_force)


def _said(agent: Agent, policy: language.Policy, source: str, rules: list[RuleInWords]) -> Said:
    return Said(
        mode=policy.mode,
        meaning=MODES[policy.mode],
        rules=rules,
        facts=[_lookup(fact) for fact in policy.facts.values()],
        claims=[(claim.name, claim.type, claim.may_loosen) for claim in policy.claims.values()],
        lists=_kept(agent, policy.lists),
        calendars=[(calendar.name, calendar_words(calendar)) for calendar in policy.calendars.values()],
        redact=policy.redact,
        keep=keep_words(policy.keep),
        shorthand=policy.shorthand,
        source=list(enumerate(rulebook.lines_of(source), start=1)),
    )


def _lookup(fact: Fact) -> Lookup:
    source, asked = _asked(fact.lookup)
    age = "" if isinstance(fact.lookup, Classified) else write_duration(fact.max_age)
    return Lookup(fact.name, fact.type, source, asked, age)


def _asked(lookup: language.Lookup) -> tuple[str, str]:
    """Return where a fact is from, and what is asked there."""
    match lookup:
        case SqlLookup():
            return f"source {lookup.source}", lookup.sql
        case HttpLookup():
            return f"source {lookup.source}", f"GET {lookup.path}{_at(lookup.at)}"
        case ToolLookup():
            given = ", ".join(f"{name} = {argument}" for name, argument in lookup.arguments.items())
            return f"tool {lookup.tool}", f"with {given}{_at(lookup.at)}"
    return f"classifier {lookup.classifier}", f"of {lookup.of}, computed here"


def _at(path: str) -> str:
    return f", then {path}" if path else ""


def _kept(agent: Agent, names: Sequence[str]) -> list[Kept]:
    waits = Q(state__in=[ListEntry.State.PROPOSED, ListEntry.State.REMOVAL_PROPOSED])
    entries = agent.list_entries.filter(list_name__in=names).order_by().values("list_name")
    counts = entries.annotate(counting=Count("pk", filter=Q(state__in=COUNTING)), waiting=Count("pk", filter=waits))
    found = {row["list_name"]: (row["counting"], row["waiting"]) for row in counts}
    return [Kept(name, *found.get(name, (0, 0))) for name in names]


def keep_words(keep: Keep) -> str:
    """Return in words what content is stored, and for how long."""
    what = {"the agent's words": keep.prompts, "what its tools answered": keep.tool_calls}
    stored = " and ".join(name for name, is_kept in what.items() if is_kept)
    if not stored:
        return "neither the agent's words nor what its tools answered"
    return f"{stored}, " + (
        f"erased {count(keep.days, 'day')} after the action ends" if keep.days else "without an end"
    )


def calendar_words(calendar: Calendar) -> str:
    """Return in words when people work: `Mon to Fri 09:00-18:00, Sat 10:00-14:00, Europe/Berlin time`."""
    spans = [(day, calendar.hours[day]) for day in range(7) if day in calendar.hours]
    hours = []
    for _, run in groupby(enumerate(spans), key=lambda one: (one[1][1], one[1][0] - one[0])):
        days = [day for _, (day, _) in run]
        hours.append(f"{_days(days)} {' and '.join(map(_span, calendar.hours[days[0]]))}")
    closed = [f"not on the public holidays of {calendar.country}"] if calendar.country else []
    closed += [f"not on {', '.join(calendar.holidays)}"] if calendar.holidays else []
    return ", ".join([*hours, f"{calendar.zone} time", *closed])


def _days(days: list[int]) -> str:
    return _DAYS[days[0]] if len(days) == 1 else f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"


def _span(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in span)
