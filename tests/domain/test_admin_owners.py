"""What an owner reads in the admin: what needs attention, who owns what, who may do what. Everybody their own."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents import arrivals, identities, incidents, people, readiness, registry, stops
from agents.models import Action, Agent, AgentRole, Grant, Person, Token
from agents.readiness.by_tier import by_tier
from approvals.figures import history_list
from approvals.owners import attention, duties, matrix
from audit.actors import Actor
from tests.commandline import Ended
from tests.domain.policed import import_folder, import_policed, named_company, write_desk
from tests.domain.registered import AGENT_YAML, OPERATOR, changed, import_desk
from tests.domain.test_admin import assert_strict, browser, cost, page
from tests.factories import decide, give_policy, make_action

pytestmark = pytest.mark.django_db

FRONT = "admin:index"
SLUG = re.compile(r"(?<!agent=)other-desk")  # what was asked for may stand in an address
RULE_ASKS = """\
policy: desk
rules: [{id: delicate, tool: pay_back, then: review, queue: escalations}]
"""
LOOK_UP = AGENT_YAML[AGENT_YAML.index("  - name: look_up") : AGENT_YAML.index("  - name: pay_back")]


@pytest.fixture
def desk() -> Agent:
    """Rosa's agent, enabled, with every role held and two people to each group; beside it one of nia's."""
    with named_company():
        people.add(username="nia", by=OPERATOR, staff=True, groups=["finance", "leads"])
        people.add(username="olga", by=OPERATOR, superuser=True)
        registry.import_agent(changed(("agent: desk", "agent: other-desk"), ("owner: rosa", "owner: nia")), by=OPERATOR)
        yield import_desk()


@pytest.fixture
def policed(tmp_path) -> Agent:
    """Rosa's agent with a policy."""
    with named_company(source=True):
        yield import_policed(tmp_path)


def person(username: str) -> Person:
    return Person.objects.get(username=username)


def parts(username: str = "rosa") -> dict[str, list[attention.Line]]:
    return {part.name: part.lines for part in attention.of(person(username)).parts}


def complete(agent: Agent) -> None:
    """Give it what it lacks from the start, so that nothing needs attention any more."""
    for role in ("agent_steward", "data_gatekeeper"):
        AgentRole.objects.create(agent=agent, role=role, person=people.add(username=role, by=OPERATOR))


# --- what needs attention


def test_nothing_needs_attention_where_all_is_as_it_should_be(policed):
    complete(policed)
    people.add(username="tom", by=OPERATOR, groups=["finance", "leads"])
    assert parts() == {}
    assert "Nothing needs attention: each agent you hold a role of" in front("rosa")


def test_who_holds_no_role_is_told_that_nothing_is_theirs(desk):
    people.add(username="ike", by=OPERATOR, staff=True)
    assert "You hold no role of any agent" in front("ike")


def front(username: str) -> str:
    return browser(username).get(reverse(FRONT)).content.decode()


def test_a_stopped_agent_is_named_with_who_stopped_it_and_leads_to_where_it_is_resumed(desk):
    stops.stop(agent=desk, by=person("milan").actor(), reason="Odd refunds")
    (line,) = parts()["stopped"]
    assert (line.says, line.address) == ("stopped by milan: Odd refunds", reverse("agent", args=["desk"]))
    assert "Odd refunds" in front("rosa")


def test_an_agent_paused_for_its_arrivals_is_told_apart_from_one_that_people_stopped(desk):
    Agent.objects.filter(pk=desk.pk).update(budget={"arrivals_per_hour": 1})
    make_action(desk, "look_up", arguments={"order_id": "o-1"})
    assert arrivals.watch() == 1
    assert "stopped" not in parts()
    assert parts()["arrivals"][0].says.startswith("It proposed 1 actions within an hour")
    stops.resume(agent=desk, by=OPERATOR, reason="Seen")
    stops.stop(agent=desk, by=OPERATOR, reason="It proposed 1 actions within an hour, said the operator")
    assert "arrivals" not in parts() and parts()["stopped"]


