import json
import re

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import access, identities, lists, people, registry
from agents.models import Agent, ListEntry, Person, Policy, Tool
from audit.models import Event, RefusalTally
from tests.domain.policed import POLICY_YAML, import_folder, import_policed, named_company, write_desk
from tests.domain.registered import OPERATOR, PASSWORD, changed, import_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    """Rosa's agent, enabled; beside it one of somebody else's."""
    with named_company():
        people.add(username="nia", by=OPERATOR, staff=True)
        registry.import_agent(changed(("agent: desk", "agent: other-desk"), ("owner: rosa", "owner: nia")), by=OPERATOR)
        yield import_desk()


@pytest.fixture
def draft() -> Agent:
    with named_company():
        yield import_desk(token=False)


@pytest.fixture
def policed(tmp_path) -> Agent:
    """Rosa's agent with a policy; milan, its steward, is of the staff too. Beside it one of nia's."""
    with named_company(source=True):
        people.change("milan", by=OPERATOR, staff=True)
        people.add(username="nia", by=OPERATOR, staff=True)
        import_folder(write_desk(tmp_path, ("agent: desk", "agent: other-desk"), ("owner: rosa", "owner: nia")))
        yield import_policed(tmp_path)


def browser(username: str) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(Person.objects.get(username=username), backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(agent: Agent) -> str:
    return reverse("admin:agents_agent_change", args=[agent.pk])


def save(client: Client, agent: Agent, **fields):
    """Post the agent's form as the page would, with these fields instead."""
    whole = {"name": agent.name, "purpose": agent.purpose, "sign": json.dumps(agent.sign)}
    for inline in ("roles", "tools", "grants", "tokens"):
        whole |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    return client.post(page(agent), whole | fields)


# --- sight


def test_an_owner_sees_their_own_agents_and_tools_and_no_others(agent):
    rosa = browser("rosa")
    agents = rosa.get(reverse("admin:agents_agent_changelist")).content.decode()
    tools = rosa.get(reverse("admin:agents_tool_changelist")).content.decode()
    assert ">desk<" in agents and "other-desk" not in agents + tools
    assert "pay_back" in tools


def test_the_page_of_somebody_elses_agent_or_tool_is_not_there(agent):
    other = Agent.objects.get(slug="other-desk")
    for address in (page(other), reverse("admin:agents_tool_change", args=[other.tools.first().pk])):
        answer = browser("rosa").get(address, follow=True)
        assert "other-desk" not in re.sub(r"“.*?”", "", answer.content.decode())
        assert answer.redirect_chain


def test_autocomplete_offers_an_owner_only_their_own_agents(agent):
    address = reverse("admin:autocomplete")
    query = {"app_label": "agents", "model_name": "tool", "field_name": "agent", "term": "desk"}
    answer = browser("rosa").get(address, query)
    assert [found["text"] for found in answer.json()["results"]] == ["desk"]


def test_nobody_else_of_the_staff_may_edit_an_agent(agent):
    people.change("milan", by=OPERATOR, staff=True)  # the steward: sees it, doesn't own it
    milan = browser("milan")
    assert milan.get(page(agent)).status_code == 200
    assert save(milan, agent, name="Taken").status_code == 403
    assert Agent.objects.get(pk=agent.pk).name == "Desk"


def test_who_is_not_of_the_staff_has_no_admin(agent):
    answer = browser("ana").get(reverse("admin:index"), follow=True)
    assert answer.status_code == 403 and "Registry" not in answer.content.decode()


def test_strangers_are_sent_to_the_one_sign_in_page():
    for address in (reverse("admin:index"), reverse("admin:agents_agent_changelist"), reverse("admin:login")):
        answer = Client().get(address, follow=True)
        assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_the_agents_page_shows_what_it_still_needs(draft):
    text = browser("rosa").get(page(draft)).content.decode()
    assert '<strong class="no">NO</strong> live token: none' in text
    assert '<strong class="yes">yes</strong> signatures at tier 3: finance: ana; leads: mara' in text


def test_a_token_shows_its_prefix_and_nothing_of_its_secret(agent):
    text = browser("rosa").get(page(agent)).content.decode()
    token = agent.tokens.get()
    assert token.prefix in text and token.secret_hash not in text


# --- editing


def test_an_owner_renames_an_enabled_agent_and_it_goes_on_record(agent):
    assert save(browser("rosa"), agent, name="The desk").status_code == 302
    assert Agent.objects.get(pk=agent.pk).name == "The desk"
    event = Event.objects.last()
    assert (event.verb, event.sentence()) == ("agent.changed", "rosa changed name")


def test_an_owner_edits_who_signs_for_a_draft(draft):
    answer = save(browser("rosa"), draft, sign='{"3": ["leads", "finance"]}')
    assert answer.status_code == 302, answer.context["errors"]
    assert Agent.objects.get(pk=draft.pk).sign == {"3": ["leads", "finance"]}


def test_a_sign_map_with_an_unknown_group_is_refused_in_the_form(draft):
    answer = save(browser("rosa"), draft, sign='{"3": ["leads", "friends"]}')
    assert "there is no group &#x27;friends&#x27;" in answer.content.decode()


def test_who_signs_is_shown_to_read_once_an_agent_has_been_enabled(draft):
    assert "readonly" not in _sign_field(draft)
    Agent.objects.filter(pk=draft.pk).update(first_enabled_at=Now())
    assert "readonly" in _sign_field(draft)


def _sign_field(agent: Agent) -> str:
    page = browser("rosa").get(reverse("admin:agents_agent_change", args=[agent.pk])).content.decode()
    [field] = re.findall(r'<textarea name="sign"[^>]*>', page)
    return field


def test_who_signs_for_an_enabled_agent_is_refused_with_the_reason(agent):
    answer = save(browser("rosa"), agent, sign='{"3": ["leads", "leads"]}')
    assert answer.status_code == 200
    assert "the agent has been enabled, and this bears risk" in answer.content.decode()
    agent.refresh_from_db()
    assert agent.sign["3"] == ["finance", "leads"]
    assert RefusalTally.objects.get().code == "risk_bearing_change"


def test_disabling_it_first_does_not_help(agent):
    registry.import_agent(changed(("enabled: true", "enabled: false")), by=OPERATOR)
    save(browser("rosa"), agent, sign='{"3": ["leads", "finance"]}')
    agent.refresh_from_db()
    assert agent.sign["3"] == ["finance", "leads"]


@pytest.mark.parametrize(
    "forced",
    [
        {"enabled": "on"},
        {"slug": "bank"},
        {"runtime": "scripted"},
        {"first_enabled_at": ""},
        {"policy": ""},
        {"sources": "[]"},
    ],
)
def test_a_forced_post_of_what_the_page_never_offers_is_refused_not_ignored(draft, forced):
    answer = save(browser("rosa"), draft, name="Renamed too", **forced)
    assert answer.status_code == 200 and "isn&#x27;t edited in place" in answer.content.decode()
    assert Agent.objects.get(pk=draft.pk).name == "Desk"


def test_a_forced_inline_changes_no_tool_grant_role_or_token(agent):
    tool, role, token = agent.tools.get(name="pay_back"), agent.roles.get(role="owner"), agent.tokens.get()
    forced = {"tools-TOTAL_FORMS": "1", "tools-INITIAL_FORMS": "1", "tools-0-id": tool.pk, "tools-0-tier": "0"}
    forced |= {"tools-0-agent": agent.pk, "tools-0-name": "pay_back", "tools-0-DELETE": "on"}
    forced |= {"roles-TOTAL_FORMS": "1", "roles-INITIAL_FORMS": "1", "roles-0-id": role.pk, "roles-0-agent": agent.pk}
    forced |= {"roles-0-role": "owner", "roles-0-person": Person.objects.get(username="nia").pk}
    forced |= {"tokens-TOTAL_FORMS": "1", "tokens-INITIAL_FORMS": "1", "tokens-0-id": token.pk, "tokens-0-DELETE": "on"}
    save(browser("rosa"), agent, **forced)
    for row in (tool, role, token):
        before = {field.attname: getattr(row, field.attname) for field in row._meta.fields}
        row.refresh_from_db()
        assert before == {field.attname: getattr(row, field.attname) for field in row._meta.fields}


def test_a_tool_is_only_read(agent):
    tool = agent.tools.get(name="pay_back")
    answer = browser("rosa").post(reverse("admin:agents_tool_change", args=[tool.pk]), {"name": "x", "tier": "0"})
    assert answer.status_code == 403
    assert Tool.objects.get(pk=tool.pk).tier == 3


def every_model() -> list:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def test_the_admin_knows_exactly_these():
    assert [model._meta.label for model in every_model()] == [
        "agents.Agent", "agents.AgentGroupObjectPermission", "agents.AgentUserObjectPermission", "agents.ListEntry",
        "agents.Person", "agents.Policy", "agents.Tool", "auth.Group",
    ]  # fmt: skip


def test_nobody_adds_or_deletes_anything_not_even_a_superuser(agent):
    people.add(username="olga", by=OPERATOR, superuser=True)
    olga = browser("olga")
    for model in every_model():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert olga.get(reverse(f"admin:{name}_add")).status_code == 403
        row = model.objects.first()
        if row is not None:
            assert olga.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
            assert model.objects.filter(pk=row.pk).exists()
        chosen = {"action": "delete_selected", "_selected_action": [getattr(row, "pk", 0)], "post": "yes"}
        olga.post(reverse(f"admin:{name}_changelist"), chosen)
        assert row is None or model.objects.filter(pk=row.pk).exists()


# --- lists


ENTRIES = "admin:agents_listentry_changelist"


def listed(agent: Agent, key: str = "o-1", by: str = "rosa") -> ListEntry:
    """A key that this person has proposed."""
    return lists.propose(agent=agent, list_name="known", key=key, by=Person.objects.get(username=by))


def act(username: str, action: str, *entries: ListEntry, **more):
    """Choose an action on the list's page for these entries; return the page that follows."""
    chosen = {"action": action, "index": "0", "_selected_action": [entry.pk for entry in entries]}
    return browser(username).post(reverse(ENTRIES), chosen | more, follow=True)


def add_entry(username: str, agent: Agent, **fields):
    whole = {"agent": agent.pk, "list_name": "known", "key": "o-1", "note": "regular"} | fields
    return browser(username).post(reverse("admin:agents_listentry_add"), whole, follow=True)


def test_a_role_holder_proposes_a_key_on_the_page_and_it_waits_for_another(policed):
    text = add_entry("rosa", policed).content.decode()
    entry = ListEntry.objects.get()
    assert (entry.state, entry.proposed_by.username, entry.note) == ("proposed", "rosa", "regular")
    assert "Proposed known: o-1: another person who holds a role of the agent confirms it." in text


def test_another_role_holder_confirms_it_and_takes_it_out_again_with_the_first(policed):
    entry = listed(policed)
    assert "1 key confirmed." in act("milan", "confirm", entry).content.decode()
    assert lists.keys(policed, ["known"]) == {"known": ["o-1"]}
    assert "1 key proposed to be taken out." in act("milan", "propose_removal", entry).content.decode()
    assert "1 key taken out." in act("rosa", "confirm_removal", entry).content.decode()
    assert lists.keys(policed, ["known"]) == {"known": []}


def test_an_owner_does_not_confirm_their_own_key_and_that_is_said_and_counted(policed):
    text = act("rosa", "confirm", listed(policed)).content.decode()
    assert (
        "Refused for known: o-1: You proposed this: another person who holds a role of the agent confirms it." in text
    )
    assert ListEntry.objects.get().state == "proposed"
    (tally,) = RefusalTally.objects.all()
    assert (tally.code, tally.subject_id) == ("not_allowed", str(policed.pk))


def test_one_refusal_keeps_nothing_else_back(policed):
    own, other = listed(policed, "o-1", "milan"), listed(policed, "o-2", "rosa")
    text = act("milan", "confirm", own, other).content.decode()
    assert "1 key confirmed." in text and "Refused for known: o-1: You proposed this" in text
    assert lists.keys(policed, ["known"]) == {"known": ["o-2"]}


def test_all_there_are_are_not_confirmed_unseen(policed):
    text = act("milan", "confirm", listed(policed), select_across="1").content.decode()
    assert "Choose the keys on this page" in text
    assert ListEntry.objects.get().state == "proposed"


def test_a_superuser_without_a_role_proposes_and_confirms_nothing(policed):
    people.add(username="olga", by=OPERATOR, superuser=True)
    entry = listed(policed)
    assert browser("olga").get(reverse("admin:agents_listentry_add")).status_code == 403
    assert add_entry("olga", policed, key="o-2").status_code == 403
    for action in ("confirm", "drop"):
        assert "Only " in act("olga", action, entry).content.decode()
    assert ListEntry.objects.get().state == "proposed"


def test_the_keys_of_somebody_elses_agent_are_neither_seen_nor_moved(policed):
    other = Agent.objects.get(slug="other-desk")
    entry = lists.propose(agent=other, list_name="known", key="secret-9", by=Person.objects.get(username="nia"))
    browser("rosa").get(reverse(ENTRIES))
    assert "secret-9" not in act("rosa", "drop", entry).content.decode()
    assert ListEntry.objects.get(pk=entry.pk).counts  # a draft: it counts at once
    text = add_entry("rosa", other).content.decode()
    assert "Select a valid choice" in text and "other-desk" not in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"list_name": "knwon"}, "did you mean &quot;known&quot;?"),
        ({"key": "o\u200b1"}, "all of them visible"),
        ({"key": "o-7"}, "o-7&#x27; is in known already"),
    ],
)
def test_what_could_not_be_a_key_is_said_beside_the_field_and_counted(policed, fields, says):
    listed(policed, "o-7")
    text = add_entry("rosa", policed, **fields).content.decode()
    assert says in text, re.findall(r"errorlist.*", text)
    assert ListEntry.objects.count() == 1 and RefusalTally.objects.count() == 1


