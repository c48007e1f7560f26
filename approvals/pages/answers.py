"""How a page answers: with its top, by sending the browser on, and with numbers read as they were sent."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from approvals import queue
from approvals.owners import halts


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


def as_number(text: str) -> int:
    """Return a number as it was sent. What isn't one is 0: no revision, no id, no page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def as_event(text: str) -> int:
    """Return the id of an event as it was sent, 0 for what can't be one. Ids may be longer than other numbers."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
