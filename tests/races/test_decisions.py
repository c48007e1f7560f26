"""Many people and many clicks at the same moment: one end, one permit."""

import pytest

from agents import actions
from agents.errors import AlreadyDecided, NotEligible, Refusal
from agents.models import Action
from approvals.deciding import editing, withdrawing
from approvals.deciding.desk import AlreadyVoted
from approvals.models import Decision, Withdrawal
from tests.factories import decide, due, later, make_action, make_person, moves
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


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


def test_taking_back_against_the_last_signature_ends_one_way(company):
    """Either it is approved with both signatures, or one is gone and it still waits: never approved with a hole."""
    for _ in range(4):
        action = make_action(company.agent)
        first = decide(action, company.fin)
        results = together(
            lambda first=first: withdrawing.withdraw(decision_id=first.pk, by=company.fin),
            lambda action=action: decide(action, company.lea),
        )
        strange = [one for one in results if isinstance(one, Exception) and not isinstance(one, Refusal)]
        assert not strange, strange
        action.refresh_from_db()
        filled = action.slots.exclude(human=None).count()
        withdrawn = Withdrawal.objects.filter(decision=first).exists()
        assert (action.state, filled, withdrawn) in {("approved", 2, False), ("awaiting_review", 1, True)}


def test_an_edit_against_the_last_signature_leaves_one_of_both(company):
    for _ in range(4):
        action = make_action(company.agent)
        decide(action, company.fin)
        edited = {"order_id": "o", "amount_usd": 5}
        seen = {"digest": action.digest, "revision": 1, "approve": False}
        results = together(
            lambda a=action, s=seen, e=edited: editing.edit(action_id=a.pk, by=company.both, arguments=e, **s),
            lambda a=action: decide(a, company.lea),
        )
        assert sum(isinstance(one, Refusal) for one in results) == 1, results
        action.refresh_from_db()
        newer = Action.objects.filter(lineage=action.pk, revision=2).count()
        assert (action.state, newer) in {("approved", 0), ("superseded", 1)}


def test_five_editors_at_the_same_moment_make_one_revision(company):
    editors = [company.fin, company.lea, company.both, *(make_person(f"e{n}", "finance") for n in range(2))]
    action = make_action(company.agent)
    seen = {"digest": action.digest, "revision": 1, "approve": False}

    def edit(by, amount):
        return editing.edit(action_id=action.pk, by=by, arguments={"order_id": "o", "amount_usd": amount}, **seen)

    results = together(*[lambda by=by, n=n: edit(by, n + 1) for n, by in enumerate(editors)])
    assert sum(isinstance(one, editing.Edited) for one in results) == 1, results
    assert Action.objects.filter(lineage=action.pk).count() == 2
