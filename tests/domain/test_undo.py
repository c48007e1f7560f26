"""Undoing: the tool that was declared for it, asked for by a person, signed by others."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from agents import states
from agents.actions.undo import NoUndo, UndoneAlready
from agents.errors import AgentStopped, InvalidArguments, KeyReused, NoSuchAction, NotAllowed, NotEligible
from agents.models import Action, ActionContent, Agent, Grant
from approvals import queue
from approvals.action import controls
from approvals.deciding import undoing
from audit.actors import Actor
from tests.factories import REFUND, decide, events, grant_tool, make_action, make_approved, make_company, make_person

pytestmark = pytest.mark.django_db
VOID = REFUND | {
    "name": "void_refund",
    "undo": "none",
    "schema": {
        "type": "object",
        "required": ["refund_id"],
        "additionalProperties": False,
        "properties": {
            "refund_id": {"type": "string"},
            "amount_usd": {"type": "number", "x-money": "USD"},
            "order_id": {"type": "string"},
        },
    },
    "critical": ["refund_id"],
    "headline": "Void refund {refund_id}",
}


@pytest.fixture
def company():
    company = make_company()
    grant_tool(company.agent, VOID)
    return company


def done(action: Action, output: object) -> Action:
    """Take an approved action to its success, with what the tool answered."""
    soon = timezone.now() + timedelta(hours=1)
    with transaction.atomic():
        leased = {"lease_owner": "w", "lease_until": soon, "wake_at": soon, "fence": 1, "attempts": 1}
        states.move(action, to=states.State.EXECUTING, by=Actor.SYSTEM, data={"attempt": 1}, **leased)
        states.move(action, to=states.State.SUCCEEDED, by=Actor.SYSTEM)
        ActionContent.objects.filter(action=action).update(output=output)
    return Action.objects.get(pk=action.pk)


@pytest.fixture
def refunded(company):
    return done(make_approved(company), {"refund_id": "re_77", "order_id": 5, "status": "ok"})


def ask(action: Action, by, key: str = "k1", **arguments):
    return undoing.ask(action_id=action.pk, by=by, arguments=arguments or {"refund_id": "re_77"}, key=key)


def undo_of(action: Action) -> Action:
    return Action.objects.get(undoes=action)


def test_an_undo_is_an_action_of_its_own_that_a_person_asked_for(company, refunded):
    proposed = ask(refunded, company.lea)
    new = undo_of(refunded)
    assert proposed.body["id"] == str(new.pk) and proposed.status == 202
    assert (new.state, new.tool.name, new.proposer_person, new.proposer_agent) == (
        "awaiting_review", "void_refund", company.lea, None,
    )  # fmt: skip
    assert (events(new)[0].verb, events(new)[0].actor_id) == ("action.proposed", str(company.lea.pk))


def test_whoever_asked_for_the_undo_cannot_sign_it(company, refunded):
    ask(refunded, company.lea)
    new = undo_of(refunded)
    assert company.lea.human_id in new.self_humans
    with pytest.raises(NotEligible, match="own side"):
        decide(new, company.lea)
    assert queue.next_for(company.lea) is None
    second = make_person("lea-2", "support-leads", human=company.lea)
    with pytest.raises(NotEligible):
        decide(new, second)
    decide(new, company.fin)
    decide(new, company.both)
    new.refresh_from_db()
    assert new.state == "approved"


def test_the_form_is_filled_in_from_the_answer_first_then_from_the_arguments(company, refunded):
    _, tool, fields = undoing.form_for(refunded.pk, company.lea)
    assert tool == "void_refund"
    shown = {field.name: field.shown for field in fields}
    assert shown == {"refund_id": "re_77", "amount_usd": "120.00", "order_id": "5"}


def test_an_owner_may_ask_and_a_stranger_may_not(company, refunded):
    with pytest.raises(NoSuchAction):
        ask(refunded, make_person())
    auditor = make_person(is_superuser=True)
    with pytest.raises(NotAllowed):
        ask(refunded, auditor)
    assert ask(refunded, company.owner).status == 202


def test_only_what_was_done_is_undone(company):
    with pytest.raises(NoUndo):
        ask(make_approved(company), company.lea)
    with pytest.raises(NoUndo):
        ask(done(make_approved(company, "send_reply"), {}), company.lea)


def test_without_a_grant_there_is_no_undo(company, refunded):
    Grant.objects.filter(tool_name="void_refund").update(revoked_at=timezone.now())
    with pytest.raises(NoUndo):
        ask(refunded, company.lea)
    assert controls.of(refunded, list(refunded.slots.all()), company.lea).undo == ""


def test_it_is_undone_once(company, refunded):
    ask(refunded, company.lea)
    with pytest.raises(UndoneAlready):
        ask(refunded, company.fin, key="k2")
    assert Action.objects.filter(undoes=refunded).count() == 1
    decide(undo_of(refunded), company.fin, "reject")
    assert ask(refunded, company.fin, key="k3").status == 202, "a rejected undo kept anybody from asking again"


def test_the_same_key_asks_once_and_other_words_under_it_are_refused(company, refunded):
    first, again = ask(refunded, company.lea), ask(refunded, company.lea)
    assert again.replayed and again.body["id"] == first.body["id"]
    with pytest.raises(KeyReused):
        ask(refunded, company.lea, refund_id="re_78")


def test_arguments_of_an_undo_fit_its_tool(company, refunded):
    with pytest.raises(InvalidArguments):
        ask(refunded, company.lea, nonsense=1)


def test_while_its_agent_is_stopped_nothing_is_undone(company, refunded):
    Agent.objects.filter(pk=company.agent.pk).update(stopped_at=timezone.now())
    with pytest.raises(AgentStopped):
        ask(refunded, company.lea)


def test_a_person_spends_none_of_the_agents_budget(company, refunded):
    Agent.objects.filter(pk=company.agent.pk).update(budget={"actions_per_day": 1})
    assert ask(refunded, company.lea).status == 202


def test_controls_offer_the_undo_and_then_name_it(company, refunded):
    slots = list(refunded.slots.all())
    assert controls.of(refunded, slots, company.lea).undo == "void_refund"
    assert controls.of(refunded, slots, make_person()).undo == ""
    ask(refunded, company.lea)
    assert controls.of(refunded, slots, company.lea).undone_by == undo_of(refunded)


def test_the_undo_is_bound_to_its_own_bytes(company, refunded):
    ask(refunded, company.lea)
    assert json.loads(bytes(undo_of(refunded).payload)) == {"refund_id": "re_77"}
    assert make_action(company.agent).undoes is None