def test_a_role_nobody_holds_is_a_hole(desk):
    AgentRole.objects.filter(agent=desk, role="steward").delete()
    says = [line.says for line in parts()["roles"]]
    assert "Nobody is its steward, agent steward or data gatekeeper." in says


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"expires_at": timedelta(days=5, hours=1)}, "expires in 5 days"),
        ({"last_used_at": -timedelta(days=91)}, "unused for 91 days"),
        ({"issued_at": -timedelta(days=90, minutes=1)}, "unused for 90 days"),
    ],
)
def test_a_token_that_ends_soon_or_lies_unused_is_named(desk, change, says):
    assert "tokens" not in parts()
    desk.tokens.update(**{name: timezone.now() + by for name, by in change.items()})
    (line,) = parts()["tokens"]
    assert line.says == f"token {desk.tokens.get().prefix}: {says}" and line.address.endswith("#tokens-group")
    assert says in browser("rosa").get(page(desk)).content.decode()


def test_a_clients_token_is_named_once_however_many_agents_it_speaks_for(desk):
    registry.import_agent(changed(("agent: desk", "agent: second")), by=OPERATOR)
    both = list(Agent.objects.filter(slug__in=["desk", "second"]))
    identities.issue_client(name="crm", agents=both, by=OPERATOR, days=3)
    (line,) = parts()["tokens"]
    assert "of the client crm: expires in" in line.says
    assert "crm: " in browser("rosa").get(page(desk)).content.decode()


def test_a_revoked_or_expired_token_asks_for_nothing(desk):
    desk.tokens.update(revoked_at=timezone.now(), expires_at=timezone.now() + timedelta(days=1))
    identities.issue(agent=desk, by=OPERATOR)
    assert "tokens" not in parts()


def test_an_unknown_outcome_leads_to_its_action(desk):
    action = make_action(desk, "look_up", arguments={"order_id": "o-1"})
    make_unknown(action)
    (line,) = parts()["unknown"]
    assert line.address == reverse("action", args=[action.pk]) and line.says == action.headline
    assert "unknown" not in parts("nia")


def make_unknown(action: Action) -> None:
    """Let its call have gone out and nothing come back."""
    Action.objects.filter(pk=action.pk).update(
        state="executing", lease_until=Now() + timedelta(minutes=1), permit_consumed_at=Now()
    )
    Action.objects.filter(pk=action.pk).update(state="unknown", lease_until=None)


def test_an_open_incident_is_named_until_it_is_closed(desk):
    opened = incidents.open_(agent=desk, title="Wrong order", by=Actor.SYSTEM)
    assert [line.says for line in parts()["incidents"]] == ["Wrong order"]
    incidents.close(opened, by=person("rosa"), note="It was the form")
    assert "incidents" not in parts()


def test_an_enabled_agent_that_lacks_what_its_tier_needs_is_named(desk):
    people.disable("ana", by=OPERATOR)
    people.change("nia", by=OPERATOR, groups=[])
    (line,) = parts()["readiness"]
    assert "signatures at tier 3: finance: nobody" in line.says and line.address == f"{page(desk)}#readiness"


def test_a_tool_that_no_rule_names_is_a_hole_in_the_policy(desk):
    (line,) = parts()["coverage"]
    assert line.says == "the tier alone decides about pay_back" and line.address == reverse("policy", args=["desk"])


def test_others_agents_are_no_business_of_an_owners(desk):
    stops.stop(agent=Agent.objects.get(slug="other-desk"), by=OPERATOR, reason="Secret reason")
    assert "stopped" not in parts() and "Secret reason" not in front("rosa")
    assert "Secret reason" in front("nia") and "Secret reason" in front("olga")


