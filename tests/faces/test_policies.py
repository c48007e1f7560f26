"""Policy as people meet it: on an action, on the page of every tool, on the page of one agent, and at the REST door."""

import html
import json
import re
import threading
from contextlib import contextmanager
from copy import copy
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents import identities, lists, policies
from agents.models import Action, ActionContent, Grant
from agents.rest import policies as doors
from agents.tools import base
from approvals.action import sheet
from approvals.owners import coverage
from audit.actors import Actor
from audit.models import Event
from tests.factories import REFUND, TRANSFER, give_policy, make_action, make_agent, make_person
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=y>\u202eapproved\u200b https://evil.example/"

RULES = """\
policy: refund-desk
claims:
  confidence: {type: number}
lists:
  known_orders: {key: string}
calendars:
  business: {zone: Europe/Berlin, hours: {mon-fri: "09:00-18:00", sat: "10:00-14:00"}, country: DE}
rules:
  - {id: unsure, tool: issue_refund, then: review, when: "confidence < 0.8"}
  - id: big
    tool: issue_refund
    then: review
    when: |
      amount_usd > 200
      && amount_usd < 5000
    slots: [finance, support-leads]
    due: 60m
    calendar: business
  - {id: day-cap, tool: issue_refund, then: review, cumulative: {sum: amount_usd, per: order_id, window: 24h, over: 300}}
  - {id: stranger, tool: issue_refund, then: review, when: "!(order_id in known_orders)"}
  - {id: never, tool: issue_refund, then: deny, when: "amount_usd >= 5000"}
redact: {pii: [email, card]}
keep: {prompts: true, tool_calls: true, days: 90}
"""
SHORTHAND = """\
policy: refund-desk
tools: {refunds: issue_refund}
refunds:
  auto_approve_max_usd: 20
"""
FACTS = """\
policy: refund-desk
facts:
  tenure_days: {type: int, source: shop, path: "/customers/{order_id}", at: tenure_days}
  ticket: {type: record, source: shop, path: "/customers/{order_id}", at: ticket}
  risk: {type: number, source: shop, path: "/customers/{order_id}", at: risk}
rules:
  - {id: new, tool: issue_refund, then: review, when: "tenure_days < 180 && ticket.priority == 'high'"}
  - {id: risky, tool: issue_refund, then: review, when: "risk >= 0.7"}
"""


@pytest.fixture
def shop(agent):
    """A source of facts that the agent may ask."""
    agent.sources = ["shop"]
    agent.save(update_fields=["sources"])
    with serving() as server:
        base.sources["shop"] = base.HttpSource(name="shop", host="refunds")
        yield server
        base.sources.clear()


def text(response) -> str:
    return response.content.decode()


