"""What a run came to in the world, reported afterwards by whoever sees it: the client, or people. Never by the agent."""

from decimal import Decimal

from django.db import transaction

from agents import incidents
from agents.errors import Invalid, NotAllowed, Refusal
from agents.lifecycle import RUN_ENDS
from agents.models import Incident, Outcome, Run
from audit import log
from audit.actors import Actor

FEEDBACK_LENGTH = 4000
#: What the column takes: twelve digits before the point, two after it.
MOST = Decimal(10) ** 12


class RunNotEnded(Refusal):
    code = "run_not_ended"
    sentence = "The run hasn't ended: report what it came to once it has."


@transaction.atomic
def report(
    *, run: Run, by: Actor, outcome: str, feedback: str = "", value: Decimal | None = None, incident: str = ""
) -> Outcome:
    """Keep what a run came to; return it. A run may have several outcomes: resolved today, reopened next week.

    `value` is in whatever the client counts in, with at most two decimals; `incident`, when given, says what went wrong
    and opens an incident of the run's agent. Raises NotAllowed, Invalid, RunNotEnded.
    """
    if by.kind == "agent":
        raise NotAllowed("An agent doesn't report what its own run came to: its client or people do.")
    _require_sound(outcome, value)
    run = Run.objects.select_related("agent").get(pk=run.pk)
    if run.state not in RUN_ENDS:
        raise RunNotEnded(state=run.state)
    note = feedback.replace("\x00", "").strip()[:FEEDBACK_LENGTH]
    opened = _open_incident(run, by, incident) if incident.strip() else None
    reported = Outcome.objects.create(
        run_id=run.pk, kind=outcome, value=value, note=note, incident=opened, reported_by=by.principal
    )
    log.record(
        "run.outcome",
        by=by,
        subject=("run", str(run.pk)),
        data={
            "outcome": outcome,
            "report": reported.pk,
            "value": None if value is None else f"{value:.2f}",
            "incident": opened.pk if opened else None,
        },
        private={"feedback": note},
    )
    return reported


def _open_incident(run: Run, by: Actor, text: str) -> Incident:
    return incidents.open_(agent=run.agent, title=text, note=text, by=by, run=run)


def _require_sound(outcome: str, value: Decimal | None) -> None:
    """Raise Invalid naming the field."""
    if outcome not in Outcome.Kind.values:
        known = ", ".join(Outcome.Kind.values)
        raise Invalid(errors=[{"field": "outcome", "message": f"one of {known}"}])
    if value is None:
        return
    if not value.is_finite() or abs(value) >= MOST or value != round(value, 2):
        message = "an amount below a million million, with at most two decimals"
        raise Invalid(errors=[{"field": "value", "message": message}])
