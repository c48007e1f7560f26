import io

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import agentfile, canonical, people, policies, registry
from agents.agentfile import AgentFileErrors, PolicyText
from agents.errors import RiskBearing
from agents.models import Agent, Policy, ToolDefinition
from agents.policy.judging.evaluate import evaluate
from agents.policy.reading import PolicyErrors
from agents.policy.verdict import Situation
from agents.policy.writing import document_of
from agents.registry.differences import policy_changes
from agents.tools import base
from audit.models import Event
from tests.domain.policed import (
    POLICY_YAML,
    WITH_POLICY,
    configure_source,
    import_folder,
    import_policed,
    replaced,
    write_desk,
)
from tests.domain.registered import OPERATOR, add_company, configure_nouns

pytestmark = pytest.mark.django_db

SHORTHAND = "policy: desk\ntools: {refunds: pay_back}\nrefunds: {auto_approve_max_usd: 25}\n"


@pytest.fixture(autouse=True)
def company():
    configure_nouns()
    configure_source()
    yield add_company()
    base.configure({}, {})


@pytest.fixture
def folder(tmp_path):
    return write_desk(tmp_path)


def change(folder, *pairs: tuple[str, str]) -> None:
    """Replace some of the policy's text where it stands."""
    path = folder / "policy.yaml"
    path.write_text(replaced(path.read_text(), pairs))


def refused(folder) -> list[str]:
    """Import what can't be imported; return its problems without the folder before each."""
    with pytest.raises(AgentFileErrors) as errors:
        import_folder(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in errors.value.problems]


def verbs() -> list[str]:
    return list(Event.objects.filter(verb__startswith="policy.").order_by("id").values_list("verb", flat=True))


# --- coming in


def test_the_first_import_publishes_version_one_as_it_was_written(folder):
    report = import_folder(folder)
    agent = Agent.objects.get()
    assert "+ policy desk/1" in report.lines and "~ sources: [shop]" in report.lines
    policy = agent.policy
    assert (policy.label, policy.file, policy.source) == ("desk/1", "policy.yaml", POLICY_YAML)
    assert policies.stored(policy).rules[1].id == "big"
    assert policy.digest == canonical.digest_of(document_of(policies.stored(policy)))
    assert agent.sources == ["shop"]


def test_publishing_goes_on_record_with_the_digest_of_what_decides(folder):
    agent = import_policed(folder)
    event = Event.objects.get(verb="policy.published")
    assert event.sentence() == "root published the policy desk/1"
    assert event.data == {"policy": "desk/1", "digest": agent.policy.digest, "policy_id": str(agent.policy.pk)}
    imported = Event.objects.filter(verb="agent.imported").first()
    assert (imported.data["policy"], imported.data["sources"]) == (agent.policy.digest, ["shop"])


def test_importing_the_same_again_changes_nothing_and_records_nothing(folder):
    import_policed(folder)
    before = Event.objects.count(), Policy.objects.count()
    report = import_folder(folder)
    assert (report.lines, report.enabled) == ((), True)
    assert (Event.objects.count(), Policy.objects.count()) == before


@pytest.mark.parametrize(
    ("pairs", "summary"),
    [
        ((("amount > 200", "amount > 100"),), "rules ~ big (when)"),
        ((("due: 30m", "due: 20m"), ("amount > 200", "amount > 100")), "rules ~ big (when, due)"),
        ((("rules:\n", "rules:\n  - {id: all, tool: look_up, then: review}\n"),), "rules + all"),
        ((("policy: desk", "policy: desk\nmode: read_only"), ("{verdict: allow, rule: small}", "{verdict: deny}")),
         "mode scoped_autonomy -> read_only; cases"),
        ((("tenure}", "tenure, max_age: 30s}"),), "facts ~ tenure_days (max_age)"),
        ((("known: {key: string}", "known: {key: string}\n  barred: {key: string}"),), "lists + barred"),
        ((("cases:", "redact: {pii: [email]}\nkeep: {days: 90}\ncases:"),), "redact + email; keep"),
        ((("policy: desk", "policy: front-desk"),), "name desk -> front-desk"),
        ((("cases:", "# said again\ncases:"),), "the same in other words"),
    ],
)  # fmt: skip
def test_a_new_text_is_the_next_version_and_the_import_says_what_it_changes(folder, pairs, summary):
    import_policed(folder)
    change(folder, *pairs)
    name = "front-desk" if "front-desk" in summary else "desk"
    assert import_folder(folder).lines == (f"~ policy desk/1 -> {name}/2: {summary}",)
    assert [policy.label for policy in Policy.objects.all()] == [f"{name}/2", "desk/1"]
    assert Agent.objects.get().policy.version == 2