def words(body: str) -> str:
    """What the page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def section(body: str, heading: str) -> str:
    """The part of the page below a heading, by its id."""
    return re.search(rf'aria-labelledby="{heading}-heading".*?</section>', body, re.DOTALL).group()


def page(action: Action) -> str:
    return reverse("action", args=[action.pk])


def policy_page(version: str = "", slug: str = "refund-desk") -> str:
    return f"/agents/{slug}/policy/" + (f"?version={version}" if version else "")


def queries(ask) -> int:
    with CaptureQueriesContext(connection) as asked:
        ask()
    return len(asked)


# --- why, on an action


def test_every_reason_stands_in_words_as_written_with_its_values_and_its_place(at, agent, fin):
    action = make_action(give_policy(agent, RULES), arguments={"order_id": "o-1", "amount_usd": "412.00"})
    why = section(text(at(fin).get(page(action))), "why")
    said = words(why)
    for part in (
        "amount_usd is above USD 200.00 and amount_usd is below USD 5000.00 (rule big)",
        "amount_usd is USD 412.00",
        "amount_usd > 200 && amount_usd < 5000 policy refund-desk/1, line 10",
        "amount_usd per order_id in 24h is USD 412.00",
        'order_id is "o-1"',
    ):
        assert part in said, part
    assert '<a href="/agents/refund-desk/policy/?version=1#L10">policy refund-desk/1, line 10</a>' in why
    assert "U+000A" not in why, "a condition over several lines reads as one"


def test_what_could_not_be_told_comes_last_and_says_so(at, agent, fin):
    action = make_action(give_policy(agent, RULES), arguments={"order_id": "o-1", "amount_usd": "412.00"})
    why = section(text(at(fin).get(page(action))), "why")
    unknown = re.findall(r'<li class="unknown">.*?</p>', why, re.DOTALL)
    assert len(unknown) == 1
    assert words(unknown[0]).startswith("Can't be told. confidence isn't known")
    assert why.index('class="unknown"') > why.index("(rule stranger)")


def test_a_rule_that_would_let_it_run_is_told_from_those_that_hold_it(at, agent, fin):
    policy = RULES.replace(
        "rules:", 'rules:\n  - {id: easy, tool: issue_refund, then: allow, band: 2, when: "amount_usd < 9"}', 1
    )
    action = make_action(give_policy(agent, policy), arguments={"order_id": "o-1", "amount_usd": 5})
    why = section(text(at(fin).get(page(action))), "why")
    assert "Would let it run. amount_usd is below USD 9.00 (rule easy)" in words(why)
    assert why.count("Would let it run.") == 1
    row = text(at(fin).get("/"))
    assert "because order_id is not in the list known_orders (and 1 more)." in words(row)


def test_a_link_leads_to_the_version_that_spoke_not_to_the_newest(at, agent, fin):
    action = make_action(give_policy(agent, RULES), arguments={"order_id": "o-1", "amount_usd": "412.00"})
    give_policy(agent, RULES.replace("> 200", "> 100"))
    why = section(text(at(fin).get(page(action))), "why")
    assert "?version=1#L" in why and "?version=2" not in why


def test_whoever_a_rule_asks_reads_the_policy_and_without_a_link_once_no_rule_asks_them(at, agent):
    policy = (
        "policy: p\nrules:\n  - {id: odd, tool: send_reply, then: review, when: \"text != ''\", queue: escalations}\n"
    )
    escalator = make_person("esc", "escalations")
    action = make_action(give_policy(agent, policy), "send_reply")
    why = section(text(at(escalator).get(page(action))), "why")
    assert "policy p/1, line 3" in why and "/policy/?version=1#L3" in why
    assert at(escalator).get(f"/agents/{agent.slug}/policy/").status_code == 200
    give_policy(agent, policy.replace(", queue: escalations", ""))
    why = section(text(at(escalator).get(page(action))), "why")
    assert "policy p/1, line 3" in why and "/policy/" not in why
    assert at(escalator).get(f"/agents/{agent.slug}/policy/").status_code == 404


def test_facts_show_where_they_are_from_and_what_is_missing_comes_first(at, agent, fin, shop):
    shop.behaviour = says(200, {"tenure_days": 40, "ticket": {"priority": "high", "text": "x" * 300}})
    action = make_action(give_policy(agent, FACTS))
    facts = section(text(at(fin).get(page(action))), "facts")
    names = re.findall(r"<dt><code><bdi[^>]*>(\w+)", facts)
    assert names == ["risk", "tenure_days", "ticket"] or names == ["risk", "ticket", "tenure_days"]
    assert re.search(r'class="unknown"><dt><code><bdi[^>]*>risk', facts)
    assert "not known: missing" in words(facts) and "from shop" in words(facts)
    assert "40 from shop" in words(facts)
    assert "x" * 300 in facts, "what doesn't fit in a line is there whole"


def test_a_value_that_tells_its_own_time_is_shown_with_it(at, agent, fin, shop):
    shop.behaviour = says(200, {"tenure_days": 40, "ticket": {"priority": "high"}, "risk": 0.1})
    action = make_action(give_policy(agent, FACTS))
    facts = {**action.facts, "risk": {**action.facts["risk"], "as_of": "2026-11-21T10:08:00+00:00"}}
    shown = render(altered(action, facts=facts), fin)
    assert re.search(r"as of <time[^>]*>21 Nov 2026, 10:08 UTC", section(shown, "facts"))


def test_claims_that_policy_reads_are_marked_in_the_agents_own_words(at, agent, fin):
    give_policy(agent, RULES)
    action = make_action(agent, claims={"confidence": 1, "mood": {"very": ["good"]}}, rationale="It broke.")
    account = section(text(at(fin).get(page(action))), "words")
    assert account.index("Written by the agent; not verified") < account.index("read by policy")
    claims = re.findall(r"<div><dt>.*?</dd></div>", account, re.DOTALL)
    assert ["read by policy" in claim for claim in claims] == ["confidence" in claim for claim in claims]
    assert len(claims) == 2


def test_a_claim_that_policy_needed_and_did_not_get_is_named(at, agent, fin):
    give_policy(agent, RULES)
    assert "confidence not given read by policy" in words(section(text(at(fin).get(page(make_action(agent)))), "words"))
    wrong = make_action(agent, claims={"confidence": "high"})
    assert re.search(r'"high" .*number.* read by policy', words(section(text(at(fin).get(page(wrong))), "words")))


def test_hostile_values_are_shown_and_do_nothing_wherever_policy_shows_them(at, agent, fin, shop):
    shop.behaviour = says(200, {"tenure_days": 40, "ticket": {"priority": "high", HOSTILE: HOSTILE}, "risk": HOSTILE})
    give_policy(agent, FACTS.replace("ticket.priority == 'high'", f"order_id != '{HOSTILE[:20]}'"))
    arguments = {"order_id": HOSTILE, "amount_usd": 12}
    action = make_action(agent, arguments=arguments, claims={HOSTILE: HOSTILE, "confidence": HOSTILE})
    for address in (page(action), "/", policy_page(), "/policies/"):
        body = text(at(fin).get(address))
        assert "<script>" not in body and "<img src=x" not in body, address
        assert "\u202e" not in body and "\u200b" not in body
        assert 'href="https://evil' not in body


def test_a_drawn_sample_is_said_where_nobody_was_asked(at, agent, fin):
    policy = "policy: p\nrules:\n  - {id: easy, tool: send_reply, then: allow, sample: 1, when: \"text != ''\"}\n"
    action = make_action(give_policy(agent, policy), "send_reply")
    body = text(at(make_person("lea", "support-leads")).get(page(action)))
    assert "Why nobody was asked" in body
    assert "People look at 100% of its like afterwards; this one was drawn." in words(body)


def test_a_refused_action_says_why_it_was_refused(at, agent, fin):
    action = make_action(give_policy(agent, RULES), arguments={"order_id": "o-1", "amount_usd": 6000})
    why = words(section(text(at(fin).get(page(action))), "why"))
    assert why.startswith("Why it was refused", why.index("Why")) and "(rule never)" in why


def test_an_action_from_before_policies_is_shown_as_ever(at, agent, fin):
    action = make_action(agent)
    old = [{"code": "tier_default_review", "text": "Tier 3 waits for finance and support-leads.", "rule": None}]
    snapshot = {"roles": {"owner": 1}, "sign": {}, "grant": 1, "tool_tier": 3, "definition": "0" * 64, "stop_epoch": 0}
    shown = render(altered(action, reasons=old, facts={}, snapshot=snapshot, policy_id=None), fin)
    assert "Tier 3 waits for finance and support-leads." in words(section(shown, "why"))
    assert "facts-heading" not in shown and "/policy/" not in section(shown, "why")


def test_words_that_were_erased_are_not_called_missing(at, agent, fin):
    give_policy(agent, RULES)
    action = make_action(agent, claims={"confidence": 1}, rationale="Secret words.")
    ActionContent.objects.filter(action=action).update(rationale="", claims={}, erased_at=timezone.now())
    account = words(section(text(at(fin).get(page(action))), "words"))
    assert "Its words were erased" in account and "It gave no reasons" not in account
    assert "confidence 1 read by policy" in account, "what policy read is evidence, and stays"


def test_the_page_asks_no_more_for_many_reasons_than_for_one(at, agent, fin):
    one, many = (
        make_action(agent),
        make_action(give_policy(agent, RULES), arguments={"order_id": "o", "amount_usd": 900}),
    )
    assert len(many.reasons) == 4
    browser = at(fin)
    browser.get(page(one)), browser.get(page(many))  # the first look is written down
    assert queries(lambda: browser.get(page(many))) - queries(lambda: browser.get(page(one))) <= 6


def altered(action: Action, **columns) -> Action:
    """The action as it would be read with these columns, which can't be changed once it stands."""
    other = copy(action)
    for name, value in columns.items():
        setattr(other, name, value)
    return other


