"""Many people and many clicks at the same moment: one end, one permit."""

import pytest

from agents import actions
from agents.errors import AlreadyDecided, NotEligible, Refusal
from approvals.desk import AlreadyVoted
from approvals.models import Decision
from tests.factories import decide, due, later, make_action, make_company, make_person, moves
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def company():
    return make_company()


def won(results: list) -> list:
    strange = [result for result in results if isinstance(result, Exception) and not isinstance(result, Refusal)]
    assert not strange, strange
    return [result for result in results if isinstance(result, Decision)]


def test_many_deciding_at_once_make_one_end_and_one_permit(company):
    signers = [company.fin, company.lea, company.both]
    signers += [make_person(f"f{n}", "finance") for n in range(4)] + [
        make_person(f"l{n}", "support-leads") for n in range(4)
    ]
    for _ in range(3):
        action = make_action(company.agent)
        results = together(*[lambda by=by, action=action: decide(action, by) for by in signers])
        assert len(won(results)) == 2
        assert moves(action)[1:] == [("awaiting_review", "approved")]
        action.refresh_from_db()
        assert action.state == "approved" and action.permit_until is not None
        assert len(set(action.slots.values_list("human", flat=True)) - {None}) == 2


def test_approvals_against_rejections_end_once(company):
    leads = [make_person(f"l{n}", "support-leads") for n in range(4)]
    for _ in range(3):
        action = make_action(company.agent)
        decide(action, company.fin)
        words = ["approve", "reject"] * 2
        results = together(*[lambda by=by, w=w, a=action: decide(a, by, w) for by, w in zip(leads, words, strict=True)])
        [winner] = won(results)
        action.refresh_from_db()
        assert action.state == {"approve": "approved", "reject": "rejected"}[winner.word]
        assert len(moves(action)) == 2


def test_double_click_at_the_same_moment_signs_once(company):
    for _ in range(3):
        action = make_action(company.agent)
        results = together(*[lambda action=action: decide(action, company.fin)] * 5)
        assert len(won(results)) == 1
        assert all(isinstance(result, (Decision, AlreadyVoted)) for result in results)
        assert action.decisions.count() == 1


def test_two_accounts_of_one_human_at_the_same_moment_sign_once(company):
    second = make_person("fin-b", "support-leads", human=company.fin)
    for _ in range(3):
        action = make_action(company.agent)
        assert (
            len(
                won(
                    together(
                        lambda action=action: decide(action, company.fin), lambda action=action: decide(action, second)
                    )
                )
            )
            == 1
        )
        action.refresh_from_db()
        assert action.state == "awaiting_review"


def test_two_of_one_group_at_the_same_moment_are_one_signature(company):
    colleague = make_person("fin-c", "finance")
    for _ in range(3):
        action = make_action(company.agent)
        results = together(
            lambda action=action: decide(action, company.fin), lambda action=action: decide(action, colleague)
        )
        assert len(won(results)) == 1
        assert sum(isinstance(result, NotEligible) for result in results) == 1


def test_last_signature_against_the_clock_ends_once(company):
    for _ in range(5):
        action = make_action(company.agent)
        decide(action, company.fin)
        later(action, expires_at=8 * 3600 - 0.02)
        due(action)
        results = together(lambda action=action: decide(action, company.lea), *[actions.sweep] * 3)
        won([result for result in results if not isinstance(result, dict)])
        action.refresh_from_db()
        assert len(moves(action)) == (1 if action.state == "awaiting_review" else 2)
        assert action.state in ("approved", "expired", "awaiting_review")


def test_withdrawal_against_the_last_signature_ends_once(company):
    from audit.actors import Actor

    by = Actor(kind="agent", id=str(company.agent.pk), display="x")
    for _ in range(5):
        action = make_action(company.agent)
        decide(action, company.fin)
        results = together(
            lambda action=action: decide(action, company.lea), lambda action=action: actions.withdraw(action.pk, by=by)
        )
        assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, AlreadyDecided)]
        action.refresh_from_db()
        steps = moves(action)
        assert steps[-1][1] == action.state == "withdrawn"
        assert [old for old, _ in steps[1:]] == [new for _, new in steps[:-1]]
