"""Who counts as self for what a run wants: whoever leads its mission, and the owners of every agent that handed it on."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import access, actions, people
from agents.errors import NotEligible
from agents.lifecycle import State
from agents.models import Action, Agent, AgentRole, Person, Run
from approvals.queue import turns
from audit.actors import Actor
from tests.domain.running import SAW, action_of, begin, carry, make_talking_company, refund, set_agent
from tests.factories import Company, decide, make_action, make_person
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
PAY = ({"propose": [refund()]}, {"finish": 1})


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


@pytest.fixture
def company():
    return make_talking_company()


@pytest.fixture
def middle():
    return make_talking_company()


@pytest.fixture
def last():
    return make_talking_company()


def hand_on(agent: Agent, *turns: dict) -> dict:
    return {"delegate": {"agent": agent.slug, "input": {"turns": list(turns)}}}


def signer(person: Person) -> Person:
    """Let an account sign for finance, as long as it doesn't count as self."""
    person.groups.add(Group.objects.get(name="finance"))
    Person.objects.filter(pk=person.pk).update(signer_since="2020-01-01T00:00:00Z")
    return Person.objects.get(pk=person.pk)


def delegated(company: Company, *chain: Company, **asked) -> Action:
    """Return the refund that the last of a chain proposes for the first."""
    companies, task = [company, *chain], PAY
    for asker, other in zip(companies, chain, strict=False):
        set_agent(asker.agent, delegates=[other.agent.slug])
    for other in reversed(chain):
        task = (hand_on(other.agent, *task), SAW)
    run = begin(company.agent, *task, **asked)
    for _ in chain:
        run = carry(Run.objects.get(parent=run))
    return action_of(run)


def own(agent: Agent, person: Person) -> None:
    AgentRole.objects.filter(agent=agent, role="owner").update(person=person)


def may_sign(action: Action, person: Person) -> bool:
    """Whether the person can sign; the queue, the page and the desk must say the same."""
    person = Person.objects.get(pk=person.pk)
    slots = list(action.slots.select_related("filled_by"))
    by_page = access.why_not_sign(action, slots, person) is None
    assert by_page == (action.pk in turns.of(person).ids)
    return by_page


def refused(action: Action, person: Person) -> bool:
    with pytest.raises(NotEligible, match="own side"):
        decide(action, person)
    return not action.slots.filter(filled_by__isnull=False).exists()


def test_owner_can_not_sign_what_their_agent_handed_on(company, middle):
    owner = signer(company.owner)
    action = delegated(company, middle)
    assert refused(action, owner) and not may_sign(action, owner)
    assert may_sign(action, company.fin) and may_sign(action, middle.fin)


def test_owner_can_not_sign_what_was_handed_on_twice(company, middle, last):
    top, between, below = signer(company.owner), signer(middle.owner), signer(last.owner)
    action = delegated(company, middle, last)
    for person in (top, between, below):
        assert refused(action, person) and not may_sign(action, person)
    assert {top.human_id, between.human_id, below.human_id} == set(action.self_humans)


def test_whose_task_was_handed_on_is_told_what_makes_it_theirs(company, middle):
    action = delegated(company, middle, mission_lead=company.fin)
    lead = "You count as its own side: you lead its mission. Somebody else must sign."
    assert access.why_never(action, company.fin) == lead
    asked = f"you own {company.agent.name}, which handed the task on"
    assert access.why_never(action, signer(company.owner)).startswith(f"You count as its own side: {asked}.")
    assert f"you own {middle.agent.name}." in access.why_never(action, signer(middle.owner))
    own(company.agent, make_person("heir"))
    assert "when it came in" in access.why_never(action, signer(company.owner))


def test_another_account_of_the_same_human_can_not_sign_either(company, middle):
    other = signer(make_person("", "finance", human=company.owner))
    assert refused(delegated(company, middle), other)


def test_mission_lead_can_not_sign_a_refund_of_their_mission(company):
    run = begin(company.agent, *PAY, mission_lead=company.fin)
    action = action_of(run)
    assert refused(action, company.fin) and not may_sign(action, company.fin)
    assert may_sign(action, company.both)


