import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import lists
from agents.errors import Invalid, NotAllowed
from agents.models import Agent, AgentRole, ListEntry, Person
from audit.actors import Actor
from audit.models import Event
from tests.factories import Company, give_policy, make_company, make_person

pytestmark = pytest.mark.django_db

OPERATOR = Actor(kind="operator", id="root", display="root")
POLICY = """\
policy: payees
lists: {known_payees: {key: string}, blocked: {key: string}}
rules:
  - {id: stranger, tool: issue_refund, then: review, when: "!(order_id in known_payees)"}
  - {id: blocked, tool: issue_refund, then: deny, when: "order_id in blocked"}
"""


@pytest.fixture
def company() -> Company:
    company = make_company()
    give_policy(company.agent, POLICY)
    return company


@pytest.fixture
def steward(company) -> Person:
    return give_role(company.agent, make_person("milan"), AgentRole.Role.STEWARD)


def give_role(agent: Agent, person: Person, role: str) -> Person:
    AgentRole.objects.create(agent=agent, person=person, role=role)
    return person


def draft(company: Company) -> Agent:
    Agent.objects.filter(pk=company.agent.pk).update(first_enabled_at=None, enabled=False)
    return company.agent


def propose(company: Company, key: str = "ACME", **words) -> ListEntry:
    return lists.propose(**{"agent": company.agent, "list_name": "known_payees", "by": company.owner} | words, key=key)


def counting(company: Company, name: str = "known_payees") -> list[str]:
    return lists.keys(company.agent, [name])[name]


def record() -> list[str]:
    return [event.sentence() for event in Event.objects.filter(verb__startswith="list.").order_by("id")]


# --- an agent that was ever enabled


def test_a_key_counts_once_a_second_human_confirms_it(company, steward):
    entry = propose(company)
    assert counting(company) == []
    lists.confirm(entry=entry, by=steward)
    assert counting(company) == ["ACME"]
    assert record() == [
        f"{company.owner} proposed a key for the list known_payees; a second person confirms",
        "milan confirmed a key of the list known_payees: it counts now",
    ]


def test_a_key_goes_once_a_second_human_confirms_that_and_counts_until_then(company, steward):
    entry = lists.confirm(entry=propose(company), by=steward)
    lists.propose_removal(entry=entry, by=steward)
    assert counting(company) == ["ACME"]
    with pytest.raises(NotAllowed, match="You proposed this"):
        lists.confirm_removal(entry=entry, by=steward)
    lists.confirm_removal(entry=entry, by=company.owner)
    assert counting(company) == []
    assert record()[2:] == [
        "milan proposed to take a key out of the list known_payees; it counts until a second person confirms",
        f"{company.owner} took a key out of the list known_payees",
    ]


def test_who_proposed_a_key_does_not_confirm_it_by_any_account(company, steward):
    entry = propose(company)
    twin = give_role(company.agent, make_person("rosa2", human=company.owner), AgentRole.Role.EVAL_OWNER)
    for person in (company.owner, twin):
        with pytest.raises(NotAllowed, match="You proposed this: another person"):
            lists.confirm(entry=entry, by=person)
    assert counting(company) == []


def test_who_holds_no_role_neither_proposes_nor_confirms_not_even_a_superuser_or_a_signer(company, steward):
    entry = propose(company)
    for person in (company.fin, make_person("olga", is_superuser=True, is_staff=True)):
        for verb in (lists.confirm, lists.drop):
            with pytest.raises(NotAllowed):
                verb(entry=entry, by=person)
        with pytest.raises(NotAllowed, match="Only people who hold a role"):
            propose(company, "mine", by=person)
    assert ListEntry.objects.get().state == "proposed"


def test_a_role_holder_whose_account_is_closed_confirms_nothing(company, steward):
    Person.objects.filter(pk=steward.pk).update(is_active=False)
    with pytest.raises(NotAllowed):
        lists.confirm(entry=propose(company), by=Person.objects.get(pk=steward.pk))


def test_an_account_made_after_the_proposal_does_not_confirm_it(company):
    entry = propose(company)
    late = give_role(company.agent, make_person("late"), AgentRole.Role.STEWARD)
    with pytest.raises(NotAllowed, match="changed after this was proposed"):
        lists.confirm(entry=entry, by=late)