def test_an_entry_is_not_edited_or_deleted(policed):
    entry = listed(policed)
    address = reverse("admin:agents_listentry_change", args=[entry.pk])
    assert "o-1" in browser("rosa").get(address).content.decode()
    assert browser("rosa").post(address, {"key": "o-2", "state": "active"}).status_code == 403
    gone = reverse("admin:agents_listentry_delete", args=[entry.pk])
    assert browser("rosa").post(gone, {"post": "yes"}).status_code == 403
    act("rosa", "delete_selected", entry, post="yes")
    entry.refresh_from_db()
    assert (entry.key, entry.state) == ("o-1", "proposed")


# --- policies


def test_a_policy_is_read_with_its_versions_as_written_and_as_rules(policed, tmp_path):
    import_folder(write_desk(tmp_path, policy=POLICY_YAML.replace("> 200", "> 100")))
    rosa = browser("rosa")
    text = rosa.get(reverse("admin:agents_policy_changelist")).content.decode()
    assert "desk/1" in text and "desk/2" in text and "other-desk" not in text
    policy = Policy.objects.get(agent=policed, version=2)
    text = rosa.get(reverse("admin:agents_policy_change", args=[policy.pk])).content.decode()
    assert policy.digest in text and "rules:\n  - {id: small, tool: pay_back" in text
    assert "when: &quot;amount &gt; 100&quot;" in text


