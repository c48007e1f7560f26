"""Pages and forms of the queue: the list and its pulse, claims, snoozes, saved views, why something isn't there."""

import json
from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from agents.errors import Invalid
from approvals import queue
from approvals.attending import claims, snoozing
from approvals.models import Claim, Preference
from approvals.pages.answers import as_number, page
from approvals.pages.doors import form_on, signed_in
from approvals.queue import asked as asking
from approvals.queue import missing, pulse, saved
from approvals.queue.asked import Asked
from approvals.queue.sieve import Choice
from approvals.runs import listing


@require_safe
@signed_in
def queue_page(request: HttpRequest) -> HttpResponse:
    try:
        asked = asking.read(_given(request))
    except Invalid as refusal:
        return page(request, "queue.html", status=refusal.status, refusal=refusal, names=asking.NAMES)
    if asked.pairs != _given(request):
        return HttpResponseRedirect(_address(asked))  # one part of the queue has one address, to be sent to others
    mine = queue.for_person(request.user, asked)
    shown = {"desk": mine, "asked": asked, "stamp": pulse.stamp(mine), "sections": _sections(mine)}
    shown |= {
        "choosers": _choosers(mine),
        "views": saved.of(request.user, asked),
        "teams": mine.teams,
    }
    if not asked.narrows:
        shown["unseen"] = listing.unseen(request.user)
    return page(request, "queue.html", bar=queue.bar(request.user, mine), words=asking, **shown)


@require_safe
def pulse_of(request: HttpRequest) -> HttpResponse:
    """What changed since a page was made. Whoever was signed out is sent to sign in, not shown it in that place."""
    if not request.user.is_authenticated:
        back = urlencode({"next": reverse("queue")})
        response = HttpResponse(status=401, headers={"HX-Redirect": f"{reverse('account_login')}?{back}"})
    else:
        response = _pulse(request)
    patch_vary_headers(response, ["HX-Request"])
    return response


pulse_of = cache_control(no_store=True, private=True)(pulse_of)


def _pulse(request: HttpRequest) -> HttpResponse:
    given = [(key, text) for key, text in _given(request) if key != "stamp"]
    stamp = pulse.read_stamp(request.GET.get("stamp", ""))
    if stamp is None:
        raise Invalid("Load the queue again.", errors=[{"field": "stamp", "message": "isn't one of ours"}])
    since, shown = stamp
    asked = asking.read(given)
    news = pulse.of(request.user, asked, since=since, shown=shown)
    return render(request, "_pulse.html", {"pulse": news, "asked": asked})


@require_safe
@signed_in
def missing_page(request: HttpRequest) -> HttpResponse:
    """Why somebody doesn't see what they look for."""
    text, view = request.GET.get("x", ""), request.GET.get("view", "")
    try:
        answers = missing.explain(request.user, text, asking.read_query(view)) if text.strip() else None
    except Invalid as refusal:
        return page(request, "missing.html", status=refusal.status, refusal=refusal, text=text, view="")
    return page(request, "missing.html", answers=answers, text=text, view=view)


# --- claims and snoozes


@form_on("action")
def claim(request: HttpRequest, action_id) -> HttpResponse:
    """A button, and what the page sends when somebody begins to write a decision."""
    try:
        taken = claims.take(action_id, by=request.user, over=request.POST.get("over") == "1")
    except claims.ClaimHeld as refusal:
        if _by_script(request):
            raise
        messages.warning(request, refusal.detail)
        return _back(request, action_id)
    said = f"You have this until {taken.until:%H:%M} UTC. Others see that; anybody may still sign."
    return _claimed(request, taken, said)


@form_on("action")
def keep_claim(request: HttpRequest, action_id) -> HttpResponse:
    """Ten more minutes: a button, and what the page sends while somebody works on it."""
    kept = claims.keep(action_id, by=request.user)
    return _claimed(request, kept, f"You have this until {kept.until:%H:%M} UTC.")


def _claimed(request: HttpRequest, claim: Claim, said: str) -> HttpResponse:
    if _by_script(request):
        return HttpResponse(status=204, headers={"X-Claim-Until": claim.until.isoformat()})
    messages.success(request, said)
    return _back(request, claim.slot.action_id)


@form_on("action")
def release_claim(request: HttpRequest, action_id) -> HttpResponse:
    claims.release(action_id, by=request.user)
    messages.success(request, "You let go of it.")
    return _back(request, action_id)


