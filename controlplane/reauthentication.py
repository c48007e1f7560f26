"""Proving again who one is: allauth's page, and that it happened goes on record."""

from allauth.account.views import ReauthenticateView
from django.db import transaction
from django.http import HttpResponse

from audit import log


class _Reauthenticate(ReauthenticateView):
    def form_valid(self, form) -> HttpResponse:
        answer, person = super().form_valid(form), self.request.user
        self.request.session.cycle_key()  # whoever copied the cookie before has no part in the proof
        with transaction.atomic():
            log.record(
                "person.proved",
                by=person.actor(),
                subject=("person", str(person.pk)),
                data={"method": "password"},
                retention="13 months",
            )
        return answer


reauthenticate = _Reauthenticate.as_view()
