"""Handing one action to one person: the page with the choice, and the answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents import access
from agents.errors import Invalid
from approvals.deciding import handing
from approvals.pages.answers import page, see
from approvals.pages.doors import form_on, signed_in


@require_safe
@signed_in
def hand_page(request: HttpRequest, action_id) -> HttpResponse:
    return _page(request, action_id)


@form_on("hand")
def give(request: HttpRequest, action_id) -> HttpResponse:
    form = request.POST
    try:
        given = handing.give(action_id=action_id, by=request.user, to=form.get("to", ""), note=form.get("note", ""))
    except Invalid as refusal:
        return _page(request, action_id, refusal=refusal, typed=form)
    messages.success(request, f"Handed to {given.taker}, who has ten minutes to answer. Its clock goes on.")
    return see("action", action_id)


@form_on("action")
def answer(request: HttpRequest, action_id) -> HttpResponse:
    accept = request.POST.get("answer") == "accepted"
    handing.answer(action_id=action_id, by=request.user, accept=accept)
    messages.success(request, "It is yours." if accept else "Given back.")
    return see("action", action_id)


def _page(request: HttpRequest, action_id, **context) -> HttpResponse:
    action = access.action_for(request.user, action_id)
    slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
    takers = [] if access.why_not_reject(action, slots, request.user) else handing.takers(action, slots, request.user)
    refusal = context.get("refusal")
    status = refusal.status if refusal else 200
    return page(request, "hand.html", status=status, action=action, takers=takers, **context)