def render(action: Action, person) -> str:
    return render_to_string("action.html", {"sheet": sheet.for_person(action, person), "user": person})


# --- every tool


def test_tools_without_a_rule_come_first_and_are_counted(at, agent, fin):
    give_policy(agent, RULES)
    body = text(at(fin).get("/policies/"))
    assert "1 tool of tier 2 and above has no rule of its own" in words(body)
    assert "of 3 tools of 1 agent you can see" in words(body)
    places = [body.index(f'id="{name}-heading"') for name in ("bare", "gated", "free")]
    assert places == sorted(places)
    assert "send_reply" in section(body, "bare") and "one person signs" in section(body, "bare")
    assert "look_up" in section(body, "free") and "it runs" in section(body, "free")


def test_a_gated_tool_shows_each_rule_in_words_with_its_place_and_what_happens_without(at, agent, fin):
    give_policy(agent, RULES)
    gated = section(text(at(fin).get("/policies/")), "gated")
    assert "deny when amount_usd is at least USD 5000.00 never, line 21" in words(gated)
    assert '<a href="/agents/refund-desk/policy/#L21">never, line 21</a>' in gated
    assert "two people sign" in gated


def test_when_every_tool_has_its_rule_the_count_says_so(at, fin):
    give_policy(
        make_agent("only", sign={"3": ["finance", "ops"]}, tools=[REFUND]), RULES.replace("support-leads", "ops")
    )
    body = words(text(at(fin).get("/policies/")))
    assert "Every tool of tier 2 and above has a rule of its own" in body


