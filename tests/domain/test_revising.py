"""Editing what waits: a new revision, judged anew, never looser, and four eyes where two must sign."""

import json

import pytest

from agents import actions, stops
from agents.actions.revise import EditDenied
from agents.errors import (
    AgentStopped,
    AlreadyDecided,
    DecisionExpired,
    Invalid,
    InvalidArguments,
    NoSuchAction,
    NotEligible,
    Stale,
)  # fmt: skip
from agents.models import Action, RunStep
from approvals import queue
from approvals.action import controls
from approvals.deciding import asking, desk, editing
from approvals.models import Question
from tests.domain import running
from tests.factories import (
    decide,
    events,
    give_policy,
    later,
    make_action,
    make_company,
    make_person,
    moves,
    principal_of,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def edit(action: Action, by, *, approve: bool = True, **changed) -> editing.Edited:
    seen = {"digest": changed.pop("digest", action.digest), "revision": changed.pop("revision", action.revision)}
    arguments = _sent(action) | changed
    arguments = {name: value for name, value in arguments.items() if value is not None}
    return editing.edit(action_id=action.pk, by=by, arguments=arguments, approve=approve, **seen)


def _sent(action: Action) -> dict:
    stored = json.loads(bytes(action.payload))
    return {name: value["minor"] / 100 if isinstance(value, dict) else value for name, value in stored.items()}


def arguments(action: Action) -> dict:
    return json.loads(bytes(action.payload))


# --- the new revision


def test_an_edit_is_a_new_row_and_the_old_one_is_superseded(company):
    old = make_action(company.agent, "send_reply", arguments={"ticket": "T-1", "text": "Dear all"})
    new = edit(old, company.lea, text="Dear Lena", approve=False).action
    old.refresh_from_db()
    assert (old.state, new.state) == ("superseded", "awaiting_review")
    assert (new.lineage, new.revision, new.proposer_agent) == (old.pk, 2, company.agent)
    assert arguments(new) == {"ticket": "T-1", "text": "Dear Lena"}
    assert new.digest != old.digest
    assert moves(old)[-1] == ("awaiting_review", "superseded")
    assert (events(new)[0].verb, events(new)[0].actor_id) == ("action.revised", str(company.lea.pk))


def test_numbers_stay_numbers_and_money_stays_money(company):
    old = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 120})
    new = edit(old, company.fin, amount_usd="99.50").action
    assert arguments(new)["amount_usd"] == {"currency": "USD", "minor": 9950}
    assert new.impact == 9950


def test_below_tier_3_the_editor_approves_in_the_same_step(company):
    old = make_action(company.agent, "send_reply")
    edited = edit(old, company.lea, text="Shorter.")
    edited.action.refresh_from_db()
    assert edited.action.state == "approved"
    assert (edited.decision.action, edited.decision.revision) == (edited.action, 2)
    assert edited.decision.digest == edited.action.digest


def test_from_tier_3_on_the_editor_cannot_sign_what_they_edited(company):
    old = make_action(company.agent)
    edited = edit(old, company.fin, amount_usd=80)
    assert edited.decision is None and edited.action.state == "awaiting_review"
    assert company.fin.human_id in edited.action.self_humans
    with pytest.raises(NotEligible, match="own side"):
        decide(edited.action, company.fin)
    assert queue.next_for(company.fin) is None, "an editor is asked to sign their own edit"
    decide(edited.action, company.both)
    decide(edited.action, company.lea)
    edited.action.refresh_from_db()
    assert edited.action.state == "approved"


def test_nor_does_another_account_of_the_editor(company):
    second = make_person("fin-2", "support-leads", human=company.fin)
    edited = edit(make_action(company.agent), company.fin, amount_usd=80)
    with pytest.raises(NotEligible):
        decide(edited.action, second)


def test_an_editor_stays_own_side_in_later_revisions(company):
    second = edit(make_action(company.agent), company.fin, amount_usd=80).action
    third = edit(second, company.lea, amount_usd=70).action
    assert {company.fin.human_id, company.lea.human_id} <= set(third.self_humans)
    assert third.revision == 3 and third.lineage == second.lineage


