"""Pages of the desk: parse, call one verb, answer. A GET never decides."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from agents import access, stops
from agents.errors import Invalid, Refusal
from agents.models import Person
from approvals import (
    asking,
    brief,
    console,
    coverage,
    desk,
    faults,
    halts,
    incidents,
    policies,
    proof,
    queue,
    receipts,
    runs,
    sheet,
)
from approvals.blocks import alongside
from approvals.doors import form_on, signed_in
from approvals.models import Decision, Preference, ReasonCode

REASONS = ReasonCode.choices
_FORMS = {"template_version": sheet.TEMPLATE, "reasons": REASONS, "wanted": asking.Wanted.choices}


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


# --- one action


@require_safe
@signed_in
def action_page(request: HttpRequest, action_id) -> HttpResponse:
    action = access.action_for(request.user, action_id)
    typed = proof.kept(action, request.user)
    shown = sheet.for_person(action, request.user, form=typed)
    if (
        request.method == "GET" and "Sec-Purpose" not in request.headers
    ):  # a browser that fetches ahead has read nothing
        desk.look(action=action, by=request.user, preview_hash=shown.shown_digest, template_version=sheet.TEMPLATE)
    return show(request, shown, typed=typed, draft=bool(typed))


def show(request: HttpRequest, shown: sheet.Sheet, *, status: int = 200, **context) -> HttpResponse:
    """Show one action's page; with `?split=1` the queue stands beside it, where there is room."""
    beside = alongside.of(request.user) if request.GET.get("split") == "1" else None
    return page(request, "action.html", status=status, sheet=shown, beside=beside, **context, **_FORMS)


@form_on("action")
def decide(request: HttpRequest, action_id) -> HttpResponse:
    form, person = request.POST, request.user
    try:
        decision = desk.decide(
            action_id=action_id,
            by=person,
            word=form.get("decision", ""),
            digest=form.get("digest", ""),
            revision=as_number(form.get("revision", "")),
            reason_code=form.get("reason_code", ""),
            note=form.get("note", ""),
            preview_hash=form.get("shown", ""),
            template_version=form.get("template", ""),
            step_up=proof.method_of(request),
            checks=form,
        )
    except (Invalid, brief.Incomplete) as refusal:
        return action_again(request, action_id, refusal)
    except proof.StepUpNeeded:
        proof.keep(access.action_for(person, action_id), person, form)
        return _prove(request, action_id)
    return _go_on(request, decision)


def _prove(request: HttpRequest, action_id) -> HttpResponseRedirect:
    """Send somebody to prove who they are, and back to what they had typed. Nothing is decided by that."""
    messages.warning(request, "Nothing is decided yet: confirm that it's you first. What you typed is kept.")
    back = urlencode({"next": f"{reverse('action', args=[action_id])}#decide"})
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{back}", status=303)


def _go_on(request: HttpRequest, decision: Decision) -> HttpResponseRedirect:
    """Show the receipt, or open the next item when that was asked for, or is how this person likes it."""
    then = request.POST.get("then") or ("next" if _opens_next(request.user) else "")
    following = queue.next_for(request.user, after=str(decision.action_id)) if then == "next" else None
    if following is None:
        return see("receipt", decision.pk)
    word = "Approval" if decision.word == Decision.Word.APPROVE else "Rejection"
    address = reverse("receipt", args=[decision.pk])
    messages.success(request, format_html('{} recorded. <a href="{}">Receipt {}</a>', word, address, decision.pk))
    beside = "?split=1" if request.GET.get("split") == "1" else ""
    return HttpResponseRedirect(f"{reverse('action', args=[following])}{beside}", status=303)


def _opens_next(person: Person) -> bool:
    return Preference.objects.filter(person=person, opens_next=True).exists()


@form_on("action")
def state_outcome(request: HttpRequest, action_id) -> HttpResponse:
    form = request.POST
    try:
        desk.state_outcome(action_id=action_id, by=request.user, says=form.get("says", ""), note=form.get("note", ""))
    except Invalid as refusal:
        return action_again(request, action_id, refusal)
    messages.success(request, "Your word is on record.")
    return see("action", action_id)


def action_again(request: HttpRequest, action_id, refusal: Refusal) -> HttpResponse:
    """Show the page once more with what was wrong and everything that was typed."""
    shown = sheet.for_person(access.action_for(request.user, action_id), request.user, form=request.POST)
    wrong = {"refusal": refusal, "faults": faults.of(refusal, request.POST), "typed": request.POST}
    return show(request, shown, status=refusal.status, **wrong)


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
