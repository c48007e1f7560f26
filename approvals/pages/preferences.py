"""How somebody likes to work and to be told: a page, its form, a preview; and what their browser's tab asks for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from agents.errors import Invalid
from agents.models import Person
from approvals.models import Preference
from approvals.pages import theme
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in
from approvals.pages.faults import Fault
from approvals.telling import browser, habits, preview
from approvals.zones import zone_named, zones

_LABELS = {
    "zone": "Time zone",
    "theme": "Colours",
    "digest_minutes": "Pause between digests",
    "quiet_from": "Quiet from",
    "quiet_until": "Quiet until",
}


@require_safe
@signed_in
def preferences_page(request: HttpRequest) -> HttpResponse:
    preference = habits.preference_of(request.user)
    return theme.wear(_page(request, _typed(preference)), request, preference.theme)


@form_on("preferences")
def save_preferences(request: HttpRequest) -> HttpResponse:
    try:
        preference = habits.save(request.user, request.POST)
    except Invalid as refusal:
        return _page(request, request.POST, refusal=refusal)
    messages.success(request, "Your preferences are saved.")
    return theme.wear(see("preferences"), request, preference.theme)


def _page(request: HttpRequest, typed: Mapping, *, refusal: Invalid | None = None) -> HttpResponse:
    errors = refusal.errors if refusal else []
    return page(
        request,
        "preferences.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        refusal=refusal,
        faults={error["field"]: _fault(error) for error in errors},
        zones=zones(),
        themes=Preference.Theme.choices,
        why_no_mail=preview.why_no_mail(request.user),
        longest_pause=habits.LONGEST_PAUSE,
        preview=_preview(request.user, request.GET),
    )


def _fault(error: dict) -> Fault:
    sentence = f"{error['message'][:1].upper()}{error['message'][1:]}."
    return Fault(error["field"].replace("_", "-"), _LABELS[error["field"]], sentence)


def _typed(preference: Preference) -> dict[str, str]:
    """Return the saved preferences as a form would send them."""
    clocks = {name: getattr(preference, name) for name in ("quiet_from", "quiet_until")}
    boxes = ("shortcuts", "opens_next", "mails", "notifies")
    return {
        "zone": preference.zone,
        "theme": preference.theme,
        "digest_minutes": str(preference.digest_minutes),
        **{name: f"{at:%H:%M}" if at else "" for name, at in clocks.items()},
        **{name: "on" for name in boxes if getattr(preference, name)},
    }


def _preview(person: Person, asked: Mapping[str, str]) -> dict:
    """Return what the preview shows: the tier and local time that were asked for, the messages, or what is wrong."""
    saved = habits.of_preference(habits.preference_of(person))
    zone = zone_named(saved.zone)
    shown = {"tiers": preview.TIERS, "tier": as_number(asked.get("tier", "")), "zone": saved.zone}
    if "at" not in asked:
        return {**shown, "at": f"{timezone.now().astimezone(zone):%Y-%m-%dT%H:%M}", "told": None}
    try:
        at = datetime.strptime(asked["at"], "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError:
        return {**shown, "at": "", "told": None, "fault": "Write a day and a time, like 2026-11-21T22:30."}
    if abs(at - timezone.now()) > timedelta(days=3660):
        return {**shown, "at": asked["at"], "told": None, "fault": "Choose a day within ten years."}
    tier = shown["tier"] if shown["tier"] in preview.TIERS else preview.TIERS[0]
    return {**shown, "tier": tier, "at": asked["at"], "told": preview.of(person, saved, tier=tier, at=at)}


@require_safe
@cache_control(no_store=True, private=True)
def new_notices(request: HttpRequest) -> JsonResponse:
    """What the tab of somebody who is signed in should say; a token gets nothing here."""
    if not request.user.is_authenticated:
        return JsonResponse({"code": "not_signed_in", "detail": "Sign in first."}, status=401)
    after = request.GET.get("after")
    return JsonResponse(browser.new_for(request.user, None if after is None else as_number(after)))
