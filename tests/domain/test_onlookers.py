"""Sight of an agent, given and taken: who may, what it opens, and that the list of onlookers is the one access goes by."""

import pytest
from django.contrib.auth.models import Group, Permission

from agents import access, actions, onlookers, people, registry
from agents.errors import Invalid, NoSuchAgent, NotAllowed, NotEligible
from agents.models import Agent, Person
from audit.models import Event
from tests.domain.policed import named_company
from tests.domain.registered import OPERATOR, changed, import_desk
from tests.factories import give_policy, make_action, make_agent, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    """Rosa's agent; beside it one of nia's."""
    with named_company():
        people.add(username="nia", by=OPERATOR, staff=True)
        people.add(username="gil", by=OPERATOR, groups=["guests"])
        registry.import_agent(changed(("agent: desk", "agent: other-desk"), ("owner: rosa", "owner: nia")), by=OPERATOR)
        yield import_desk()


def named(username: str) -> Person:
    return Person.objects.get(username=username)


def give(agent: Agent, to, by: str = "rosa", reason: str = "they audit it this spring") -> None:
    onlookers.give(agent=agent, to=to, reason=reason, by=named(by))


def take(agent: Agent, to, by: str = "rosa") -> list[str]:
    return onlookers.take(agent=agent, to=to, reason="the audit is over", by=named(by))


def sees(username: str) -> set[str]:
    return set(access.visible_agents(named(username)).values_list("slug", flat=True))


def listed(agent: Agent) -> set[str]:
    seen = onlookers.of(agent)
    return {person.username for one in (*seen.through, *seen.given) for person in one.people}


# --- what it opens


def test_an_owner_gives_a_person_sight_and_takes_it_and_both_are_on_record(agent):
    give(agent, named("gil"))
    assert sees("gil") == {"desk"}
    assert take(agent, named("gil")) == []
    assert sees("gil") == set()
    given, taken = Event.objects.filter(verb__startswith="sight.").order_by("id")
    assert given.sentence() == "rosa gave gil sight of the agent: they audit it this spring"
    assert taken.sentence() == "rosa took sight of the agent from gil: the audit is over"
    assert (given.subject_id, given.data) == (str(agent.pk), {"kind": "person", "id": named("gil").pk})


def test_what_a_group_is_given_its_members_see_also_those_who_come_later(agent):
    give(agent, Group.objects.get(name="guests"))
    people.add(username="late", by=OPERATOR, groups=["guests"])
    assert sees("gil") == sees("late") == {"desk"}
    take(agent, Group.objects.get(name="guests"))
    assert sees("gil") == sees("late") == set()


def test_sight_gives_no_voice():
    agent = make_agent("watched", owner=make_person("owner"))
    watcher = make_person("watcher")
    root = make_person("root", is_superuser=True)
    action = make_action(agent)
    onlookers.give(agent=agent, to=watcher, reason="to learn", by=root)
    slots = list(action.slots.all())
    assert access.action_for(watcher, action.pk) == action
    assert access.why_not_sign(action, slots, watcher) and access.why_not_reject(action, slots, watcher)
    assert not access.may_stop(watcher, agent) and not access.may_edit(watcher, agent)
    with pytest.raises(NotAllowed):
        onlookers.give(agent=agent, to=make_person(), reason="a friend", by=watcher)
    with pytest.raises(NotEligible, match="groups don't fill that"):
        actions.sign(action, by=watcher, proved_by="password")


def test_taking_it_from_somebody_who_sees_it_otherwise_says_by_what(agent):
    give(agent, named("ana"))
    assert take(agent, named("ana")) == ["group finance"]
    assert sees("ana") == {"desk", "other-desk"}


# --- who may


@pytest.mark.parametrize("username", ["milan", "nia", "ana"])
def test_whoever_doesnt_own_the_agent_gives_and_takes_no_sight_of_it(agent, username):
    give(agent, named("gil"))
    for verb in (lambda: give(agent, named("wei"), by=username), lambda: take(agent, named("gil"), by=username)):
        with pytest.raises(NotAllowed, match="Only the agent's owner, or a superuser"):
            verb()
    assert sees("gil") == {"desk"} and "wei" not in {one.name for one in onlookers.of(agent).given}


