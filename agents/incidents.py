"""Incidents: something went wrong, somebody looks at it afterwards and says what they found."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from agents import access
from agents.errors import AlreadyDecided, Invalid, NotAllowed
from agents.models import Action, Agent, Incident, Person, Run
from audit import log
from audit.actors import Actor

NOTE_LENGTH = 4000
TITLE_LENGTH = 200


class AlreadyClosed(AlreadyDecided):
    code = "already_closed"
    sentence = "The incident is closed already."


@transaction.atomic
def open_(
    *, agent: Agent, title: str, by: Actor, note: str = "", run: Run | None = None, actions: Sequence[Action] = ()
) -> Incident:
    """Open an incident of an agent about a run or actions, with its event; return it. Texts are cut to what fits."""
    incident = Incident.objects.create(
        agent=agent,
        title=title.replace("\x00", "").strip()[:TITLE_LENGTH],
        note=note.replace("\x00", "").strip()[:NOTE_LENGTH],
        run_id=run.pk if run else None,
    )
    incident.actions.set(actions)
    log.record(
        "incident.opened",
        by=by,
        subject=_subject(incident),
        data={"incident": incident.pk, "title": f"incident {incident.pk}"},
        private={"text": incident.title, "note": incident.note},
        retention=_retention(incident),
    )
    return incident


@transaction.atomic
def close(incident: Incident, *, by: Person, note: str) -> Incident:
    """Close an incident with what was found; return it. Raises NotAllowed, Invalid, AlreadyClosed."""
    locked = Incident.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").get(pk=incident.pk)
    if why := access.why_not_close(by, locked):
        raise NotAllowed(why)
    note = note.replace("\x00", "").strip()[:NOTE_LENGTH]
    if not note:
        raise Invalid("Say what was found.", errors=[{"field": "note", "message": "write a few words"}])
    if locked.closed_at is not None:
        raise AlreadyClosed()
    Incident.objects.filter(pk=locked.pk).update(closed_at=Now(), closed_by=by)
    log.record(
        "incident.closed",
        by=by.actor(),
        subject=_subject(locked),
        data={"incident": locked.pk, "title": f"incident {locked.pk}"},
        private={"note": note},
        retention=_retention(locked),
    )
    locked.refresh_from_db()
    return locked


def _subject(incident: Incident) -> tuple[str, str]:
    """Return what an incident's events stand with: its run, else its first action, else its agent."""
    if incident.run_id:
        return "run", str(incident.run_id)
    action = incident.actions.order_by("pk").values_list("pk", flat=True).first()
    return ("action", str(action)) if action else ("agent", str(incident.agent_id))


def _retention(incident: Incident) -> str:
    """Keep it as long as its actions; a run's may have touched anything."""
    tiers = list(incident.actions.values_list("effective_tier", flat=True))
    return log.RETENTION_BY_TIER[max(tiers) if tiers and not incident.run_id else -1]