def test_only_the_first_lines_of_a_part_are_shown_and_the_rest_counted(desk):
    for number in range(attention.MOST + 3):
        incidents.open_(agent=desk, title=f"Number {number}", by=Actor.SYSTEM)
    part = next(part for part in attention.of(person("rosa")).parts if part.name == "incidents")
    assert (len(part.lines), part.more) == (attention.MOST, 3)


def test_hostile_words_stay_words_on_the_front_page(desk):
    stops.stop(agent=desk, by=OPERATOR, reason="<script>alert(1)</script>\u202e")
    text = front("rosa")
    assert "<script>alert" not in text and "U+202E" in text


def test_the_front_page_costs_the_same_queries_however_many_agents(policed, tmp_path):
    """As many for one agent of each kind as for six: with everything that can be wrong."""

    def wrong(agent: Agent) -> None:
        incidents.open_(agent=agent, title="Odd", by=Actor.SYSTEM)
        agent.tokens.update(expires_at=timezone.now() + timedelta(days=2))
        identities.issue_client(name="crm", agents=[agent], by=OPERATOR, days=3)
        make_unknown(make_action(agent, "look_up", arguments={"order_id": "o-1"}))
        stops.stop(agent=agent, by=OPERATOR, reason="Odd")

    wrong(policed)
    rosa = browser("rosa")
    addresses = [reverse(FRONT), reverse("admin:duties"), reverse("admin:matrix")]
    before = [cost(rosa, address) for address in addresses]
    for number in range(5):
        import_folder(write_desk(tmp_path, ("agent: desk", f"agent: desk-{number}")))
        identities.issue(agent=(more := Agent.objects.get(slug=f"desk-{number}")), by=OPERATOR)
        import_folder(write_desk(tmp_path, ("agent: desk", f"agent: desk-{number}")))
        more.refresh_from_db()
        wrong(more)
    assert [cost(rosa, address) for address in addresses] == before
    assert before[0] < 40


# --- who owns what


def holes(username: str = "rosa") -> list[str]:
    return [hole.says for hole in duties.of(person(username)).holes if hole.agent.slug == "desk"]


def test_who_owns_what_begins_with_where_somebody_is_missing(desk):
    text = browser("rosa").get(reverse("admin:duties")).content.decode()
    assert text.index("Where somebody is missing") < text.index("People and their roles")
    assert "Nobody is its agent steward or data gatekeeper." in holes()


def test_one_human_in_three_roles_at_tier_3_is_a_hole_by_whatever_accounts(desk):
    assert not [says for says in holes() if "alone" in says]
    twin = people.add(username="rosa2", by=OPERATOR, same_human_as="rosa")
    AgentRole.objects.create(agent=desk, role="agent_steward", person=twin)
    AgentRole.objects.create(agent=desk, role="data_gatekeeper", person=twin)
    assert [says for says in holes() if " alone is its " in says and "and it acts at tier 3" in says]
    desk.grants.filter(tool_name="pay_back").update(revoked_at=timezone.now())
    assert not [says for says in holes() if "alone" in says]


def test_a_leaver_who_still_holds_a_role_is_a_hole(desk):
    people.disable("wei", by=OPERATOR)
    assert "wei is disabled and still its eval owner." in holes()
    assert '<span class="word no">disabled</span>' in browser("rosa").get(reverse("admin:duties")).content.decode()


def test_a_group_that_only_a_rule_asks_is_a_group_that_signs(desk):
    give_policy(desk, RULE_ASKS)
    people.add(username="nuru", by=OPERATOR, groups=["escalations"])
    thin = "In escalations, which signs by the rule delicate, only nuru can sign: name 2 or more."
    told = duties.of(person("rosa"))
    assert thin in [hole.says for hole in told.holes] and thin in [line.says for line in parts()["roles"]]
    (group,) = [one for one in told.groups if one.group == "escalations"]
    assert ([one.username for one in group.people], [one.slug for one in group.agents]) == (["nuru"], ["desk"])
    people.add(username="omar", by=OPERATOR, groups=["escalations"])
    assert thin not in [hole.says for hole in duties.of(person("rosa")).holes]


