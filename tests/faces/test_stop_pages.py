"""Stopping and resuming a tool and everything, and closing incidents, as a browser without JavaScript meets them."""

import re

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import actions, incidents, stops
from agents.models import AgentRole, Grant, Incident, Run, Standstill, Tool
from audit.actors import Actor
from audit.models import Event
from tests.factories import LOOK_UP, give_policy, grant_tool, make_action, make_agent, make_person
from tests.toolserver import serving

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="op", display="op")
PAGE = "/agents/refund-desk/"
STOP_TOOL, RESUME_TOOL = (f"{PAGE}tool/{verb}/" for verb in ("stop", "resume"))
STOP_ALL, RESUME_ALL, CLOSE = "/everything/stop/", "/everything/resume/", "/incidents/close/"
REFUND = {"tool": "issue_refund", "reason": "odd refunds"}
HOSTILE = "<img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>\u202eevil\u200b"


@pytest.fixture
def root():
    return make_person("root", is_superuser=True, is_staff=True)


@pytest.fixture
def stranger():
    return make_person("stranger", "legal")


@pytest.fixture
def steward(agent):
    steward = make_person("milan", first_name="Milan")
    AgentRole.objects.create(agent=agent, role=AgentRole.Role.STEWARD, person=steward)
    return steward


def text(response) -> str:
    return response.content.decode()


