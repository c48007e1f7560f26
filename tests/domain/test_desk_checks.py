"""Checks of the desk that no other test makes: the order where tier 4 comes in, and what an edit leaves of a signature."""

import pytest

from agents import actions
from agents.models import Action, Slot
from approvals import queue
from approvals.deciding import editing, receipts
from tests.factories import REFUND, REPLY, decide, due, give_policy, later, make_action, make_company, make_person

pytestmark = pytest.mark.django_db
ROTATE = {**REPLY, "name": "rotate_secret", "tier": 4, "idempotent": True, "headline": "Rotate for {ticket}"}
SIGN = {"2": ["support-leads"], "3": ["finance", "support-leads"], "4": ["security", "support-leads"]}
OPENED = "policy: p\nrules:\n  - {id: leak, tool: rotate_secret, then: review, when: \"text == 'leaked'\", due: 10m, expires: 1h}\n"


@pytest.fixture
def company():
    made = make_company(sign=SIGN, tools=(REFUND, REPLY, ROTATE))
    make_person("officer", "security")
    give_policy(made.agent, OPENED)
    return made


def rotation(company) -> Action:
    return make_action(company.agent, "rotate_secret", arguments={"ticket": "t-1", "text": "leaked"})


def test_an_at_risk_tier_4_precedes_a_late_tier_2_which_precedes_what_is_on_time_and_there_tier_4_comes_first(company):
    calm_reply, calm_rotation = make_action(company.agent, "send_reply"), rotation(company)
    late_reply, hot_rotation = make_action(company.agent, "send_reply"), rotation(company)
    later(late_reply, due_at=86_400, at_risk_at=86_400)
    later(hot_rotation, at_risk_at=540)
    for one in (late_reply, hot_rotation):
        for _ in range(3):  # it looks at one thing at a time
            due(one)
            actions.sweep()
    # Due in the same quarter of an hour, it is the tier that decides.
    one = Slot.objects.get(action=calm_reply)
    Action.objects.filter(pk=calm_rotation.pk).update(due_at=calm_reply.due_at)
    Slot.objects.filter(action=calm_rotation).update(bucket=one.bucket)
    mine = queue.for_person(company.lea).your_turn
    assert [row.id for row in mine] == [str(a.pk) for a in (hot_rotation, late_reply, calm_rotation, calm_reply)]
    assert [(row.tier, row.due.word) for row in mine] == [(4, "At risk"), (2, "Late"), (4, "On time"), (2, "On time")]


def test_a_receipt_says_that_an_edit_dropped_the_signature(company):
    old = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 120})
    decision = decide(old, company.lea)
    new = editing.edit(
        action_id=old.pk,
        by=company.fin,
        arguments={"order_id": "A-1", "amount_usd": 80},
        digest=old.digest,
        revision=old.revision,
        approve=False,
    ).action
    said = receipts.receipt_for(company.lea, decision.pk).meaning
    assert said == "Dropped: another revision took the place of what you signed. It is signed anew, from the beginning."
    assert not new.slots.exclude(filled_by=None).exists() and new.revision == 2
