"""Pages of runs: parse, call one verb, answer. A fragment follows a run that is under way; a GET changes nothing."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from agents import access, runs, stops
from agents.counting import count
from agents.errors import NotAllowed
from approvals.pages.answers import page, see
from approvals.pages.doors import form_on, signed_in
from approvals.runs import listing
from approvals.runs import sheet as run_sheet


@require_safe
@signed_in
def runs_page(request: HttpRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "") for name in ("agent", "state", "before")}
    shelf = listing.shelf(request.user, **asked)
    older = urlencode({name: value for name, value in (asked | {"before": shelf.before}).items() if value})
    return page(request, "runs.html", shelf=shelf, older=older)


@require_safe
@signed_in
def run_page(request: HttpRequest, run_id) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    return page(request, "run.html", **_shown(request, run_sheet.for_person(run, request.user), "still" in request.GET))


def _shown(request: HttpRequest, sheet: run_sheet.Sheet, still: bool) -> dict:
    return {"sheet": sheet, "still": still, "live": sheet.is_open and not still}


def fragment(view: Callable) -> Callable:
    """For a part of a page that follows something: whoever was signed out is sent to sign in, not shown it in that place."""

    @wraps(view)
    def door(request: HttpRequest, **place) -> HttpResponse:
        if not request.user.is_authenticated:
            back = urlencode({"next": reverse("run", kwargs=place)})
            return HttpResponse(status=401, headers={"HX-Redirect": f"{reverse('account_login')}?{back}"})
        return view(request, **place)

    return cache_control(no_store=True, private=True)(door)


@require_safe
@fragment
def run_live(request: HttpRequest, run_id) -> HttpResponse:
    """Answer the page's moving parts, or 204 where the browser shows them already as they are."""
    run = access.run_for(request.user, run_id)
    version = run_sheet.version_of(run)
    if version == request.GET.get("version"):
        return HttpResponse(status=204)
    sheet = run_sheet.for_person(run, request.user, version)
    changed = sheet.controls.key != request.GET.get("controls")
    return render(request, "_run_live.html", {**_shown(request, sheet, still=False), "controls_changed": changed})


@form_on("run")
def stop_run(request: HttpRequest, run_id) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    held = stops.stop_run(run.pk, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Stopped. {count(held, 'action')} went on hold. Somebody else resumes it.")
    return see("run", run_id)


@form_on("run")
def resume_run(request: HttpRequest, run_id) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    back = stops.resume_run(run.pk, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Resumed. {count(back, 'action')} came back.")
    return see("run", run_id)


@form_on("run")
def cancel_run(request: HttpRequest, run_id) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    if not access.may_conclude(request.user, run):
        raise NotAllowed("Only somebody with a role of its agent, or the client that asked for it, may cancel a run.")
    runs.cancel(run.pk, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, "Cancelled. What it had open was withdrawn.")
    return see("run", run_id)


@form_on("run")
def see_run(request: HttpRequest, run_id) -> HttpResponse:
    runs.acknowledge(access.run_for(request.user, run_id), by=request.user)
    messages.success(request, "You have seen it: it is off the list of what needs you.")
    return see("run", run_id)