@form_on("action")
def snooze(request: HttpRequest, action_id) -> HttpResponse:
    done = snoozing.snooze(action_id, by=request.user)
    said = f"Put aside until {done.until:%H:%M} UTC. Its clock goes on, and others see it."
    if _by_script(request):
        return _without_row(request, action_id, said)
    messages.success(request, said)
    return _back(request, action_id)


@form_on("action")
def wake(request: HttpRequest, action_id) -> HttpResponse:
    snoozing.wake(action_id, by=request.user)
    messages.success(request, "It is back in your turn.")
    return _back(request, action_id)


def _without_row(request: HttpRequest, action_id, said: str) -> HttpResponse:
    """Answer the row's place with nothing, and the counts beside it; the browser moves the focus on."""
    counts = {"pulse": queue.bar(request.user), "said": said}
    response = render(request, "_counts_again.html", counts)
    response.headers["HX-Trigger"] = json.dumps({"focusnext": {"from": f"row-{action_id}"}})
    return response


# --- saved views


@form_on("queue")
def save_view(request: HttpRequest) -> HttpResponse:
    form = request.POST
    asked = asking.read_query(form.get("query", ""))
    view = saved.save(form.get("name", ""), asked, by=request.user, group=form.get("group", ""))
    messages.success(request, f"Saved as “{view.name}”.")
    return _see(asked)


@form_on("queue")
def rename_view(request: HttpRequest) -> HttpResponse:
    saved.rename(as_number(request.POST.get("view", "")), request.POST.get("name", ""), by=request.user)
    messages.success(request, "The view has another name.")
    return _see(asking.read_query(request.POST.get("query", "")))


@form_on("queue")
def delete_view(request: HttpRequest) -> HttpResponse:
    saved.delete(as_number(request.POST.get("view", "")), by=request.user)
    messages.success(request, "The view is gone. What it showed stays where it is.")
    return _see(asking.read_query(request.POST.get("query", "")))


@form_on("queue")
def switch_keys(request: HttpRequest) -> HttpResponse:
    """Let single keys do something, or nothing."""
    on = request.POST.get("keys") == "on"
    Preference.objects.update_or_create(person=request.user, defaults={"shortcuts": on})
    messages.success(request, "Single keys work." if on else "Single keys do nothing now.")
    return _see(Asked())


# --- the parts


def _by_script(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def _given(request: HttpRequest) -> list[tuple[str, str]]:
    return [(key, text) for key, texts in request.GET.lists() for text in texts]


def _sections(mine: queue.Desk) -> list[dict]:
    """Return the sections in the order of the page: what is lost stands before everything else."""
    names = [name for name in _ORDER if not mine.asked.section or mine.asked.section == name]
    return [
        {
            "name": name,
            "id": name.replace("_", "-"),
            "title": asking.SECTIONS[name],
            "groups": _placed(name.replace("_", "-"), mine.groups[name], asked=mine.asked),
            "rows": len(getattr(mine, name)),
            "matching": mine.matching[name],
            "more": name in mine.counts.more,
        }
        for name in names
    ]


def _placed(place: str, groups: list[queue.Group], *, asked: Asked) -> list[tuple[str, queue.Group]]:
    """Return each group with the place of its heading on the page; what isn't grouped has the section's."""
    return [(place if asked.group == "none" else f"{place}-{number}", one) for number, one in enumerate(groups, 1)]


def _choosers(mine: queue.Desk) -> list[tuple[str, str, list[Choice]]]:
    """Return each filter with what can be chosen; several values at once, as an address may name, are one choice more."""
    return [(name, asking.NAMES[name], _as_one(choices)) for name, choices in mine.choices.items()]


def _as_one(choices: list[Choice]) -> list[Choice]:
    chosen = [one for one in choices if one.chosen]
    if len(chosen) < 2:
        return choices
    values, labels = ",".join(one.value for one in chosen), ", ".join(one.label for one in chosen)
    both = Choice(values, labels, sum(one.count for one in chosen), True)
    return [both, *(replace(one, chosen=False) for one in choices)]


_ORDER = ("unknown", "your_turn", "waiting", "on_hold")


def _address(asked: Asked) -> str:
    return f"{reverse('queue')}?{asked.query}" if asked.query else reverse("queue")


def _see(asked: Asked, anchor: str = "") -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{_address(asked)}{anchor}", status=303)


def _back(request: HttpRequest, action_id) -> HttpResponseRedirect:
    """Lead back to where the form stood: the row in its part of the queue, or the page of the action."""
    if "query" not in request.POST:
        return HttpResponseRedirect(reverse("action", args=[action_id]), status=303)
    return _see(asking.read_query(request.POST["query"]), f"#row-{action_id}")