def test_a_group_with_one_person_who_can_sign_is_a_hole_and_the_owner_does_not_count(desk):
    thin = "In finance, which signs at tier 3, only ana can sign: name 2 or more."
    assert thin not in holes()
    people.change("nia", by=OPERATOR, groups=["leads"])
    assert thin in holes()
    people.change("rosa", by=OPERATOR, groups=["finance"])
    assert thin in holes()
    people.add(username="ana2", by=OPERATOR, groups=["finance"], same_human_as="ana")
    assert thin.replace("only ana", "only ana2") in holes()
    people.add(username="tom", by=OPERATOR, groups=["finance"])
    assert not [says for says in holes() if "In finance" in says]


# --- who may do what


def cell(name: str, username: str = "rosa", slug: str = "desk") -> matrix.Cell:
    shown = matrix.of(person(username))
    row = next(row for row in shown.rows if row.agent.slug == slug)
    return row.cells[shown.tools.index(name)]


def test_the_matrix_says_tier_standing_and_what_policy_comes_to_in_a_word(policed):
    assert (cell("look_up").tier, cell("look_up").standing, cell("look_up").outcome) == (0, "granted", "runs")
    assert (cell("pay_back").tier, cell("pay_back").outcome) == (3, "depends")


def test_without_a_policy_the_tier_alone_says_it(desk):
    assert cell("pay_back").outcome == "people sign"


def test_an_expired_and_a_revoked_grant_are_told_apart_from_a_live_one(desk):
    Grant.objects.filter(agent=desk, tool_name="pay_back").update(expires_at=timezone.now() - timedelta(hours=1))
    Grant.objects.filter(agent=desk, tool_name="look_up").update(revoked_at=timezone.now())
    assert (cell("pay_back").standing, cell("pay_back").outcome) == ("expired", "")
    assert cell("look_up").standing == "revoked"
    text = browser("rosa").get(reverse("admin:matrix")).content.decode()
    assert '<span class="word expired">expired</span>' in text
    Grant.objects.filter(agent=desk).delete()
    assert cell("pay_back").standing == "not granted"


# --- grants, tokens, history


def test_a_grant_shows_who_gave_it_until_when_and_when_it_was_last_asked_for(desk):
    make_action(desk, "look_up", arguments={"order_id": "o-1"})
    text = browser("rosa").get(page(desk)).content.decode()
    grants = text[text.index('id="grants-group"') : text.index('id="tokens-group"')]
    (look_up, pay_back) = re.findall(r"<tr><td.*?</tr>", grants, re.S)
    assert '<td class="field-granted_by">root</td>' in look_up and "no end" in look_up
    assert "not lately" in pay_back and "not lately" not in look_up


def test_a_grant_given_again_shows_who_gave_it_then(desk):
    registry.import_agent(changed((LOOK_UP, "")), by=OPERATOR)
    other = Actor(kind="operator", id="eva", display="eva")
    registry.import_agent(changed(), by=other)
    text = browser("rosa").get(page(desk)).content.decode()
    grants = text[text.index('id="grants-group"') : text.index('id="tokens-group"')]
    rows = [row for row in re.findall(r"<tr><td.*?</tr>", grants, re.S) if ">look_up<" in row]
    assert [re.search(r"granted_by\">(\w+)<", row)[1] for row in rows] == ["eva", "root"]


def test_tokens_say_where_they_stand(desk):
    identities.issue(agent=desk, by=OPERATOR)
    first, second = desk.tokens.order_by("pk")
    identities.revoke(prefix=first.prefix, by=OPERATOR)
    Token.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    identities.issue(agent=desk, by=OPERATOR)
    text = browser("rosa").get(page(desk)).content.decode()
    tokens = text[text.index('id="tokens-group"') :]
    assert re.findall(r'field-standing">(.*?)<', tokens) == ["never used", "expired", "revoked"]


def history(agent: Agent) -> str:
    return reverse("admin:agents_agent_history", args=[agent.pk])


