"""Pages of one action and its decisions: parse, call one verb, answer. A GET never decides."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from agents import access
from agents.errors import Invalid, Refusal
from agents.models import Action, Person
from approvals import queue
from approvals.action import brief, sheet
from approvals.action.blocks import alongside, changes, evidence, recheck
from approvals.deciding import asking, desk, passkeys, proof, receipts, touching
from approvals.models import Decision, Preference, ReasonCode, Touch
from approvals.pages import faults
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in

REASONS = ReasonCode.choices
_FORMS = {"template_version": sheet.TEMPLATE, "reasons": REASONS, "wanted": asking.Wanted.choices}


@require_safe
@signed_in
def action_page(request: HttpRequest, action_id) -> HttpResponse:
    action = access.action_for(request.user, action_id)
    typed = proof.kept(action, request.user)
    shown = sheet.for_person(action, request.user, form=typed)
    if _is_read(request):
        if shown.controls.approve and (again := recheck.on_opening(action, request.user)):
            shown = replace(shown, recheck=again, changes=changes.of(action, again.facts))
        desk.look(action=action, by=request.user, preview_hash=shown.shown_digest, template_version=sheet.TEMPLATE)
    return show(request, shown, typed=typed, draft=bool(typed))


def _is_read(request: HttpRequest) -> bool:
    """Whether somebody opens the page: a browser that fetches ahead has read nothing."""
    return request.method == "GET" and "Sec-Purpose" not in request.headers


def show(request: HttpRequest, shown: sheet.Sheet, *, status: int = 200, **context) -> HttpResponse:
    """Show one action's page; with `?split=1` the queue stands beside it, where there is room, narrowed by `view`."""
    beside = _beside(request)
    claim = queue.claiming(shown.action, request.user)
    around = {"beside": beside, "claim": claim, "touches": _may_touch(request, shown)}
    return page(request, "action.html", status=status, sheet=shown, **around, **context, **_FORMS)


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
            touch=_touch(request, action_id),
            checks=form,
        )
    except (Invalid, brief.Incomplete) as refusal:
        return action_again(request, action_id, refusal)
    except proof.StepUpNeeded:
        proof.keep(access.action_for(person, action_id), person, form)
        return _prove(request, action_id)
    except touching.PasskeyRefused as refusal:
        return _touch_again(request, action_id, refusal)
    return _go_on(request, decision)


def _touch(request: HttpRequest, action_id: UUID) -> Touch | None:
    """Return the touch that came with an approval, verified; None when the form brought none."""
    form = request.POST
    if not form.get("passkey") or form.get("decision") != Decision.Word.APPROVE:
        return None
    bound = {"digest": form.get("digest", ""), "revision": as_number(form.get("revision", ""))}
    answer = passkeys.read(form["passkey"])
    return touching.take(request.session, action_id=action_id, by=request.user, answer=answer, **bound)


def _may_touch(request: HttpRequest, shown: sheet.Sheet) -> bool:
    """Whether this person can approve by a touch, here and now."""
    wanted = shown.controls.approve and shown.controls.proves and passkeys.are_possible(request.get_host())
    return wanted and passkeys.that_count_of(request.user).exists()


def _prove(request: HttpRequest, action_id) -> HttpResponseRedirect:
    """Send somebody to prove who they are, and back to what they had typed. Nothing is decided by that."""
    messages.warning(request, "Nothing is decided yet: confirm that it's you first. What you typed is kept.")
    back = urlencode({"next": f"{reverse('action', args=[action_id])}#decide"})
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{back}", status=303)


def _touch_again(request: HttpRequest, action_id, refusal: touching.PasskeyRefused) -> HttpResponse:
    """Show the form once more, to touch again or take the password; what was typed is kept for the way there, too."""
    proof.keep(access.action_for(request.user, action_id), request.user, request.POST)
    again = action_again(request, action_id, refusal, nothing="Nothing is decided. What you typed is filled in again.")
    again.refusal = refusal  # the outer door counts it
    return again


def _go_on(request: HttpRequest, decision: Decision) -> HttpResponseRedirect:
    """Show the receipt, or open the next item when that was asked for, or is how this person likes it."""
    then = request.POST.get("then") or ("next" if _opens_next(request.user) else "")
    beside = _beside(request) if then == "next" else None
    following = _following(request.user, decision, beside) if then == "next" else None
    if following is None:
        return see("receipt", decision.pk)
    word = "Approval" if decision.word == Decision.Word.APPROVE else "Rejection"
    address = reverse("receipt", args=[decision.pk])
    messages.success(request, format_html('{} recorded. <a href="{}">Receipt {}</a>', word, address, decision.pk))
    query = f"?{beside.query}" if beside else ""
    return HttpResponseRedirect(f"{reverse('action', args=[following])}{query}", status=303)


def _beside(request: HttpRequest) -> alongside.Beside | None:
    """Return the list that stands beside the item, where it was asked for."""
    if request.GET.get("split") != "1":
        return None
    return alongside.of(request.user, request.GET.get("view", ""))


def _following(person: Person, decision: Decision, beside: alongside.Beside | None) -> str | None:
    """Return what comes next: of the list beside the item where there is one, else of all that waits for this person."""
    decided = str(decision.action_id)
    return beside.next_after(decided) if beside else queue.next_for(person, after=decided)


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


def action_again(request: HttpRequest, action_id, refusal: Refusal, **context) -> HttpResponse:
    """Show the page once more with what was wrong and everything that was typed."""
    shown = sheet.for_person(access.action_for(request.user, action_id), request.user, form=request.POST)
    wrong = {"refusal": refusal, "faults": faults.of(refusal, request.POST), "typed": request.POST}
    return show(request, shown, status=refusal.status, **wrong, **context)


@require_safe
@signed_in
def receipt_page(request: HttpRequest, decision_id: int) -> HttpResponse:
    receipt = receipts.receipt_for(request.user, decision_id)
    following = queue.next_for(request.user, after=str(receipt.decision.action_id))
    return page(request, "receipt.html", receipt=receipt, following=following)


@form_on("action")
def recheck_action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Look the facts up anew and show the page with both; nothing is changed, and nothing is decided."""
    action = access.action_for(request.user, action_id)
    shown = sheet.for_person(action, request.user, recheck=recheck.of(action, request.user))
    return show(request, shown)


def _brief_again(action: Action, person: Person, opened: evidence.Opened) -> sheet.Sheet | None:
    """Return the page anew where opening this piece may have made the brief whole, for whoever may approve; else None."""
    if not opened.piece.required or opened.piece.opened:
        return None
    shown = sheet.for_person(action, person)
    return shown if shown.controls.approve else None


@require_safe
@signed_in
def evidence_page(request: HttpRequest, action_id: UUID, piece_id: UUID) -> HttpResponse:
    """Show one answer that the agent had read; that it was opened is kept. Loaded in place it is the answer alone."""
    action, person = access.action_for(request.user, action_id), request.user
    seen = evidence.opened_by(action, person)
    masked = not sheet.may_read_whole(action, person)
    opened = evidence.open_piece(action, piece_id, masked=masked, opened=seen)
    if _is_read(request):
        evidence.note_opened(action, opened.piece, by=person)
    context = {"action": action, "opened": opened}
    if request.headers.get("HX-Request") == "true":
        context["sheet"] = _brief_again(action, person, opened)
        answer = render(request, "blocks/_piece_in_place.html", context)
    else:
        answer = page(request, "evidence.html", **context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
