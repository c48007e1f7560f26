from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import people, readiness, registry
from agents.models import Agent, AgentRole, Person, Token
from agents.tools import base
from tests.domain.registered import AGENT_YAML, OPERATOR, add_company, changed, configure_nouns, import_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    configure_nouns()
    add_company()
    yield import_desk()
    base.configure({}, {})


def missing(agent: Agent) -> dict[str, readiness.Item]:
    return {item.name: item for item in readiness.missing(agent)}


def test_an_agent_with_everything_has_nothing_missing_and_shows_why(agent):
    shown = {item.name: item.evidence for item in readiness.check(agent)}
    assert missing(agent) == {}
    assert shown["owner"] == "rosa"
    assert shown["signatures at tier 3"] == "finance: ana; leads: mara"
    assert shown["host shop"] == "https://shop.example"
    assert "separate roles" in shown and "signatures at tier 2" not in shown


@pytest.mark.parametrize(
    ("harm", "item"),
    [
        (lambda: people.disable("rosa", by=OPERATOR), "owner"),
        (lambda: AgentRole.objects.filter(role="owner").delete(), "owner"),
        (lambda: people.disable("ana", by=OPERATOR), "signatures at tier 3"),
        (lambda: people.change("ana", by=OPERATOR, groups=[]), "signatures at tier 3"),
        (lambda: Agent.objects.update(sign={"2": ["leads"]}), "signatures at tier 3"),
        (lambda: base.configure({}, base.secrets | {}), "host shop"),
        (lambda: base.configure(dict(base.hosts), {}), "secret shop_key"),
        (lambda: base.configure(dict(base.hosts), {}, {"shop_key": "the file is gone."}), "secret shop_key"),
        (lambda: Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1)), "live token"),
        (lambda: Token.objects.update(revoked_at=timezone.now()), "live token"),
        (lambda: people.change("wei", by=OPERATOR, same_human_as="rosa"), "separate roles"),
    ],
)
def test_each_thing_that_is_taken_away_is_missed_by_name_with_a_next_step(agent, harm, item):
    harm()
    agent.refresh_from_db()
    assert set(missing(agent)) == {item}
    assert missing(agent)[item].next_step


def test_the_owner_fills_no_slot_by_any_account(agent):
    people.change("ana", by=OPERATOR, same_human_as="rosa")
    assert set(missing(agent)) == {"signatures at tier 3"}
    assert "finance: nobody" in missing(agent)["signatures at tier 3"].evidence


def test_one_human_in_both_groups_does_not_staff_two_slots(agent):
    people.disable("mara", by=OPERATOR)
    people.change("ana", by=OPERATOR, groups=["finance", "leads"])
    assert set(missing(agent)) == {"signatures at tier 3"}
    people.add(username="ana2", by=OPERATOR, groups=["leads"], same_human_as="ana")
    assert set(missing(agent)) == {"signatures at tier 3"}
    people.add(username="tom", by=OPERATOR, groups=["leads"])
    assert missing(agent) == {}


def test_a_tool_without_a_grant_asks_for_nothing(agent):
    agent.grants.filter(tool_name="pay_back").update(revoked_at=timezone.now())
    Agent.objects.update(sign={})
    agent.refresh_from_db()
    assert missing(agent) == {}


def test_tier_4_is_noted_and_blocks_nothing(agent):
    four = AGENT_YAML.replace("tier: 3", "tier: 4").replace("3: [finance, leads]", "4: [finance, leads]")
    registry.import_agent(changed((AGENT_YAML, four)), by=OPERATOR)
    agent.refresh_from_db()
    notes = {item.name: item for item in readiness.check(agent)}
    assert notes["tier 4"].ok and "always refused" in notes["tier 4"].evidence
    assert agent.enabled


def test_the_list_costs_the_same_queries_for_many_tools_and_people(agent):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            readiness.check(Agent.objects.get(pk=agent.pk))
        return len(captured)

    before = queries()
    for number in range(5):
        people.add(username=f"signer{number}", by=OPERATOR, groups=["finance", "leads"])
    tool = AGENT_YAML[AGENT_YAML.index("  - name: pay_back") : AGENT_YAML.index("enabled:")]
    more = "".join(tool.replace("pay_back", f"pay_back_{number}") for number in range(5))
    registry.import_agent(changed(("enabled: true", more + "enabled: true")), by=OPERATOR)
    assert queries() == before
    assert Person.objects.count() == 10
