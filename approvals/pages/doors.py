"""How a browser comes in: pages for people who are signed in, and forms that stand on a page of their own."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control

from approvals.deciding import proof

SIGNED_OUT = "You were signed out. Nothing was recorded; do it again."
_uncached = cache_control(no_store=True, private=True)


def signed_in(view: Callable) -> Callable:
    """For people who are signed in, and kept by no cache: neither a proxy nor the Back button may show it to others."""
    return _uncached(login_required(view))


def form_on(page: str) -> Callable:
    """For the view that takes a form of `page`, the name of a URL with the same arguments.

    Only a POST reaches the view. Somebody whose session ended signs in and finds the page again, told that nothing was
    recorded; whoever merely opens the form's address (GET, HEAD) is led to its page.
    """

    def decorate(view: Callable) -> Callable:
        @_uncached
        @wraps(view)
        def door(request: HttpRequest, **place) -> HttpResponse:
            address = reverse(page, kwargs=place)
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(address)
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            if not request.user.is_authenticated:
                messages.warning(request, SIGNED_OUT)
                return redirect_to_login(address)
            return view(request, **place)

        return door

    return decorate


def proved_lately(page: str) -> Callable:
    """For whoever proved lately who they are; others confirm their password first and come back to the page."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def door(request: HttpRequest, **place) -> HttpResponse:
            try:
                proof.require_lately(request)
            except proof.StepUpNeeded:
                messages.warning(request, "Nothing is changed yet: confirm that it's you first.")
                return HttpResponseRedirect(confirming(page), status=303)
            return view(request, **place)

        return door

    return decorate


def confirming(page: str) -> str:
    """Return where one confirms one's password, to come back to this page."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': reverse(page)})}"