def test_a_policy_is_only_read_and_somebody_elses_is_not_there(policed):
    rosa, mine = browser("rosa"), policed.policy
    assert rosa.post(reverse("admin:agents_policy_change", args=[mine.pk]), {"source": "x"}).status_code == 403
    assert rosa.get(reverse("admin:agents_policy_add")).status_code == 403
    other = Policy.objects.get(agent__slug="other-desk")
    assert rosa.get(reverse("admin:agents_policy_change", args=[other.pk]), follow=True).redirect_chain


def test_the_agents_page_names_its_policy_and_sources(policed):
    text = browser("rosa").get(page(policed)).content.decode()
    assert f'<a href="{reverse("admin:agents_policy_change", args=[policed.policy.pk])}">desk/1</a>' in text
    assert ">shop<" in text


# --- people


@pytest.mark.parametrize("model", ["agents_person", "auth_group", "agents_agentuserobjectpermission"])
def test_people_groups_and_permissions_are_only_read_even_by_a_superuser(agent, model):
    people.add(username="olga", by=OPERATOR, superuser=True)
    olga = browser("olga")
    row = next(
        known for known in every_model() if f"{known._meta.app_label}_{known._meta.model_name}" == model
    ).objects.first()
    assert olga.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert olga.get(reverse(f"admin:{model}_change", args=[row.pk])).status_code == 200
    assert (
        olga.post(reverse(f"admin:{model}_change", args=[row.pk]), {"name": "x", "is_superuser": "on"}).status_code
        == 403
    )


