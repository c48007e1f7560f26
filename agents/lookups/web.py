"""Facts over HTTP: a GET on an operator's source, or a tool of tier 0 that the agent has anyway."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from agents import canonical
from agents.arguments import compile_schema
from agents.lookups.found import Question, Unanswered, needed, unavailable
from agents.policy.language import Fact, HttpLookup, ToolLookup
from agents.policy.values import coerce
from agents.policy.verdict import Missing
from agents.tools import base, http
from agents.wire import NotSendable, WireRequest, wire_request

CREDENTIAL_SECONDS = 30
_SENTENCES = {
    "tool_unreachable": "the source can't be reached",
    "address_refused": "the source's name leads to an address that calls may not go to",
    "tool_timeout": "the source took too long",
    "answer_too_large": f"the source's answer is over {http.MAX_ANSWER_BYTES // 1024} KiB",
    "connection_lost": "the connection broke before the answer was there",
    "unknown_host": "the operator's countersign.toml has no such host",
    "unknown_secret": "its secret can't be used",
}


def of_source(
    source: base.HttpSource, lookup: HttpLookup, arguments: Mapping[str, object], *, trace: str = ""
) -> Question:
    """Return the question of a fact on an HTTP source. Raises Unanswered for arguments that can't stand in a path."""
    connector = {"kind": "http", "host": source.host, "method": "GET", "path": lookup.path, "secret": source.secret}
    given = _sendable(needed(arguments, lookup.parameters))
    return _question({"connector": connector, "schema": {}}, given, at=lookup.at, trace=trace)


def of_tool(
    lookup: ToolLookup, definitions: Mapping[str, dict], arguments: Mapping[str, object], *, trace: str = ""
) -> Question:
    """Return the question of a fact that a tool of the same agent looks up. Raises Unanswered unless it only reads."""
    definition = definitions.get(lookup.tool)
    if definition is None:
        raise unavailable(f"the agent has no tool {lookup.tool} any more")
    if definition["tier"] != 0 or definition["effect"] != "read" or definition["connector"].get("kind") != "http":
        raise unavailable(f"{lookup.tool} isn't a tool of tier 0 that reads over HTTP")
    schema = compile_schema(definition["schema"])
    values = needed(arguments, lookup.parameters)
    given = _sendable({name: values[argument] for name, argument in lookup.arguments.items()})
    if problems := schema.check(given):
        raise unavailable(f"{lookup.tool} doesn't take this: {problems[0].path} {problems[0].message}")
    return _question(definition, schema.canonical(given), at=lookup.at, trace=trace)


def _question(definition: dict, args: dict, *, at: str, trace: str) -> Question:
    connector = definition["connector"]
    try:
        wire = wire_request(definition, args)
    except NotSendable as error:
        raise unavailable(f"it can't be asked: {error}") from error
    return Question(
        key=("http", connector["host"], connector.get("secret"), wire),
        queue=f"host {connector['host']}",
        ask=lambda deadline: _ask(connector, wire, deadline, trace),
        read=lambda document, fact: (_pick(document, at, fact), None),
    )


def _sendable(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values as JSON: a moment is sent as ISO 8601."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _ask(connector: dict, wire: WireRequest, deadline: float, trace: str) -> object:
    number, digest = f"lookup-{uuid4()}", wire.digest()
    errand = http.Errand(number, digest=digest, wire_digest=digest, seconds=CREDENTIAL_SECONDS, trace_id=trace)
    response = http.send(connector, wire, errand=errand, deadline=deadline)
    if not isinstance(response, http.Response):
        raise unavailable(_SENTENCES.get(response.reason, response.reason.replace("_", " ")))
    if response.status == 404:
        raise Unanswered("missing", "the source doesn't know it (404)")
    if not 200 <= response.status < 300:
        raise unavailable(f"the source answered {response.status}")
    try:
        return canonical.parse_json(response.body)
    except canonical.BadJson as error:
        raise unavailable(f"the source's answer isn't JSON: {error}") from error


def _pick(document: object, at: str, fact: Fact) -> object:
    """Return what stands at a dotted path of the answer, as the fact's type."""
    for name in at.split(".") if at else ():
        if not isinstance(document, dict) or name not in document:
            return Missing("missing", f"the answer has no {at}")
        document = document[name]
    return coerce(document, fact.type)