def test_history_is_the_record_newest_first_as_sentences_in_pages(desk):
    for number in range(60):
        registry.edit(desk.pk, by=person("rosa").actor(), name=f"Desk {number}")
    rosa = browser("rosa")
    text = rosa.get(history(desk)).content.decode()
    assert text.count("rosa changed name") == 50 and "root imported the agent file" not in text
    older = re.search(r'href="(\?before=\d+)">Older', text)[1]
    text = rosa.get(history(desk) + older).content.decode()
    assert text.count("rosa changed name") == 10 and "root imported the agent file" in text
    assert text.index("rosa changed name") < text.index("root imported the agent file")
    assert reverse("agent", args=["desk"]) in text
    assert_strict(rosa.get(history(desk) + "?before=x"))


def test_the_admin_keeps_no_log_of_its_own(desk):
    whole = {"name": "Renamed", "purpose": desk.purpose, "sign": '{"2": ["leads"], "3": ["finance", "leads"]}'}
    for inline in ("roles", "tools", "grants", "tokens"):
        whole |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    assert browser("rosa").post(page(desk), whole).status_code == 302
    assert not LogEntry.objects.exists()
    assert "rosa changed name" in browser("rosa").get(history(desk)).content.decode()


def test_the_page_can_be_saved_as_it_is_sent(desk):
    """With the forms of its inlines counted as the page counts them."""
    rosa = browser("rosa")
    text = rosa.get(page(desk)).content.decode()
    sent = dict(re.findall(r'type="hidden" name="([\w-]+_FORMS)" value="(\d+)"', text))
    assert sent["grants-TOTAL_FORMS"] == "2"
    whole = {"name": "Kept", "purpose": "", "sign": '{"2": ["leads"], "3": ["finance", "leads"]}'} | sent
    assert rosa.post(page(desk), whole).status_code == 302
    assert Agent.objects.get(pk=desk.pk).name == "Kept"


# --- readiness tier by tier, and the doors that can't enable


def test_readiness_is_told_tier_by_tier_with_its_evidence(desk):
    steps = by_tier(desk).steps
    names = [{item.name for item in step.items} for step in steps]
    assert {"owner", "live token", "logging"} <= names[0]
    assert {"signatures at tier 2", "policy"} <= names[2]
    assert {"signatures at tier 3", "separate roles", "budget caps", "host shop"} - names[3] == {"host shop"}
    assert steps[3].tools == ["pay_back"] and steps[3].complete and by_tier(desk).highest == 4


def test_asking_about_many_agents_says_of_each_what_asking_about_it_alone_does(desk):
    people.disable("ana", by=OPERATOR)
    people.change("nia", by=OPERATOR, groups=[])
    both = list(Agent.objects.order_by("pk"))
    assert len(both) == 2
    assert readiness.check_all(both) == {agent.pk: readiness.check(agent) for agent in both}
    assert {pk: set(map(str, items)) for pk, items in readiness.blocking(both).items()} == {
        agent.pk: set(map(str, readiness.missing(agent))) for agent in both
    }


def test_what_cannot_be_shown_yet_says_so_and_blocks_nothing(desk):
    items = {item.name: item for step in by_tier(desk).steps for item in step.items}
    for name in ("sandbox", "redaction test", "sampling", "eval gate", "rollback drill", "adversarial suite"):
        assert items[name].evidence == "not measured yet" and not items[name].blocks


def test_the_highest_tier_is_that_below_the_first_hole(desk):
    people.change("wei", by=OPERATOR, same_human_as="milan")  # steward and eval owner: tier 3 asks for two
    told = by_tier(desk)
    assert (told.highest, told.overreaching) == (2, ["pay_back"])
    assert "Nothing is missing up to tier 2," in browser("rosa").get(page(desk)).content.decode()


