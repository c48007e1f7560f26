import pytest

from agents import actions, agentfile, canonical, identities, people, registry
from agents.agentfile import AgentFileErrors
from agents.errors import Invalid, RiskBearing
from agents.models import Agent, Person, Tool, ToolDefinition
from agents.registry.differences import differences
from agents.tools import base
from audit.models import Event
from tests.domain.registered import (
    AGENT_YAML,
    OPERATOR,
    SCRIPTED,
    add_company,
    changed,
    configure_nouns,
    import_desk,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company():
    configure_nouns()
    yield add_company()
    base.configure({}, {})


def import_file(*pairs: tuple[str, str], by=OPERATOR) -> registry.Report:
    return registry.import_agent(changed(*pairs), by=by)


def verbs() -> list[str]:
    return list(Event.objects.exclude(verb="person.added").order_by("id").values_list("verb", flat=True))


def propose(agent: Agent):
    """Hold one refund through the gate; return its action."""
    token = agent.tokens.first()
    principal = identities.AgentPrincipal(agent=agent, token=token)
    seen = []
    actions.propose(
        principal=principal,
        proposal=actions.Proposal(tool="pay_back", arguments={"order_id": "A-1", "amount": 25}),
        key="k-1",
        answer=lambda action: seen.append(action) or (202, {}),
    )
    return seen[0]


# --- bringing in


def test_the_first_import_makes_a_draft_and_says_what_is_missing_and_what_to_do():
    report = import_file()
    agent = Agent.objects.get(slug="desk")
    assert report.lines[0] == "+ agent desk" and "+ tool pay_back (tier 3)" in report.lines
    assert not report.enabled and agent.is_draft
    assert report.blocked_by == ("live token: none. Issue one with `manage.py token issue --agent desk`",)


def test_once_nothing_is_missing_the_import_enables():
    agent = import_desk()
    assert agent.enabled and not agent.is_draft
    assert verbs()[-1] == "agent.enabled"


def test_the_second_import_changes_nothing_and_records_nothing():
    import_desk()
    before = Event.objects.count(), ToolDefinition.objects.count()
    report = import_file()
    assert (report.lines, report.enabled) == ((), True)
    assert (Event.objects.count(), ToolDefinition.objects.count()) == before


def test_a_definition_is_stored_whole_with_the_digest_that_approvals_bind_to():
    import_file()
    tool = Tool.objects.get(agent__slug="desk", name="pay_back")
    assert tool.definition.body == changed().tools[1].definition
    assert tool.definition.digest == canonical.digest_of(tool.definition.body)


def test_a_definition_from_before_sources_and_policies_keeps_its_digest():
    import_file()
    assert dict(Tool.objects.values_list("name", "definition__digest")) == {
        "look_up": "82c9aec717a58041bbb3b6719d471bb59fee4e420d2c7ff2f2f40cf244c36f8e",
        "pay_back": "f4ff1f361fe3c3e629414f6e0aa814aef403381ad9611664c173ffa4b44aedc7",
    }


def test_the_import_says_on_record_who_did_what_without_names_in_the_leaf():
    import_file()
    event = Event.objects.get(verb="agent.imported")
    assert event.sentence() == "root imported the agent file"
    assert event.data["roles"]["owner"] == str(Person.objects.get(username="rosa").pk)
    assert "rosa" not in event.leaf_data


@pytest.mark.parametrize(
    ("pair", "place", "words"),
    [
        (("owner: rosa", "owner: nobody"), "desk.yaml:4:16: roles.owner", "no person 'nobody'"),
        (("[finance, leads]", "[treasury, leads]"), "desk.yaml:5:24: sign.3[0]", "no group 'treasury'"),
        (("host: shop, path: /refunds", "host: bank, path: /refunds"), "tools[1].connector.host", "no host 'bank'"),
        (("method: POST, secret: shop_key", "method: POST, secret: other"), "tools[1].connector.secret", "no secret"),
    ],
)
def test_a_name_that_is_not_known_here_is_refused_at_its_place_and_nothing_is_written(pair, place, words):
    with pytest.raises(AgentFileErrors) as refused:
        import_file(pair)
    assert place in str(refused.value) and words in str(refused.value)
    assert not Agent.objects.exists()


def test_every_unknown_name_is_reported_at_once():
    with pytest.raises(AgentFileErrors) as refused:
        import_file(("owner: rosa", "owner: nobody"), ("finance", "treasury"))
    assert len(refused.value.problems) == 2


def test_somebody_disabled_cannot_be_given_a_role():
    people.disable("rosa", by=OPERATOR)
    with pytest.raises(AgentFileErrors, match="rosa is disabled"):
        import_file()


def test_a_secret_of_another_host_is_refused():
    base.configure(
        {"shop": base.Host("shop", "https://shop.example"), "bank": base.Host("bank", "https://bank.example")},
        {"shop_key": base.Secret("shop_key", "bank", "hmac", b"0123456789abcdef")},
    )
    with pytest.raises(AgentFileErrors, match="bound to the host 'bank'"):
        import_file()


# --- changing


def test_a_tool_that_left_the_file_loses_its_grant_and_gets_it_back_with_the_file():
    agent = import_desk()
    without = AGENT_YAML[: AGENT_YAML.index("  - name: pay_back")] + "enabled: true\n"
    report = registry.import_agent(agentfile.read(without, name="desk.yaml"), by=OPERATOR)
    assert report.lines == ("- grant pay_back",)
    assert agent.grants.filter(tool_name="pay_back", revoked_at=None).count() == 0
    assert import_file().lines == ("+ grant pay_back",)
    assert agent.grants.filter(tool_name="pay_back").count() == 2


def test_redefining_a_tool_ends_its_open_actions():
    action = propose(import_desk())
    report = import_file(("Refund {amount} for", "Pay {amount} back for"))
    action.refresh_from_db()
    assert report.lines == (
        "~ tool pay_back: headline Refund {amount} for {order_id} -> Pay {amount} back for {order_id}",
    )
    assert action.state == "superseded"
    assert "1 open action of pay_back ended: superseded" in report.notes
    assert report.enabled


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        (("- name: look_up\n    tier: 0", "- name: look_up\n    tier: 1"), "~ tool look_up: tier 0 -> 1"),
        (("path: /refunds", "path: /pay"), "~ tool pay_back: connector.path /refunds -> /pay"),
        (
            ("amount: {type: number,", "amount: {type: number, maximum: 50,"),
            "~ tool pay_back: schema.properties.amount.maximum none -> 50",
        ),
        (("critical: [amount, order_id]", "critical: [order_id, amount]"),
         "~ tool pay_back: critical [amount, order_id] -> [order_id, amount]"),
        (("    money: amount\n", "    money: amount\n    counterparty: order_id\n    business_key: [order_id, amount]\n"),
         "~ tool pay_back: counterparty none -> order_id, business_key none -> [order_id, amount]"),
        (("name: Desk", "name: The desk"), "~ name: Desk -> The desk"),
        (("3: [finance, leads]", "3: [leads, finance]"), "~ sign: 3 [finance, leads] -> [leads, finance]"),
        (("purpose: Pay people back", f"purpose: {'long ' * 40}"), f"~ purpose: Pay people back -> {'long ' * 11}long…"),
    ],
)  # fmt: skip
def test_an_import_says_from_what_to_what(pair, line):
    import_desk()
    assert import_file(pair).lines == (line,)