def test_only_agents_one_can_see_stand_there(at, agent, fin):
    make_agent("secret-desk", sign={"2": ["legal"], "3": ["legal", "board"]})
    body = text(at(fin).get("/policies/"))
    assert "refund-desk" in body and "secret-desk" not in body
    assert "No agent is yours to see" in text(at(make_person("stranger")).get("/policies/"))


def test_agents_without_tools_are_no_gap(at, fin):
    make_agent("bare-desk", tools=[])
    assert "No tool is granted." in text(at(fin).get("/policies/"))


def test_what_is_not_granted_any_more_is_no_gap(at, agent, fin):
    Grant.objects.filter(tool_name="send_reply").update(revoked_at=timezone.now())
    Grant.objects.filter(tool_name="look_up").update(expires_at=timezone.now() - timedelta(minutes=1))
    body = text(at(fin).get("/policies/"))
    assert "issue_refund" in body and "send_reply" not in body and "look_up" not in body


def test_the_page_costs_the_same_queries_however_many_agents_there_are(at, agent, fin):
    give_policy(agent, RULES)
    browser = at(fin)
    few = queries(lambda: browser.get("/policies/"))
    for number in range(5):
        give_policy(make_agent(f"desk-{number}", tools=[REFUND, TRANSFER]), RULES)
    assert queries(lambda: browser.get("/policies/")) == few


def test_more_tools_than_a_page_are_counted_whole_and_read_page_by_page(at, agent, fin, monkeypatch):
    monkeypatch.setattr(coverage, "PAGE", 2)
    first, second, beyond = (text(at(fin).get(f"/policies/?page={number}")) for number in ("", "2", "9"))
    assert "2 tools of tier 2 and above have no rule of their own" in words(first)
    assert "issue_refund" in first and "look_up" not in first and "Page 1 of 2" in first
    assert "look_up" in second and "issue_refund" not in second and "Previous page" in second
    assert words(second) == words(beyond)