def test_what_was_decided_meanwhile_is_not_decided_again(company, steward):
    entry = propose(company)
    seen = ListEntry.objects.get(pk=entry.pk)
    lists.confirm(entry=entry, by=steward)
    for verb in (lists.confirm, lists.drop, lists.confirm_removal):
        with pytest.raises(lists.EntryMoved) as refused:
            verb(entry=seen, by=steward)
        assert refused.value.status == 409
    lists.propose_removal(entry=entry, by=steward)
    # Whoever looked before the removal was proposed says yes to the key, not to its removal.
    with pytest.raises(lists.EntryMoved):
        lists.confirm(entry=seen, by=company.owner)
    assert counting(company) == ["ACME"]


def test_a_proposed_key_is_dropped_by_one_person_and_may_be_proposed_again(company, steward):
    lists.drop(entry=propose(company), by=company.owner)
    lists.drop(entry=propose(company), by=steward)
    assert [entry.state for entry in ListEntry.objects.all()] == ["removed", "removed"]
    assert record()[1] == f"{company.owner} dropped a proposed key of the list known_payees"
    lists.confirm(entry=propose(company), by=steward)
    assert counting(company) == ["ACME"]


def test_a_removal_proposed_by_mistake_is_called_off_by_one_person(company, steward):
    entry = lists.confirm(entry=propose(company), by=steward)
    lists.propose_removal(entry=entry, by=company.owner)
    lists.keep(entry=entry, by=company.owner)
    entry.refresh_from_db()
    assert (entry.state, entry.counts) == ("active", True)
    assert record()[-1] == f"{company.owner} kept a key of the list known_payees that was proposed to be taken out"


@pytest.mark.parametrize("state", ["active", "removal_proposed"])
def test_the_database_lets_no_proposed_key_count_by_a_direct_update(company, state):
    entry = propose(company)
    with pytest.raises(IntegrityError, match="second person|counts can be"), transaction.atomic():
        ListEntry.objects.filter(pk=entry.pk).update(state=state)


def test_a_key_that_counts_is_not_dropped(company, steward):
    entry = lists.confirm(entry=propose(company), by=steward)
    with pytest.raises(lists.EntryMoved):
        lists.drop(entry=entry, by=company.owner)


@pytest.mark.parametrize("state", ["active", "removed"])
def test_the_database_refuses_what_one_human_says_alone(company, steward, state):
    entry = propose(company)
    if state == "removed":
        lists.propose_removal(entry=lists.confirm(entry=entry, by=steward), by=company.owner)
    twin = make_person("rosa2", human=company.owner)
    for second in (None, company.owner, twin):
        with pytest.raises(IntegrityError, match="a second person confirms"), transaction.atomic():
            ListEntry.objects.filter(pk=entry.pk).update(state=state, confirmed_by=second)
    with pytest.raises(IntegrityError, match="a second person confirms"), transaction.atomic():
        ListEntry.objects.create(
            agent=company.agent, list_name="known_payees", key="other", state=state, proposed_by=company.owner
        )


def test_the_database_keeps_a_key_what_it_was_and_deletes_none(company):
    entry = propose(company)
    for change in ({"key": "EVIL"}, {"list_name": "blocked"}):
        with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
            ListEntry.objects.filter(pk=entry.pk).update(**change)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        entry.delete()


# --- a draft


def test_on_a_draft_the_owner_keeps_the_lists_alone(company):
    draft(company)
    entry = propose(company)
    assert counting(company) == ["ACME"]
    lists.propose_removal(entry=entry, by=company.owner)
    assert counting(company) == []
    assert record() == [
        f"{company.owner} confirmed a key of the list known_payees: it counts now",
        f"{company.owner} took a key out of the list known_payees",
    ]


def test_a_key_from_the_draft_takes_two_to_go_once_the_agent_was_enabled(company, steward):
    draft(company)
    entry = propose(company)
    Agent.objects.filter(pk=company.agent.pk).update(first_enabled_at="2026-01-01T00:00Z")
    lists.propose_removal(entry=entry, by=company.owner)
    assert counting(company) == ["ACME"]


# --- the operator


def test_the_operator_says_what_counts_at_once_and_on_record(company, steward):
    entry = lists.add(agent=company.agent, list_name="known_payees", key="ACME", note="contract 12", by=OPERATOR)
    assert counting(company) == ["ACME"] and entry.note == "contract 12"
    with pytest.raises(lists.AlreadyListed):
        lists.add(agent=company.agent, list_name="known_payees", key="ACME", by=OPERATOR)
    lists.remove(agent=company.agent, list_name="known_payees", key="ACME", by=OPERATOR)
    with pytest.raises(lists.NotListed):
        lists.remove(agent=company.agent, list_name="known_payees", key="ACME", by=OPERATOR)
    assert counting(company) == []
    assert record() == [
        "root confirmed a key of the list known_payees: it counts now",
        "root took a key out of the list known_payees",
    ]


