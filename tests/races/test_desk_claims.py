"""Two who claim at the same moment: one has it, the other is told who."""

import pytest

from approvals.attending import claims
from approvals.models import Claim
from tests.factories import decide, make_action, make_company, make_person
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_two_who_claim_at_once_are_one_who_has_it_and_one_who_is_told():
    company = make_company()
    others = [company.fin, *(make_person(f"fin{n}", "finance") for n in range(3))]
    for _ in range(3):
        action = make_action(company.agent)
        results = together(*[lambda by=by, action=action: claims.take(action.pk, by=by) for by in others])
        assert sum(isinstance(result, Claim) for result in results) == 1, results
        assert sum(isinstance(result, claims.ClaimHeld) for result in results) == len(others) - 1


def test_a_claim_beside_a_decision_waits_for_nobody_for_good():
    company = make_company()
    for _ in range(3):
        action = make_action(company.agent)
        results = together(
            lambda action=action: claims.take(action.pk, by=company.fin),
            lambda action=action: decide(action, company.lea),
            lambda action=action: claims.take(action.pk, by=company.both),
        )
        assert not [one for one in results if isinstance(one, Exception) and not hasattr(one, "code")], results