def test_the_way_there_stands_on_every_page(at, agent, fin):
    assert '<a href="/policies/">Policies</a>' in text(at(fin).get("/"))
    assert 'aria-current="page">Policies</a>' in text(at(fin).get("/policies/"))
    assert 'href="/agents/refund-desk/policy/"' in text(at(fin).get("/agents/refund-desk/"))
    give_policy(agent, RULES)
    assert '<a href="/agents/refund-desk/policy/">refund-desk/1</a>' in text(at(fin).get("/agents/refund-desk/"))


# --- one agent's policy


def test_the_policy_is_told_in_words_as_written_and_by_whom(at, agent, fin):
    give_policy(agent, RULES)
    body = text(at(fin).get(policy_page()))
    said = words(body)
    for part in (
        "refund-desk/1 In force",
        "by Countersign",
        "Scoped autonomy",
        "issue_refund waits for finance and support-leads when amount_usd is above USD 200.00 and amount_usd is below"
        " USD 5000.00; it is due in 60m by the calendar business.",
        "issue_refund is refused when amount_usd is at least USD 5000.00.",
        "issue_refund waits for people when amount_usd per order_id in 24h is above USD 300.00.",
        "confidence may only tighten",
        "known_orders 0 keys count",
        "Mon to Fri 09:00-18:00, Sat 10:00-14:00, Europe/Berlin time, not on the public holidays of DE",
        "email, card",
        "the agent's words and what its tools answered, erased 90 days after the action ends",
        "send_reply no rule of its own: one person signs",
    ):
        assert part in said, part
    assert agent.policy.digest[8:] in body


def test_a_rule_over_several_lines_is_shown_as_written_with_all_of_them(at, agent, fin):
    give_policy(agent, RULES)
    card = re.search(r'id="rule-big".*?</article>', text(at(fin).get(policy_page())), re.DOTALL).group()
    assert '<a href="#L10">line 10</a>' in card
    written = re.search(r"<pre[^>]*>\n(.*?)</pre>", card, re.DOTALL).group(1)
    assert written.startswith("- id: big\n  tool: issue_refund\n")
    assert written.endswith("\n  due: 60m\n  calendar: business")


def test_every_line_of_the_source_can_be_linked_to(at, agent, fin):
    give_policy(agent, RULES)
    source = section(text(at(fin).get(policy_page())), "source")
    lines = re.findall(r'<li id="L(\d+)">', source)
    assert lines == [str(number) for number in range(1, RULES.count("\n") + 1)]
    assert re.search(r'id="L21">.*?id: never, tool: issue_refund', source)


def test_shorthand_stands_beside_what_it_was_expanded_into(at, agent, fin):
    give_policy(agent, SHORTHAND)
    body = text(at(fin).get(policy_page()))
    card = re.search(r'id="rule-refunds-up-to".*?</article>', body, re.DOTALL).group()
    written, expanded = re.findall(r"<pre[^>]*>\n(.*?)</pre>", card, re.DOTALL)
    assert written == "auto_approve_max_usd: 20"
    assert expanded.startswith("{id: refunds-up-to, tool: issue_refund, then: allow, band: 2")
    assert "Expanded" not in text(at(fin).get(policy_page())) or "in the shorthand, shown expanded" in words(body)
    give_policy(agent, RULES)
    assert "Expanded" not in text(at(fin).get(policy_page()))


def test_facts_say_where_and_how_they_are_asked_and_claims_what_they_may_loosen(at, agent, fin):
    give_policy(
        agent,
        """\
        policy: p
        facts:
          tenure: {type: int, source: shop, sql: "select 1 where %(order_id)s <> ''", max_age: 5m}
          order: {type: record, tool: look_up, with: {order_id: order_id}, at: order}
          mood: {type: string, classify: sentiment, of: order_id}
        claims:
          confidence: {type: number, may_loosen: [small]}
        rules:
          - id: small
            tool: issue_refund
            then: allow
            band: 2
            when: "amount_usd <= 25 && tenure >= 1 && confidence >= 0.9 && mood != 'angry' && order.id == order_id"
        """,
    )
    said = words(text(at(fin).get(policy_page())))
    for part in (
        "tenure source shop int, at most 5m old select 1 where %(order_id)s <> ''",
        "order tool look_up record, at most 60s old with order_id = order_id, then order",
        "mood classifier sentiment string of order_id, computed here",
        "confidence may loosen small number",
    ):
        assert part in said, part


