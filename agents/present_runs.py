"""A run as its readers see it: its client, people who may see its agent, and the agent's own token."""

from collections.abc import Sequence

from django.conf import settings
from django.db.models import Count, Prefetch, Q, Sum

from agents import budgets
from agents.identities import AgentPrincipal, ClientPrincipal
from agents.lifecycle import WITH_PEOPLE, State
from agents.micros import usd
from agents.models import Action, Person, Run, RunStep, Slot
from audit import redaction


def for_reader(run: Run, reader: Person | AgentPrincipal | ClientPrincipal) -> dict:
    """Return the REST body of a run that `access.run_for` gave this reader.

    A token may hand it to a model: a client's reads it without secrets, an agent's as policy redacts it too, and without
    what was asked. The number of queries is the same whatever the run did.
    """
    body = _masked(for_person(run), reader)
    if isinstance(reader, AgentPrincipal):
        del body["input"]
    return body


def in_list_for(run: Run, reader: Person | AgentPrincipal | ClientPrincipal) -> dict:
    """Return what a list says of a run that this reader may see, masked as `for_reader` does."""
    return _masked(in_list(run), reader)


def for_person(run: Run) -> dict:
    """Return all there is to say of a run that `access.run_among` gave, as people and the operator read it."""
    sums = _sums(run)
    return in_list(run) | {
        "input": run.content.input,
        "output": run.content.output,
        "budget": _budget(run, sums["acted"]),
        "cost": _cost(run, sums["review_seconds"]),
        "waiting_for": _waiting_for(run),
        "steps": [_step(step) for step in run.journal.defer("content").order_by("number")],
    }


def accepted(run: Run) -> dict:
    """Return the answer to whoever enqueued it. It is stored, so it says nothing that dies with the run's words."""
    body = for_person(run)
    return {key: said for key, said in body.items() if key not in ("input", "output")}


def in_list(run: Run) -> dict:
    """Return what a list for the operator says of a run, as it is; its agent must have been read with it."""
    return {
        "id": str(run.pk),
        "agent": run.agent.slug,
        "kind": run.kind,
        "state": str(run.state),
        "created_at": _time(run.created_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "deadline_at": _time(run.deadline_at),
        "parent": str(run.parent_id) if run.parent_id else None,
        "depth": run.depth,
        "error": run.error and {key: run.error.get(key, "") for key in ("code", "detail")},
        "usage": {"tokens_in": run.tokens_in, "tokens_out": run.tokens_out},
        "url": f"{settings.PUBLIC_URL}/runs/{run.pk}/",
    }


def _masked(body: dict, reader: Person | AgentPrincipal | ClientPrincipal) -> dict:
    if isinstance(reader, Person):
        return body
    kinds = {"secret"}
    if isinstance(reader, AgentPrincipal) and reader.agent.policy:  # it sees its own runs alone
        kinds.update(reader.agent.policy.body["redact"])
    words = {key: body[key] for key in ("input", "output", "error") if key in body}
    return body | redaction.redact_value(words, kinds)[0]


def _sums(run: Run) -> dict:
    """Return how many actions policy let through to people or tools, and what their review took; null is not measured."""
    return Action.objects.filter(run_id=run.pk).aggregate(
        acted=Count("pk", filter=~Q(state=State.DENIED)), review_seconds=Sum("review_seconds")
    )


def _budget(run: Run, acted: int) -> dict:
    """Return by unit what the run may use, used, and what is held back for steps that are being made.

    Where it is capped, what it handed on counts too; where it isn't, only what it used itself is known here.
    """
    own = f"run:{run.pk}"
    capped = {line["unit"]: line for line in budgets.headroom(run) if line["scope"] == own}
    used = {"tokens": run.tokens_in + run.tokens_out, "micros": run.micros_inference + run.micros_tooling}
    said = {unit: _line(capped.get(unit), (used | {"actions": acted})[unit]) for unit in budgets.UNITS}
    dollars = {key: _usd(amount) for key, amount in said.pop("micros").items()}
    seconds = {"cap": run.caps.get("seconds"), "used": _seconds(run), "held": 0}
    return said | {"usd": dollars, "seconds": seconds}


def _line(capped: dict | None, used: int) -> dict:
    if capped is None:
        return {"cap": None, "used": used, "held": 0}
    return {"cap": capped["cap"], "used": capped["settled"], "held": capped["reserved"]}


def _seconds(run: Run) -> int:
    """Return for how long it has been under way, by the database's clock; its time runs while it waits for people too."""
    if run.started_at is None:
        return 0
    return int(((run.finished_at or run.now) - run.started_at).total_seconds())


def _cost(run: Run, review_seconds: int | None) -> dict:
    return {
        "inference_usd": _usd(run.micros_inference),
        "tooling_usd": _usd(run.micros_tooling),
        "review_seconds": review_seconds,
        "fixing_seconds": run.fixing_seconds,
        "incidents_usd": _usd(run.micros_incidents),
    }


def _waiting_for(run: Run) -> list[dict]:
    unsigned = Prefetch("slots", Slot.objects.filter(filled_by__isnull=True), to_attr="unsigned")
    waiting = Action.objects.filter(run_id=run.pk, state__in=WITH_PEOPLE).select_related("tool")
    return [
        {
            "action": str(action.pk),
            "tool": action.tool.name,
            "state": str(action.state),
            "due_at": _time(action.due_at),
            "groups": _groups(action.unsigned),
        }
        for action in waiting.prefetch_related(unsigned).order_by("pk")
    ]


def _groups(unsigned: Sequence[Slot]) -> list[str]:
    return sorted({slot.label for slot in unsigned})


def _step(step: RunStep) -> dict:
    said = step.result or {}
    return {
        "number": step.number,
        "kind": step.kind,
        "state": step.state,
        "tool": step.tool or None,
        "action": str(step.action_id) if step.action_id else None,
        "child": str(step.child_id) if step.child_id else None,
        "tries": step.tries,
        "began_at": _time(step.began_at),
        "ended_at": _time(step.ended_at),
        "tokens": step.tokens_in + step.tokens_out,
        "usd": _usd(step.micros),
        "failure": said.get("failure") or None,
        "codes": said.get("codes", []),
    }


def _usd(micros: int | None) -> str | None:
    """Return micros as US dollars in text, for no reader's float to round; null stays null."""
    return None if micros is None else f"{usd(micros):f}"


def _time(at) -> str | None:
    return at.isoformat() if at else None