@pytest.mark.parametrize("model", ["agents_person", "auth_group", "agents_agentuserobjectpermission"])
def test_an_owner_does_not_see_people_groups_and_permissions(agent, model):
    assert browser("rosa").get(reverse(f"admin:{model}_changelist")).status_code == 403


def test_no_password_is_shown_or_set_in_the_admin(agent):
    people.add(username="olga", by=OPERATOR, superuser=True, password=PASSWORD)
    olga, ana = browser("olga"), Person.objects.get(username="ana")
    text = olga.get(reverse("admin:agents_person_change", args=[ana.pk])).content.decode()
    assert ana.password not in text and "argon2" not in text
    for address in (f"/admin/agents/person/{ana.pk}/password/", "/admin/password_change/"):
        answer = olga.post(address, {"password1": "x" * 20, "password2": "x" * 20, "old_password": PASSWORD})
        assert answer.status_code in (302, 404)
    before = ana.password
    ana.refresh_from_db()
    assert ana.password == before
    assert Person.objects.get(username="olga").check_password(PASSWORD)


# --- how the pages are made


def test_the_strict_policy_is_sent_and_no_page_needs_inline_script_or_style(agent):
    rosa = browser("rosa")
    for address in (reverse("admin:index"), reverse("admin:agents_agent_changelist"), page(agent)):
        assert_strict(rosa.get(address))