def test_lists_say_how_many_keys_count_and_how_many_wait(at, agent, fin, rosa):
    give_policy(agent, RULES)
    operator = Actor(kind="operator", id="root", display="root")
    for key in ("o-1", "o-2"):
        lists.add(agent=agent, list_name="known_orders", key=key, by=operator)
    lists.propose(agent=agent, list_name="known_orders", key="o-3", by=rosa)
    assert "known_orders 2 keys count 1 waits for a second person" in words(text(at(fin).get(policy_page())))


def test_an_older_version_says_that_it_is_not_in_force(at, agent, fin):
    give_policy(agent, RULES)
    give_policy(agent, RULES.replace("> 200", "> 100"))
    old, new = text(at(fin).get(policy_page("1"))), text(at(fin).get(policy_page()))
    assert "This version isn't in force. refund-desk/2 is." in words(old) and "USD 200.00" in words(old)
    assert "not-in-force" not in new and "USD 100.00" in words(new)
    assert '<a href="?version=1">refund-desk/1</a>' in new and '<a href="?version=2">refund-desk/2</a>' in old


@pytest.mark.parametrize("version", ["3", "0", "-1", "two", "1" * 30, "\u0661"])
def test_a_version_that_never_was_is_not_found(at, agent, fin, version):
    give_policy(agent, RULES)
    response = at(fin).get("/agents/refund-desk/policy/", {"version": version})
    assert response.status_code == 404 and "no such version" in text(response)


def test_without_a_policy_the_page_says_what_the_tiers_do_and_how_to_write_one(at, agent, fin):
    said = words(text(at(fin).get(policy_page())))
    for part in (
        "No policy: the tiers alone decide.",
        "Tier 2 waits for one person of support-leads, tier 3 for two, of finance and of support-leads.",
        "manage.py policy validate policy.yaml",
        "docs/policy.md",
        "issue_refund no rule of its own: two people sign",
    ):
        assert part in said, part


def test_a_policy_that_was_taken_away_stays_readable(at, agent, fin):
    give_policy(agent, RULES)
    with transaction.atomic():
        policies.remove(agent, by=Actor.SYSTEM)
    assert '<a href="?version=1">refund-desk/1</a>' in text(at(fin).get(policy_page()))
    assert "This version isn't in force. The tiers alone decide." in words(text(at(fin).get(policy_page("1"))))


def test_who_published_it_is_read_from_the_record(at, agent, fin):
    give_policy(agent, RULES)
    event = Event.objects.get(verb="policy.published")
    published = f"Published {event.at.day} {event.at:%b %Y, %H:%M} UTC by Countersign"
    assert published in words(text(at(fin).get(policy_page())))


def test_a_policy_one_may_not_see_is_not_there(at, agent):
    give_policy(agent, RULES)
    stranger = at(make_person("stranger", "legal"))
    assert stranger.get(policy_page()).status_code == 404
    assert stranger.get(policy_page("1")).status_code == 404
    assert stranger.get(policy_page(slug="nowhere")).status_code == 404


def test_the_pages_ask_who_you_are_and_are_kept_by_no_cache(client, at, agent, fin):
    give_policy(agent, RULES)
    for address in ("/policies/", policy_page()):
        assert client.get(address)["Location"].startswith("/accounts/login/?next=")
    for address in ("/policies/", policy_page(), policy_page("1")):
        response = at(fin).get(address)
        assert "no-store" in response["Cache-Control"]
        assert not re.search(r'<script(?! src="/static/)|<style|\sstyle=|\son\w+=', text(response))


# --- REST

VALIDATE = "/api/v1/policies/validate/"
CASES = """\
cases:
  - {name: a big one waits, tool: issue_refund, arguments: {order_id: o, amount_usd: 900}, expect: {verdict: review, rule: big}}
"""


