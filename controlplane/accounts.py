"""Signing in with allauth: closed to sign-ups; every sign-in, sign-out and failure goes on record."""

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpResponse

from approvals.models import Preference
from approvals.pages import theme
from audit import log, refusals
from audit.actors import ANONYMOUS
from controlplane import sessions


class ClosedAdapter(DefaultAccountAdapter):
    """People are made by the operator's `manage.py person add`, never by themselves."""

    def is_open_for_signup(self, request) -> bool:
        return False

    def login(self, request, user) -> None:
        super().login(request, user)
        sessions.remember_device(request)
        _record("session.opened", user)

    def post_login(self, request, user, **sign_in) -> HttpResponse:
        """Send them on, in the colours they chose: this browser may not know them yet."""
        chosen = Preference.objects.filter(person=user).values_list("theme", flat=True).first()
        response = super().post_login(request, user, **sign_in)
        return theme.wear(response, request, chosen) if chosen else response

    def logout(self, request) -> None:
        person = request.user if request.user.is_authenticated else None
        super().logout(request)
        if person is not None:
            _record("session.closed", person)

    def authentication_failed(self, request, **credentials) -> None:
        super().authentication_failed(request, **credentials)
        with transaction.atomic():
            refusals.tally(by=ANONYMOUS, code="sign_in_failed", where=f"{request.method} {request.path}")


def _record(verb: str, person) -> None:
    with transaction.atomic():
        log.record(verb, by=person.actor(), subject=("person", str(person.pk)), retention="13 months")