def test_the_pages_of_policies_and_lists_need_none_either(policed):
    entry, rosa = listed(policed), browser("rosa")
    addresses = [reverse(f"admin:agents_{name}_changelist") for name in ("policy", "listentry")]
    addresses.append(reverse("admin:agents_policy_change", args=[policed.policy.pk]))
    addresses.append(reverse("admin:agents_listentry_change", args=[entry.pk]))
    for address in (*addresses, reverse("admin:agents_listentry_add"), page(policed)):
        assert_strict(rosa.get(address))
    assert_strict(add_entry("rosa", policed, key=""))


def assert_strict(answer) -> None:
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "style-src 'self'" in answer["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)[^>]*>(?!\s*</script>)|\son\w+=", text)


def cost(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_pages_of_policies_and_lists_cost_the_same_queries_however_many_rows(policed, tmp_path):
    rosa, entry, first = browser("rosa"), listed(policed), policed.policy
    addresses = [reverse(ENTRIES), reverse("admin:agents_policy_changelist"), page(policed)]
    addresses += [reverse("admin:agents_listentry_add"), reverse("admin:agents_policy_change", args=[first.pk])]
    addresses.append(reverse("admin:agents_listentry_change", args=[entry.pk]))
    before = [cost(rosa, address) for address in addresses]
    for number in range(4):
        lists.confirm(entry=listed(policed, f"k-{number}", "milan"), by=Person.objects.get(username="rosa"))
        import_folder(write_desk(tmp_path, policy=POLICY_YAML.replace("> 200", f"> {number + 100}")))
    assert [cost(rosa, address) for address in addresses] == before


def test_lists_and_pages_cost_the_same_queries_however_many_rows(agent):
    people.add(username="olga", by=OPERATOR, superuser=True)
    names = ("agents_agent", "agents_tool", "agents_person", "auth_group", "agents_agentuserobjectpermission")
    addresses = [reverse(f"admin:{name}_changelist") for name in names] + [page(agent)]
    clients = [browser("olga")] * len(addresses)
    clients += [browser("rosa")] * 3
    addresses += [addresses[0], addresses[1], page(agent)]
    before = [cost(client, address) for client, address in zip(clients, addresses, strict=True)]
    for number in range(4):
        people.add(username=f"more{number}", by=OPERATOR, groups=["finance", f"team{number}"])
        registry.import_agent(changed(("agent: desk", f"agent: desk-{number}")), by=OPERATOR)
        identities.issue(agent=agent, by=OPERATOR)
    assert [cost(client, address) for client, address in zip(clients, addresses, strict=True)] == before


# --- sight of an agent


def sight_page(agent: Agent) -> str:
    return reverse("admin:agents_agent_sight", args=[agent.pk])


def words_of(answer) -> str:
    """Return the words of a page, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", "", answer.content.decode()).split())


def give_sight(username: str, agent: Agent, **fields):
    """Post the form that gives sight, as this person; return the answer."""
    asked = {"person": "", "group": "", "reason": "an audit"} | fields
    sent = {"do": "give"} | {f"give-{name}": value for name, value in asked.items()}
    return browser(username).post(sight_page(agent), sent, follow=True)


def take_sight(username: str, agent: Agent, who: str):
    sent = {"do": "take", "take-who": who, "take-reason": "it is over"}
    return browser(username).post(sight_page(agent), sent, follow=True)


def test_an_owner_gives_sight_on_the_page_and_takes_it_there(agent):
    people.add(username="gil", by=OPERATOR)
    gil = Person.objects.get(username="gil")
    answer = give_sight("rosa", agent, person="gil")
    assert "Given: gil sees Desk from now on." in answer.content.decode()
    text = words_of(browser("rosa").get(page(agent)))
    assert "given to gil" in text and "by rosa: an audit" in text
    assert agent in access.visible_agents(gil)
    answer = take_sight("rosa", agent, f"person:{gil.pk}")
    assert "Taken from gil, as of now." in answer.content.decode()
    assert "given to gil" not in words_of(browser("rosa").get(page(agent)))
    assert agent not in access.visible_agents(gil)


def test_the_agents_page_says_who_sees_it_and_by_what(agent):
    answer = browser("rosa").get(page(agent))
    text = words_of(answer)
    for way in ("role owner: rosa", "group finance (signs at tier 3): ana", "superusers and auditors"):
        assert way in text
    assert sight_page(agent) in answer.content.decode()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Name a person, or choose a group."),
        ({"person": "nobody-here"}, "There is no active account of this name."),
        ({"person": "wei", "reason": ""}, "This field is required."),
        ({"group": "999999"}, "Select a valid choice."),
        ({"person": "rosa"}, "They were given sight of this agent already."),
    ],
)
def test_what_is_wrong_with_a_gift_of_sight_is_said_in_the_form(agent, asked, said):
    answer = give_sight("rosa", agent, **asked)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert not Event.objects.filter(verb="sight.given").exists()


def test_sight_is_taken_only_from_whom_it_was_given(agent):
    rosa = Person.objects.get(username="rosa")
    for who in (f"person:{rosa.pk}", "group:1", "x", ""):
        assert take_sight("rosa", agent, who).status_code == 422
    assert not Event.objects.filter(verb="sight.taken").exists()


def test_staff_that_doesnt_own_the_agent_reads_who_sees_it_and_gives_nothing(agent):
    people.change("milan", by=OPERATOR, staff=True)
    text = browser("milan").get(sight_page(agent)).content.decode()
    assert "Only the agent&#x27;s owner, or a superuser" in text and '<form method="post" class="sight"' not in text
    assert give_sight("milan", agent, person="wei").status_code == 403
    assert RefusalTally.objects.get().code == "not_allowed"
    assert not Event.objects.filter(verb="sight.given").exists()


def test_the_page_of_sight_of_somebody_elses_agent_is_not_there(agent):
    other = Agent.objects.get(slug="other-desk")
    for answer in (browser("rosa").get(sight_page(other), follow=True), give_sight("rosa", other, person="rosa")):
        assert answer.redirect_chain and "Who sees" not in answer.content.decode()
    assert not Event.objects.filter(verb="sight.given").exists()
