"""What a proposal reads and writes by SQL of our own is what Django reads and writes."""

import pytest

from agents import identities
from agents.actions import entering, standing
from agents.models import Action, Token
from agents.rows import insert
from audit.actors import Actor
from tests.factories import make_action

pytestmark = pytest.mark.django_db


def fields_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("tool", ["look_up", "send_reply", "issue_refund"])
def test_an_action_is_in_memory_what_it_is_in_the_table(company, tool, monkeypatch):
    written = []
    monkeypatch.setattr(entering.rows, "insert", lambda row: (insert(row), written.append(fields_of(row))))
    action = make_action(company.agent, tool)
    read = fields_of(Action.objects.get(pk=action.pk))
    read["payload"] = bytes(read["payload"])
    assert written == [read]


def test_whoever_shows_a_token_is_whom_django_would_have_read(company):
    row, text = identities.issue(agent=company.agent, by=Actor.SYSTEM)
    identities.authenticate(text)  # the first use is written down
    shown, read = identities.authenticate(text), Token.objects.select_related("agent__policy").get(pk=row.pk)
    assert fields_of(shown.token) == fields_of(read)
    assert fields_of(shown.agent) == fields_of(read.agent)
    assert shown.agent.policy == read.agent.policy


def test_how_things_stand_names_the_grant_the_tool_and_the_people(company):
    agent = company.agent
    stands = standing.read(agent, "issue_refund")
    grant = agent.grants.get(tool_name="issue_refund")
    assert (stands.grant, stands.tool) == (grant.pk, grant.tool)
    assert stands.tool.definition.body == grant.tool.definition.body
    assert {role: person.as_named() for role, person in stands.people.items()} == {
        one.role: one.person.as_named() for one in agent.roles.select_related("person")
    }
    assert stands.owners == [agent.roles.get(role="owner").person.human_id]


def test_a_tool_that_is_not_granted_stands_nowhere(company):
    assert standing.read(company.agent, "launch").tool is None