def test_a_definition_changed_all_over_is_cut_short():
    before = {str(number): number for number in range(20)}
    after = {name: number + 1 for name, number in before.items()}
    assert differences(before, after).endswith("7 7 -> 8, and 12 more")
    assert differences({"a": 1}, {"a": True}) == "a 1 -> true"
    assert differences({"a": None}, {}) == "a none -> none"


def test_an_older_definition_that_returns_is_the_same_row():
    import_desk()
    first = Tool.objects.get(name="pay_back").definition_id
    import_file(("Refund {amount} for", "Pay {amount} back for"))
    import_file()
    assert Tool.objects.get(name="pay_back").definition_id == first
    assert ToolDefinition.objects.count() == 3


def test_the_new_owner_gets_the_agent_in_the_admin_and_the_old_one_loses_it(company):
    agent = import_desk()
    people.add(username="nia", by=OPERATOR)
    report = import_file(("owner: rosa", "owner: nia"))
    assert report.lines == ("~ owner: rosa -> nia",)
    for username, may in (("nia", True), ("rosa", False)):
        person = Person.objects.get(username=username)
        assert person.has_perm("agents.change_agent", agent) is may
        assert person.has_perm("agents.view_agent", agent) is may


def test_the_file_can_disable_the_agent_and_it_is_no_draft_again():
    agent = import_desk()
    report = import_file(("enabled: true", "enabled: false"))
    agent.refresh_from_db()
    assert report.lines == ("~ disabled",) and not agent.enabled and not agent.is_draft
    assert registry.standing(agent) == "disabled"
    assert verbs()[-1] == "agent.disabled"


