"""Asking for changes: the clock stands still, signatures stay, and only those asked may answer."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from agents import identities
from agents.errors import AlreadyDecided, DecisionExpired, Invalid, NoSuchAction, NotAllowed, NotEligible
from agents.identities import ClientPrincipal
from agents.models import Action
from approvals import queue
from approvals.action import controls
from approvals.deciding import asking, desk
from approvals.deciding.asking import NoMoreRounds, Wanted
from approvals.models import Question
from audit.actors import Actor
from tests.factories import (
    decide,
    events,
    later,
    make_action,
    make_agent,
    make_person,
    moves,
    principal_of,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(company):
    return make_action(company.agent)


def ask(action: Action, by, *codes: str, text: str = "Which photo shows it?") -> Question:
    return asking.ask(action_id=action.pk, by=by, codes=codes or [Wanted.EVIDENCE], text=text)


def answer(action: Action, by, text: str = "The second one.") -> Question:
    return asking.answer(action_id=action.pk, by=by, text=text)


def fresh(action: Action) -> Action:
    action.refresh_from_db()
    return action


# --- asking


def test_asking_stops_the_clock_and_takes_it_out_of_everybodys_turn(company, action):
    question = ask(action, company.fin)
    assert fresh(action).state == "changes_requested"
    assert (question.round, question.codes, question.answer) == (1, ["show_evidence"], "")
    assert question.until == action.wake_at
    assert action.clock.get(ended_at=None).reason == "changes_requested"
    assert queue.next_for(company.lea) is None and queue.next_for(company.fin) is None
    event = events(action)[-1]
    assert (event.verb, event.data["round"]) == ("action.changes_requested", 1)


def test_signatures_stay_because_the_bytes_do(company, action):
    decide(action, company.lea)
    ask(action, company.fin)
    answer(action, principal_of(company.agent))
    decide(fresh(action), company.fin)
    assert fresh(action).state == "approved"


def test_nobody_signs_while_an_answer_is_waited_for(company, action):
    ask(action, company.fin)
    with pytest.raises(AlreadyDecided):
        decide(action, company.lea)


def test_but_somebody_may_still_say_no(company, action):
    ask(action, company.fin)
    decide(action, company.lea, "reject")
    assert fresh(action).state == "rejected"
    assert moves(action)[-1] == ("changes_requested", "rejected")


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_only_whoever_may_reject_may_ask(company, action, who):
    person = company.owner if who == "owner" else make_person()
    with pytest.raises((NotEligible, NoSuchAction)):
        ask(action, person)
    assert fresh(action).state == "awaiting_review" and not Question.objects.exists()


def test_the_owner_in_the_signing_group_cannot_ask_either(company, action):
    company.owner.groups.add(company.fin.groups.get())
    with pytest.raises(NotEligible, match="own side"):
        ask(action, company.owner)


def test_whoever_signed_takes_their_signature_back_first(company, action):
    decide(action, company.fin)
    with pytest.raises(desk.AlreadyVoted, match="take your signature back"):
        ask(action, company.fin)


@pytest.mark.parametrize(
    ("codes", "text"), [((), ""), (("nonsense",), "x"), (("other",), ""), ((), "x\x00y"), ((), "x" * 4001)]
)
def test_a_question_that_isnt_whole_is_refused(company, action, codes, text):
    with pytest.raises(Invalid):
        asking.ask(action_id=action.pk, by=company.fin, codes=codes, text=text)
    assert fresh(action).state == "awaiting_review"


def test_past_its_expiry_nothing_is_asked(company, action):
    later(action, expires_at=60 * 60 * 24, due_at=60 * 60 * 24, at_risk_at=60 * 60 * 24)
    with pytest.raises(DecisionExpired):
        ask(action, company.fin)


def test_after_three_rounds_people_reject_or_take_it_further(company, action):
    for number in (1, 2, 3):
        assert ask(action, company.fin).round == number
        answer(action, principal_of(company.agent))
    with pytest.raises(NoMoreRounds):
        ask(action, company.fin)
    may = controls.of(fresh(action), list(action.slots.all()), company.fin)
    assert not may.ask and "3 times" in may.why_not_ask and may.reject


# --- answering


def test_the_agent_answers_and_it_is_back_with_the_pause_added(company, action):
    before = action.due_at
    ask(action, company.fin)
    Action.objects.filter(pk=action.pk).update(state_since=Now() - timedelta(minutes=10))
    question = answer(action, principal_of(company.agent))
    assert fresh(action).state == "awaiting_review"
    assert timedelta(minutes=10) <= action.due_at - before < timedelta(minutes=11)
    assert (question.answer, question.answered_by, question.ended_as) == ("The second one.", None, "answered")
    assert queue.next_for(company.fin) == str(action.pk)
    assert action.slots.filter(is_open=True, bucket=int(action.due_at.timestamp() // 900)).count() == 2


def test_a_role_holder_answers_in_the_agents_place(company, action):
    ask(action, company.fin)
    assert answer(action, company.owner).answered_by == company.owner


def test_another_agents_token_cannot_answer(company, action):
    ask(action, company.fin)
    other = make_agent()
    with pytest.raises(NoSuchAction):
        answer(action, principal_of(other))


def test_a_clients_token_cannot_answer(company, action):
    ask(action, company.fin)
    token, _ = identities.issue_client(name="inbox", agents=[company.agent], by=Actor.SYSTEM)
    with pytest.raises((NoSuchAction, NotAllowed)):
        answer(action, ClientPrincipal(client=token.client, token=token))


def test_a_reviewer_without_a_role_cannot_answer(company, action):
    ask(action, company.fin)
    with pytest.raises(NotAllowed):
        answer(action, company.lea)
    assert fresh(action).state == "changes_requested"


def test_a_disabled_role_holder_cannot_answer(company, action):
    ask(action, company.fin)
    company.owner.is_active = False
    with pytest.raises((NoSuchAction, NotAllowed)):
        answer(action, company.owner)


def test_nothing_is_answered_that_nobody_asked(company, action):
    with pytest.raises(AlreadyDecided):
        answer(action, principal_of(company.agent))


def test_an_answer_says_something(company, action):
    ask(action, company.fin)
    for text in ("", "   ", "x\x00", "x" * 4001):
        with pytest.raises(Invalid):
            answer(action, principal_of(company.agent), text)


def test_an_answer_sent_twice_counts_once(company, action):
    ask(action, company.fin)
    answer(action, principal_of(company.agent))
    with pytest.raises(AlreadyDecided):
        answer(action, principal_of(company.agent), "Another one.")
    assert Question.objects.get().answer == "The second one."


def test_words_of_both_stand_apart_from_the_event(company, action):
    ask(action, company.fin, text="Is Lena Ortiz the payee?")
    answer(action, principal_of(company.agent), "Yes, Lena Ortiz.")
    for event in events(action):
        assert "Lena" not in str(event.data)


def test_controls_say_who_may_answer_and_what_is_open(company, action):
    ask(action, company.fin)
    slots = list(action.slots.all())
    owner, lead = (controls.of(fresh(action), slots, person) for person in (company.owner, company.lea))
    assert owner.answer and not lead.answer
    assert lead.question == Question.objects.get() and lead.reject and not lead.approve and not lead.ask
    answer(action, principal_of(company.agent))
    again = controls.of(fresh(action), slots, company.lea)
    assert again.question is None and again.approve and len(again.asked) == 1
