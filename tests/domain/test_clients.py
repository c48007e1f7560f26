"""Clients: systems that enqueue runs. What their tokens open, and what stays closed to them whatever they ask."""

import json

import pytest
from django.contrib.auth.models import AnonymousUser

from agents import access, identities, runs
from agents.errors import Invalid, NoSuchAction, NoSuchAgent, NoSuchRun
from agents.identities import ClientPrincipal
from agents.models import Client, Token
from agents.runs import Asked
from audit.actors import ANONYMOUS, Actor
from audit.models import Event
from tests.commandline import Ended
from tests.factories import make_action, make_agent, make_company, make_person, principal_of

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


@pytest.fixture
def agent():
    agent = make_agent("desk")
    agent.runtime = "scripted"
    agent.save()
    return agent


def issue(name: str, *agents) -> str:
    return identities.issue_client(name=name, agents=agents, by=OPERATOR)[1]


def principal(name: str, *agents) -> ClientPrincipal:
    return identities.authenticate(issue(name, *agents))


def enqueue(client: ClientPrincipal, agent):
    return runs.enqueue(agent, Asked({}), by=client.actor(), client=client.client, token=client.token)


def test_a_clients_token_names_the_client_and_its_agents_and_nothing_else(agent):
    client = principal("crm", agent)
    assert isinstance(client, ClientPrincipal) and list(client.agents) == [agent]
    actor = client.actor()
    assert (actor.kind, actor.id, actor.display) == ("client", str(client.client.pk), "crm")
    assert actor.token == client.token.prefix and actor.principal != ANONYMOUS.principal
    assert not any(hasattr(client, name) for name in ("has_perm", "groups", "is_superuser", "is_staff"))


def test_a_client_is_made_once_and_its_tokens_share_their_keys_but_not_their_agents(agent):
    other = make_agent("billing")
    first, second = principal("crm", agent), principal("crm", other)
    assert first.scope == second.scope and Client.objects.count() == 1
    assert list(first.agents) == [agent] and list(second.agents) == [other]


def test_issuing_and_revoking_are_on_record_without_the_secret(agent):
    text = issue("crm", agent)
    token = Token.objects.get()
    identities.revoke(prefix=token.prefix, by=OPERATOR)
    issued, revoked = Event.objects.filter(subject_kind="client", subject_id=str(token.client_id)).order_by("id")
    assert (issued.verb, revoked.verb) == ("token.issued", "token.revoked")
    assert issued.data == {"prefix": token.prefix, "days": 90, "agents": [agent.pk]}
    secret = text.split("_", 2)[2].rpartition("_")[0]
    assert not any(secret in event.leaf_data for event in Event.objects.all())
    with pytest.raises(identities.RevokedToken):
        identities.authenticate(text)


@pytest.mark.parametrize("name", ["", "two words", "a/b", "x" * 64, "\x1b[2J", "ä"])
def test_a_client_has_a_plain_name(agent, name):
    with pytest.raises(Invalid) as refused:
        issue(name, agent)
    assert refused.value.errors[0]["field"] == "client"
    assert not Client.objects.exists() and not Token.objects.exists()


def test_a_token_that_would_enqueue_for_nobody_isnt_issued():
    with pytest.raises(Invalid):
        issue("crm")
    assert not Client.objects.exists()


@pytest.mark.parametrize("days", [0, 367])
def test_a_clients_token_lives_a_day_to_a_year_and_a_refusal_leaves_no_client(agent, days):
    with pytest.raises(ValueError, match="1 to 366"):
        identities.issue_client(name="crm", agents=[agent], by=OPERATOR, days=days)
    assert not Client.objects.exists()


# --- sight


def test_a_client_sees_the_runs_of_all_its_tokens_and_of_no_other_client(agent):
    mine, my_other, foreign = principal("crm", agent), principal("crm", agent), principal("web", agent)
    run = enqueue(mine, agent)
    assert access.run_for(my_other, run.pk) == run
    for viewer in (foreign, principal_of(make_agent()), make_person("out"), AnonymousUser()):
        with pytest.raises(NoSuchRun):
            access.run_for(viewer, run.pk)