def test_a_change_that_leaves_nobody_to_sign_disables_the_agent():
    import_desk()
    people.add(username="eva", by=OPERATOR, groups=["empty"])
    people.disable("eva", by=OPERATOR)
    report = import_file(("3: [finance, leads]", "3: [finance, empty]"))
    assert not report.enabled
    assert any("empty: nobody" in item for item in report.blocked_by)


def test_an_import_that_changes_nothing_warns_of_lost_readiness_and_leaves_the_agent_enabled():
    agent = import_desk()
    identities.revoke(prefix=agent.tokens.get().prefix, by=OPERATOR)
    report = import_file()
    assert report.enabled and "no longer ready: live token" in report.notes[0]


def test_only_the_operator_changes_what_bears_risk_once_the_agent_was_enabled(company):
    import_desk()
    import_file(("enabled: true", "enabled: false"))
    rosa = company["rosa"].actor()
    with pytest.raises(RiskBearing) as refused:
        import_file(("3: [finance, leads]", "3: [leads, finance]"), by=rosa)
    assert [error["field"] for error in refused.value.errors] == ["sign", "enabled"]
    assert Agent.objects.get().sign["3"] == ["finance", "leads"]
    # Words that people read are no risk.
    assert import_file(("purpose: Pay people back", "purpose: Pay back"), ("enabled: true", "enabled: false"), by=rosa)


def test_what_is_exported_imports_without_a_change():
    agent = import_desk()
    text = agentfile.write(registry.export_agent(agent))
    assert registry.import_agent(agentfile.read(text, name="again.yaml"), by=OPERATOR).lines == ()


# --- what runs need

BUDGET = "budget: {usd_per_day: 50, actions_per_run: 40}"
HELPER = (("agent: desk", "agent: helper"), ("name: Desk", "name: Helper"))


def import_scripted() -> Agent:
    """Register an agent that workers carry; it ends enabled."""
    assert import_file(SCRIPTED).enabled
    return Agent.objects.get(slug="desk")


def import_scripted_with(old: str, new: str, *, by=OPERATOR) -> registry.Report:
    return import_file((SCRIPTED[0], SCRIPTED[1].replace(old, new)), by=by)


def test_what_runs_need_is_stored_as_runs_read_it():
    import_file(*HELPER, SCRIPTED)
    more = "team: support\ndelegates: [helper]\nverify: {forbid: [guarantee], agent: helper}\n"
    import_file((SCRIPTED[0], SCRIPTED[1].replace("refunds}", "refunds, pool: local}") + more))
    agent = Agent.objects.get(slug="desk")
    assert (agent.runtime, agent.runtime_body) == ("scripted", {"script": "refunds", "pool": "local"})
    assert agent.budget == {"micros_per_day": 50_000_000, "actions_per_run": 40}
    assert agent.verify == {"forbid": ["guarantee"], "agent": "helper"}
    assert (agent.delegates, agent.team) == (["helper"], "support")


def test_an_agent_that_workers_carry_is_exported_and_imported_without_a_change():
    import_file(*HELPER, SCRIPTED)
    more = "team: support\ndelegates: [helper]\nverify: {checks: [{id: a, expect: output.ok == true}], agent: helper}\n"
    import_file((SCRIPTED[0], SCRIPTED[1] + more), ("tier: 3\n", "tier: 3\n    cost_usd: 0.00001\n"))
    text = agentfile.write(registry.export_agent(Agent.objects.get(slug="desk")))
    assert registry.import_agent(agentfile.read(text, name="again.yaml"), by=OPERATOR).lines == ()


def test_the_import_puts_what_carries_the_agent_and_what_it_may_spend_on_record():
    agent = import_scripted()
    data = Event.objects.get(verb="agent.imported").data
    assert (data["runtime"], data["budget"]) == ("scripted", agent.budget)
    assert data["runtime_digest"] == canonical.digest_of(agent.runtime_body)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("script: refunds", "script: refnds", "runtime.script", "no script 'refnds': did you mean \"refunds\"? If not, add ["),
        ("refunds}", "refunds, pool: other}", "runtime.pool", "no pool 'other': add [pools.other] there"),
        ("scripted, script: refunds", "scritped", "runtime.kind", 'add [runtimes.scritped] there; did you mean "scripted"?'),
        (BUDGET, f"{BUDGET}\nteam: other", "8:7: team", "no team 'other': add [teams.other] there"),
        (BUDGET, f"{BUDGET}\ndelegates: [helpr]", "delegates[0]", 'did you mean "helper"? If not, import its file first'),
        (BUDGET, f"{BUDGET}\ndelegates: [other]", "8:13: delegates[0]", "no agent 'other': import its file first"),
        (BUDGET, f"{BUDGET}\nverify: {{agent: other}}", "8:17: verify.agent", "no agent 'other'"),
        (BUDGET, f"{BUDGET}\ndelegates: [helper]", "delegates[0]", "helper lives elsewhere and can't be given a task"),
    ],
)  # fmt: skip
def test_a_name_that_runs_need_and_nobody_knows_is_refused_at_its_place(old, new, place, words):
    import_file(*HELPER)
    with pytest.raises(AgentFileErrors) as refused:
        import_scripted_with(old, new)
    assert place in str(refused.value) and words in str(refused.value)


