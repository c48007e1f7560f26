"""Pages and forms around a decision: take it back, ask, answer, edit, undo. A GET never decides."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents import binding
from agents.errors import Invalid, InvalidArguments, Refusal
from agents.lifecycle import WORDS, State
from agents.models import Action
from agents.policy.verdict import SIGNED_TIER
from approvals.deciding import asking, editing, forms, renewing, undoing, withdrawing
from approvals.pages.action import action_again
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in


@form_on("receipt")
def withdraw(request: HttpRequest, decision_id: int) -> HttpResponse:
    withdrawing.withdraw(decision_id=decision_id, by=request.user)
    messages.success(request, "Your signature is taken back. You may decide again.")
    return see("receipt", decision_id)


@form_on("action")
def ask(request: HttpRequest, action_id) -> HttpResponse:
    form = request.POST
    try:
        asking.ask(action_id=action_id, by=request.user, codes=form.getlist("codes"), text=form.get("text", ""))
    except Invalid as refusal:
        return action_again(request, action_id, refusal)
    messages.success(request, "Asked. The clock of the decision stands still until it is answered.")
    return see("action", action_id)


@form_on("action")
def answer(request: HttpRequest, action_id) -> HttpResponse:
    try:
        asking.answer(action_id=action_id, by=request.user, text=request.POST.get("text", ""))
    except Invalid as refusal:
        return action_again(request, action_id, refusal)
    messages.success(request, "Answered. It is back in review.")
    return see("action", action_id)


@form_on("action")
def renew(request: HttpRequest, action_id) -> HttpResponse:
    """Have what waits looked up and judged anew, and open the revision that takes its place."""
    bound = {"digest": request.POST.get("digest", ""), "revision": as_number(request.POST.get("revision", ""))}
    action = renewing.renew(action_id=action_id, by=request.user, **bound)
    messages.success(
        request, f"Looked up and judged anew: this is revision {action.revision}. Every signature is open."
    )
    return see("action", action.pk)


# --- editing


@require_safe
@signed_in
def edit_page(request: HttpRequest, action_id) -> HttpResponse:
    action = editing.editable(action_id, request.user)
    return _edit_page(request, action, _fields(action))


@form_on("edit")
def save_edit(request: HttpRequest, action_id) -> HttpResponse:
    """Show what an edit changes, or put it in the place of what waits."""
    form, action = request.POST, editing.editable(action_id, request.user)
    fields = _fields(action)
    typed = forms.read(fields, form)
    try:
        if typed.errors:
            raise InvalidArguments("Some of what you typed can't be read.", errors=typed.errors)
        if form.get("then") == "compare":
            compared = editing.preview(action, typed.arguments)
            return _edit_page(request, action, forms.again(fields, form, []), compared=compared, typed=form)
        edited = editing.edit(
            action_id=action_id,
            by=request.user,
            arguments=typed.arguments,
            digest=form.get("digest", ""),
            revision=as_number(form.get("revision", "")),
            approve=form.get("then") == "approve",
            note=form.get("note", ""),
        )
    except (Invalid, InvalidArguments, editing.EditDenied) as refusal:
        again = forms.again(fields, form, refusal.errors)
        return _edit_page(request, action, again, refusal=refusal, typed=form)
    if edited.decision:
        return see("receipt", edited.decision.pk)
    messages.success(request, f"Edited: revision {edited.action.revision} is in review.")
    return see("action", edited.action.pk)


def _fields(action: Action) -> list[forms.Field]:
    body = action.definition.body
    return forms.fields_of(body["schema"], binding.stored_arguments(action.payload), first=body.get("critical", ()))


def _edit_page(request: HttpRequest, action: Action, fields: list[forms.Field], **context) -> HttpResponse:
    refusal: Refusal | None = context.get("refusal")
    may_sign = editing.may_sign_edit(action, request.user)
    shown = {
        "action": action,
        "fields": fields,
        "may_sign": may_sign,
        "four_eyes": action.effective_tier >= SIGNED_TIER,
    }
    return page(request, "edit.html", status=refusal.status if refusal else 200, **shown, **context)


# --- undoing


@require_safe
@signed_in
def undo_page(request: HttpRequest, action_id) -> HttpResponse:
    action, tool, fields = undoing.form_for(action_id, request.user)
    return _undo_page(request, action, tool, fields, key=uuid4().hex)


@form_on("undo")
def ask_undo(request: HttpRequest, action_id) -> HttpResponse:
    form = request.POST
    action, tool, fields = undoing.form_for(action_id, request.user)
    typed, key = forms.read(fields, form), form.get("key", "")[:64]
    try:
        if typed.errors:
            raise InvalidArguments("Some of what you typed can't be read.", errors=typed.errors)
        if not key.isalnum():
            raise Invalid("This form is too old: open the page again.")
        proposed = undoing.ask(action_id=action_id, by=request.user, arguments=typed.arguments, key=key)
    except (Invalid, InvalidArguments) as refusal:
        again = forms.again(fields, form, refusal.errors)
        return _undo_page(request, action, tool, again, key=key, refusal=refusal)
    state = WORDS[State(proposed.body["state"])].lower()
    messages.success(request, f"Asked for. It is an action of its own now: {state}.")
    return see("action", proposed.body["id"])


def _undo_page(request: HttpRequest, action: Action, tool: str, fields: list[forms.Field], **context) -> HttpResponse:
    refusal: Refusal | None = context.get("refusal")
    shown = {"action": action, "tool": tool, "fields": fields, "attempt": undoing.last_attempt(action)}
    return page(request, "undo.html", status=refusal.status if refusal else 200, **shown, **context)