def test_no_door_enables_an_agent_above_what_it_is_ready_for(desk, tmp_path):
    """The admin, the agent file by whoever brings it, and the command line."""
    registry.import_agent(changed(("enabled: true", "enabled: false")), by=OPERATOR)
    people.change("wei", by=OPERATOR, same_human_as="milan")
    whole = {"name": desk.name, "purpose": "", "sign": '{"2": ["leads"], "3": ["finance", "leads"]}', "enabled": "on"}
    for inline in ("roles", "tools", "grants", "tokens"):
        whole |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    assert browser("rosa").post(page(desk), whole).status_code == 200
    report = registry.import_agent(changed(), by=OPERATOR)
    assert not report.enabled and report.blocked_by[0].startswith("separate roles")
    (tmp_path / "agent.yaml").write_text(AGENT_YAML)
    ended = Ended("agent", "import", tmp_path)
    assert "desk isn't enabled. What is missing:" in ended.err and "separate roles" in ended.err
    assert not Agent.objects.get(pk=desk.pk).enabled


# --- nobody deletes, and everybody sees their own


def test_no_page_and_no_row_of_any_kind_can_be_deleted_by_anybody(desk, rf):
    request = rf.get("/admin/")
    for username in ("rosa", "olga"):
        request.user = person(username)
        for model, kept in admin.site._registry.items():
            assert not kept.has_delete_permission(request), model
            assert "delete_selected" not in kept.get_actions(request), model
            for inline in kept.get_inline_instances(request, desk):
                assert not inline.can_delete and not inline.has_delete_permission(request, desk), inline


AUDITED = (
    "action",
    "decision",
    "event",
    "agent",
    "tool",
    "grant",
    "token",
    "person",
    "slot",
    "policy",
    "agentrole",
    "run",
)


def test_what_is_audited_has_no_page_that_deletes_it(desk):
    olga = browser("olga")
    for name in AUDITED:
        for app in ("agents", "approvals", "audit"):
            for row in ("1", str(desk.pk)):
                answer = olga.post(f"/admin/{app}/{name}/{row}/delete/", {"post": "yes"})
                assert answer.status_code in (403, 404), (app, name)


#: Doors at which its own people do read about that agent, so that silence at them means something.
TELLING = {
    "front page", "list", "search", "page", "tool", "tools", "history", "autocomplete", "matrix", "who owns what",
    "console", "console page", "policies", "policy", "export of decisions",
}  # fmt: skip


def doors(agent: Agent) -> dict[str, str]:
    tool = agent.tools.first()
    picked = "?app_label=agents&model_name=tool&field_name=agent&term="
    return {
        "front page": reverse(FRONT),
        "list": reverse("admin:agents_agent_changelist"),
        "search": reverse("admin:agents_agent_changelist") + "?q=other",
        "page": page(agent),
        "tool": reverse("admin:agents_tool_change", args=[tool.pk]),
        "tools": reverse("admin:agents_tool_changelist"),
        "tools of": reverse("admin:agents_tool_changelist") + f"?agent__id__exact={agent.pk}",
        "history": history(agent),
        "tool's history": reverse("admin:agents_tool_history", args=[tool.pk]),
        "autocomplete": reverse("admin:autocomplete") + picked + "other",
        "matrix": reverse("admin:matrix"),
        "who owns what": reverse("admin:duties"),
        "console": reverse("agents"),
        "console page": reverse("agent", args=[agent.slug]),
        "policies": reverse("policies"),
        "policy": reverse("policy", args=[agent.slug]),
        "export of decisions": reverse("export-decisions") + f"?who={history_list.ANYBODY}",
        "export of the board": reverse("export-board") + f"?of=agent:{agent.slug}&table=flow",
        "API": f"/api/v1/runs/?agent={agent.slug}",
        "queue API": "/api/v1/queue/",
    }