def signed_in(person) -> Client:
    """A browser of this person: a session, and the CSRF token that its forms carry."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    browser.cookies["countersign_csrf"] = "a" * 32
    return browser


def validate(browser, body, **headers):
    headers = {"X-CSRFToken": "a" * 32} | headers
    data = body if isinstance(body, bytes) else json.dumps(body)
    return browser.post(VALIDATE, data=data, content_type="application/json", headers=headers)


def judged(person, policy: str, slug: str = "refund-desk") -> dict:
    response = validate(signed_in(person), {"policy": policy, "agent": slug})
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def judging():
    """Let another thread have a person's turn for as long as the block lasts."""

    @contextmanager
    def hold(person):
        begun, over = threading.Event(), threading.Event()

        def work():
            with doors._turn(person):
                begun.set()
                over.wait(10)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert begun.wait(10)
            yield
        finally:
            over.set()
            thread.join()

    return hold


def test_a_valid_policy_is_answered_expanded_in_words_with_cases_and_coverage(agent, fin):
    body = judged(fin, RULES + CASES)
    assert (body["valid"], body["problems"], body["more_may_follow"]) == (True, [], False)
    assert body["policy"]["name"] == "refund-desk" and len(body["policy"]["rules"]) == 5
    assert body["expanded"].startswith("policy: refund-desk\nmode: scoped_autonomy\n")
    assert body["rules"][4] == {
        "id": "never",
        "line": 21,
        "tools": ["issue_refund"],
        "then": "deny",
        "words": "issue_refund is refused when amount_usd is at least USD 5000.00.",
        "when": "amount_usd >= 5000",
        "from": None,
    }
    (case,) = body["cases"]
    assert (case["name"], case["ok"], case["line"], case["sentence"]) == ("a big one waits", True, 25, "")
    assert [(one["tool"], one["ungated"]) for one in body["coverage"]] == [
        ("send_reply", True), ("issue_refund", False), ("look_up", True)
    ]  # fmt: skip
    assert [note["message"] for note in body["notes"]] == ["no rule is about send_reply: its tier 2 alone decides"]


def test_shorthand_is_answered_expanded(agent, fin):
    body = judged(fin, SHORTHAND)
    assert [(rule["id"], rule["from"]) for rule in body["rules"]] == [
        ("refunds-up-to", "refunds.auto_approve_max_usd"),
        ("refunds-above", "refunds.auto_approve_max_usd"),
    ]
    assert "then: allow, band: 2" in body["expanded"]


def test_problems_have_line_column_path_and_what_to_write(agent, fin):
    body = judged(fin, RULES.replace("amount_usd >= 5000", "amout_usd >= 5000"))
    assert body == {
        "valid": False,
        "problems": [
            {
                "line": 21,
                "column": 56,
                "path": "rules[4].when",
                "message": 'amout_usd is not a fact, claim, list or argument of this tool: did you mean "amount_usd"?',
            }
        ],
        "more_may_follow": False,
    }


def test_what_is_no_yaml_says_that_more_may_follow(agent, fin):
    body = judged(fin, "policy: [")
    assert body["valid"] is False and body["more_may_follow"] is True and body["problems"][0]["line"] == 1


def test_a_policy_whose_case_fails_is_not_valid_and_says_what_came_of_it(agent, fin):
    body = judged(fin, RULES + CASES.replace("verdict: review, rule: big", "verdict: allow, rule: big"))
    assert body["valid"] is False
    (case,) = body["cases"]
    assert (case["ok"], case["line"]) == (False, 25)
    assert (case["expected"]["verdict"], case["got"]["verdict"]) == ("allow", "review")
    (problem,) = body["problems"]
    assert (problem["line"], problem["path"]) == (25, "cases[a big one waits]")
    assert problem["message"].startswith("allow was expected and it is review")
    assert body["rules"], "what could be read is answered all the same"


def test_the_policy_is_judged_by_the_tools_that_are_granted_now(agent, fin):
    Grant.objects.filter(tool_name="issue_refund").update(revoked_at=timezone.now())
    problems = judged(fin, SHORTHAND)["problems"]
    assert any("not a tool of this agent" in problem["message"] for problem in problems)


