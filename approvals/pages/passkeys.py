"""One's own passkeys: a page, and the forms that add and remove one. Both ask for a password of the last minutes."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from agents.errors import Invalid, Refusal
from approvals.deciding import passkeys, proof
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import confirming, form_on, proved_lately, signed_in
from approvals.pages.faults import Fault


@require_safe
@signed_in
def passkeys_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@form_on("passkeys")
def begin(request: HttpRequest) -> HttpResponse:
    """Answer, in JSON, what the script needs to make a passkey, or why not."""
    try:
        proof.require_lately(request)
        return JsonResponse(passkeys.begin(request.session, by=request.user))
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.detail}, status=refusal.status)


@form_on("passkeys")
@proved_lately("passkeys")
def add(request: HttpRequest) -> HttpResponse:
    form = request.POST
    try:
        if not form.get("passkey"):
            raise passkeys.PasskeyNotMade("Your browser made no passkey: it takes JavaScript. Nothing was added.")
        made = passkeys.read(form["passkey"])
        passkey = passkeys.add(request.session, by=request.user, name=form.get("name", ""), answer=made)
    except (Invalid, passkeys.PasskeyNotMade) as refusal:
        return _page(request, typed=form, refusal=refusal)
    messages.success(request, f"The passkey {passkey.name} is added. From now on you approve by touching it.")
    return see("passkeys")


@form_on("passkeys")
@proved_lately("passkeys")
def remove(request: HttpRequest) -> HttpResponse:
    passkeys.remove(as_number(request.POST.get("passkey", "")), by=request.user)
    messages.success(request, "The passkey is removed: it signs nothing any more. What it signed stays on record.")
    return see("passkeys")


def _page(request: HttpRequest, *, typed: Mapping | None = None, refusal: Refusal | None = None) -> HttpResponse:
    errors = refusal.errors if refusal else []
    return page(
        request,
        "passkeys.html",
        status=refusal.status if refusal else 200,
        typed=typed or {},
        refusal=refusal,
        faults={error["field"]: Fault("passkey-name", "Name", error["message"]) for error in errors},
        shelf=passkeys.shelf(request.user),
        possible=passkeys.are_possible(request.get_host()),
        origin=settings.PASSKEY_ORIGIN,
        proved=proof.method_of(request),
        confirming=confirming("passkeys"),
    )