def test_a_superuser_may_and_an_auditor_may_not(agent):
    people.add(username="olga", by=OPERATOR, superuser=True)
    people.add(username="sam", by=OPERATOR, auditor=True)
    give(agent, named("gil"), by="olga")
    with pytest.raises(NotAllowed):
        take(agent, named("gil"), by="sam")


def test_an_owner_who_left_gives_nothing(agent):
    people.disable("rosa", by=OPERATOR)
    with pytest.raises(NotAllowed):
        give(agent, named("gil"))


def test_the_owners_own_sight_comes_with_the_role_and_cant_be_taken(agent):
    with pytest.raises(NotAllowed, match="comes with the role"):
        take(agent, named("rosa"))
    assert sees("rosa") == {"desk"}
    assert onlookers.of(agent).given == []


def test_it_takes_a_reason_an_active_account_and_happens_once(agent):
    with pytest.raises(Invalid):
        give(agent, named("gil"), reason="  ")
    with pytest.raises(onlookers.NotGiven):
        take(agent, named("gil"))
    give(agent, named("gil"))
    with pytest.raises(onlookers.AlreadyGiven):
        give(agent, named("gil"))
    people.add(username="gone", by=OPERATOR)
    people.disable("gone", by=OPERATOR)
    with pytest.raises(Invalid):
        give(agent, named("gone"))
    assert Event.objects.filter(verb__startswith="sight.").count() == 1


# --- the list


def test_the_list_names_exactly_those_who_see_the_agent(agent):
    people.add(username="olga", by=OPERATOR, superuser=True)
    people.add(username="sam", by=OPERATOR, auditor=True)
    people.add(username="guest", by=OPERATOR, groups=["guests", "watchers"])
    people.add(username="gone", by=OPERATOR, groups=["finance"])
    people.add(username="stranger", by=OPERATOR, groups=["marketing"])
    Group.objects.get(name="watchers").permissions.add(Permission.objects.get(codename="read_all"))
    give(agent, named("gil"))
    give(agent, Group.objects.get(name="guests"))
    people.disable("gone", by=OPERATOR)
    for one in (agent, Agent.objects.get(slug="other-desk")):
        seeing = {person.username for person in Person.objects.all() if one in access.visible_agents(person)}
        assert listed(one) == seeing
    assert {"gil", "guest", "olga", "sam", "ana"} <= listed(agent) and not {"gone", "stranger"} & listed(agent)


def test_a_group_that_a_rule_asks_stands_in_the_list_with_the_rule():
    for name in ("legal", "night-desk"):
        make_person(f"of-{name}", name)
    rules = "- {id: big, tool: issue_refund, then: review, slots: [legal, finance]}"
    rules += "\n  - {id: odd, tool: send_reply, then: review, queue: night-desk}"
    agent = give_policy(make_agent("ruled"), f"policy: p\nrules:\n  {rules}\n")
    why = {one.what: one.why for one in onlookers.of(agent).through}
    assert why["group legal"] == "rule big asks it" and why["group night-desk"] == "rule odd asks it"
    assert why["group finance"] == "signs at tier 3, rule big asks it"
    assert {"of-legal", "of-night-desk"} <= listed(agent)


def test_a_given_sight_says_since_when_by_whom_and_why(agent):
    give(agent, named("gil"))
    (one,) = onlookers.of(agent).given
    assert (one.by, one.reason, one.since) == ("rosa", "they audit it this spring", Event.objects.last().at)


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(agent, django_assert_max_num_queries):
    for number in range(20):
        person = people.add(username=f"guest{number}", by=OPERATOR, groups=[f"team-{number}"])
        give(agent, person)
        give(agent, Group.objects.get(name=f"team-{number}"))
    with django_assert_max_num_queries(14):
        assert len(onlookers.of(Agent.objects.get(pk=agent.pk)).given) == 40


def test_what_is_taken_is_gone_for_whoever_asks_for_it_by_name(agent):
    give(agent, named("gil"))
    assert access.agent_for(named("gil"), "desk") == agent
    take(agent, named("gil"))
    with pytest.raises(NoSuchAgent):
        access.agent_for(named("gil"), "desk")