def test_nothing_is_written_by_validating(agent, fin):
    before = Event.objects.count()
    judged(fin, RULES)
    agent.refresh_from_db()
    assert agent.policy is None and Event.objects.count() == before and not agent.policies.exists()


def test_a_token_is_refused_even_for_its_own_agent(agent):
    token = identities.issue(agent=agent, by=Actor.SYSTEM)[1]
    answer = validate(Client(), {"policy": RULES, "agent": "refund-desk"}, Authorization=f"Bearer {token}")
    assert (answer.status_code, answer.json()["code"]) == (403, "for_people_only")


def test_nobody_is_told_to_sign_in(agent):
    answer = validate(Client(), {"policy": RULES, "agent": "refund-desk"})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_request_from_elsewhere_is_refused(agent, fin):
    answer = validate(signed_in(fin), {"policy": RULES, "agent": "refund-desk"}, **{"X-CSRFToken": "b" * 32})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


@pytest.mark.parametrize("slug", ["secret-desk", "nowhere", "", "../x"])
def test_an_agent_one_may_not_see_is_not_found(agent, fin, slug):
    make_agent("secret-desk", sign={"2": ["legal"], "3": ["legal", "board"]})
    answer = validate(signed_in(fin), {"policy": RULES, "agent": slug})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"policy": RULES}, "agent"),
        ({"agent": "refund-desk"}, "policy"),
        ({"policy": RULES, "agent": "refund-desk", "publish": True}, "publish"),
        ({"policy": {"rules": []}, "agent": "refund-desk"}, "policy"),
    ],
)
def test_fields_that_are_missing_unknown_or_wrong_are_named(agent, fin, body, field):
    answer = validate(signed_in(fin), body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_policy_beyond_the_size_of_a_body_is_refused_by_its_size(agent, fin):
    answer = validate(signed_in(fin), {"policy": "# " + "x" * 270_000, "agent": "refund-desk"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_policy_that_only_the_command_line_takes_is_refused_with_where_to_go(agent, fin):
    fits = "policy: p\nrules: []\n# ".ljust(64 * 1024, "x")
    assert judged(fin, fits)["valid"] is True
    answer = validate(signed_in(fin), {"policy": fits[:-1] + "\u00e9", "agent": "refund-desk"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    (error,) = answer.json()["errors"]
    assert error["field"] == "policy" and "64 KiB" in error["message"] and "256 KiB" in error["message"]


def test_half_a_character_is_a_problem_of_the_policy_and_no_crash(agent, fin):
    body = b'{"agent": "refund-desk", "policy": "policy: \\ud800"}'
    assert validate(signed_in(fin), body).status_code in (200, 400)


def test_one_person_validates_one_policy_at_a_time(agent, fin, judging):
    with judging(fin):
        answer = validate(signed_in(fin), {"policy": RULES, "agent": "refund-desk"})
        assert (answer.status_code, answer.json()["code"]) == (429, "busy_validating")
        assert "again in a moment" in answer.json()["detail"] and answer.headers["Retry-After"] == "5"
        assert judged(make_person("flo", "finance"), RULES)["valid"] is True, "others needn't wait for one person"
    assert judged(fin, RULES)["valid"] is True


def test_a_process_validates_two_policies_at_a_time(agent, fin, judging):
    flo, fay = make_person("flo", "finance"), make_person("fay", "finance")
    with judging(flo), judging(fay):
        answer = validate(signed_in(fin), {"policy": RULES, "agent": "refund-desk"})
        assert (answer.status_code, answer.json()["code"]) == (429, "busy_validating")
    assert judged(fin, RULES)["valid"] is True


def test_a_validation_that_breaks_gives_its_turn_back(agent, fin, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(doors.rulebook, "examine", lambda *args, **options: 1 / 0)
        for _ in range(3):
            assert validate(signed_in(fin), {"policy": RULES, "agent": "refund-desk"}).status_code == 500
    assert judged(fin, RULES)["valid"] is True


def test_the_door_takes_posts_alone(agent, fin):
    assert signed_in(fin).get(VALIDATE).status_code == 405
