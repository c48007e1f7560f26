"""Pages of the desk: parse, call one verb, answer. A GET never decides."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from agents import access, stops
from agents.errors import Invalid
from approvals import console, coverage, desk, faults, halts, incidents, policies, queue, receipts, runs, sheet
from approvals.doors import form_on, signed_in
from approvals.models import ReasonCode

REASONS = ReasonCode.choices


def page(
    request: HttpRequest, template: str, *, status: int = 200, bar: queue.Bar | None = None, **context
) -> HttpResponse:
    """Render a page with its top: what waits for this person, and what is stopped."""
    bar = bar or queue.bar(request.user)
    top = {"bar": bar, "halts": halts.for_person(request.user, bar.stopped)}
    return render(request, template, {**top, **context}, status=status)


def see(name: str, *args) -> HttpResponseRedirect:
    """Send the browser to look at what a form did (303), so that reloading repeats nothing."""
    return HttpResponseRedirect(reverse(name, args=args), status=303)


@require_safe
@signed_in
def queue_page(request: HttpRequest) -> HttpResponse:
    mine = queue.for_person(request.user)
    return page(request, "queue.html", bar=queue.bar(request.user, mine), desk=mine, unseen=runs.unseen(request.user))


# --- one action


@require_safe
@signed_in
def action_page(request: HttpRequest, action_id) -> HttpResponse:
    action = access.action_for(request.user, action_id)
    shown = sheet.for_person(action, request.user)
    if (
        request.method == "GET" and "Sec-Purpose" not in request.headers
    ):  # a browser that fetches ahead has read nothing
        desk.look(action=action, by=request.user, preview_hash=shown.shown_digest, template_version=sheet.TEMPLATE)
    return page(request, "action.html", sheet=shown, template_version=sheet.TEMPLATE, reasons=REASONS)


@form_on("action")
def decide(request: HttpRequest, action_id) -> HttpResponse:
    form = request.POST
    try:
        decision = desk.decide(
            action_id=action_id,
            by=request.user,
            word=form.get("decision", ""),
            digest=form.get("digest", ""),
            revision=as_number(form.get("revision", "")),
            reason_code=form.get("reason_code", ""),
            note=form.get("note", ""),
            preview_hash=form.get("shown", ""),
            template_version=form.get("template", ""),
        )
    except Invalid as refusal:
        return _action_again(request, action_id, refusal)
    return see("receipt", decision.pk)


@form_on("action")
def state_outcome(request: HttpRequest, action_id) -> HttpResponse:
    form = request.POST
    try:
        desk.state_outcome(action_id=action_id, by=request.user, says=form.get("says", ""), note=form.get("note", ""))
    except Invalid as refusal:
        return _action_again(request, action_id, refusal)
    messages.success(request, "Your word is on record.")
    return see("action", action_id)


def _action_again(request: HttpRequest, action_id, refusal: Invalid) -> HttpResponse:
    """Show the page once more with what was wrong and everything that was typed."""
    shown = sheet.for_person(access.action_for(request.user, action_id), request.user)
    wrong = {"refusal": refusal, "faults": faults.of(refusal, request.POST), "typed": request.POST}
    context = {"template_version": sheet.TEMPLATE, "reasons": REASONS, **wrong}
    return page(request, "action.html", status=refusal.status, sheet=shown, **context)


def as_number(text: str) -> int:
    """Return a number as it was sent. What isn't one is 0: no revision, no id, no page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


# --- what I decided


@require_safe
@signed_in
def receipt_page(request: HttpRequest, decision_id: int) -> HttpResponse:
    receipt = receipts.receipt_for(request.user, decision_id)
    following = queue.next_for(request.user, after=str(receipt.decision.action_id))
    return page(request, "receipt.html", receipt=receipt, following=following)


@require_safe
@signed_in
def decisions_page(request: HttpRequest) -> HttpResponse:
    before = as_number(request.GET.get("before", ""))
    return page(request, "decisions.html", history=receipts.decided_by(request.user, before=before))


# --- agents


@require_safe
@signed_in
def agents_page(request: HttpRequest) -> HttpResponse:
    shown = {"agents": console.agents_of(request.user), "incidents": incidents.open_count(request.user)}
    return page(request, "agents.html", may_stop_everything=access.may_stop_everything(request.user), **shown)


@require_safe
@signed_in
def agent_page(request: HttpRequest, slug: str) -> HttpResponse:
    agent = access.agent_for(request.user, slug)
    latest = runs.latest(agent, request.user)
    return page(request, "agent.html", console=console.for_person(agent, request.user), runs=latest)


@form_on("agent")
def stop_agent(request: HttpRequest, slug: str) -> HttpResponse:
    agent = access.agent_for(request.user, slug)
    held = stops.stop(agent=agent, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Stopped. {held} action{'' if held == 1 else 's'} went on hold; nothing new can start.")
    return see("agent", slug)


@form_on("agent")
def resume_agent(request: HttpRequest, slug: str) -> HttpResponse:
    agent = access.agent_for(request.user, slug)
    back = stops.resume(agent=agent, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Resumed. {back} action{'' if back == 1 else 's'} came back.")
    return see("agent", slug)


# --- policies


@require_safe
@signed_in
def policies_page(request: HttpRequest) -> HttpResponse:
    number = as_number(request.GET.get("page", ""))
    return page(request, "policies.html", overview=coverage.overview(request.user, page=number))


@require_safe
@signed_in
def policy_page(request: HttpRequest, slug: str) -> HttpResponse:
    shown = policies.page_of(access.agent_for(request.user, slug), version=request.GET.get("version", ""))
    return page(request, "policy.html", policy=shown)
