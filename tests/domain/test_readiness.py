from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import people, readiness, registry
from agents.checklist import Item
from agents.models import Agent, AgentRole, Person, Token
from agents.tools import base
from tests.domain.policed import (
    POLICY_YAML,
    import_folder,
    import_policed,
    named_company,
    replaced,
    write_desk,
)
from tests.domain.registered import (
    AGENT_YAML,
    OPERATOR,
    SCRIPTED,
    changed,
    import_desk,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    with named_company():
        yield import_desk()


@pytest.fixture
def policed(tmp_path) -> Agent:
    """The same agent with a policy beside its file."""
    with named_company(source=True):
        yield import_policed(tmp_path)


def with_policy(folder, *pairs: tuple[str, str], tools: tuple[tuple[str, str], ...] = ()) -> Agent:
    """Import the policy with some of its text replaced (and some of the agent file's)."""
    import_folder(write_desk(folder, *tools, policy=replaced(POLICY_YAML, pairs)))
    return Agent.objects.get()


def missing(agent: Agent) -> dict[str, Item]:
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
    four = AGENT_YAML.replace("tier: 3", "tier: 4").replace("3: [finance, leads]", "4: [security, leads]")
    make_person("officer", "security")
    registry.import_agent(changed((AGENT_YAML, four)), by=OPERATOR)
    agent.refresh_from_db()
    notes = {item.name: item for item in readiness.check(agent)}
    assert notes["tier 4"].ok and "always refused" in notes["tier 4"].evidence
    assert agent.enabled


# --- what a policy asks


def test_an_agent_with_a_policy_shows_what_that_stands_on(policed):
    shown = {item.name: item.evidence for item in readiness.check(policed)}
    assert missing(policed) == {} and policed.enabled
    assert shown["policy"] == "desk/1, 3 rules, 1 case passed"
    assert shown["source shop"] == "the host shop"
    assert shown["steward"] == "milan"
    assert shown["signatures of rule big"] == "finance: ana; leads: mara"
    # At tier 3 a queue is asked beside those who sign, not in their place.
    assert shown["signatures of rule stranger"] == "finance: ana; leads: mara"
    assert shown["signatures at tier 2"] == "leads: mara"  # for the band


def test_an_agent_without_a_policy_says_so_and_asks_for_no_steward(agent):
    items = {item.name: item for item in readiness.check(agent)}
    assert items["policy"].ok and items["policy"].evidence == "none: the tiers alone decide"
    assert "steward" not in items


@pytest.mark.parametrize(
    ("harm", "item", "evidence"),
    [
        (lambda: base.configure(dict(base.hosts), dict(base.secrets)), "source shop", "no source 'shop'"),
        (lambda: Agent.objects.update(sources=[]), "source shop", "the agent may not ask it"),
        (lambda: AgentRole.objects.filter(role="steward").delete(), "steward", "nobody"),
        (lambda: people.disable("milan", by=OPERATOR), "steward", "milan is disabled"),
    ],
)
def test_what_a_policy_needs_and_is_taken_away_is_missed_by_name(policed, harm, item, evidence):
    harm()
    policed.refresh_from_db()
    assert set(missing(policed)) == {item}
    assert evidence in missing(policed)[item].evidence and missing(policed)[item].next_step


def test_the_groups_a_rule_names_are_staffed_by_humans_who_are_not_the_agents_own_side(policed, tmp_path):
    people.add(username="eva", by=OPERATOR, groups=["escalations"])
    agent = with_policy(tmp_path, ("slots: [finance, leads]", "slots: [finance, escalations]"))
    assert missing(agent) == {}
    people.change("eva", by=OPERATOR, same_human_as="rosa")
    assert "escalations: nobody" in missing(agent)["signatures of rule big"].evidence
    people.change("rosa", by=OPERATOR, groups=["escalations"])
    assert set(missing(agent)) == {"signatures of rule big"}
    people.change("mara", by=OPERATOR, groups=["leads", "escalations"])
    assert missing(agent) == {}


def test_one_human_does_not_fill_both_slots_of_a_rule(policed, tmp_path):
    people.add(username="eva", by=OPERATOR, groups=["escalations", "oncall"])
    agent = with_policy(tmp_path, ("slots: [finance, leads]", "slots: [oncall, escalations]"))
    assert set(missing(agent)) == {"signatures of rule big"}


def test_a_rule_that_names_its_own_groups_asks_for_nobody_else(policed, tmp_path):
    people.add(username="eva", by=OPERATOR, groups=["escalations"])
    tool = ("tier: 3\n    effect: write", "tier: 2\n    effect: write")
    pairs = ("queue: leads", "queue: escalations"), ("then: allow, band: 2", "then: allow")
    agent = with_policy(tmp_path, *pairs, tools=(tool,))
    shown = {item.name: item.evidence for item in readiness.check(agent)}
    assert shown["signatures of rule stranger"] == "escalations: eva"


@pytest.mark.parametrize(
    "rule",
    [
        "{id: odd, tool: look_up, then: review}",
        "{id: odd, tool: look_up, then: deny, when: \"order_id == 'x'\"}",
    ],
)
def test_a_low_tool_that_may_be_held_needs_somebody_who_signs_for_it(policed, tmp_path, rule):
    pairs = (("rules:\n", f"rules:\n  - {rule}\n"), ("then: allow, band: 2", "then: review"))
    agent = with_policy(tmp_path, *pairs, ("expect: {verdict: allow, rule: small}", "expect: {verdict: review}"))
    Agent.objects.update(sign={"3": ["finance", "leads"]})
    agent.refresh_from_db()
    assert set(missing(agent)) == {"signatures at tier 2"}


def test_a_rule_that_always_denies_a_low_tool_needs_nobody(policed, tmp_path):
    pairs = (
        ("rules:\n", "rules:\n  - {id: odd, tool: look_up, then: deny}\n"),
        ("then: allow, band: 2", "then: review"),
    )
    agent = with_policy(tmp_path, *pairs, ("expect: {verdict: allow, rule: small}", "expect: {verdict: review}"))
    Agent.objects.update(sign={"3": ["finance", "leads"]})
    agent.refresh_from_db()
    assert missing(agent) == {}


def test_a_policy_that_loosens_nothing_needs_no_steward(policed, tmp_path):
    pairs = (
        ("then: allow, band: 2", "then: review"),
        ("expect: {verdict: allow, rule: small}", "expect: {verdict: review}"),
    )
    agent = with_policy(tmp_path, *pairs, (", may_loosen: [small]", ""))
    assert "steward" not in {item.name for item in readiness.check(agent)}


def test_a_longer_policy_costs_no_more_queries(policed, tmp_path):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            readiness.check(Agent.objects.get(pk=policed.pk))
        return len(captured)

    before = queries()
    rules = "".join(
        f"  - {{id: r{i}, tool: look_up, then: review, when: \"order_id == 'o-{i}'\", queue: queue{i}}}\n"
        for i in range(5)
    )
    people.add(username="eva", by=OPERATOR, groups=[f"queue{i}" for i in range(5)])
    with_policy(tmp_path, ("rules:\n", "rules:\n" + rules))
    assert queries() == before


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


# --- what runs need


@pytest.fixture
def carried() -> Agent:
    """The same agent, carried by workers, with all that runs may name."""
    with named_company():
        helper = (("agent: desk", "agent: helper"), ("name: Desk", "name: Helper"))
        registry.import_agent(changed(*helper, SCRIPTED), by=OPERATOR)
        more = "team: support\ndelegates: [helper]\nverify: {agent: helper, forbid: [guarantee]}\n"
        given = SCRIPTED[1].replace("refunds}", "refunds, pool: local}") + more
        registry.import_agent(changed((SCRIPTED[0], given)), by=OPERATOR)
        yield Agent.objects.get(slug="desk")


def desk(**fields) -> None:
    Agent.objects.filter(slug="desk").update(**fields)


def helper(**fields) -> None:
    Agent.objects.filter(slug="helper").update(**fields)


def without(*registries: str) -> None:
    """Configure what there is again, without some of it."""
    kept = {name: dict(found) for name, found in base._registries().items() if name not in registries}
    base.configure(**{"hosts": {}, "secrets": {}} | kept)


def test_an_agent_that_workers_carry_needs_no_token_and_shows_what_it_stands_on(carried):
    shown = {item.name: item.evidence for item in readiness.check(carried)}
    assert missing(carried) == {} and carried.enabled and not carried.tokens.exists()
    assert "live token" not in shown
    assert shown["script refunds"] == "tests.domain.registered:refund"
    assert shown["pool local"] == "30 a minute, 5 at once"
    assert shown["team support"] == "usd_per_day 90"
    assert shown["budget caps"] == "actions_per_run 40, usd_per_day 50"
    assert shown["verifying"] == "forbid, agent"
    assert shown["delegate helper"] == shown["verifier helper"] == "Helper"


@pytest.mark.parametrize(
    ("harm", "item", "evidence"),
    [
        (lambda: without("scripts"), "script refunds", "no script 'refunds'"),
        (lambda: without("pools"), "pool local", "no pool 'local'"),
        (lambda: without("teams"), "team support", "no team 'support'"),
        (lambda: desk(runtime="broken"), "runtime broken", "brain can't be imported"),
        (lambda: desk(runtime="gone"), "runtime gone", "no runtime 'gone'"),
        (lambda: desk(budget={}), "budget caps", "none"),
        (lambda: desk(budget={"micros_per_day": 1}), "budget caps", "usd_per_day 0.000001"),
        (lambda: desk(budget={"actions_per_run": 1}), "budget caps", "actions_per_run 1"),
        (lambda: helper(enabled=False), "verifier helper", "it isn't enabled"),
        (lambda: helper(runtime="external"), "verifier helper", "it lives elsewhere"),
        (lambda: helper(slug="other"), "verifier helper", "there is no such agent"),
    ],
)
def test_what_runs_need_and_is_taken_away_is_missed_by_name_with_a_next_step(carried, harm, item, evidence):
    harm()
    carried.refresh_from_db()
    assert set(missing(carried)) == {item}
    assert evidence in missing(carried)[item].evidence and missing(carried)[item].next_step


def test_tokens_a_day_are_a_cap_as_good_as_money(carried):
    desk(budget={"tokens_per_day": 1000, "actions_per_run": 1})
    carried.refresh_from_db()
    assert missing(carried) == {}


def test_a_delegate_that_does_not_work_is_told_and_blocks_nothing(carried):
    desk(verify={})
    helper(enabled=False)
    carried.refresh_from_db()
    items = {item.name: item for item in readiness.check(carried)}
    assert not items["delegate helper"].ok and not items["delegate helper"].blocks
    assert missing(carried) == {}


def test_output_that_nobody_verifies_is_a_note(carried):
    desk(verify={})
    carried.refresh_from_db()
    (item,) = [item for item in readiness.check(carried) if item.name == "verifying"]
    assert item.ok and item.evidence == "none: a run completes with whatever it puts out"


def test_below_tier_3_no_caps_are_asked_for(carried):
    desk(budget={})
    carried.grants.filter(tool_name="pay_back").update(revoked_at=timezone.now())
    carried.refresh_from_db()
    assert "budget caps" not in {item.name for item in readiness.check(carried)}


def test_an_agent_that_runs_elsewhere_says_that_its_spending_is_not_measured(agent):
    shown = {item.name: item for item in readiness.check(agent)}
    assert shown["budget caps"].ok and "none (what it spends isn't measured" in shown["budget caps"].evidence
    assert "verifying" not in shown
    Agent.objects.update(budget={"actions_per_day": 20}, team="gone")
    agent.refresh_from_db()
    assert "actions_per_day 20" in {item.name: item.evidence for item in readiness.check(agent)}["budget caps"]
    assert set(missing(agent)) == {"team gone"}


def test_more_delegates_cost_no_more_queries(carried):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            readiness.check(Agent.objects.get(slug="desk"))
        return len(captured)

    before = queries()
    Agent.objects.bulk_create(Agent(slug=f"other-{number}", name="Other") for number in range(5))
    desk(delegates=["helper", *(f"other-{number}" for number in range(5))])
    assert queries() == before
