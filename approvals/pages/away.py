"""When somebody can't decide: the page on which they say that they are away, and the form that takes an action further."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents.errors import Invalid
from agents.models import Person
from approvals.attending import absences, clockface, escalating
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in
from approvals.pages.faults import Fault

#: A field of the form: its id on the page and its label.
_FIELDS = {"since": ("away-since", "From"), "until": ("away-until", "Until"), "stand_in": ("away-stand-in", "Stand-in")}


@require_safe
@signed_in
def away_page(request: HttpRequest) -> HttpResponse:
    return page(request, "away.html", shelf=absences.shelf(request.user))


@form_on("away")
def declare(request: HttpRequest) -> HttpResponse:
    person, form = request.user, request.POST
    try:
        absence = absences.declare(person=person, by=person.actor(), **_read(form, person))
    except Invalid as refusal:
        wrong = {"refusal": refusal, "faults": _faults(refusal), "typed": form}
        return page(request, "away.html", status=refusal.status, shelf=absences.shelf(person), **wrong)
    messages.success(request, f"Kept: you are away until {clockface.instant(absence.until)}.")
    return see("away")


@form_on("away")
def end(request: HttpRequest) -> HttpResponse:
    absences.end(as_number(request.POST.get("absence", "")), person=request.user, by=request.user.actor())
    messages.success(request, "You are back.")
    return see("away")


def _read(form, person: Person) -> dict:
    """Return what the form says; raises Invalid naming every field that can't be read."""
    wanted = form.get("stand_in", "")
    stand_in = absences.could_stand_in(person).filter(username=wanted).first() if wanted else None
    since, until = _instant(form.get("since", "")), _instant(form.get("until", ""))
    errors = [{"field": "since", "message": "write a day and a time"}] if form.get("since") and since is None else []
    errors += [{"field": "until", "message": "write the day and the time of your return"}] if until is None else []
    if wanted and stand_in is None:
        errors.append(
            {"field": "stand_in", "message": "choose somebody from the list: they sign for your groups already"}
        )
    if errors:
        raise Invalid("Something in the form is wrong.", errors=errors)
    return {"since": since, "until": until, "stand_in": stand_in}


def _instant(text: str) -> datetime | None:
    """Return the instant of a browser's day and time, which the page asks for in UTC; None when it is neither."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _faults(refusal: Invalid) -> dict[str, Fault]:
    found = [(*_FIELDS[error["field"]], error["message"]) for error in refusal.errors]
    return {
        place.replace("-", "_"): Fault(place, label, f"{text[:1].upper()}{text[1:].rstrip('.')}.")
        for place, label, text in found
    }


@form_on("action")
def escalate(request: HttpRequest, action_id) -> HttpResponse:
    escalation = escalating.escalate(action_id, by=request.user, reason=request.POST.get("reason", ""))
    messages.success(request, f"Taken further, to {' and '.join(escalation.told) or 'nobody'}. The clock goes on.")
    return see("action", action_id)
