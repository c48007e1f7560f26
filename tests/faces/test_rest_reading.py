"""REST doors that read: lists of actions and agents, what an agent lacks, the record; and an agent stopped over REST."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import identities, stops
from agents.lifecycle import State
from agents.models import Action
from approvals import record
from approvals.deciding import undoing
from audit.models import Event, RefusalTally
from controlplane.openapi.calls import CALLS, PEOPLE
from tests.domain.test_undo import VOID, done
from tests.faces.test_rest import OPERATOR, get, post, problem, signed_in
from tests.factories import decide, grant_tool, make_action, make_approved, make_company, make_person

pytestmark = pytest.mark.django_db
ACTIONS, AGENTS, EVENTS = reverse("api-propose"), reverse("api-agents"), reverse("api-events")


def client_of(*agents) -> str:
    return identities.issue_client(name="crm", agents=agents, by=OPERATOR)[1]


def say(browser, path, body):
    browser.cookies["countersign_csrf"] = "a" * 32
    return post(browser, path, body, key=None, **{"X-CSRFToken": "a" * 32})


def auditor():
    person = make_person("audrey")
    person.user_permissions.add(Permission.objects.get(codename="read_all"))
    return person


def ids(answer) -> list:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


# --- actions


def test_an_agent_lists_its_own_actions_newest_first(client, company, token):
    mine = [str(make_action(company.agent, tool).pk) for tool in ("issue_refund", "send_reply", "look_up")]
    make_action(make_company().agent)
    answer = get(client, ACTIONS, token)
    assert ids(answer) == mine[::-1]
    one = answer.json()["results"][-1]
    assert one["state"] == "awaiting_review" and set(one["reasons"][0]) == {"code"}
    assert not {"headline", "arguments", "result"} & set(one)


def test_a_person_lists_what_they_may_see_and_nobody_else_s(company):
    action = make_action(company.agent)
    assert ids(get(signed_in(company.fin), ACTIONS)) == [str(action.pk)]
    assert ids(get(signed_in(make_person("stranger")), ACTIONS)) == []
    assert ids(get(signed_in(auditor()), ACTIONS)) == [str(action.pk)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "awaiting_review"}, {"issue_refund", "send_reply"}),
        ({"state": "approved"}, {"look_up"}),
        ({"tool": "send_reply"}, {"send_reply"}),
        ({"tier": "3"}, {"issue_refund"}),
        ({"agent": "refund-desk"}, {"issue_refund", "send_reply", "look_up"}),
        ({"agent": "nowhere"}, set()),
        ({"run": str(uuid4())}, set()),
        ({"proposed_by": "me"}, {"issue_refund", "send_reply", "look_up"}),
        ({"tool": "send_reply", "tier": "3"}, set()),
    ],
)
def test_the_list_of_actions_is_narrowed(client, company, token, query, found):
    for tool in ("issue_refund", "send_reply", "look_up"):
        make_action(company.agent, tool)
    answer = client.get(ACTIONS, query, headers={"Authorization": f"Bearer {token}"})
    assert {one["tool"] for one in answer.json()["results"]} == found


def test_proposed_by_me_is_what_this_person_asked_for(company):
    make_action(company.agent)
    browser = signed_in(company.fin)
    assert ids(browser.get(ACTIONS, {"proposed_by": "me"})) == []
    assert len(ids(browser.get(ACTIONS))) == 1


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (ACTIONS, {"state": "waiting"}, "state"),
        (ACTIONS, {"tier": "5"}, "tier"),
        (ACTIONS, {"tier": "\N{SUPERSCRIPT TWO}"}, "tier"),
        (ACTIONS, {"run": "7"}, "run"),
        (ACTIONS, {"proposed_by": "fin"}, "proposed_by"),
        (ACTIONS, {"cursor": "x"}, "cursor"),
        (ACTIONS, {"tool": "\x00"}, "tool"),
        (ACTIONS, {"limit": "7"}, "limit"),
        (ACTIONS, {"state": ["approved", "denied"]}, "state"),
        (AGENTS, {"state": "enabled"}, "state"),
        (AGENTS, {"cursor": "\x00"}, "cursor"),
        (EVENTS, {"verb": "action.done"}, "verb"),
        (EVENTS, {"subject": "action"}, "subject"),
        (EVENTS, {"subject": "thing:7"}, "subject"),
        (EVENTS, {"since": "yesterday"}, "since"),
        (EVENTS, {"until": "2026-12-01T18:00:00"}, "until"),
        (EVENTS, {"cursor": str(2**63)}, "cursor"),
        (EVENTS, {"actor": "fin"}, "actor"),
    ],
)
def test_a_bad_filter_is_refused_by_name(company, path, query, field):
    problem(signed_in(company.fin).get(path, query), 422, "invalid", field)


@pytest.mark.parametrize("path", [ACTIONS, AGENTS, EVENTS])
def test_a_list_is_paged_and_every_page_leads_to_the_next(company, path, monkeypatch):
    monkeypatch.setattr("agents.rest.paging.PAGE", 2)
    for number in range(5):
        make_action(company.agent, "look_up") if path != AGENTS else make_company(f"desk-{number}")
    browser, seen, next_ = signed_in(auditor()), [], path
    while next_:
        page = browser.get(next_).json()
        assert 0 < len(page["results"]) <= 2
        seen += [one.get("id", one.get("slug")) for one in page["results"]]
        next_ = page["next"]
    assert len(seen) == len(set(seen)) and len(seen) >= 5
    assert seen == sorted(seen, reverse=path != AGENTS)


def test_a_list_of_actions_asks_as_much_for_fifty_as_for_one(company):
    browser = signed_in(company.fin)
    make_action(company.agent)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            browser.get(ACTIONS)
        counts.append(len(captured))
        for _ in range(4):
            make_action(company.agent)
    assert counts[0] == counts[1]


# --- taking back


def test_an_agent_takes_its_own_action_back(client, company, token):
    action = make_action(company.agent)
    answer = post(client, reverse("api-withdraw-action", args=[action.pk]), {}, token, key=None)
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    again = post(client, reverse("api-withdraw-action", args=[action.pk]), {}, token, key=None)
    problem(again, 409, "already_decided")


def test_nobody_takes_back_what_another_proposed(client, company):
    action = make_action(company.agent)
    path = reverse("api-withdraw-action", args=[action.pk])
    stranger = identities.issue(agent=make_company().agent, by=OPERATOR)[1]
    problem(post(client, path, {}, stranger, key=None), 404, "not_found")
    problem(say(signed_in(company.fin), path, {}), 403, "not_allowed")
    problem(say(signed_in(company.owner), path, {}), 403, "not_allowed")
    action.refresh_from_db()
    assert action.state == State.AWAITING_REVIEW


def test_a_person_takes_back_what_they_proposed(company):
    grant_tool(company.agent, VOID)
    refunded = done(make_approved(company), {"refund_id": "re_77"})
    undoing.ask(action_id=refunded.pk, by=company.lea, arguments={"refund_id": "re_77"}, key="k1")
    path = reverse("api-withdraw-action", args=[Action.objects.get(undoes=refunded).pk])
    problem(say(signed_in(company.fin), path, {}), 403, "not_allowed")
    assert say(signed_in(company.lea), path, {}).json()["state"] == "withdrawn"


@pytest.mark.parametrize("body", [{"reason": "x"}, [], 0, "", None, False])
def test_a_call_without_a_body_takes_an_empty_object_and_nothing_else(client, company, token, body):
    action = make_action(company.agent)
    path = reverse("api-withdraw-action", args=[action.pk])
    problem(post(client, path, body if body != "" else '""', token, key=None), 422, "invalid")


# --- agents


def test_an_agent_reads_what_it_may_do_and_no_names(client, company, token):
    answer = get(client, reverse("api-agent", args=["refund-desk"]), token).json()
    assert [tool["name"] for tool in answer["tools"]] == ["issue_refund", "look_up", "send_reply"]
    assert not {"roles", "sign", "stop_reason", "stopped_by"} & set(answer)
    assert [one["slug"] for one in get(client, AGENTS, token).json()["results"]] == ["refund-desk"]


def test_a_client_reads_the_agents_its_token_names_and_no_others(client, company):
    other = make_company("other")
    token = client_of(company.agent)
    assert get(client, reverse("api-agent", args=["refund-desk"]), token).status_code == 200
    problem(get(client, reverse("api-agent", args=[other.agent.slug]), token), 404, "not_found")


def test_a_person_reads_who_answers_for_it_and_who_signs(company):
    answer = get(signed_in(company.fin), reverse("api-agent", args=["refund-desk"])).json()
    assert answer["roles"] == [{"role": "owner", "person": company.owner.username}]
    assert answer["sign"]["3"] == ["finance", "support-leads"]
    stranger = get(signed_in(make_person("stranger")), reverse("api-agent", args=["refund-desk"]))
    problem(stranger, 404, "not_found")


def test_a_reviewer_stops_an_agent_and_its_owner_lets_it_go_on(company):
    action = make_action(company.agent)
    stop, resume = reverse("api-stop-agent", args=["refund-desk"]), reverse("api-resume-agent", args=["refund-desk"])
    fin, owner = signed_in(company.fin), signed_in(company.owner)
    stopped = say(fin, stop, {"reason": "it repeats itself"})
    assert (stopped.status_code, stopped.json()["held"]) == (200, 1)
    assert stopped.json()["stop_reason"] == "it repeats itself"
    problem(say(fin, stop, {"reason": "again"}), 409, "already_stopped")
    problem(say(fin, resume, {"reason": "mine"}), 403, "not_allowed")
    resumed = say(owner, resume, {"reason": "looked at"})
    assert (resumed.status_code, resumed.json()["resumed"], resumed.json()["stopped_at"]) == (200, 1, None)
    action.refresh_from_db()
    assert action.state == State.AWAITING_REVIEW
    problem(say(owner, stop, {}), 422, "invalid", "reason")


def test_somebody_who_only_sees_an_agent_can_t_stop_it(company):
    problem(
        say(signed_in(auditor()), reverse("api-stop-agent", args=["refund-desk"]), {"reason": "x"}), 403, "not_allowed"
    )


def test_readiness_says_what_is_there_and_what_to_do(company):
    answer = get(signed_in(company.owner), reverse("api-readiness", args=["refund-desk"])).json()
    owner = next(item for item in answer["items"] if item["name"] == "owner")
    assert owner == {
        "name": "owner",
        "ok": True,
        "blocks": True,
        "evidence": company.owner.username,
        "next_step": "",
    }
    assert answer["ready"] == all(item["ok"] or not item["blocks"] for item in answer["items"])


def test_readiness_asks_other_systems_so_nobody_asks_it_in_a_loop(company):
    browser = signed_in(company.owner)
    answers = [get(browser, reverse("api-readiness", args=["refund-desk"])) for _ in range(5)]
    problem(answers[-1], 429, "asked_too_soon")
    assert int(answers[-1]["Retry-After"]) > 0


# --- what a token never does


@pytest.mark.parametrize("name", ["api-stop-agent", "api-resume-agent"])
def test_a_token_neither_stops_nor_resumes(client, company, token, name):
    for shown in (token, client_of(company.agent)):
        answer = post(client, reverse(name, args=["refund-desk"]), {"reason": "x"}, shown, key=None)
        problem(answer, 403, "token_cannot_decide")
    company.agent.refresh_from_db()
    assert not company.agent.is_stopped


@pytest.mark.parametrize(
    ("method", "address"),
    [place for place, call in CALLS.items() if call.who == (PEOPLE,) and (place[0] == "GET" or call.reads)],
)
def test_a_token_that_reads_what_people_read_is_told_so_and_not_counted_as_deciding(
    client, company, token, method, address
):
    places = {"action_id": make_action(company.agent).pk, "run_id": uuid4(), "slug": "refund-desk", "username": "fin"}
    path = "/api/v1/" + address.format(**places)
    for shown in (token, client_of(company.agent)):
        problem(get(client, path, shown) if method == "GET" else post(client, path, {}, shown), 403, "for_people_only")
    assert set(RefusalTally.objects.values_list("code", flat=True)) == {"for_people_only"}


# --- the record


def test_a_person_reads_the_events_of_what_they_see_alone(company):
    seen, hidden = make_action(company.agent), make_action(make_company().agent, "look_up")
    subjects = {
        (e["subject"]["kind"], e["subject"]["id"]) for e in get(signed_in(company.owner), EVENTS).json()["results"]
    }
    assert ("action", str(seen.pk)) in subjects and ("action", str(hidden.pk)) not in subjects
    everything = {e["subject"]["id"] for e in get(signed_in(auditor()), EVENTS).json()["results"]}
    assert {str(seen.pk), str(hidden.pk)} <= everything


def test_events_about_people_and_tokens_are_for_those_who_read_everything(client, company):
    client_of(company.agent)
    kinds = {event["subject"]["kind"] for event in get(signed_in(company.owner), EVENTS).json()["results"]}
    assert kinds <= {"action", "agent", "run"}
    assert "client" in {event["subject"]["kind"] for event in get(signed_in(auditor()), EVENTS).json()["results"]}


def test_whoever_may_still_sign_isn_t_told_who_signed(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    asked = {"subject": f"action:{action.pk}"}
    blind = signed_in(company.lea).get(EVENTS, asked)
    assert company.fin.username not in blind.content.decode()
    signed = next(event for event in blind.json()["results"] if event["verb"] == "action.signed")
    assert (signed["by"], signed["data"], signed["sentence"][:8]) == (None, {}, "Somebody")
    told = signed_in(company.owner).get(EVENTS, asked).json()["results"]
    signed = next(event for event in told if event["verb"] == "action.signed")
    assert signed["by"] == {"kind": "person", "id": str(company.fin.pk)}
    assert company.fin.username in signed["sentence"]


def test_events_are_narrowed_by_verb_subject_and_time(company):
    first, second = make_action(company.agent), make_action(company.agent, "look_up")
    browser = signed_in(company.owner)
    of_first = browser.get(EVENTS, {"subject": f"action:{first.pk}"}).json()["results"]
    assert {event["subject"]["id"] for event in of_first} == {str(first.pk)}
    allowed = browser.get(EVENTS, {"verb": "action.allowed"}).json()["results"]
    assert {event["subject"]["id"] for event in allowed} == {str(second.pk)}
    at = of_first[0]["at"]
    assert all(event["at"] >= at for event in browser.get(EVENTS, {"since": at}).json()["results"])
    assert all(event["at"] < at for event in browser.get(EVENTS, {"until": at}).json()["results"])
    event = of_first[0]
    assert event["leaf_hash"] == Event.objects.get(pk=event["id"]).leaf_hash


def test_a_stop_is_on_record_with_its_words_for_those_who_see_the_agent(company):
    stops.stop(agent=company.agent, by=company.owner.actor(), reason="it floods")
    [event] = signed_in(company.fin).get(EVENTS, {"verb": "agent.stopped"}).json()["results"]
    assert "it floods" in event["sentence"]
    assert signed_in(make_person("stranger")).get(EVENTS, {"verb": "agent.stopped"}).json()["results"] == []


def test_each_event_is_asked_for_by_its_key_however_much_is_on_record(company):
    action = make_action(company.agent)
    with CaptureQueriesContext(connection) as captured:
        list(record.events_for(company.owner)[:1])
    statement = captured[-1]["sql"]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for table in ("agents_action", "agents_run"):
        assert f"using {table}_pkey" in plan and f"Seq Scan on {table}" not in plan
    assert str(action.pk) in {event.subject_id for event in record.events_for(company.owner)}


def test_reading_the_record_writes_nothing(company):
    make_action(company.agent)
    before = Event.objects.count()
    signed_in(company.fin).get(EVENTS)
    assert Event.objects.count() == before
