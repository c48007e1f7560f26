"""Statements written out by hand say no more and no less than they should: each condition alone turns the answer."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from agents import granted, identities
from agents.actions import reading, standing
from agents.errors import UnknownTool
from agents.models import Client, Grant, Tool
from audit.actors import Actor
from tests.factories import decide, later, make_action, make_agent, make_approved, make_person, principal_of

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), 86_400


# --- what a claim reads


def borrow(company, tool: Tool) -> None:
    """Let another agent be granted the tool, too."""
    Grant.objects.create(agent=make_agent(tools=()), tool=tool, tool_name=tool.name)


def names_of(bodies) -> list[str]:
    return [body["name"] for body in bodies]


def revoke(grants) -> None:
    grants.update(revoked_at=Now())


GRANTS = {
    "it stands": (lambda company, grants: None, True),
    "it ends later": (lambda company, grants: grants.update(expires_at=Now() + SECOND * 60), True),
    "it has ended": (lambda company, grants: grants.update(expires_at=Now() - SECOND), False),
    "it is revoked": (lambda company, grants: revoke(grants), False),
    "it is revoked, and would have gone on": (
        lambda company, grants: grants.update(revoked_at=Now(), expires_at=Now() + SECOND * 60),
        False,
    ),
    "another tool's is revoked": (lambda company, grants: revoke(Grant.objects.exclude(pk__in=grants)), True),
    "another agent still has it": (
        lambda company, grants: (borrow(company, grants.get().tool), revoke(grants.filter(agent=company.agent))),
        False,
    ),
    "it was revoked and given again": (
        lambda company, grants: (revoke(grants), grants.create(**grants.values("agent_id", "tool_id", "tool_name")[0])),
        True,
    ),
}


@pytest.mark.parametrize(("change", "holds"), GRANTS.values(), ids=GRANTS)
def test_a_claim_and_a_proposal_ask_for_this_agents_own_live_grant_of_this_tool(company, change, holds):
    action = make_approved(company)
    change(company, Grant.objects.filter(tool=action.tool_id))
    assert reading.take(action.pk).is_granted is holds
    assert (standing.read(company.agent, "issue_refund").tool is not None) is holds
    assert ("issue_refund" in names_of(granted.definitions(company.agent))) is holds
    assert ("issue_refund" in names_of(granted.definitions_of_all([company.agent])[company.agent.pk])) is holds


def test_who_signed_is_read_in_the_order_of_the_slots_with_the_groups_of_now(company):
    action = make_action(company.agent)
    for person in (company.lea, company.fin):  # not in the order of their slots
        decide(action, person)
    company.fin.groups.clear()
    signed = reading.signatures(action)
    assert [(slot.label, slot.filled_by) for slot in signed.slots] == [
        ("finance", company.fin),
        ("support-leads", company.lea),
    ]
    leads = frozenset(company.lea.groups.values_list("pk", flat=True))
    assert [(one.human, one.groups) for one in signed.voters] == [
        (company.fin.human_id, frozenset()),
        (company.lea.human_id, leads),
    ]


def test_an_open_slot_has_nobody(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    signed = reading.signatures(action)
    assert [slot.filled_by for slot in signed.slots] == [company.fin, None]
    assert [one.human for one in signed.voters] == [company.fin.human_id]


def test_only_what_may_run_waits_for_its_attempt(company):
    held, free = make_action(company.agent), make_action(company.agent, "look_up")
    signed = make_approved(company)
    assert [reading.waiting(one.pk) is None for one in (held, free, signed)] == [True, False, False]
    assert [reading.waiting(one.pk)[1] for one in (free, signed)] == [False, True]
    assert reading.take(held.pk) is None


# --- what a proposal reads

REFUSED = {
    "people rejected one": (lambda action, company: None, True),
    "long ago": (lambda action, company: later(action, decided_at=30 * DAY + 60), False),
    "not quite so long ago": (lambda action, company: later(action, decided_at=30 * DAY - 60), True),
    "it was another tool's": (
        lambda action, company: Tool.objects.filter(pk=action.tool_id).update(name="send_refund"),
        False,
    ),
}


@pytest.mark.parametrize(("change", "counts"), REFUSED.values(), ids=REFUSED)
def test_only_what_people_lately_rejected_of_this_tool_is_looked_through(company, change, counts):
    action = make_action(company.agent)
    assert standing.read(company.agent, "issue_refund").rejected is False
    decide(action, company.fin, "reject")
    change(action, company)
    assert standing.read(company.agent, "issue_refund").rejected is counts
    assert standing.read(make_agent(), "issue_refund").rejected is False


def test_an_answer_is_kept_for_its_key_in_its_scope_alone(company):
    action, scope = make_action(company.agent, key="k"), principal_of(company.agent).scope
    kept = standing.read(company.agent, "issue_refund", scope=scope, key="k").kept
    assert (kept.status, str(action.pk) in kept.body) == (202, True)
    for other in ({"scope": scope, "key": "K"}, {"scope": f"{scope}0", "key": "k"}, {}):
        assert standing.read(company.agent, "issue_refund", **other).kept is None


def test_only_the_owner_owns(company):
    person = make_person()
    company.agent.roles.create(role="steward", person=person)
    stands = standing.read(company.agent, "issue_refund")
    assert set(stands.people) == {"owner", "steward"}
    assert stands.owners == [company.owner.human_id]


def test_a_tool_without_a_definition_is_as_none(company):
    Tool.objects.filter(agent=company.agent, name="issue_refund").update(definition=None)
    with pytest.raises(UnknownTool):
        make_action(company.agent)
    assert "issue_refund" not in granted.live(company.agent.grants.all()).values_list("tool_name", flat=True)


# --- who shows a token


def test_a_clients_token_is_read_with_its_client_and_no_agent(company):
    _, text = identities.issue_client(name="crm", agents=[company.agent], by=Actor.SYSTEM)
    shown = identities.authenticate(text)
    assert (shown.client, shown.token.client, shown.token.agent) == (Client.objects.get(), shown.client, None)