def test_a_rule_that_goes_is_named_and_a_long_list_of_changes_is_cut(folder):
    agent = import_policed(folder)
    before = policies.stored(agent.policy)
    line = next(line for line in POLICY_YAML.split("\n") if "stranger" in line)
    change(folder, (line + "\n", ""))
    import_folder(folder)
    assert policy_changes(before, policies.stored(Agent.objects.get().policy)) == "rules - stranger"
    many = "".join(f"  - {{id: r{i}, tool: look_up, then: review, when: \"order_id == 'o-{i}'\"}}\n" for i in range(12))
    change(folder, ("rules:\n", "rules:\n" + many))
    (said,) = import_folder(folder).lines
    assert said.endswith("+ r6, + r7, and 4 more")


def test_an_older_text_that_returns_is_a_version_of_its_own(folder):
    import_policed(folder)
    change(folder, ("amount > 200", "amount > 100"))
    import_folder(folder)
    change(folder, ("amount > 100", "amount > 200"))
    assert import_folder(folder).lines == ("~ policy desk/2 -> desk/3: rules ~ big (when)",)


def test_a_file_called_otherwise_or_with_other_line_ends_is_no_new_version(folder):
    import_policed(folder)
    (folder / "rules.yaml").write_bytes(POLICY_YAML.replace("\n", "\r\n").encode())
    write_desk(folder, ("policy: policy.yaml", "policy: rules.yaml"))
    assert import_folder(folder).lines == ()


def test_a_policy_that_leaves_the_file_is_taken_away_and_its_versions_stay(folder):
    agent = import_policed(folder)
    write_desk(folder, ("policy: policy.yaml\n", ""))
    assert import_folder(folder).lines == ("- policy desk/1",)
    agent.refresh_from_db()
    assert agent.policy is None and Policy.objects.count() == 1
    assert verbs() == ["policy.published", "policy.removed"]
    assert import_folder(folder).lines == ()
    assert import_folder(write_desk(folder)).lines == ("+ policy desk/2",)


def test_the_same_words_are_another_version_once_they_mean_something_else(folder):
    (folder / "policy.yaml").write_text(SHORTHAND)
    import_folder(folder)
    agent_file = folder / "agent.yaml"
    agent_file.write_text(agent_file.read_text().replace("amount", "total"))
    lines = import_folder(folder).lines
    assert "~ policy desk/1 -> desk/2: rules ~ refunds-up-to (when), ~ refunds-above (when)" in lines
    assert Policy.objects.values("source").distinct().count() == 1


# --- what is refused


def test_a_bad_policy_leaves_agent_tools_and_policy_as_they_were(folder):
    agent = import_policed(folder)
    write_desk(folder, ("name: Desk", "name: Other"), ("tier: 3", "tier: 2"), policy=POLICY_YAML)
    change(folder, ("amount > 200", "amuont > 200"))
    before = Event.objects.count(), Policy.objects.count(), ToolDefinition.objects.count()
    assert refused(folder)
    assert (Event.objects.count(), Policy.objects.count(), ToolDefinition.objects.count()) == before
    agent.refresh_from_db()
    assert (agent.name, agent.policy.label, agent.tools.get(name="pay_back").tier) == ("Desk", "desk/1", 3)


def test_a_first_import_with_a_bad_policy_makes_no_agent(folder):
    change(folder, ("amount > 200", "amount > 'a lot'"))
    assert refused(folder)[0].startswith("policy.yaml:10:")
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "finance, leads]",
            "finance, leeds]",
            "10:84: rules[1].slots[1]: there is no group 'leeds': did you mean \"leads\"? If not, make it by adding",
        ),
        ("queue: leads", "queue: leeds", "11:87: rules[2].queue: there is no group 'leeds'"),
        (
            "source: shop",
            "source: shp",
            "3:36: facts.tenure_days.source: the operator's countersign.toml has no source",
        ),
        ("amount > 200", "amuont > 200", "10:52: rules[1].when"),
        ("tenure_days >= 180", "tenure_day >= 180", "9:78: rules[0].when"),
        ("id: big, tool: pay_back", "id: big, tool: payback", "10:21: rules[1].tool"),
        ("in known", "in knowm", "11:71: rules[2].when"),
    ],
)
def test_a_name_that_is_not_known_is_refused_where_the_policy_says_it(folder, old, new, expected):
    change(folder, (old, new))
    found = refused(folder)
    assert any(line.startswith(f"policy.yaml:{expected}") for line in found), "\n".join(found)


def test_a_case_that_fails_refuses_the_import_where_it_stands(folder):
    change(folder, ("tenure_days: 400", "tenure_days: 4"))
    (problem,) = refused(folder)
    assert problem.startswith("policy.yaml:13:5: cases[a small refund runs]: allow was expected and it is review")
    assert not Agent.objects.exists()


