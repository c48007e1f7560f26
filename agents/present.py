"""An action as its readers see it: agents get codes, people get values (a reason is an oracle otherwise)."""

import json

from django.conf import settings

from agents import arguments as arguments_
from agents import binding
from agents.lifecycle import State
from agents.models import Action
from audit import redaction

#: Of an error. What moved since people signed is told to people alone, with its values.
_FOR_AGENTS = ("code", "detail")


def for_agent(action: Action) -> dict:
    """Return the REST body for the agent that proposed it: a model reads it, so what policy redacts is masked."""
    body = _body(action)
    body["error"] = action.error and {name: action.error[name] for name in _FOR_AGENTS if name in action.error}
    body["result"] = redaction.redact_value(body["result"], {*action.snapshot.get("redact", ()), "secret"})[0]
    return body | {"reasons": [{"code": reason["code"]} for reason in action.reasons]}


def for_person(action: Action) -> dict:
    """Return the REST body for a person who may see it."""
    reasons = [{"code": reason["code"], "text": reason["text"]} for reason in action.reasons]
    return _body(action) | {"reasons": reasons, "headline": action.headline}


def in_list(action: Action, *, people: bool) -> dict:
    """Return what a list says of an action, whose agent and tool must have been read with it; a headline for people alone."""
    shown = ("code", "text") if people else ("code",)
    reasons = [{name: reason[name] for name in shown} for reason in action.reasons]
    body = _head(action) | _standing(action) | {"run": str(action.run_id) if action.run_id else None}
    return body | {"reasons": reasons} | ({"headline": action.headline} if people else {})


def _body(action: Action) -> dict:
    return (
        _head(action)
        | _standing(action)
        | {
            "arguments": json.loads(bytes(action.payload)),
            "slots": _slots(action),
            "attempts": action.attempts,
            "result": action.content.output,
            "error": action.error,
            "superseded_by": _next_revision(action),
        }
    )


def _head(action: Action) -> dict:
    """Return what never changes of an action."""
    return {
        "id": str(action.pk),
        "lineage": str(action.lineage),
        "revision": action.revision,
        "kind": action.kind,
        "agent": action.agent.slug,
        "tool": action.tool.name,
        "tier": action.tier,
        "effective_tier": action.effective_tier,
        "digest": action.digest,
        "payload_digest": action.payload_digest,
        "verdict": action.verdict,
        "created_at": _time(action.created_at),
        "url": f"{settings.PUBLIC_URL}/actions/{action.pk}/",
    }


def _standing(action: Action) -> dict:
    """Return where an action stands."""
    return {
        "state": str(action.state),
        "due_at": _time(action.due_at),
        "expires_at": _time(action.expires_at),
        "permit_until": _time(action.permit_until),
        "decision": action.decision or None,
        "reason_code": action.reason_code or None,
        "decided_at": _time(action.decided_at),
        "finished_at": _time(action.finished_at),
    }


def _next_revision(action: Action) -> str | None:
    """Return the id of what took its place when people edited it: whoever proposed it follows it there."""
    if action.state != State.SUPERSEDED:
        return None
    newer = Action.objects.filter(lineage=action.lineage, revision=action.revision + 1)
    pk = newer.values_list("pk", flat=True).first()
    return str(pk) if pk else None


def _slots(action: Action) -> list[dict]:
    # Only what is reviewed has any: what policy lets run is answered without asking for them.
    slots = action.slots.all() if action.verdict == "review" else ()
    return [{"group": slot.label, "filled": slot.human is not None} for slot in slots]


def _time(at) -> str | None:
    # A column written by the database in this very statement isn't known here yet; a reader asks again.
    return at.isoformat() if hasattr(at, "isoformat") else None


def arguments(action: Action) -> list[tuple[str, str]]:
    """Return the arguments as people read them, name and shown value: the critical ones first, then as required."""
    body = action.definition.body
    first = [*body.get("critical", []), *body["schema"].get("required", [])]
    shown = arguments_.describe(body["schema"], binding.stored_arguments(action.payload))
    return sorted(shown, key=lambda pair: first.index(pair[0]) if pair[0] in first else len(first))


def payload_text(action: Action) -> str:
    """Return the canonical payload, indented for reading."""
    return json.dumps(json.loads(bytes(action.payload)), indent=2, ensure_ascii=False)


def definition_text(action: Action) -> str:
    """Return the tool's definition as it was approved, indented for reading."""
    return json.dumps(action.definition.body, indent=2, ensure_ascii=False, sort_keys=True)
