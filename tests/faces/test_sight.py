"""Sight of an agent at every door that tells of agents: what was given opens them all, and what was taken shuts them at once."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from agents import identities, onlookers
from agents.models import Agent
from audit.actors import Actor
from tests.domain.running import enqueue, make_talking_company, refund
from tests.factories import give_policy, make_action, make_person

pytestmark = pytest.mark.django_db
SLUG = "watched-desk"


@pytest.fixture
def watched():
    """An agent with a policy, an open action and a run, known by its slug wherever it is told of."""
    agent = make_talking_company(SLUG).agent
    Agent.objects.filter(pk=agent.pk).update(name=SLUG)
    agent.refresh_from_db()
    give_policy(agent, "policy: its-policy\nrules:\n  - {id: any, tool: issue_refund, then: review}\n")
    action = make_action(agent, arguments={"order_id": "order-of-theirs", "amount_usd": 120})
    return SimpleNamespace(agent=agent, action=action, run=enqueue(agent, refund()))


@pytest.fixture
def watcher():
    return make_person("watcher", is_staff=True)


def lists(watched) -> dict[str, str]:
    """Return by address what tells there that the agent is seen."""
    return {
        reverse("agents"): SLUG,
        reverse("policies"): SLUG,
        reverse("runs"): SLUG,
        f"{reverse('queue')}?section=waiting": "order-of-theirs",
        f"{reverse('search')}?q=order-of-theirs": str(watched.action.pk),
        reverse("api-agents"): SLUG,
        reverse("api-runs"): str(watched.run.pk),
        reverse("api-propose"): str(watched.action.pk),
        f"{reverse('api-search')}?q=order-of-theirs": str(watched.action.pk),
        f"{reverse('api-events')}?subject=action:{watched.action.pk}": '"verb"',
        reverse("admin:agents_agent_changelist"): SLUG,
        reverse("admin:agents_tool_changelist"): SLUG,
        reverse("admin:agents_policy_changelist"): SLUG,
        reverse("admin:matrix"): SLUG,
        reverse("admin:duties"): SLUG,
    }


def pages(watched) -> list[str]:
    """Return the addresses of the agent's own, and of what belongs to it."""
    own = ("agent", "policy", "agent-dossier", "api-agent", "api-readiness", "api-agent-dossier")
    about = [reverse(name, args=[SLUG]) for name in own]
    about += [reverse(name, args=[watched.action.pk]) for name in ("action", "action-dossier", "api-action")]
    about += [reverse(name, args=[watched.run.pk]) for name in ("run", "run-dossier", "api-run")]
    names = ("admin:agents_agent_change", "admin:agents_agent_history", "admin:agents_agent_sight")
    return about + [reverse(name, args=[watched.agent.pk]) for name in names]


def telling(browser, watched) -> set[str]:
    return {address for address, word in lists(watched).items() if word in browser.get(address).content.decode()}


def opening(browser, watched) -> set[str]:
    return {address for address in pages(watched) if browser.get(address).status_code == 200}


def test_what_was_given_opens_every_door_and_what_was_taken_shuts_them_at_once(at, watched, watcher):
    browser, root = at(watcher), make_person("root", is_superuser=True)
    assert telling(browser, watched) == opening(browser, watched) == set()
    onlookers.give(agent=watched.agent, to=watcher, reason="an audit", by=root)
    assert set(lists(watched)) - telling(browser, watched) == set()
    assert set(pages(watched)) - opening(browser, watched) == set()
    onlookers.take(agent=watched.agent, to=watcher, reason="it is over", by=root)
    assert telling(browser, watched) == opening(browser, watched) == set()


def test_sight_of_one_agent_tells_nothing_of_another(at, watched, watcher):
    other = make_talking_company("another-desk")
    onlookers.give(agent=other.agent, to=watcher, reason="an audit", by=make_person("root", is_superuser=True))
    assert telling(at(watcher), watched) == set()


def test_an_agents_token_sees_itself_alone_whatever_people_are_given(client, watched, watcher):
    other = make_talking_company("another-desk")
    _, secret = identities.issue(agent=other.agent, by=Actor.SYSTEM)
    onlookers.give(agent=watched.agent, to=watcher, reason="an audit", by=make_person("root", is_superuser=True))
    answer = client.get(reverse("api-agents"), headers={"Authorization": f"Bearer {secret}"})
    assert SLUG not in answer.content.decode()
