"""The detail page as one reading: how much it asks the database, what it hides, and what a new look comes to."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Action, Run, RunStep
from agents.tools import base
from approvals.action import sheet
from approvals.action.blocks import recheck, trail
from tests.domain import running
from tests.domain.reading import DRAFT, TOOLS, answered
from tests.factories import REFUND, decide, give_policy, grant_tool, make_action, make_company
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
MOST = 24  # queries of the whole reading: the blocks ask 8 of them
FACTS = """\
policy: p
facts:
  refunded_usd: {type: number, source: shop, path: "/orders/{order_id}", at: refunded}
rules:
  - {id: many, tool: issue_refund, then: review, when: "refunded_usd > 300"}
"""


@pytest.fixture
def company():
    return make_company(tools=TOOLS)


@pytest.fixture
def shop():
    with serving() as server:
        base.sources["shop"] = base.HttpSource(name="shop", host="refunds")
        yield server
        base.sources.clear()


def read(action: Action, person) -> Action:
    """The action as its page reads it."""
    return Action.objects.select_related("agent", "tool", "definition", "content").get(pk=action.pk)


def queries(action: Action, person) -> int:
    action = read(action, person)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        sheet.for_person(action, person)
    return len(caught)


def test_the_number_of_queries_is_fixed(company):
    def refund():
        return make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": "120"})

    first = queries(refund(), company.fin)
    for _ in range(4):
        answered(make_action(company.agent, "look_up", arguments={"order_id": "A-1"}), {"total": 120})
        decide(refund(), company.fin, "reject")
    assert queries(refund(), company.fin) == first
    assert first <= MOST, first


def test_the_number_of_queries_is_fixed_for_a_card_with_similar_decisions(company):
    def reply():
        return make_action(company.agent, "send_reply", arguments={"ticket": "T-1", "text": DRAFT})

    decide(reply(), company.lea, "reject")
    first = queries(reply(), company.lea)
    for _ in range(4):
        decide(reply(), company.lea, "reject")
        answered(make_action(company.agent, "read_ticket", arguments={"ticket": "T-1"}), {"text": DRAFT})
    assert queries(reply(), company.lea) == first
    assert first <= MOST, first


def test_similar_decisions_wait_until_one_has_decided(company):
    company = make_company(tools=[REFUND])
    action = make_action(company.agent)
    assert sheet.for_person(read(action, company.fin), company.fin).similar.hidden
    decide(action, company.fin)
    assert not sheet.for_person(read(action, company.fin), company.fin).similar.hidden


def test_the_owner_reads_the_whole_and_a_mere_reader_without_personal_data(company):
    from guardian.shortcuts import assign_perm

    from tests.factories import make_person

    action, reader = make_action(company.agent), make_person("vera")
    assign_perm("agents.view_agent", reader, company.agent)
    assert not sheet.for_person(read(action, company.owner), company.owner).masked
    assert not sheet.for_person(read(action, company.fin), company.fin).masked
    assert sheet.for_person(read(action, reader), reader).masked
    assert sheet.may_read_whole(action, company.owner) and not sheet.may_read_whole(action, reader)


# --- looking again


def looked(company, shop, now: float) -> recheck.Recheck:
    action = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": "120"})
    shop.behaviour = says(200, {"refunded": now})
    before = Action.objects.filter(pk=action.pk).values().get()
    found = recheck.of(read(action, company.fin), company.fin)
    assert Action.objects.filter(pk=action.pk).values().get() == before, "a new look changed something"
    return found


def test_what_moved_is_said_with_both_values_and_what_policy_would_now_say(company, shop):
    give_policy(company.agent, FACTS)
    shop.behaviour = says(200, {"refunded": 200.4})
    found = looked(company, shop, 412.0)
    assert [(one.name, one.then, one.now) for one in found.moved] == [("refunded_usd", "200.4", "412")]
    assert found.drifted and any("refunded_usd" in text for text in found.stricter)


def test_what_has_not_moved_is_said_too(company, shop):
    give_policy(company.agent, FACTS)
    shop.behaviour = says(200, {"refunded": 200.4})
    found = looked(company, shop, 200.4)
    assert (found.moved, found.stricter, found.unanswered, found.drifted) == ([], [], [], False)


def test_a_source_that_is_silent_now_is_no_drift(company, shop):
    give_policy(company.agent, FACTS)
    shop.behaviour = says(200, {"refunded": 200.4})
    action = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": "120"})
    shop.behaviour = says(503, {})
    found = recheck.of(read(action, company.fin), company.fin)
    assert found.unanswered == ["refunded_usd"] and found.moved == []


def test_one_person_looks_again_once_in_five_seconds(company):
    action = read(make_action(company.agent), company.fin)
    recheck.of(action, company.fin)
    with pytest.raises(recheck.TooSoon):
        recheck.of(action, company.fin)
    recheck.of(action, company.lea)


# --- a run behind it


def test_a_run_tells_what_was_read_before_and_nothing_of_what_came_after():
    company = running.make_talking_company()
    grant_tool(company.agent, TOOLS[3])
    run = running.begin(company.agent, {"propose": [running.look("A-1")]}, {"propose": [running.refund("A-1")]})
    action = Action.objects.filter(run_id=run.pk, tool__name="issue_refund").first()
    read_before = Action.objects.get(run_id=run.pk, tool__name="look_up")
    if action is None:  # the reading waits for its worker: answer it, and carry on
        answered(read_before, {"total": 120})
        running.carry(Run.objects.get(pk=run.pk))
        action = Action.objects.get(run_id=run.pk, tool__name="issue_refund")
    before = trail.of(action)
    assert before.is_run and [one.tool for one in before.reads] == ["look_up"]
    own = RunStep.objects.get(action=action).number
    assert [step.number for step in before.steps] == list(range(1, own))
    assert trail.of(read_before).reads == []
