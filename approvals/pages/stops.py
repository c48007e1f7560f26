"""Forms that stop and resume a tool or everything, and the page of incidents: parse, call one verb, answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents import access, stops
from agents import incidents as verbs
from agents.counting import count
from approvals.owners import console, incidents
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in


@form_on("agent")
def stop_tool(request: HttpRequest, slug: str) -> HttpResponse:
    tool = console.tool_of(access.agent_for(request.user, slug), request.POST.get("tool", ""))
    held = stops.stop_tool(tool=tool, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Stopped {tool.name}. {count(held, 'action')} went on hold.")
    return see("agent", slug)


@form_on("agent")
def resume_tool(request: HttpRequest, slug: str) -> HttpResponse:
    tool = console.tool_of(access.agent_for(request.user, slug), request.POST.get("tool", ""))
    back = stops.resume_tool(tool=tool, by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Resumed {tool.name}. {count(back, 'action')} came back.")
    return see("agent", slug)


@form_on("agents")
def stop_everything(request: HttpRequest) -> HttpResponse:
    held = stops.stop_everything(by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Everything is stopped. {count(held, 'action')} went on hold; nothing new can start.")
    return see("agents")


@form_on("agents")
def resume_everything(request: HttpRequest) -> HttpResponse:
    back = stops.resume_everything(by=request.user.actor(), reason=request.POST.get("reason", ""))
    messages.success(request, f"Everything goes on. {count(back, 'action')} came back.")
    return see("agents")


@require_safe
@signed_in
def incidents_page(request: HttpRequest) -> HttpResponse:
    before = as_number(request.GET.get("before", ""))
    return page(request, "incidents.html", shelf=incidents.shelf(request.user, before=before))


@form_on("incidents")
def close_incident(request: HttpRequest) -> HttpResponse:
    incident = incidents.incident_for(request.user, as_number(request.POST.get("incident", "")))
    verbs.close(incident, by=request.user, note=request.POST.get("note", ""))
    messages.success(request, "Closed. What you found is on record.")
    return see("incidents")