def test_mission_lead_can_not_sign_what_was_handed_on(company, middle):
    action = delegated(company, middle, mission_lead=company.fin)
    assert refused(action, company.fin) and may_sign(action, company.both)


def test_own_side_is_left_out_of_every_slot(company, middle):
    action = delegated(company, middle, mission_lead=company.lea)
    own_side = sorted({company.owner.human_id, middle.owner.human_id, company.lea.human_id})
    assert [slot.excluded for slot in action.slots.all()] == [own_side, own_side] and action.self_humans == own_side


def test_own_side_can_not_reject_either(company, middle):
    owner = signer(company.owner)
    with pytest.raises(NotEligible, match="own side"):
        decide(delegated(company, middle), owner, "reject")


def test_who_became_owner_of_an_agent_above_since_can_not_sign(company, middle):
    action = delegated(company, middle)
    own(company.agent, company.fin)
    assert refused(action, company.fin) and not may_sign(action, company.fin)
    assert may_sign(action, middle.fin)


@pytest.mark.parametrize(("deep", "owned"), [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)])
def test_queue_drops_what_the_desk_refuses_to_who_became_owner_since(company, middle, last, deep, owned):
    chain = [company, middle, last]
    action = delegated(*chain[: deep + 1])
    assert may_sign(action, company.fin)
    own(chain[owned].agent, signer(make_person("", human=company.fin)))
    assert not may_sign(action, company.fin), "another account of the same human"
    assert may_sign(action, middle.fin) and may_sign(action, last.lea)


def test_queue_drops_a_half_signed_action_for_who_became_owner_above_since(company, middle):
    action = delegated(company, middle)
    decide(action, company.both)
    assert may_sign(action, company.fin) and may_sign(action, company.lea)
    own(company.agent, company.fin)
    assert not may_sign(action, company.fin) and may_sign(action, company.lea)


def test_queue_drops_a_mission_for_who_turned_out_to_be_its_lead(company, middle):
    action = delegated(company, middle, mission_lead=make_person("mia"))
    assert may_sign(action, company.fin)
    people.change("mia", by=Actor.SYSTEM, same_human_as=company.fin.username)
    assert refused(action, company.fin) and not may_sign(action, company.fin)
    assert may_sign(action, middle.fin)


def test_queue_drops_an_action_of_no_run_for_who_turned_out_to_be_its_owner(company):
    action = make_action(company.agent)
    assert may_sign(action, company.fin) and may_sign(action, company.lea)
    people.change(company.owner.username, by=Actor.SYSTEM, same_human_as=company.fin.username)
    assert not may_sign(action, company.fin) and may_sign(action, company.lea)


def test_signature_of_who_became_owner_of_an_agent_above_no_longer_counts(company, middle, tool):
    action = delegated(company, middle)
    decide(action, company.fin)
    own(company.agent, company.fin)
    decide(action, company.lea)
    carry(Run.objects.get(pk=action.run_id))
    actions.execute(action.pk, worker="w2")
    action.refresh_from_db()
    assert action.state == State.REFUSED and tool.calls == []


def test_owner_of_an_agent_that_only_stands_beside_may_sign(company, middle, last):
    beside = signer(last.owner)
    set_agent(company.agent, delegates=[middle.agent.slug, last.agent.slug])
    run = begin(company.agent, hand_on(last.agent, {"finish": 1}), hand_on(middle.agent, *PAY), SAW)
    carry(Run.objects.get(parent=run))
    carry(run)
    child = carry(Run.objects.get(parent=run, agent=middle.agent))
    assert may_sign(action_of(child), beside)


def test_an_action_of_no_run_asks_nothing_of_runs(company):
    with CaptureQueriesContext(connection) as caught:
        action = make_action(company.agent)
        assert access.why_never(action, company.fin) is None
    assert not any("RECURSIVE" in query["sql"] for query in caught)


def test_own_side_takes_two_queries_however_deep(company, middle, last):
    action = delegated(company, middle, last)
    agent = action.agent
    with CaptureQueriesContext(connection) as caught:
        access.self_humans(agent, run_id=action.run_id)
    assert len(caught) == 2