def test_an_agents_token_sees_its_own_runs(agent):
    run = enqueue(principal("crm", agent), agent)
    assert list(access.visible_runs(principal_of(agent))) == [run]


def test_people_see_the_runs_of_agents_they_see():
    company = make_company()
    company.agent.runtime = "scripted"
    company.agent.save()
    run = enqueue(principal("crm", company.agent), company.agent)
    assert list(access.visible_runs(company.owner)) == list(access.visible_runs(company.fin)) == [run]
    assert not access.visible_runs(make_person("out", "legal")).exists()


def test_a_client_sees_no_agent_its_token_doesnt_name_and_no_action_outside_its_runs(agent):
    client = principal("crm", agent)
    other, action = make_agent("billing"), make_action(agent)
    assert list(access.visible_agents(client)) == [agent]
    with pytest.raises(NoSuchAgent):
        access.agent_for(client, other.slug)
    with pytest.raises(NoSuchAction):
        access.action_for(client, action.pk)


# --- who may end a run


def test_its_client_and_role_holders_conclude_a_run_and_nobody_else():
    company = make_company()
    company.agent.runtime = "scripted"
    company.agent.save()
    mine, foreign = principal("crm", company.agent), principal("web", company.agent)
    run = access.run_for(mine, enqueue(mine, company.agent).pk)
    allowed = [access.may_conclude(viewer, run) for viewer in (mine, company.owner)]
    refused = [
        access.may_conclude(viewer, run)
        for viewer in (foreign, company.fin, principal_of(company.agent), make_person("root", is_superuser=True))
    ]
    assert all(allowed) and not any(refused)


def test_a_person_who_left_concludes_nothing():
    company = make_company()
    company.agent.runtime = "scripted"
    company.agent.save()
    run = enqueue(principal("crm", company.agent), company.agent)
    company.owner.is_active = False
    company.owner.save()
    assert not access.may_conclude(company.owner, run)
    assert not access.visible_runs(company.owner).exists()


# --- the command line


def test_a_clients_token_is_printed_alone_works_and_is_listed_beside_those_of_agents(agent):
    other = make_agent("billing")
    Ended("token", "issue", "--agent", "desk")
    ended = Ended("token", "issue", "--client", "crm", "--agents", "desk, billing", "--days", "7")
    client = identities.authenticate(ended.out.strip())
    assert ended.code == 0 and ended.out.count("\n") == 1 and "of client crm" in ended.err
    assert set(client.agents) == {agent, other}
    listed = json.loads(Ended("token", "list", "--json").out)
    assert [(row["agent"], row["client"], row["agents"]) for row in listed] == [
        ("desk", None, []),
        (None, "crm", ["billing", "desk"]),
    ]
    assert "client crm" in Ended("token", "list").out
    revoked = Ended("token", "revoke", client.token.prefix)
    assert revoked.code == 0 and "of client crm is revoked" in revoked.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--client", "crm"), "names whom it enqueues for"),
        (("--agent", "desk", "--agents", "desk"), "names whom it enqueues for"),
        (("--client", "crm", "--agents", "desk,nope"), "There is no agent 'nope'"),
        (("--client", "crm", "--agents", " ,"), "agents: name at least one"),
        (("--client", "a b", "--agents", "desk"), "client: write letters"),
        (("--client", "", "--agents", "desk"), "client: write letters"),
        (("--client", "crm", "--agents", "desk", "--days", "0"), "1 to 366 days"),
    ],
)
def test_a_clients_token_that_cant_be_is_refused_and_leaves_nothing(agent, words, sentence):
    ended = Ended("token", "issue", *words)
    assert ended.code == 1 and sentence in ended.err and ended.out == ""
    assert not Client.objects.exists() and not Token.objects.exists()


def test_a_token_is_of_an_agent_or_of_a_client():
    assert Ended("token", "issue", "--agent", "desk", "--client", "crm", "--agents", "desk").code == 2
    assert Ended("token", "issue", "--agents", "desk").code == 2
