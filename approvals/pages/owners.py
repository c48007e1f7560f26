"""Pages of agents and their policies: parse, call one verb, answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents import access, stops
from agents.counting import count
from approvals.owners import console, coverage, incidents, policies
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in
from approvals.runs import listing


@require_safe
@signed_in
def agents_page(request: HttpRequest) -> HttpResponse:
    shown = {"agents": console.agents_of(request.user), "incidents": incidents.open_count(request.user)}
    return page(request, "agents.html", may_stop_everything=access.may_stop_everything(request.user), **shown)


@require_safe
@signed_in
def agent_page(request: HttpRequest, slug: str) -> HttpResponse:
    agent = access.agent_for(request.user, slug)
    latest = listing.latest(agent, request.user)
    return page(request, "agent.html", console=console.for_person(agent, request.user), runs=latest)


@form_on("agent")
def stop_agent(request: HttpRequest, slug: str) -> HttpResponse:
    agent = access.agent_for(request.user, slug)
    held = stops.stop(agent=agent, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Stopped. {count(held, 'action')} went on hold; nothing new can start.")
    return see("agent", slug)


@form_on("agent")
def resume_agent(request: HttpRequest, slug: str) -> HttpResponse:
    agent = access.agent_for(request.user, slug)
    back = stops.resume(agent=agent, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Resumed. {count(back, 'action')} came back.")
    return see("agent", slug)


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