def test_a_group_that_signs_nothing_else_may_be_a_queue(folder):
    people.add(username="eva", by=OPERATOR, groups=["escalations"])
    change(folder, ("queue: leads", "queue: escalations"))
    assert "+ policy desk/1" in import_folder(folder).lines


def test_a_source_that_the_agent_file_does_not_name_is_not_asked(folder):
    write_desk(folder, ("sources: [shop]\n", ""))
    (problem,) = refused(folder)
    assert problem == (
        "policy.yaml:3:36: facts.tenure_days.source: the agent may not ask the source 'shop': name it in the agent"
        " file, sources: [shop]"
    )


def test_a_source_the_operator_does_not_know_is_refused_in_the_agent_file(folder):
    write_desk(folder, ("sources: [shop]", "sources: [shop, bank]"))
    (problem,) = refused(folder)
    assert problem == (
        "agent.yaml:7:17: sources[1]: the operator's countersign.toml has no source 'bank': add [sources.bank] there"
    )


def test_a_source_that_cannot_be_used_keeps_no_agent_from_being_enabled_and_is_told(folder):
    base.configure(dict(base.hosts), dict(base.secrets), unusable_sources={"shop": "the file is gone."})
    report = import_folder(folder)
    assert not any("source" in item for item in report.blocked_by)
    assert any("source shop: The source 'shop' can't be used: the file is gone" in note for note in report.notes)


def test_the_problems_of_both_files_are_told_at_once(folder):
    write_desk(folder, ("owner: rosa", "owner: nobody"))
    change(folder, ("queue: leads", "queue: leeds"))
    assert [line.split(":")[0] for line in refused(folder)] == ["agent.yaml", "policy.yaml"]


def test_a_policy_whose_text_was_not_read_is_not_imported():
    with pytest.raises(AgentFileErrors, match="policy.yaml wasn't read: give the path of this file") as errors:
        registry.import_agent(agentfile.read(WITH_POLICY, name="agent.yaml"), by=OPERATOR)
    assert errors.value.problems[0].path == "policy"


# --- facts in headlines


def test_a_headline_names_facts_of_the_policy(folder):
    write_desk(folder, ("Refund {amount} for", "Refund {amount} ({fact.tenure_days} days) for"))
    assert "+ policy desk/1" in import_folder(folder).lines


def test_a_fact_that_the_policy_does_not_have_is_refused_in_the_headline(folder):
    write_desk(folder, ("Refund {amount} for", "Refund {amount} ({fact.tenure_day} days) for"))
    assert refused(folder) == [
        "agent.yaml:32:15: tools[1].headline: {fact.tenure_day} is not a fact of the policy: did you mean"
        ' "tenure_days"?'
    ]


def test_a_fact_that_the_tools_arguments_do_not_lead_to_is_no_part_of_its_headline(folder):
    change(folder, ("/orders/{order_id}", "/orders/{amount}"))
    write_desk(
        folder,
        ('headline: "Look up {order_id}"', 'headline: "Look up {order_id}, {fact.tenure_days} days"'),
        policy=(folder / "policy.yaml").read_text(),
    )
    (problem,) = refused(folder)
    assert "tools[0].headline: tenure_days can't be looked up for look_up: it needs amount" in problem


# --- who may


def test_only_the_operator_changes_the_policy_or_sources_of_an_agent_that_was_enabled(folder, company):
    agent = import_policed(folder)
    change(folder, ("amount > 200", "amount > 100"))
    with pytest.raises(RiskBearing) as refusal:
        import_folder(folder, by=company["rosa"].actor())
    assert [error["field"] for error in refusal.value.errors] == ["policy"]
    write_desk(folder, ("sources: [shop]\n", ""), ("policy: policy.yaml\n", ""))
    with pytest.raises(RiskBearing) as refusal:
        import_folder(folder, by=company["rosa"].actor())
    assert [error["field"] for error in refusal.value.errors] == ["sources", "policy"]
    agent.refresh_from_db()
    assert (agent.policy.label, agent.sources, Policy.objects.count()) == ("desk/1", ["shop"], 1)


def test_the_policy_of_a_draft_is_its_owners(folder, company):
    import_policed(folder, token=False)
    change(folder, ("amount > 200", "amount > 100"))
    assert import_folder(folder, by=company["rosa"].actor()).lines


# --- the way back


def test_what_is_exported_with_its_policy_imports_without_a_change(folder, tmp_path):
    agent = import_policed(folder)
    again = tmp_path / "again"
    again.mkdir()
    out, err = io.StringIO(), io.StringIO()
    call_command("agent", "export", "desk", stdout=out, stderr=err)
    (again / "agent.yaml").write_text(out.getvalue())
    (again / "policy.yaml").write_text(policies.source_of(agent).text)
    assert "manage.py policy export desk > policy.yaml" in err.getvalue()
    assert import_folder(again).lines == ()