def words(response) -> str:
    """Return what stands on the page, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text(response))).replace("&#x27;", "'")


def refund(agent) -> Tool:
    return agent.tools.get(name="issue_refund")


def stop_tool(agent, name: str = "issue_refund", *, by=OPERATOR, reason: str = "odd refunds") -> None:
    stops.stop_tool(tool=agent.tools.get(name=name), by=by, reason=reason)


def queries(browser, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert browser.get(address).status_code == 200
    return len(caught)


# --- the doors


def forms(agent) -> dict[str, tuple[str, dict]]:
    """Return every form by its address, with the page it stands on and what it sends."""
    incident = incidents.open_(agent=agent, title="It went wrong", by=OPERATOR)
    why = {"reason": "odd"}
    return {
        STOP_TOOL: (PAGE, REFUND),
        RESUME_TOOL: (PAGE, REFUND),
        STOP_ALL: ("/agents/", why),
        RESUME_ALL: ("/agents/", why),
        CLOSE: ("/incidents/", {"incident": incident.pk, "note": "looked"}),
    }


def nothing_happened(agent) -> bool:
    stood = Standstill.objects.exists() or Event.objects.filter(verb__in=("tool.stopped", "incident.closed")).exists()
    return refund(agent).stopped_at is None and not stood


def test_whoever_is_signed_out_signs_in_first_and_does_nothing(client, agent):
    for address, (page, sent) in forms(agent).items():
        assert client.post(address, sent)["Location"] == f"/accounts/login/?next={page}"
    assert client.get("/incidents/")["Location"] == "/accounts/login/?next=/incidents/"
    assert nothing_happened(agent)


def test_opening_the_address_of_a_form_leads_to_its_page_and_does_nothing(at, agent, rosa):
    for address, (page, sent) in forms(agent).items():
        answer = at(rosa).get(address, sent)
        assert (answer.status_code, answer["Location"]) == (302, page)
        assert at(rosa).put(address).status_code == 405
    assert nothing_happened(agent)


def test_a_form_from_elsewhere_is_refused(agent, rosa):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(rosa, backend="django.contrib.auth.backends.ModelBackend")
    for address, (_, sent) in forms(agent).items():
        assert browser.post(address, sent).status_code == 403
    assert nothing_happened(agent)


def test_a_token_opens_none_of_these_doors(client, agent):
    from agents import identities

    _, secret = identities.issue(agent=agent, by=OPERATOR)
    for address, (page, sent) in forms(agent).items():
        answer = client.post(address, sent, headers={"Authorization": f"Bearer {secret}"})
        assert answer["Location"] == f"/accounts/login/?next={page}"
    assert nothing_happened(agent)


def test_pages_are_kept_by_no_cache_and_carry_no_inline_code(at, agent, rosa):
    forms(agent)
    stop_tool(agent)
    stops.stop_everything(by=OPERATOR, reason="attack")
    for address in ("/agents/", PAGE, "/incidents/"):
        response = at(rosa).get(address)
        assert "no-store" in response["Cache-Control"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r'<script(?! src="/static/)|<style|\sstyle=|\son\w+=', text(response))
        ids = re.findall(r'\sid="([^"]+)"', text(response))
        assert len(ids) == len(set(ids)), "an id names one thing"


# --- one tool


@pytest.mark.parametrize("name", ["rosa", "fin"])
def test_role_holders_and_reviewers_stop_a_tool_and_the_agent_goes_on(at, agent, rosa, fin, name):
    refunds, reply = make_action(agent), make_action(agent, "send_reply")
    browser = at({"rosa": rosa, "fin": fin}[name])
    assert "Stop issue_refund" in words(browser.get(PAGE))
    answer = browser.post(STOP_TOOL, REFUND, follow=True)
    assert answer.redirect_chain == [(PAGE, 303)]
    assert "Stopped issue_refund. 1 action went on hold." in words(answer)
    refunds.refresh_from_db()
    reply.refresh_from_db()
    agent.refresh_from_db()
    assert (refunds.state, reply.state, agent.is_stopped) == ("on_hold", "awaiting_review", False)


def test_a_superuser_is_offered_no_form_and_a_forced_one_is_refused(at, agent, root):
    browser = at(root)
    assert "tool/stop/" not in text(browser.get(PAGE))
    assert browser.post(STOP_TOOL, REFUND).status_code == 403
    stop_tool(agent)
    assert "tool/resume/" not in text(browser.get(PAGE))
    assert browser.post(RESUME_TOOL, REFUND).status_code == 403
    assert refund(agent).stopped_at is not None


def test_a_stranger_finds_no_such_tool(at, agent, stranger):
    for address in (STOP_TOOL, RESUME_TOOL):
        assert at(stranger).post(address, REFUND).status_code == 404
    assert nothing_happened(agent)


def test_a_stopped_tool_says_who_stopped_it_when_why_and_who_can_resume_it(at, agent, fin, steward):
    stop_tool(agent, by=fin.actor())
    shown = words(at(fin).get(PAGE))
    assert re.search(r"issue_refund Stopped", shown)
    assert re.search(r"Stopped \d+ \w+ \d{4}, \d\d:\d\d UTC \(under a minute ago\) by Fin: odd refunds", shown)
    assert "Only somebody who holds a role of this agent may resume it." in shown
    assert "Anybody with a role of its agent other than who stopped it can resume it: Milan, Rosa." in shown
    assert "Resume issue_refund" in words(at(steward).get(PAGE))


def test_a_reviewer_or_the_same_human_does_not_resume_a_tool_and_another_role_holder_does(
    at, agent, rosa, fin, steward
):
    second = make_person("rosa2", human=rosa)
    AgentRole.objects.create(agent=agent, role=AgentRole.Role.EVAL_OWNER, person=second)
    action = make_action(agent)
    at(rosa).post(STOP_TOOL, REFUND)
    for person, why in ((rosa, "You stopped it"), (second, "You stopped it"), (fin, "holds a role of this agent")):
        assert "tool/resume/" not in text(at(person).get(PAGE))
        assert why in words(at(person).get(PAGE))
        refused = at(person).post(RESUME_TOOL, REFUND)
        assert refused.status_code == 403 and why in words(refused)
    assert "1 action came back." in words(at(steward).post(RESUME_TOOL, REFUND, follow=True))
    action.refresh_from_db()
    assert (action.state, refund(agent).stopped_at) == ("awaiting_review", None)


@pytest.mark.parametrize("sent", [{"tool": "issue_refund", "reason": " "}, {"tool": "issue_refund"}])
def test_a_tool_is_not_stopped_without_a_reason(at, agent, fin, sent):
    answer = at(fin).post(STOP_TOOL, sent)
    assert answer.status_code == 422 and "Say why." in words(answer)
    assert 'name="reason" required' in text(at(fin).get(PAGE))
    assert nothing_happened(agent)


@pytest.mark.parametrize("name", ["", "nope", "issue_refund ", "\x00"])
def test_a_tool_the_agent_does_not_have_is_not_there(at, agent, fin, name):
    make_agent("other", tools=[{**LOOK_UP, "name": "nope"}])
    answer = at(fin).post(STOP_TOOL, {"tool": name, "reason": "odd"})
    assert answer.status_code == 404
    assert not Tool.objects.filter(stopped_at__isnull=False).exists()


def test_stopping_a_tool_twice_says_who_did_and_resuming_a_running_one_is_refused(at, agent, fin, rosa):
    assert at(rosa).post(RESUME_TOOL, REFUND).status_code == 409
    stop_tool(agent, by=fin.actor())
    answer = at(rosa).post(STOP_TOOL, REFUND)
    assert answer.status_code == 409 and "The tool is stopped already. Fin stopped it on" in words(answer)


def test_a_stopped_tool_that_is_granted_no_longer_can_still_be_resumed(at, agent, rosa):
    stop_tool(agent)
    Grant.objects.filter(tool=refund(agent)).update(revoked_at=agent.created_at)
    assert "granted no longer" in words(at(rosa).get(PAGE))
    assert at(rosa).post(RESUME_TOOL, REFUND).status_code == 303
    assert refund(agent).stopped_at is None
    assert "granted no longer" not in words(at(rosa).get(PAGE))


def test_a_tool_of_another_agent_is_stopped_by_those_around_its_own_agent_alone(at, agent, rosa, fin):
    other = make_agent("lender", sign={"2": ["legal"]}, tools=[])
    lent = grant_tool(other, {**LOOK_UP, "name": "lent"})
    Grant.objects.create(agent=agent, tool=lent, tool_name="lent")
    assert "Stop lent" not in words(at(rosa).get(PAGE)) and "Stop look_up" in words(at(rosa).get(PAGE))
    assert at(rosa).post(STOP_TOOL, {"tool": "lent", "reason": "odd"}).status_code == 403
    AgentRole.objects.create(agent=other, role=AgentRole.Role.STEWARD, person=rosa)
    assert at(rosa).post(STOP_TOOL, {"tool": "lent", "reason": "odd"}).status_code == 303
    lent.refresh_from_db()
    assert lent.stopped_by == rosa


# --- who stopped it


def test_what_the_product_stopped_is_not_said_to_be_the_operators(at, agent, rosa):
    stops.stop(agent=agent, by=Actor.SYSTEM, reason="more than 10 in an hour")
    stop_tool(agent, by=Actor.SYSTEM)
    stop_tool(agent, "send_reply")
    shown = words(at(rosa).get(PAGE))
    assert "by Countersign: more than 10 in an hour" in shown and "(Countersign," in shown
    assert "by Countersign: odd refunds" in shown
    assert "by the operator: odd refunds" in shown
    assert "Anybody with a role of it can resume it" not in shown, "rosa may: the form stands there"
    answer = at(rosa).post(reverse("stop-agent", args=["refund-desk"]), {"reason": "me too"})
    assert "Countersign stopped it on" in words(answer)
    assert at(rosa).post(reverse("resume-agent", args=["refund-desk"]), {"reason": "looked"}).status_code == 303
    stops.stop(agent=agent, by=OPERATOR, reason="by hand")
    shown = words(at(rosa).get(PAGE))
    assert "by the operator: by hand" in shown and "(the operator," in shown


# --- everything


@pytest.mark.parametrize("name", ["rosa", "fin"])
def test_whoever_may_stop_any_agent_stops_everything(at, agent, rosa, fin, name):
    other = make_agent("elsewhere", sign={"2": ["legal"]})
    action, browser = make_action(other, "send_reply"), at({"rosa": rosa, "fin": fin}[name])
    assert STOP_ALL in text(browser.get("/agents/"))
    answer = browser.post(STOP_ALL, {"reason": "attack"}, follow=True)
    assert answer.redirect_chain == [("/agents/", 303)]
    assert "Everything is stopped. 1 action went on hold" in words(answer)
    assert STOP_ALL not in text(answer)
    action.refresh_from_db()
    assert action.state == "on_hold"


def test_who_may_stop_no_agent_is_offered_nothing_and_a_forced_form_is_refused(at, agent, stranger, root):
    for person in (stranger, root):
        assert STOP_ALL not in text(at(person).get("/agents/"))
        assert at(person).post(STOP_ALL, {"reason": "attack"}).status_code == 403
    assert nothing_happened(agent)


def test_a_standstill_is_announced_on_every_page_to_everybody(at, agent, fin, rosa, stranger):
    action = make_action(agent)
    stops.stop_everything(by=fin.actor(), reason=f"attack {HOSTILE}.")
    for address in (
        "/",
        "/decisions/",
        "/runs/",
        "/agents/",
        PAGE,
        "/policies/",
        "/incidents/",
        f"/actions/{action.pk}/",
    ):
        shown = at(rosa).get(address)
        assert re.search(
            r"Everything is stopped. Fin stopped it on \d+ \w+ \d{4}, \d\d:\d\d UTC : attack", words(shown)
        )
        assert "Anybody with a role of an agent, other than who stopped it, or the operator can let it go on." in words(
            shown
        )
        assert '/agents/#everything">Resume everything' in text(shown)
        assert "<script>" not in text(shown) and "\u202e" not in text(shown)
        assert "1 agent stopped" not in words(shown), "said once"
    for person in (fin, stranger):
        banner = text(at(person).get("/")).split('data-testid="standstill"')[1].split("</aside>")[0]
        assert "Resume everything" not in banner
    stops.resume_everything(by=OPERATOR, reason="over")
    assert "Everything is stopped" not in text(at(rosa).get("/"))


def test_what_was_stopped_before_is_still_named_during_a_standstill(at, agent, rosa):
    make_agent("elsewhere", owner=rosa)
    stops.stop(agent=agent, by=OPERATOR, reason="odd")
    stops.stop_everything(by=OPERATOR, reason="attack")
    shown = words(at(rosa).get("/"))
    assert "The operator stopped it on" in shown and "1 agent stopped before that: Refund desk" in shown
    assert "Anybody with a role of an agent or the operator can let it go on." in shown


def test_whoever_stopped_everything_does_not_let_it_go_on_and_another_role_holder_does(
    at, agent, rosa, fin, root, stranger
):
    second = make_person("rosa2", human=rosa)
    AgentRole.objects.create(agent=agent, role=AgentRole.Role.STEWARD, person=second)
    at(rosa).post(STOP_ALL, {"reason": "attack"})
    refused = {rosa: "You stopped everything", second: "You stopped everything"}
    refused |= dict.fromkeys((fin, root, stranger), "Only somebody who holds a role of an agent")
    for person, why in refused.items():
        shown = at(person).get("/agents/")
        assert RESUME_ALL not in text(shown) and why in words(shown)
        answer = at(person).post(RESUME_ALL, {"reason": "over"})
        assert answer.status_code == 403 and why in words(answer)
    owner = make_person("olga")
    make_agent("elsewhere", owner=owner)
    assert RESUME_ALL in text(at(owner).get("/agents/"))
    answer = at(owner).post(RESUME_ALL, {"reason": "looked"}, follow=True)
    assert "Everything goes on. 0 actions came back." in words(answer)
    assert Standstill.objects.get().ended_by == owner


def test_during_a_standstill_an_agent_offers_no_resuming_of_its_own(at, agent, rosa):
    stops.stop_everything(by=OPERATOR, reason="attack")
    shown = at(rosa).get(PAGE)
    assert reverse("resume-agent", args=["refund-desk"]) not in text(shown)
    assert "Everything is stopped: first somebody who holds a role of an agent must let everything go on." in words(
        shown
    )
    assert at(rosa).post(reverse("resume-agent", args=["refund-desk"]), {"reason": "x"}).status_code == 409


@pytest.mark.parametrize("address", [STOP_ALL, RESUME_ALL])
def test_everything_asks_for_a_reason(at, agent, rosa, address):
    if address == RESUME_ALL:
        stops.stop_everything(by=OPERATOR, reason="attack")
    for sent in ({}, {"reason": "  "}):
        answer = at(rosa).post(address, sent)
        assert answer.status_code == 422 and "Say why." in words(answer)
    assert Standstill.objects.filter(ended_at=None).exists() == (address == RESUME_ALL)


def test_stopping_everything_twice_says_who_did_and_resuming_nothing_is_refused(at, agent, rosa, fin):
    assert at(rosa).post(RESUME_ALL, {"reason": "x"}).status_code == 409
    at(fin).post(STOP_ALL, {"reason": "attack"})
    answer = at(rosa).post(STOP_ALL, {"reason": "me too"})
    assert answer.status_code == 409 and "Everything is stopped already. Fin stopped it on" in words(answer)


# --- incidents


def open_incident(agent, title: str = "Paid twice", **about) -> Incident:
    return incidents.open_(agent=agent, title=title, by=OPERATOR, **about)


def a_run(agent) -> Run:
    return Run.objects.create(agent=agent, runtime={}, input_digest="0" * 64, wake_at=Now())


def test_an_incident_says_what_happened_about_what_and_since_when(at, agent, fin):
    action, run = make_action(agent), a_run(agent)
    client = Actor(kind="client", id="inbox", display=f"inbox {HOSTILE}")
    incidents.open_(agent=agent, title=f"Paid {HOSTILE}", note=f"Twice {HOSTILE}", by=client, run=run, actions=[action])
    shown = at(fin).get("/incidents/")
    for address in (reverse("action", args=[action.pk]), reverse("run", args=[run.pk]), PAGE):
        assert f'href="{address}"' in text(shown)
    for said in ("Paid ", "Twice ", "Refund desk", "under a minute ago", "by inbox ", action.headline):
        assert said in words(shown)
    assert "<script>" not in text(shown) and "<img src=/" not in text(shown)
    assert "\u202e" not in text(shown) and "\u200b" not in text(shown)


def test_broken_glass_appears_here_until_a_role_holder_says_what_was_found(at, rosa, fin):
    rotate = {**LOOK_UP, "name": "rotate", "tier": 4, "effect": "write"}
    agent = make_agent("vault", owner=rosa, sign={"4": ["finance", "security"]}, tools=[rotate])
    give_policy(agent, "policy: p\nrules:\n  - {id: leak, tool: rotate, then: review, when: \"order_id == 'o'\"}\n")
    signers = (fin, make_person("sec", "security"))
    action = make_action(agent, "rotate", arguments={"order_id": "o"})
    for person in signers:
        form = {"decision": "approve", "digest": action.digest, "revision": 1, "note": "It leaked."}
        assert at(person).post(reverse("decide", args=[action.pk]), form).status_code == 303
    with serving():
        actions.execute(action.pk, worker="w1")
    incident = Incident.objects.get()
    assert "1 open incident" in words(at(rosa).get("/agents/"))
    shown = at(rosa).get("/incidents/")
    assert incident.title in words(shown).replace("&quot;", '"') and reverse("action", args=[action.pk]) in text(shown)
    assert "by Countersign" in words(shown)
    answer = at(rosa).post(CLOSE, {"incident": incident.pk, "note": "The key was rotated in time."}, follow=True)
    assert answer.redirect_chain == [("/incidents/", 303)]
    assert "None is open." in words(answer) and "The key was rotated in time." in words(answer)
    assert "No open incidents" in words(at(rosa).get("/agents/"))
    incident.refresh_from_db()
    assert incident.closed_by == rosa and incident.closed_at is not None


def test_only_role_holders_are_offered_to_close_and_a_forced_form_is_refused(at, agent, rosa, fin, root):
    incident = open_incident(agent)
    assert CLOSE in text(at(rosa).get("/incidents/"))
    for person in (fin, root):
        shown = at(person).get("/incidents/")
        assert "Paid twice" in words(shown) and CLOSE not in text(shown)
        answer = at(person).post(CLOSE, {"incident": incident.pk, "note": "fine"})
        assert answer.status_code == 403 and "Only somebody who holds a role" in words(answer)
    incident.refresh_from_db()
    assert incident.closed_at is None


def test_a_stranger_sees_no_incident_and_closes_none(at, agent, stranger):
    incident = open_incident(agent)
    assert "Paid twice" not in text(at(stranger).get("/incidents/"))
    assert "No open incidents" in words(at(stranger).get("/agents/"))
    for sent in (incident.pk, incident.pk + 1, "x", "", "9" * 12):
        assert at(stranger).post(CLOSE, {"incident": sent, "note": "fine"}).status_code == 404
    incident.refresh_from_db()
    assert incident.closed_at is None


def test_an_incident_is_closed_once_and_with_a_note(at, agent, rosa, steward):
    incident = open_incident(agent)
    for note in ("", "   "):
        assert at(rosa).post(CLOSE, {"incident": incident.pk, "note": note}).status_code == 422
    assert at(rosa).post(CLOSE, {"incident": incident.pk, "note": f"looked {HOSTILE}"}).status_code == 303
    assert at(steward).post(CLOSE, {"incident": incident.pk, "note": "me too"}).status_code == 409
    shown = at(steward).get("/incidents/")
    assert "by Rosa" in words(shown) and "looked" in words(shown) and "me too" not in words(shown)
    assert "<script>" not in text(shown) and CLOSE not in text(shown)


def test_an_action_of_an_agent_one_cannot_see_is_not_named_by_an_incident(at, agent, fin):
    other = make_agent("elsewhere", sign={"2": ["legal"], "3": ["legal"]})
    hidden = make_action(other)
    open_incident(agent, actions=[hidden])
    assert hidden.headline not in words(at(fin).get("/incidents/"))


def test_closed_incidents_follow_page_by_page_and_open_ones_stand_first_by_age(at, agent, rosa):
    made = [open_incident(agent, f"incident no-{number}.") for number in range(54)]
    for incident in made[2:]:
        incidents.close(incident, by=rosa, note="looked")
    first, second = (text(at(rosa).get(f"/incidents/{query}")) for query in ("", f"?before={made[4].pk}"))
    assert first.index("no-0.") < first.index("no-1.") < first.index("no-53.") < first.index("no-4.")
    assert "no-3." not in first and f"?before={made[4].pk}" in first
    assert re.findall(r"no-(\d+)\.", second) == ["3", "2"]
    assert "Older incidents" not in second


def test_more_than_a_page_of_open_incidents_is_said(at, agent, rosa):
    for _ in range(51):
        open_incident(agent)
    shown = words(at(rosa).get("/incidents/"))
    assert shown.count("Close this incident") == 50 and "there are more" in shown


# --- cost


def test_the_page_of_an_agent_takes_as_many_queries_however_many_tools_are_stopped(at, agent, rosa):
    browser, counts = at(rosa), []
    for number in range(6):
        grant_tool(agent, {**LOOK_UP, "name": f"tool_{number}"})
    for number in range(6):
        stop_tool(agent, f"tool_{number}", by=Actor.SYSTEM)
        counts.append(queries(browser, PAGE))
    assert counts[0] == counts[1] == counts[-1] <= 30, counts


def test_the_list_of_agents_takes_as_many_queries_however_many_agents_stand_still(at, agent, rosa, fin):
    counts = {}
    for number in (0, 1, 8):
        for _ in range(number):
            make_agent(owner=rosa)
        stops.stop_everything(by=OPERATOR, reason="attack")
        counts[number] = [queries(at(person), "/agents/") for person in (rosa, fin)]
        stops.resume_everything(by=OPERATOR, reason="over")
        counts[number] += [queries(at(person), "/agents/") for person in (rosa, fin)]
    assert counts[0] == counts[1] == counts[8] and max(counts[8]) <= 21, counts


def test_the_page_of_incidents_takes_as_many_queries_however_many_there_are(at, agent, rosa):
    browser, counts = at(rosa), []
    for number in (1, 1, 20):
        for _ in range(number):
            open_incident(agent, run=a_run(agent), actions=[make_action(agent)])
            incidents.close(open_incident(agent), by=rosa, note="looked")
        counts.append(queries(browser, "/incidents/"))
    assert counts[0] == counts[1] == counts[2] <= 18, counts


def test_a_page_asks_no_more_for_many_stopped_agents_than_for_one(at, agent, rosa):
    counts = []
    for _ in range(4):
        stops.stop(agent=make_agent(owner=rosa), by=Actor.SYSTEM, reason="odd")
        counts.append(queries(at(rosa), "/decisions/"))
    assert len(set(counts)) == 1, counts