def test_an_owner_learns_nothing_of_somebody_elses_agent_at_any_door(desk):
    other = Agent.objects.get(slug="other-desk")
    Agent.objects.filter(pk=other.pk).update(name="Quiet corner", purpose="Quiet corner")
    make_action_of(other)
    rosa, nia = browser("rosa"), browser("nia")
    seen = {name: read(nia.get(address, follow=True)) for name, address in doors(other).items()}
    assert {name for name, said in seen.items() if "other-desk" in said or "Quiet corner" in said} >= TELLING
    told = {name: read(rosa.get(address, follow=True)).replace(address, "") for name, address in doors(other).items()}
    assert {name for name, said in told.items() if "Quiet corner" in said or SLUG.search(said)} == set()


def make_action_of(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(enabled=True, first_enabled_at=timezone.now())
    agent.refresh_from_db()
    make_action(agent, "look_up", arguments={"order_id": "o-1"})
    waits = make_action(agent, "pay_back", arguments={"order_id": "o-1", "amount": 5})
    decide(waits, person("ana"), "reject")


def read(answer) -> str:
    if answer.streaming:
        return b"".join(answer.streaming_content).decode()
    return re.sub(r"“.*?”", "", answer.content.decode())


def test_a_page_of_somebody_elses_agent_looks_like_one_that_is_not_there(desk):
    """To the word: whoever guesses ids can't tell which there are."""
    other, rosa = Agent.objects.get(slug="other-desk"), browser("rosa")
    for name in ("change", "history"):
        theirs = rosa.get(reverse(f"admin:agents_agent_{name}", args=[other.pk]), follow=True)
        nowhere = rosa.get(reverse(f"admin:agents_agent_{name}", args=[999_999]), follow=True)
        assert theirs.redirect_chain == nowhere.redirect_chain
        assert str(other.pk) in theirs.content.decode()


def test_autocomplete_offers_only_agents_somebody_may_propose_keys_for(policed):
    picked = "?app_label=agents&model_name=listentry&field_name=agent&term=de"
    registry.import_agent(changed(("agent: desk", "agent: bare-desk")), by=OPERATOR)  # hers, and without a list
    answer = browser("rosa").get(reverse("admin:autocomplete") + picked).json()
    assert [one["text"] for one in answer["results"]] == ["desk"]


def test_without_javascript_the_same_agents_can_be_chosen(policed):
    text = browser("rosa").get(reverse("admin:agents_listentry_add")).content.decode()
    assert f'<option value="{policed.pk}">desk</option>' in text and "bare-desk" not in text


def test_an_owner_reads_no_persons_history(desk):
    assert browser("rosa").get(reverse("admin:agents_person_history", args=[person("nia").pk])).status_code == 403
    text = browser("olga").get(reverse("admin:agents_person_history", args=[person("nia").pk])).content.decode()
    assert "root added the person nia" in text


def test_the_overviews_only_read(desk):
    for name in ("matrix", "duties"):
        assert browser("rosa").post(reverse(f"admin:{name}")).status_code == 405


def test_who_is_not_of_the_staff_has_no_overviews(desk):
    for name in ("matrix", "duties"):
        answer = browser("ana").get(reverse(f"admin:{name}"), follow=True)
        assert "People and their roles" not in answer.content.decode() and "pay_back" not in answer.content.decode()


@pytest.mark.parametrize("name", ["agent", "tool", "policy", "listentry"])
def test_filters_name_only_what_may_be_seen(policed, tmp_path, name):
    people.add(username="nia", by=OPERATOR, staff=True)
    import_folder(write_desk(tmp_path, ("agent: desk", "agent: other-desk"), ("owner: rosa", "owner: nia")))
    text = browser("rosa").get(reverse(f"admin:agents_{name}_changelist")).content.decode()
    assert "other-desk" not in text


def test_the_overviews_need_no_inline_script_or_style(desk):
    for address in (reverse("admin:matrix"), reverse("admin:duties"), history(desk)):
        assert_strict(browser("rosa").get(address))


def test_queries_are_counted_for_the_very_page(desk):
    with CaptureQueriesContext(connection) as captured:
        attention.of(person("rosa"))
    assert len(captured) < 30
