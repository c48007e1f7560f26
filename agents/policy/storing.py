"""A policy as plain JSON and back, places included: what is stored beside the text, so that nothing is parsed at the gate."""

from dataclasses import asdict

from agents.policy.language import (
    Calendar,
    Case,
    Claim,
    Classified,
    Cumulative,
    Fact,
    HttpLookup,
    Keep,
    Policy,
    Rule,
    SqlLookup,
    ToolLookup,
)

_LOOKUPS = {"sql": SqlLookup, "http": HttpLookup, "tool": ToolLookup, "classified": Classified}
_KINDS = {kind: name for name, kind in _LOOKUPS.items()}


def to_json(policy: Policy) -> dict:
    """Return the whole policy as plain JSON types. What has names stands in lists: a jsonb column forgets their order."""
    body = asdict(policy)
    for name, fact in policy.facts.items():
        body["facts"][name]["lookup"]["kind"] = _KINDS[type(fact.lookup)]
    for calendar in body["calendars"].values():
        calendar["hours"] = {str(day): spans for day, spans in calendar["hours"].items()}
    return body | {part: list(body[part].values()) for part in ("facts", "claims", "calendars")}


def from_json(body: dict) -> Policy:
    """Return the policy that `to_json` made this of, equal in every part."""
    return Policy(
        **{key: body[key] for key in ("name", "mode", "shorthand", "file")},
        facts={fact["name"]: _fact(fact) for fact in body["facts"]},
        claims={claim["name"]: Claim(**_tuples(claim, "may_loosen", "place")) for claim in body["claims"]},
        lists=tuple(body["lists"]),
        calendars={calendar["name"]: _calendar(calendar) for calendar in body["calendars"]},
        rules=tuple(_rule(rule) for rule in body["rules"]),
        redact=tuple(body["redact"]),
        keep=Keep(**body["keep"]),
        cases=tuple(_case(case) for case in body["cases"]),
    )


def _fact(body: dict) -> Fact:
    lookup = dict(body["lookup"])
    kind = _LOOKUPS[lookup.pop("kind")]
    return Fact(**{**_tuples(body, "place"), "lookup": kind(**_tuples(lookup, "parameters"))})


def _calendar(body: dict) -> Calendar:
    hours = {int(day): tuple((start, end) for start, end in spans) for day, spans in body["hours"].items()}
    return Calendar(**{**_tuples(body, "holidays", "place"), "hours": hours})


def _rule(body: dict) -> Rule:
    cumulative = Cumulative(**body["cumulative"]) if body["cumulative"] else None
    return Rule(**{**_tuples(body, "tools", "slots", "place", "when_place"), "cumulative": cumulative})


def _case(body: dict) -> Case:
    lists = {name: tuple(keys) for name, keys in body["lists"].items()}
    return Case(**{**_tuples(body, "called", "place"), "lists": lists})


def _tuples(body: dict, *names: str) -> dict:
    return {key: tuple(value) if key in names else value for key, value in body.items()}
