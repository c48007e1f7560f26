"""Who somebody is changes while they sign, or while what they signed is about to run: never an effect they may not have signed.

Beside these: two accounts of one human, the double click and both orders of taking back in `test_decisions.py`, a stop in
`test_claims.py`, a touch of a passkey in `test_passkeys.py`, a tab left open over an edit in `tests/faces/test_decisions.py`.
"""

import pytest
from django.test import Client
from django.urls import reverse

from agents import actions, people
from agents.errors import Refusal
from agents.models import Action, AgentRole, Person
from approvals.models import Decision
from audit.actors import Actor
from tests.factories import (
    Company,
    decide,
    give_policy,
    make_action,
    make_approved,
    moves,
    prove,
)
from tests.races.threads import together
from tests.toolserver import serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
OPERATOR = Actor(kind="operator", id="root", display="root")
ROUNDS = 3


def leave(person: Person) -> None:
    people.change(person.username, groups=[], by=OPERATOR)


def come_back(person: Person) -> None:
    people.change(person.username, groups=["finance"], by=OPERATOR)
    Person.objects.filter(pk=person.pk).update(signer_since="2020-01-01T00:00:00Z")


def own(company: Company, person: Person) -> None:
    AgentRole.objects.filter(agent=company.agent, role="owner").update(person=person)


def run(action: Action):
    return actions.execute(action.pk, worker="w")


def no_strangers(results: list) -> None:
    strange = [one for one in results if isinstance(one, Exception) and not isinstance(one, Refusal)]
    assert not strange, strange


def sent(tool, action: Action) -> int:
    return sum(call.headers["Idempotency-Key"] == str(action.pk) for call in tool.calls)


# --- between the vote and the claim


def test_a_signer_who_leaves_before_the_claim_is_gone_from_it_however_the_race_ends(company):
    with serving() as tool:
        for _ in range(ROUNDS):
            action = make_approved(company)
            no_strangers(together(lambda a=action: run(a), lambda: leave(company.fin)))
            action.refresh_from_db()
            assert (action.state, sent(tool, action)) in {("succeeded", 1), ("refused", 0)}
            come_back(company.fin)


def test_a_signer_who_is_disabled_before_the_claim_is_gone_from_it_however_the_race_ends(company):
    with serving() as tool:
        action = make_approved(company)
        no_strangers(together(lambda: run(action), lambda: people.disable(company.fin.username, by=OPERATOR)))
        action.refresh_from_db()
        assert (action.state, sent(tool, action)) in {("succeeded", 1), ("refused", 0)}


@pytest.mark.parametrize("change", [leave, lambda person: people.disable(person.username, by=OPERATOR)])
def test_once_that_is_committed_no_claim_passes(company, change):
    with serving() as tool:
        action = make_approved(company)
        change(company.fin)
        together(*[lambda: run(action)] * 4)
        action.refresh_from_db()
        assert (action.state, sent(tool, action)) == ("refused", 0)


def test_a_signer_who_became_owner_since_signs_nothing_that_runs(company):
    with serving() as tool:
        action = make_approved(company)
        own(company, company.fin)
        together(*[lambda: run(action)] * 4)
        action.refresh_from_db()
        assert (action.state, sent(tool, action)) == ("refused", 0)


# --- while the last one signs


def test_a_signer_who_becomes_owner_at_the_last_signature_is_noticed_before_it_runs(company):
    with serving() as tool:
        for _ in range(ROUNDS):
            own(company, company.owner)
            action = make_action(company.agent)
            decide(action, company.lea)
            no_strangers(together(lambda a=action: decide(a, company.fin), lambda: own(company, company.fin)))
            run(action)
            action.refresh_from_db()
            assert action.state in ("awaiting_review", "refused") and sent(tool, action) == 0


def test_a_signer_who_leaves_at_the_last_signature_leaves_nothing_that_runs(company):
    with serving() as tool:
        for _ in range(ROUNDS):
            action = make_action(company.agent)
            decide(action, company.fin)
            no_strangers(together(lambda a=action: decide(a, company.lea), lambda: leave(company.fin)))
            run(action)
            action.refresh_from_db()
            assert action.state in ("awaiting_review", "refused") and sent(tool, action) == 0
            come_back(company.fin)


def test_a_policy_that_denies_published_at_the_last_signature_lets_nothing_run(company):
    deny = "policy: p\nrules:\n  - {id: frozen, tool: issue_refund, then: deny, when: 'true'}\n"
    with serving() as tool:
        action = make_action(company.agent)
        decide(action, company.fin)
        no_strangers(together(lambda: decide(action, company.lea), lambda: give_policy(company.agent, deny)))
        run(action)
        action.refresh_from_db()
        assert action.state != "succeeded" and sent(tool, action) == 0


# --- two tabs


def test_two_tabs_of_one_person_at_the_same_moment_decide_once(company):
    action = make_action(company.agent)
    first = Client()
    first.force_login(company.fin, backend="django.contrib.auth.backends.ModelBackend")
    prove(first, company.fin)
    fields = {"decision": "approve", "digest": action.digest, "revision": action.revision}

    def press():
        tab = Client()
        tab.cookies = first.cookies
        return tab.post(reverse("decide", args=[action.pk]), fields).status_code

    results = together(*[press] * 4)
    assert sorted(results) == [303, 409, 409, 409]
    assert Decision.objects.filter(action=action).count() == 1
    assert moves(action) == [(None, "awaiting_review")]