def test_the_operator_ends_what_people_began(company, steward):
    propose(company, "ACME")
    lists.add(agent=company.agent, list_name="known_payees", key="ACME", by=OPERATOR)
    entry = lists.confirm(entry=propose(company, "Bolt"), by=steward)
    lists.propose_removal(entry=entry, by=steward)
    lists.remove(agent=company.agent, list_name="known_payees", key="Bolt", by=OPERATOR)
    propose(company, "Cosy")
    lists.remove(agent=company.agent, list_name="known_payees", key="Cosy", by=OPERATOR)
    assert counting(company) == ["ACME"]
    assert record()[-1] == "root dropped a proposed key of the list known_payees"


def test_nobody_else_says_so_alone(company):
    for by in (company.owner.actor(), Actor.SYSTEM):
        with pytest.raises(NotAllowed, match="Only the operator"):
            lists.add(agent=company.agent, list_name="known_payees", key="ACME", by=by)
        with pytest.raises(NotAllowed, match="Only the operator"):
            lists.remove(agent=company.agent, list_name="known_payees", key="ACME", by=by)


# --- what a key is


@pytest.mark.parametrize(
    ("words", "field", "says"),
    [
        ({"list_name": "known_payes"}, "list_name", 'no such list: did you mean "known_payees"?'),
        ({"key": ""}, "key", "1 to 300 characters"),
        ({"key": "x" * 301}, "key", "1 to 300 characters"),
        ({"key": "AC\u200bME"}, "key", "all of them visible"),
        ({"key": "ACME\u202e"}, "key", "all of them visible"),
        ({"key": "AC\nME"}, "key", "on one line"),
        ({"key": " ACME"}, "key", "all of them visible"),
        ({"note": "x" * 301}, "note", "at most 300"),
        ({"note": "a\x00b"}, "note", "all of them visible"),
    ],
)
def test_what_could_not_be_a_key_is_refused_with_its_field(company, words, field, says):
    for by in ({"by": OPERATOR}, {"by": company.owner}):
        verb = lists.add if by["by"] is OPERATOR else lists.propose
        with pytest.raises(Invalid) as refused:
            verb(**{"agent": company.agent, "list_name": "known_payees", "key": "ACME"} | words | by)
        (error,) = refused.value.errors
        assert error["field"] == field and says in error["message"]
    assert not ListEntry.objects.exists()


def test_an_agent_without_a_policy_has_no_lists():
    company = make_company()
    with pytest.raises(Invalid) as refused:
        propose(company)
    assert "names no lists" in refused.value.errors[0]["message"]


def test_a_key_stands_in_a_list_once_but_in_several_lists(company, steward):
    propose(company, "x" * 300)
    with pytest.raises(lists.AlreadyListed, match="already .proposed"):
        propose(company, "x" * 300)
    propose(company, "x" * 300, list_name="blocked")
    other = make_company()
    give_policy(other.agent, POLICY)
    propose(other, "x" * 300)


def test_a_list_is_full_at_ten_thousand_keys(company):
    rows = [ListEntry(agent=company.agent, list_name="known_payees", key=f"k{i}") for i in range(lists.MAX_KEYS)]
    ListEntry.objects.bulk_create(rows)
    for verb, by in ((lists.propose, company.owner), (lists.add, OPERATOR)):
        with pytest.raises(Invalid) as refused:
            verb(agent=company.agent, list_name="known_payees", key="one more", by=by)
        assert "10,000 keys" in refused.value.errors[0]["message"]
    propose(company, "one more", list_name="blocked")


def test_keys_are_read_for_all_lists_at_once_sorted_and_for_one_agent_alone(company):
    other = make_company()
    give_policy(other.agent, POLICY)
    for company_, key in ((company, "b"), (company, "A"), (company, "a"), (other, "c")):
        lists.add(agent=company_.agent, list_name="known_payees", key=key, by=OPERATOR)
    with CaptureQueriesContext(connection) as captured:
        found = lists.keys(company.agent, ["known_payees", "blocked"])
    assert found == {"known_payees": ["A", "a", "b"], "blocked": []}
    assert len(captured) == 1
    assert lists.keys(company.agent, []) == {}


def test_the_record_holds_the_key_apart_from_what_stays_for_good(company):
    propose(company, "DE89370400440532013000")
    event = Event.objects.get(verb="list.proposed")
    assert "DE8937" not in event.leaf_data
    assert event.data == {"list": "known_payees", "entry": ListEntry.objects.get().pk, "state": "proposed"}