def test_an_agent_without_a_policy_is_exported_without_a_word_of_one(folder):
    write_desk(folder, ("sources: [shop]\n", ""), ("policy: policy.yaml\n", ""))
    import_folder(folder)
    out, err = io.StringIO(), io.StringIO()
    call_command("agent", "export", "desk", stdout=out, stderr=err)
    assert "policy" not in out.getvalue() + err.getvalue() and "sources" not in out.getvalue()
    assert policies.source_of(Agent.objects.get()) is None


def test_validating_an_agent_file_reads_its_policy_too(folder):
    out, err = io.StringIO(), io.StringIO()
    call_command("agent", "validate", str(folder), stdout=out, stderr=err)
    assert "valid (desk, 2 tools, 3 rules)" in err.getvalue()
    change(folder, ("amount > 200", "amuont > 200"))
    with pytest.raises(SystemExit):
        call_command("agent", "validate", str(folder), stdout=out, stderr=err)
    assert f"{folder}/policy.yaml:10:" in err.getvalue()


# --- ready to be asked


def definition(agent: Agent, tool: str = "pay_back") -> ToolDefinition:
    return agent.tools.get(name=tool).definition


def test_what_was_stored_decides_as_the_file_says(folder):
    agent = import_policed(folder)
    compiled = policies.compiled(agent.policy, definition(agent))
    values = {"order_id": "o-1", "amount": 300, "known": ["o-1"]}
    situation = Situation("pay_back", values, {2: ("leads",), 3: ("finance", "leads")})
    verdict = evaluate(compiled, situation)
    assert (verdict.outcome, verdict.policy, verdict.effective_tier) == ("review", "desk/1", 3)
    assert "big" in [reason.rule for reason in verdict.reasons]


def test_without_a_policy_the_tiers_decide(folder):
    agent = import_policed(folder)
    compiled = policies.compiled(None, definition(agent, "look_up"))
    verdict = evaluate(compiled, Situation("look_up", {"order_id": "o-1"}, {}))
    assert (verdict.outcome, verdict.policy) == ("allow", "tier-defaults/1")


def test_a_version_is_compiled_for_a_tool_once(folder):
    agent = import_policed(folder)
    row, tool = agent.policy, definition(agent)
    first = policies.compiled(row, tool)
    with CaptureQueriesContext(connection) as captured:
        assert policies.compiled(Policy.objects.get(pk=row.pk), tool) is first
    assert len(captured) == 1  # the version that was asked for, by the test
    change(folder, ("amount > 200", "amount > 100"))
    import_folder(folder)
    assert policies.compiled(Agent.objects.get().policy, tool) is not first


def test_what_a_headline_names_is_looked_up_although_no_rule_asks_for_it(folder):
    ticket = 'ticket: {type: record, source: shop, path: "/tickets/{order_id}"}'
    mood = "mood: {type: string, classify: sentiment, of: ticket.text}"
    change(folder, ("\nclaims:", f"\n  {ticket}\n  {mood}\nclaims:"))
    policy = (folder / "policy.yaml").read_text()
    write_desk(folder, ('"Look up {order_id}"', '"Look up {order_id} ({fact.mood})"'), policy=policy)
    agent = import_policed(folder, written=True)

    def asked(tool: str) -> list[str]:
        row = definition(agent, tool)
        return [fact.name for fact in policies.facts_asked(policies.compiled(agent.policy, row), row)]

    assert asked("look_up") == ["ticket", "mood"]
    assert asked("pay_back") == ["tenure_days"]


def test_no_more_than_512_are_kept(folder):
    agent = import_policed(folder)
    tool = definition(agent)
    first = policies.compiled(None, tool)
    for number in range(policies.MOST_COMPILED):
        policies.compiled(None, ToolDefinition(pk=-number - 1, body=tool.body))
    assert len(policies._cache) == policies.MOST_COMPILED
    assert policies.compiled(None, tool) is not first


def test_publishing_reads_the_policy_again_and_refuses_what_is_wrong(folder):
    agent = import_policed(folder)
    with pytest.raises(PolicyErrors):
        policies.publish(agent, PolicyText("policy.yaml", "policy: x\nrules: 3"), tools=[], by=OPERATOR)
    assert Policy.objects.count() == 1


def test_versions_are_only_ever_added(folder):
    agent = import_policed(folder)
    for harm in (
        lambda: Policy.objects.update(source="x"),
        lambda: Policy.objects.filter(agent=agent)._raw_delete("default"),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            harm()
