"""From a Policy to text: its file in the rules form, and the document whose digest names it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from agents.documents.writing import flow, flow_key
from agents.money import Money
from agents.policy.durations import write_duration
from agents.policy.language import (
    Calendar,
    Case,
    Claim,
    Classified,
    Cumulative,
    Fact,
    HttpLookup,
    Policy,
    Rule,
    SqlLookup,
    Tool,
    ToolLookup,
)
from agents.policy.limiting import COUNT
from agents.policy.reading.calendars import DAYS, Hours

#: Counts up when the same policy would be another document.
DOCUMENT_VERSION = 1

_KINDS = {SqlLookup: "sql", HttpLookup: "http", ToolLookup: "tool", Classified: "classified"}


def write_policy(policy: Policy, *, tools: Iterable[Tool]) -> str:
    """Return the policy as a file in the rules form; read with the same tools it gives an equal policy.

    A rule that the shorthand was expanded into is followed by the key it came from. `tools` say which limits are money.
    """
    currencies = {tool.name: tool.money for tool in tools}
    lines = [f"policy: {flow(policy.name)}", f"mode: {policy.mode}"]
    lines += _named("facts", {name: _fact(fact) for name, fact in policy.facts.items()})
    lines += _named("claims", {name: _claim(claim) for name, claim in policy.claims.items()})
    lines += _named("lists", {name: {"key": "string"} for name in policy.lists})
    lines += _named("calendars", {name: _calendar(calendar) for name, calendar in policy.calendars.items()})
    lines += _listed("rules", [(_rule(rule, currencies), rule.origin) for rule in policy.rules]) or ["rules: []"]
    if policy.redact:
        lines.append(f"redact: {flow({'pii': policy.redact})}")
    lines.append(f"keep: {flow(_given(asdict(policy.keep)))}")
    lines += _listed("cases", [(_case(case), "") for case in policy.cases])
    return "\n".join(lines) + "\n"


def document_of(policy: Policy) -> dict:
    """Return everything that decides as plain JSON types: neither cases nor places, and not how it was written."""
    whole = asdict(policy)
    for key in ("cases", "shorthand", "file"):
        del whole[key]
    for fact in whole["facts"].values():
        fact["lookup"]["kind"] = _KINDS[type(policy.facts[fact["name"]].lookup)]
    for rule in whole["rules"]:
        del rule["origin"], rule["place"], rule["when_place"]
    for named in (whole["facts"], whole["claims"], whole["calendars"]):
        for one in named.values():
            del one["place"]
    for calendar in whole["calendars"].values():
        calendar["hours"] = {str(day): spans for day, spans in calendar["hours"].items()}
    return {"language": DOCUMENT_VERSION, **json.loads(json.dumps(whole))}


# --- each part as its file words it


def _fact(fact: Fact) -> dict:
    lookup, age = fact.lookup, write_duration(fact.max_age)
    said: dict = {"type": fact.type}
    if isinstance(lookup, SqlLookup):
        return said | {"source": lookup.source, "sql": lookup.sql, "max_age": age}
    if isinstance(lookup, HttpLookup):
        return _given(said | {"source": lookup.source, "path": lookup.path, "at": lookup.at, "max_age": age})
    if isinstance(lookup, ToolLookup):
        return _given(said | {"tool": lookup.tool, "with": lookup.arguments, "at": lookup.at, "max_age": age})
    return said | {"classify": lookup.classifier, "of": lookup.of}


def _claim(claim: Claim) -> dict:
    return _given({"type": claim.type, "may_loosen": claim.may_loosen})


def _calendar(calendar: Calendar) -> dict:
    hours = {days: ", ".join(map(_span, spans)) for days, spans in _by_days(calendar.hours)}
    return _given({"zone": calendar.zone, "hours": hours, "holidays": calendar.holidays, "country": calendar.country})


def _by_days(hours: Hours) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    """Yield the open hours of the week, days that follow each other with the same hours as a range like mon-fri."""
    runs: list[list[int]] = []
    for day in sorted(hours):
        if runs and runs[-1][-1] == day - 1 and hours[day - 1] == hours[day]:
            runs[-1].append(day)
        else:
            runs.append([day])
    for first, *more in runs:
        yield f"{DAYS[first]}-{DAYS[more[-1]]}" if more else DAYS[first], hours[first]


def _span(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in span)


def _rule(rule: Rule, currencies: dict[str, dict[str, str]]) -> dict:
    return _given(
        {
            "id": rule.id,
            "tool": rule.tools[0] if len(rule.tools) == 1 else rule.tools,
            "then": rule.then,
            "band": rule.band,
            "tier": rule.tier,
            "sample": rule.sample or None,
            "when": rule.when,
            "cumulative": _cumulative(rule.cumulative, currencies[rule.tools[0]]) if rule.cumulative else None,
            "unless_called": rule.unless_called,
            "slots": rule.slots,
            "queue": rule.queue,
            "due": write_duration(rule.due) if rule.due else None,
            "expires": write_duration(rule.expires) if rule.expires else None,
            "calendar": rule.calendar,
            "code": rule.code,
        }
    )


def _cumulative(limit: Cumulative, currencies: dict[str, str]) -> dict:
    is_money = limit.sum in currencies and limit.sum != COUNT
    over = Money(limit.over, currencies[limit.sum]).number() if is_money else limit.over
    return {"sum": limit.sum, "per": limit.per, "window": write_duration(limit.window), "over": over}


def _case(case: Case) -> dict:
    expect = {"verdict": case.expect, "rule": case.rule, "tier": case.tier}
    given = _given(
        {
            "arguments": case.arguments,
            "facts": case.facts,
            "claims": case.claims,
            "lists": case.lists,
            "called": case.called,
            "used": case.used,
        }
    )
    return {"name": case.name, "tool": case.tool, **given, "expect": _given(expect)}


def _given(values: dict) -> dict:
    return {key: value for key, value in values.items() if value not in (None, "", (), {})}


# --- YAML


def _named(key: str, values: dict[str, dict]) -> list[str]:
    return [f"{key}:", *(f"  {flow_key(name)}: {flow(value)}" for name, value in values.items())] if values else []


def _listed(key: str, items: Sequence[tuple[dict, str]]) -> list[str]:
    if not items:
        return []
    return [f"{key}:", *(f"  - {flow(item)}{f'  # from {origin}' if origin else ''}" for item, origin in items)]
