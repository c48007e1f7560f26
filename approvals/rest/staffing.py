"""REST doors for people: who is away, and taking an action further. A token has neither colleagues nor reasons."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents.errors import Invalid
from agents.models import Action, Person
from agents.rest import keyed
from agents.rest.fields import Fields, instant
from agents.rest.people import decider_of, reader_of
from approvals.attending import absences, escalating
from approvals.models import Absence, Escalation

_MOMENT = {"format": "date-time", "description": "an instant with its zone"}
ABSENCE = Fields(
    {"since": str, "until": str, "stand_in": str},
    required={"until"},
    said={"since": _MOMENT, "until": _MOMENT, "stand_in": {"description": "a username"}},
)
REASON = Fields({"reason": str}, required={"reason"})


@api_view(["GET", "POST"])
def collection(request: Request) -> Response:
    """`GET absences/`: one's own, and whom one stands in for. `POST absences/`: to be away, from now on or `since`."""
    if request.method == "POST":
        person = _person(request)
        return keyed.answer(request, request.data, make=lambda _: (None, 201, _absence(_declare(person, request.data))))
    shelf = absences.shelf(reader_of(request))
    return Response(
        {
            "mine": [_absence(absence) for absence in shelf.mine],
            "past": [_absence(absence) for absence in shelf.past],
            "standing_in": [_absence(absence) for absence in shelf.standing_in],
            "could_stand_in": [colleague.username for colleague in shelf.could],
        }
    )


@api_view(["DELETE"])
def absence(request: Request, absence_id: int) -> Response:
    """`DELETE absences/{id}/`: one is back, or it is called off; what was stays on record."""
    person = _person(request)
    return Response(_absence(absences.end(absence_id, person=person, by=person.actor())))


@api_view(["POST"])
def escalate(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/escalate/`: take the next rung now, with a reason."""
    person = _person(request)
    fields = REASON.read(request.data)

    def make(_: object) -> tuple[Action, int, dict]:
        escalation = escalating.escalate(action_id, by=person, reason=fields["reason"])
        return escalation.action, 201, _escalation(escalation)

    return keyed.answer(request, fields, make=make)


def _declare(person: Person, data: object) -> Absence:
    fields = ABSENCE.read(data)
    times = {name: instant(name, fields[name]) for name in ("since", "until") if name in fields}
    stand_in = _colleague(fields["stand_in"]) if fields.get("stand_in") else None
    return absences.declare(person=person, by=person.actor(), stand_in=stand_in, **times)


def _colleague(username: str) -> Person:
    person = Person.objects.filter(username=username).first()
    if person is None:
        raise Invalid(errors=[{"field": "stand_in", "message": f"there is no person {username[:80]!r}"}])
    return person


def _person(request: Request) -> Person:
    return decider_of(
        request, "Being away and taking an action further is for people who are signed in; a token has no colleagues."
    )


def _absence(absence: Absence) -> dict:
    return {
        "id": absence.pk,
        "person": absence.person.username,
        "since": absence.since.isoformat(),
        "until": absence.until.isoformat(),
        "stand_in": absence.stand_in.username if absence.stand_in else None,
        "ended_at": absence.ended_at and absence.ended_at.isoformat(),
    }


def _escalation(escalation: Escalation) -> dict:
    return {
        "action": str(escalation.action_id),
        "rung": escalation.rung,
        "why": str(escalation.why),
        "told": list(escalation.told),
        "escalated_at": escalation.escalated_at.isoformat(),
    }
