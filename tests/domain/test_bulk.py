"""Several alike at once: tier 2 alone, never mixed, each with its own digest and its own result."""

from uuid import uuid4

import pytest

from agents.errors import Invalid
from agents.models import Action
from approvals.deciding import bulk
from approvals.deciding.bulk import Bound, NotTogether
from approvals.models import Decision
from tests.factories import TRANSFER, decide, give_policy, grant_tool, make_action, make_company, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    company = make_company()
    grant_tool(company.agent, TRANSFER)
    return company


def transfers(company, *amounts: int) -> list[Action]:
    pay = [{"payee": f"p-{number % 2}", "amount_usd": amount} for number, amount in enumerate(amounts)]
    return [make_action(company.agent, "transfer", arguments=one) for one in pay]


def bound(actions) -> list[Bound]:
    return [Bound(action.pk, action.digest, action.revision) for action in actions]


def together(actions, by, word: str = "approve", **form) -> list[bulk.Result]:
    return bulk.decide(bound(actions), by=by, word=word, **form)


def test_each_gets_a_decision_of_its_own_on_its_own_digest(company):
    items = transfers(company, 10, 20, 30)
    results = together(items, company.lea, note="All three checked.")
    assert [result.code for result in results] == ["", "", ""]
    decisions = Decision.objects.order_by("pk")
    assert [one.digest for one in decisions] == [item.digest for item in items]
    assert {item.state for item in Action.objects.all()} == {"approved"}


def test_one_that_fails_keeps_none_of_the_others(company):
    items = transfers(company, 10, 20, 30)
    decide(items[1], company.both, "reject")
    results = together(items, company.lea)
    assert [result.code for result in results] == ["", "already_decided", ""]
    assert results[1].decision is None and results[1].detail


def test_one_that_they_decided_themselves_names_their_receipt(company):
    items = transfers(company, 10, 20)
    mine = decide(items[1], company.lea)
    results = together(items, company.lea)
    assert [(result.code, result.standing) for result in results] == [("", None), ("already_voted", mine.pk)]


def test_one_whose_digest_isnt_what_was_seen_is_stale(company):
    first, second = transfers(company, 10, 20)
    results = bulk.decide([Bound(first.pk, "0" * 64, 1), *bound([second])], by=company.lea, word="approve")
    assert [result.code for result in results] == ["stale", ""]


def test_tier_3_is_never_decided_together(company):
    items = [make_action(company.agent), make_action(company.agent)]
    for word in ("approve", "reject"):
        with pytest.raises(NotTogether, match="one by one"):
            together(items, company.lea, word, reason_code="duplicate" if word == "reject" else "")
    with pytest.raises(NotTogether):
        together([*transfers(company, 10), items[0]], company.lea)
    assert not Decision.objects.exists()


def test_mixed_sets_are_refused(company):
    other = make_company()
    grant_tool(other.agent, TRANSFER)
    mine = transfers(company, 10)
    for mixed in ([*mine, make_action(company.agent, "send_reply")], [*mine, *transfers(other, 10)]):
        with pytest.raises(NotTogether, match="same tool"):
            together(mixed, company.lea)
        with pytest.raises(NotTogether):
            bulk.compare([one.pk for one in mixed], company.lea)


def test_what_other_rules_hold_is_not_alike(company):
    plain = transfers(company, 10)
    give_policy(
        company.agent, "policy: p\nrules:\n  - {id: big, tool: transfer, then: review, when: 'amount_usd > 100'}\n"
    )
    ruled = transfers(company, 500)
    with pytest.raises(NotTogether):
        together([*plain, *ruled], company.lea)


def test_at_most_ten_are_approved_and_fifty_rejected(company):
    items = transfers(company, *range(1, 12))
    with pytest.raises(Invalid) as refused:
        together(items, company.lea)
    assert "1 to 10" in refused.value.errors[0]["message"] and not Decision.objects.exists()
    results = together(items, company.lea, "reject", reason_code="duplicate")
    assert all(result.decision for result in results)
    with pytest.raises(Invalid):
        bulk.decide([Bound(uuid4(), "0", 1)] * 51, by=company.lea, word="reject", reason_code="duplicate")


def test_none_and_doubles_are_refused(company):
    [item] = transfers(company, 10)
    for items in ([], bound([item, item])):
        with pytest.raises(Invalid):
            bulk.decide(items, by=company.lea, word="approve")


def test_a_rejection_without_a_code_decides_nothing(company):
    with pytest.raises(Invalid):
        together(transfers(company, 10, 20), company.lea, "reject")
    with pytest.raises(Invalid):
        together(transfers(company, 10), company.lea, "perhaps")
    assert not Decision.objects.exists()


def test_whoever_may_not_sign_gets_a_no_for_each_and_a_stranger_sees_none(company):
    items = transfers(company, 10, 20)
    assert [result.code for result in together(items, company.owner)] == ["not_eligible", "not_eligible"]
    with pytest.raises(NotTogether, match="isn't yours"):
        together(items, make_person())
    with pytest.raises(NotTogether):
        together(items, make_person("", "other-group"))


def test_the_comparison_shows_only_what_differs_and_what_is_far_out(company):
    pay = [{"payee": "p-1", "amount_usd": amount} for amount in (10, 11, 12, 11, 400)]
    items = [make_action(company.agent, "transfer", arguments=one) for one in pay]
    shown = bulk.compare([item.pk for item in items], company.lea)
    assert shown.fields == ["amount_usd"] and shown.same == [("payee", "p-1")] and shown.may_approve
    assert [row.cells[0].far for row in shown.rows] == [False, False, False, False, True]
    assert shown.rows[4].cells[0].value == "USD 400.00"


@pytest.mark.parametrize(
    ("values", "far"),
    [
        ([1, 2], [False, False]),
        ([5, 5, 5, 5, 6], [False] * 4 + [True]),
        ([1, 2, 3, None], [False] * 4),
        ([10, 11, 9, 10, 100, None], [False] * 4 + [True, False]),
        ([], []),
    ],
)
def test_far_is_more_than_three_median_distances_from_the_middle(values, far):
    assert bulk._far_out(values) == far