def test_a_runtime_that_is_named_but_cannot_be_used_is_a_matter_of_readiness():
    report = import_scripted_with("scripted, script: refunds", "broken")
    assert not report.enabled and "brain can't be imported" in report.blocked_by[0]


@pytest.mark.parametrize(
    ("old", "new", "line", "risk"),
    [
        ("usd_per_day: 50", "usd_per_day: 50.5", "~ budget: usd_per_day 50 -> 50.5", "budget"),
        ("usd_per_day: 50", "tokens_per_day: 5", "~ budget: tokens_per_day none -> 5, usd_per_day 50 -> none", "budget"),
        ("40}", "40, spike: 6}", "~ budget: spike none -> 6", "budget"),
        ("40}", "40, spike: 4}", "~ budget: spike none -> 4", ""),
        ("40}", "40, depth: 1}", "~ budget: depth none -> 1", ""),
        ("usd_per_day: 50", "usd_per_day: 0.5", "~ budget: usd_per_day 50 -> 0.5", ""),
        ("refunds}", "refunds, pool: local}", "~ runtime_body: pool none -> local", "runtime_body"),
        (BUDGET, f"{BUDGET}\nteam: support", "~ team: support", "team"),
        (BUDGET, f"{BUDGET}\nverify: {{forbid: [secret]}}", "~ verify: forbid [secret]", "verify"),
        (BUDGET, f"{BUDGET}\ndelegates: [helper]", "~ delegates: [helper]", "delegates"),
    ],
)  # fmt: skip
def test_a_change_of_what_runs_need_is_said_and_only_the_operator_loosens(company, old, new, line, risk):
    import_file(*HELPER, SCRIPTED)
    import_scripted()
    if risk:
        with pytest.raises(RiskBearing) as refused:
            import_scripted_with(old, new, by=company["rosa"].actor())
        assert [error["field"] for error in refused.value.errors] == [risk]
        assert import_scripted_with(old, new).lines == (line,)
    else:
        assert import_scripted_with(old, new, by=company["rosa"].actor()).lines == (line,)


def test_what_runs_need_is_not_edited_in_place(company):
    agent = import_desk(token=False)
    for name in ("runtime_body", "budget", "verify", "delegates", "team"):
        with pytest.raises(RiskBearing):
            registry.edit(agent.pk, by=company["rosa"].actor(), **{name: {}})


# --- editing in place


def test_a_draft_is_freely_edited(company):
    agent = import_desk(token=False)
    registry.edit(agent.pk, by=company["rosa"].actor(), name="The desk", sign={"3": ["leads", "finance"]})
    agent.refresh_from_db()
    assert (agent.name, agent.sign) == ("The desk", {"3": ["leads", "finance"]})
    assert Event.objects.last().sentence() == "rosa changed name, sign"


def test_who_signs_for_an_enabled_agent_is_not_edited_in_place(company):
    agent = import_desk()
    with pytest.raises(RiskBearing) as refused:
        registry.edit(agent.pk, by=company["rosa"].actor(), sign={"3": ["leads", "finance"]})
    assert [error["field"] for error in refused.value.errors] == ["sign"]
    registry.edit(agent.pk, by=company["rosa"].actor(), name="The desk")


@pytest.mark.parametrize(
    "sign", [[], {"5": ["leads"]}, {"3": ["leads"]}, {"2": "leads"}, {"2": []}, {"2": ["nobody"]}, {"2": [1]}]
)
def test_a_sign_map_that_could_not_be_signed_is_refused(company, sign):
    agent = import_desk(token=False)
    with pytest.raises(Invalid) as refused:
        registry.edit(agent.pk, by=company["rosa"].actor(), sign=sign)
    assert refused.value.errors[0]["field"] == "sign"


def test_editing_nothing_records_nothing(company):
    agent = import_desk()
    before = Event.objects.count()
    registry.edit(agent.pk, by=company["rosa"].actor(), name=agent.name, sign=agent.sign)
    assert Event.objects.count() == before
