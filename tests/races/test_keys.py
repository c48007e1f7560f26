"""One request sent many times at once: one action, one answer."""

from dataclasses import replace

import pytest
from django.db import connection, transaction

from agents import actions, present
from agents.actions import Proposal
from agents.actions.propose import Proposed
from agents.errors import KeyInFlight, KeyReused
from agents.models import Action, IdempotencyKey
from tests.factories import make_agent, principal_of
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def ask(principal, key="k", order="o-1"):
    proposal = Proposal(tool="look_up", arguments={"order_id": order})
    return actions.propose(
        principal=principal, proposal=proposal, key=key, answer=lambda a: (201, present.for_agent(a))
    )


def test_fifty_at_once_with_one_key_make_one_action():
    principal = principal_of(make_agent())
    results = together(*[lambda: ask(principal)] * 50)
    answers = [result for result in results if isinstance(result, Proposed)]
    assert all(isinstance(result, (Proposed, KeyInFlight)) for result in results), results
    assert len({answer.body["id"] for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert (Action.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert ask(principal).replayed


def test_fifty_different_requests_with_one_key_make_one_action():
    principal = principal_of(make_agent())
    results = together(*[lambda n=n: ask(principal, order=f"o-{n}") for n in range(50)])
    assert sum(isinstance(result, Proposed) for result in results) == 1
    assert all(isinstance(result, (Proposed, KeyInFlight, KeyReused)) for result in results), results
    assert Action.objects.count() == 1


def test_request_whose_twin_is_in_flight_is_told_so():
    principal = principal_of(make_agent())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{principal.actor().principal} k"])
        [result] = together(lambda: ask(principal))
        assert isinstance(result, KeyInFlight)
        [other] = together(lambda: ask(principal, key="another"))
        assert isinstance(other, Proposed)
    assert not ask(principal).replayed


def test_look_that_came_before_the_twins_commit_is_told_so_too(monkeypatch):
    """The look and the lock are one statement: its snapshot may be older than the lock it gets."""
    principal = principal_of(make_agent())
    first = ask(principal)
    from importlib import import_module

    propose = import_module("agents.actions.propose")
    read = propose.standing.read
    monkeypatch.setattr(propose.standing, "read", lambda *asked, **key: replace(read(*asked, **key), kept=None))
    monkeypatch.setattr(propose, "_LOCK_AND_LOOK", propose._LOCK_AND_LOOK.replace("k.key = %s", "k.key = %s || 'x'"))
    with pytest.raises(KeyInFlight):
        ask(principal)
    assert (Action.objects.count(), IdempotencyKey.objects.get().answer["id"]) == (1, first.body["id"])