def test_earlier_signatures_are_dropped(company):
    old = make_action(company.agent)
    decide(old, company.lea)
    new = edit(old, company.fin, amount_usd=80).action
    assert not new.slots.exclude(filled_by=None).exists()
    assert new.slots.count() == 2


# --- who and when


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_only_whoever_may_reject_may_edit(company, who):
    action = make_action(company.agent)
    with pytest.raises((NotEligible, NoSuchAction)):
        edit(action, company.owner if who == "owner" else make_person(), amount_usd=80)
    action.refresh_from_db()
    assert action.state == "awaiting_review" and Action.objects.count() == 1


def test_whoever_signed_takes_it_back_first(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    with pytest.raises(desk.AlreadyVoted):
        edit(action, company.fin, amount_usd=80)


def test_an_edit_of_other_bytes_is_stale(company):
    action = make_action(company.agent)
    with pytest.raises(Stale):
        edit(action, company.fin, amount_usd=80, digest="0" * 64)
    with pytest.raises(Stale):
        edit(action, company.fin, amount_usd=80, revision=2)


def test_two_editors_make_one_revision(company):
    action = make_action(company.agent)
    edit(action, company.fin, amount_usd=80)
    with pytest.raises(AlreadyDecided):
        edit(action, company.lea, amount_usd=70)
    assert Action.objects.filter(lineage=action.pk).count() == 2


def test_a_vote_and_an_edit_prepared_at_once_make_one_end(company):
    """The edit was prepared before the last signature came: what runs is what was signed."""
    action = make_action(company.agent, "send_reply")
    prepared = actions.prepare(Action.objects.get(pk=action.pk), {"ticket": "T-1", "text": "x"})
    decide(action, company.lea)
    with pytest.raises(AlreadyDecided):
        actions.revise(prepared, by=company.both)
    action.refresh_from_db()
    assert action.state == "approved"


def test_after_approval_nothing_is_edited(company):
    action = make_action(company.agent, "send_reply")
    decide(action, company.lea)
    with pytest.raises(AlreadyDecided):
        edit(action, company.both, text="x")


def test_past_its_expiry_nothing_is_edited(company):
    action = make_action(company.agent)
    later(action, expires_at=60 * 60 * 24, due_at=60 * 60 * 24, at_risk_at=60 * 60 * 24)
    with pytest.raises(DecisionExpired):
        edit(action, company.fin, amount_usd=80)


def test_while_its_agent_is_stopped_nothing_is_edited(company):
    action = make_action(company.agent)
    stops.stop(agent=company.agent, by=company.lea.actor(), reason="odd")
    with pytest.raises((AgentStopped, AlreadyDecided)):
        edit(action, company.fin, amount_usd=80)


def test_nothing_changed_is_no_edit(company):
    action = make_action(company.agent)
    with pytest.raises(Invalid, match="Nothing was changed"):
        edit(action, company.fin)


@pytest.mark.parametrize("changed", [{"amount_usd": "abc"}, {"order_id": None}, {"extra": 1}, {"amount_usd": "1.234"}])
def test_what_doesnt_fit_the_tool_is_refused_and_nothing_moves(company, changed):
    action = make_action(company.agent)
    with pytest.raises(InvalidArguments):
        edit(action, company.fin, **changed)
    action.refresh_from_db()
    assert action.state == "awaiting_review"


def test_an_answer_by_edit_closes_the_question(company):
    action = make_action(company.agent)
    asking.ask(action_id=action.pk, by=company.lea, codes=["check_value"], text="")
    new = edit(action, company.fin, amount_usd=80).action
    question = Question.objects.get()
    assert (question.ended_as, question.answered_by) == ("revised", company.fin)
    may = controls.of(new, list(new.slots.all()), company.lea)
    assert [one.round for one in may.asked] == [1] and may.question is None


# --- policy


def policed():
    company = make_company(sign={"2": ["support-leads"], "3": ["finance", "support-leads"]})
    make_person("legal-1", "legal")
    give_policy(
        company.agent,
        """
        policy: desk
        rules:
          - {id: chargebacks, tool: send_reply, then: review, slots: [support-leads, legal], when: "text.contains('chargeback')"}
          - {id: threats, tool: send_reply, then: deny, when: "text.contains('sue')"}
          - {id: thanks, tool: send_reply, then: allow, when: "text == 'Thank you'"}
        """,
    )
    return company


def test_an_edit_that_policy_denies_leaves_everything_as_it_was():
    company = policed()
    action = make_action(company.agent, "send_reply")
    with pytest.raises(EditDenied):
        edit(action, company.lea, text="We sue you")
    action.refresh_from_db()
    assert action.state == "awaiting_review" and action.slots.filter(is_open=True).exists()


def test_an_edit_that_makes_policy_stricter_goes_to_review():
    company = policed()
    action = make_action(company.agent, "send_reply")
    edited = edit(action, company.lea, text="About your chargeback")
    assert edited.decision is None and edited.action.state == "awaiting_review"
    assert {slot.label for slot in edited.action.slots.all()} == {"support-leads", "legal"}


def test_an_edit_never_makes_it_run_unattended():
    """Policy would let the edited words go out by themselves; they waited for a person, so a person signs them."""
    company = policed()
    action = make_action(company.agent, "send_reply")
    new = edit(action, company.lea, text="Thank you", approve=False).action
    assert new.state == "awaiting_review"
    assert [slot.label for slot in new.slots.all()] == ["support-leads"]


def test_an_edit_drops_nobody_who_was_asked_before():
    company = policed()
    action = make_action(company.agent, "send_reply", arguments={"ticket": "T", "text": "About your chargeback"})
    edited = edit(action, company.lea, text="About your letter")
    assert {slot.label for slot in edited.action.slots.all()} == {"support-leads", "legal"}


def test_the_old_revision_no_longer_counts_as_a_duplicate_of_the_new(company):
    body = {"name": "pay_out", "business_key": ["order_id"]}
    from tests.factories import REFUND, grant_tool

    grant_tool(company.agent, REFUND | body)
    action = make_action(company.agent, "pay_out", arguments={"order_id": "A-7", "amount_usd": 50})
    new = edit(action, company.fin, amount_usd=40).action
    assert "duplicate_business_key" not in [reason["code"] for reason in new.reasons]


# --- runs


def test_a_run_waits_for_the_newest_revision_and_gets_its_result():
    company = running.make_talking_company()
    run = running.begin(company.agent, {"propose": [running.reply(text="Dear all")]}, running.SAW)
    old = running.action_of(run, "send_reply")
    new = edit(old, company.lea, text="Dear Lena", approve=False).action
    step = RunStep.objects.get(action=new)
    assert step.run_id == run.pk and new.run_id == run.pk and new.step_id == old.step_id
    run = running.carry(run)
    assert run.state == "awaiting_review", "the run took the superseded revision for its result"
    decide(new, company.lea, "reject", reason_code="tone")
    run = running.carry(run)
    assert run.state == "completed"
    [result] = run.content.output["saw"]
    assert result["failure"] == "rejected"
    assert RunStep.objects.get(action=new).result["codes"] == ["edited", "tone"]


def test_the_result_of_a_revision_says_which_took_its_place(company):
    from agents import present

    old = make_action(company.agent)
    new = edit(old, company.fin, amount_usd=80).action
    old = Action.objects.select_related("agent", "tool", "content", "definition").get(pk=old.pk)
    assert present.for_agent(old)["superseded_by"] == str(new.pk)


def test_the_page_says_what_was_edited(company):
    old = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 120})
    new = edit(old, company.fin, amount_usd=80).action
    [change] = controls.of(new, list(new.slots.all()), company.lea).edited
    assert (change.name, change.before, change.after) == ("amount_usd", "USD 120.00", "USD 80.00")


def test_the_agent_cannot_edit_by_its_token(company):
    action = make_action(company.agent)
    with pytest.raises((AttributeError, NotEligible, NoSuchAction)):
        edit(action, principal_of(company.agent), amount_usd=80)
