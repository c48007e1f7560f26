"""Which agents a person sees, and through what. Each way alone is enough, and nothing else is."""

import pytest
from django.contrib.auth.models import Group, Permission
from guardian.shortcuts import assign_perm

from agents import access
from agents.models import Agent, AgentRole, Person
from tests.factories import give_policy, make_agent, make_person

pytestmark = pytest.mark.django_db

RULED = """\
policy: seen
rules:
  - {id: big, tool: issue_refund, then: review, when: "amount_usd > 100", slots: [compliance, legal]}
  - {id: odd, tool: send_reply, then: review, queue: night-desk}
"""


@pytest.fixture
def agent():
    for name in ("compliance", "legal", "night-desk"):
        Group.objects.get_or_create(name=name)
    made = give_policy(make_agent("seen"), RULED)
    make_agent("unseen", sign={"2": ["others"], "3": ["others"]})
    return made


def sees(person: Person) -> set[str]:
    return set(access.visible_agents(person).values_list("slug", flat=True))


def read_all() -> Permission:
    return Permission.objects.get(codename="read_all", content_type__app_label="agents")


def test_somebody_who_is_named_nowhere_sees_no_agent(agent):
    assert sees(make_person("stranger", "marketing")) == set()


@pytest.mark.parametrize("team", ["finance", "support-leads", "compliance", "legal", "night-desk"])
def test_a_group_that_a_tier_or_a_rule_names_sees_the_agent(agent, team):
    assert sees(make_person("", "marketing", team)) == {"seen"}


def test_who_holds_a_role_sees_the_agent(agent):
    steward = make_person()
    AgentRole.objects.create(agent=agent, role=AgentRole.Role.STEWARD, person=steward)
    assert sees(steward) == {"seen"}


def test_a_grant_on_the_agent_shows_it_to_the_person_and_to_the_group(agent):
    person, member = make_person(), make_person("", "guests")
    assign_perm("agents.view_agent", person, agent)
    assign_perm("agents.view_agent", Group.objects.get(name="guests"), agent)
    assert sees(person) == sees(member) == {"seen"}


def test_another_grant_than_to_view_shows_nothing(agent):
    person = make_person()
    assign_perm("agents.change_agent", person, agent)
    assert sees(person) == set()


def test_auditors_see_every_agent_by_themselves_or_through_a_group(agent):
    auditor, member = make_person(), make_person("", "audit")
    auditor.user_permissions.add(read_all())
    Group.objects.get(name="audit").permissions.add(read_all())
    assert sees(auditor) == sees(member) == {"seen", "unseen"}


def test_another_permission_on_everything_shows_nothing(agent):
    person = make_person()
    person.user_permissions.add(Permission.objects.get(codename="view_agent", content_type__app_label="agents"))
    assert sees(person) == set()


def test_who_left_sees_nothing_whatever_they_were_given(agent):
    gone = make_person("", "finance", is_active=False)
    gone.user_permissions.add(read_all())
    assert sees(gone) == set() and Agent.objects.count() == 2


def test_what_one_sees_is_one_statement_however_many_groups_they_are_in(agent, django_assert_num_queries):
    person = make_person("", "finance", *[f"team-{number}" for number in range(30)])
    with django_assert_num_queries(1):
        assert sees(person) == {"seen"}
