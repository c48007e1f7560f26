"""The REST doors of runs: who may enqueue, see, wait for, end and stop one, and what each reader is told."""

import json
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import engine, identities, runs, stops
from agents.lifecycle import RunState, State
from agents.models import Action, Agent, IdempotencyKey, Incident, Outcome, Run, RunContent, RunStep, Token
from agents.rest import waits
from agents.runs import Asked
from audit.actors import Actor
from audit.models import Event
from controlplane import waiting
from tests.factories import decide, give_policy, make_action, make_company, make_person
from tests.runtimes import KIND, register_talking
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")
RUNS = reverse("api-runs")
LOOK_UP = {"tool": "look_up", "arguments": {"order_id": "A-1"}}
REFUND = {"tool": "issue_refund", "arguments": {"order_id": "A-1", "amount_usd": 120}}
TASK = {"turns": [{"use": 100, "propose": [REFUND]}, {"use": 50, "finish": {"done": True}}]}

register_talking()


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


@pytest.fixture
def company():
    return make_talking("refund-desk")


@pytest.fixture
def token(company):
    return issue("crm", company.agent)


@pytest.fixture
def client():
    return Browser(enforce_csrf_checks=True, raise_request_exception=False)


def make_talking(slug: str = ""):
    company = make_company(slug)
    company.agent.runtime = KIND
    company.agent.save()
    return company


def issue(name: str, *agents: Agent) -> str:
    return identities.issue_client(name=name, agents=agents, by=OPERATOR)[1]


def post(client, path, body, token=None, key=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {"X-CSRFToken": csrf_of(client)}
    if key:
        headers["Idempotency-Key"] = key
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(path, data=data, content_type="application/json", headers=headers)


def get(client, path, token=None, **query):
    return client.get(path, query, headers={"Authorization": f"Bearer {token}"} if token else {})


def csrf_of(browser) -> str:
    cookie = browser.cookies.get("countersign_csrf")
    return cookie.value if cookie else ""


def signed_in(person) -> Browser:
    browser = Browser(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    browser.cookies["countersign_csrf"] = "a" * 32
    return browser


def problem(response, status, code, field=None):
    assert response.status_code == status, response.content
    body = response.json()
    assert (body["code"], response["Content-Type"]) == (code, "application/problem+json")
    if field:
        assert field in [error["field"] for error in body["errors"]], body
    return body


def ask(client, token, key="k1", **fields):
    return post(client, RUNS, {"agent": "refund-desk", "input": TASK} | fields, token, key=key)


def enqueue(company, name="crm", task=TASK, **asked) -> Run:
    token = identities.authenticate(issue(name, company.agent))
    asked = Asked(input=task, **asked)
    return runs.enqueue(company.agent, asked, by=token.actor(), client=token.client, token=token.token)


def carry(run: Run) -> Run:
    engine.advance(run.pk, worker="w1")
    run.refresh_from_db()
    return run


def parked(company, name="crm") -> Run:
    run = carry(enqueue(company, name))
    assert run.state == RunState.AWAITING_REVIEW
    return run


def completed(company, name="crm", output=None) -> Run:
    run = carry(enqueue(company, name, {"turns": [{"use": 100, "finish": output or {"done": True}}]}))
    assert run.state == RunState.COMPLETED
    return run


def at(run: Run, verb: str = "") -> str:
    return reverse({"": "api-run", "outcome": "api-run-outcome"}.get(verb, f"api-{verb}-run"), args=[run.pk])


# --- enqueuing


def test_a_client_enqueues_and_is_told_where_the_run_stands(client, company, token):
    answer = ask(client, token)
    body, run = answer.json(), Run.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, reverse("api-run", args=[run.pk]))
    assert (body["id"], body["state"], body["agent"]) == (str(run.pk), "queued", "refund-desk")
    assert (run.client.name, run.token, run.content.input) == ("crm", Token.objects.get(), TASK)
    event = Event.objects.get(verb="run.enqueued")
    assert (event.actor_kind, event.actor_id) == ("client", str(run.client.pk))


def test_the_stored_answer_holds_no_words_that_die_with_the_run(client, company, token):
    answer = ask(client, token, input={"turns": [], "customer": "Jane of 12 Elm Street"})
    assert "input" not in answer.json() and "output" not in answer.json()
    assert "Elm Street" not in json.dumps(IdempotencyKey.objects.get().answer)


def test_the_same_request_again_is_the_same_run_and_says_so(client, company, token):
    first = ask(client, token)
    again = ask(client, issue("crm", company.agent))  # another token of the same client
    assert (again.status_code, again.json()) == (202, first.json())
    assert (first.headers.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert again["Location"] == first["Location"] and Run.objects.count() == 1


def test_a_replay_is_given_though_the_agent_is_stopped_and_the_lead_has_left(client, company, token):
    lead = company.owner
    first = ask(client, token, mission_lead=lead.username)
    stops.stop(agent=company.agent, by=OPERATOR, reason="strange")
    lead.is_active = False
    lead.save()
    assert ask(client, token, mission_lead=lead.username).json() == first.json()


@pytest.mark.parametrize(
    "changed",
    [{"input": {"turns": []}}, {"budget": {"tokens": 5}}, {"mission_lead": "rosa"}, {"agent": "billing"}],
    ids=["input", "budget", "mission_lead", "agent"],
)
def test_the_same_key_for_another_request_is_422(client, company, changed):
    token = issue("crm", company.agent, make_talking("billing").agent)
    ask(client, token)
    problem(ask(client, token, **changed), 422, "idempotency_key_reused")
    assert Run.objects.count() == 1


def test_two_clients_may_use_the_same_key(client, company, token):
    first, second = ask(client, token), ask(client, issue("web", company.agent))
    assert first.json()["id"] != second.json()["id"]


def test_a_key_that_is_being_answered_is_409(client, company, token):
    scope = f"client:{Token.objects.get().client_id} {RUNS}"
    settings = connection.get_connection_params()
    settings = {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if name in settings}
    with psycopg.connect(**settings) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{scope} k1"])
        problem(ask(client, token), 409, "idempotency_key_in_flight")
    assert not Run.objects.exists()
    assert ask(client, token).status_code == 202


def test_the_budget_narrows_what_the_agent_file_allows_and_never_widens_it(client, company, token):
    company.agent.budget = {"tokens_per_run": 1000, "micros_per_run": 2_000_000}
    company.agent.save()
    budget = {"tokens": 5000, "usd": 0.25, "actions": 3, "seconds": 600}
    body = ask(client, token, budget=budget).json()["budget"]
    assert body["tokens"] == {"cap": 1000, "used": 0, "held": 0}
    assert body["usd"] == {"cap": "0.25", "used": "0", "held": "0"}
    assert (body["actions"]["cap"], body["seconds"]["cap"]) == (3, 600)
    assert Run.objects.get().caps["micros"] == 250_000


def test_a_role_holder_or_reviewer_leads_the_mission(client, company, token):
    for number, person in enumerate((company.owner, company.fin)):
        assert ask(client, token, key=f"k{number}", mission_lead=person.username).status_code == 202
    assert {run.mission_lead for run in Run.objects.all()} == {company.owner, company.fin}


def test_a_mission_lead_who_may_not_and_one_who_isnt_there_look_alike(client, company, token):
    make_person("out", "legal")
    gone = company.lea
    gone.is_active = False
    gone.save()
    names = ("out", "nobody-of-this-name", gone.username)
    told = [problem(ask(client, token, mission_lead=name), 422, "invalid", "mission_lead") for name in names]
    assert told[0] == told[1] == told[2]
    assert not Run.objects.exists() and not IdempotencyKey.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"callback_url": "https://crm.example/hook"}, "callback_url"),
        ({"colour": "red"}, "colour"),
        ({"input": []}, "input"),
        ({"input": {"n": 2**60}}, "input"),
        ({"agent": 7}, "agent"),
        ({"budget": [1]}, "budget"),
        ({"budget": {"minutes": 5}}, "budget.minutes"),
        ({"budget": {"tokens": 0}}, "budget.tokens"),
        ({"budget": {"tokens": -1}}, "budget.tokens"),
        ({"budget": {"tokens": True}}, "budget.tokens"),
        ({"budget": {"tokens": 1.5}}, "budget.tokens"),
        ({"budget": {"tokens": None}}, "budget.tokens"),
        ({"budget": {"tokens": 10**13}}, "budget.tokens"),
        ({"budget": {"seconds": 0}}, "budget.seconds"),
        ({"budget": {"seconds": 10**9}}, "budget.seconds"),
        ({"budget": {"usd": 0}}, "budget.usd"),
        ({"budget": {"usd": -1}}, "budget.usd"),
        ({"budget": {"usd": "1,50"}}, "budget.usd"),
        ({"budget": {"usd": "0.0000001"}}, "budget.usd"),
        ({"budget": {"usd": True}}, "budget.usd"),
        ({"budget": {"usd": {}}}, "budget.usd"),
        ({"mission_lead": ["rosa"]}, "mission_lead"),
    ],
)
def test_a_bad_task_is_refused_by_field_with_nothing_written(client, company, token, fields, field):
    problem(ask(client, token, **fields), 422, "invalid", field)
    assert not Run.objects.exists() and not IdempotencyKey.objects.exists()


def test_callbacks_are_refused_by_name_as_coming_later(client, company, token):
    body = problem(ask(client, token, callback_url="https://crm.example/hook"), 422, "invalid")
    assert body["errors"] == [{"field": "callback_url", "message": "callbacks come later: wait or poll"}]


def test_what_is_missing_is_named(client, company, token):
    body = problem(post(client, RUNS, {}, token, key="k"), 422, "invalid")
    assert {error["field"] for error in body["errors"]} == {"agent", "input"}


@pytest.mark.parametrize("key", [None, "   ", "x" * 256])
def test_an_idempotency_key_is_asked_for(client, company, token, key):
    problem(ask(client, token, key=key), 422, "invalid", "Idempotency-Key")
    assert not Run.objects.exists()


# --- who may not enqueue


def test_an_agent_the_token_doesnt_name_and_one_that_isnt_there_look_alike(client, company, token):
    make_talking("billing")
    told = [problem(ask(client, token, agent=slug), 404, "not_found") for slug in ("billing", "nowhere")]
    assert told[0] == told[1] and not Run.objects.exists()


def test_another_token_of_the_client_doesnt_lend_its_agents(client, company, token):
    issue("crm", make_talking("billing").agent)
    problem(ask(client, token, agent="billing"), 404, "not_found")


def test_an_agents_token_enqueues_nothing(client, company):
    token = identities.issue(agent=company.agent, by=OPERATOR)[1]
    problem(ask(client, token), 403, "not_allowed")
    assert not Run.objects.exists()


def test_people_enqueue_nothing_here(company):
    problem(ask(signed_in(company.owner), None), 403, "not_allowed")
    assert not Run.objects.exists()


def test_nobody_is_401(client, company):
    problem(ask(client, None), 401, "not_authenticated")
    problem(get(client, RUNS), 401, "not_authenticated")


def test_a_stopped_a_disabled_and_an_external_agent_are_409(client, company, token):
    stops.stop(agent=company.agent, by=OPERATOR, reason="strange")
    problem(ask(client, token), 409, "agent_stopped")
    stops.resume(agent=company.agent, by=OPERATOR, reason="looked")
    Agent.objects.update(enabled=False)
    problem(ask(client, token), 409, "agent_not_enabled")
    Agent.objects.update(enabled=True, runtime="external")
    problem(ask(client, token), 409, "agent_runs_elsewhere")
    assert not Run.objects.exists() and not IdempotencyKey.objects.exists()


def test_an_expired_and_a_revoked_token_are_401_at_every_door(client, company, token):
    run = parked(company)
    other = issue("crm", company.agent)
    Token.objects.filter(prefix=token.split("_")[1]).update(expires_at=Now() - timedelta(seconds=1))
    identities.revoke(prefix=other.split("_")[1], by=OPERATOR)
    for one, code in ((token, "expired_token"), (other, "revoked_token")):
        problem(ask(client, one), 401, code)
        problem(get(client, RUNS, one), 401, code)
        problem(get(client, at(run), one), 401, code)
        for verb in ("cancel", "stop", "resume", "outcome"):
            problem(post(client, at(run, verb), {}, one), 401, code)


# --- what a client can't do


def test_a_client_can_not_propose(client, company, token):
    problem(post(client, reverse("api-propose"), LOOK_UP, token, key="k"), 403, "not_allowed")
    assert not Action.objects.exists()


def test_a_client_can_not_decide_nor_see_the_queue(client, company, token):
    action = Action.objects.get(run_id=parked(company).pk)
    for word in ("approve", "reject"):
        form = {"decision": word, "digest": action.digest, "revision": 1}
        problem(post(client, reverse("api-decide", args=[action.pk]), form, token), 403, "token_cannot_decide")
    problem(get(client, reverse("api-queue"), token), 403, "for_people_only")
    problem(post(client, reverse("api-validate-policy"), {}, token), 403, "for_people_only")
    action.refresh_from_db()
    assert action.state == State.AWAITING_REVIEW


@pytest.mark.parametrize("verb", ["stop", "resume"])
def test_no_token_stops_or_resumes_a_run(client, company, token, verb):
    run = parked(company)
    for one in (token, identities.issue(agent=company.agent, by=OPERATOR)[1]):
        problem(post(client, at(run, verb), {"reason": "mine"}, one), 403, "token_cannot_decide")
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


def test_a_foreign_run_and_a_missing_one_look_alike_at_every_door(client, company):
    run, foreign = parked(company), issue("web", company.agent)
    missing = Run(pk=uuid4())
    for one in (run, missing):
        problem(get(client, at(one), foreign), 404, "not_found")
        problem(get(client, at(one), foreign, wait="30"), 404, "not_found")
        problem(post(client, at(one, "cancel"), {}, foreign), 404, "not_found")
        problem(post(client, at(one, "outcome"), {"outcome": "resolved"}, foreign), 404, "not_found")
    assert get(client, RUNS, foreign).json()["results"] == []
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW and not Outcome.objects.exists()


def test_a_client_reads_the_actions_of_its_runs_as_an_agent_would_and_no_others(client, company, token):
    mine = Action.objects.get(run_id=parked(company).pk)
    foreign = Action.objects.get(run_id=parked(company, "web").pk)
    lone = make_action(company.agent)
    body = get(client, reverse("api-action", args=[mine.pk]), token).json()
    assert body["state"] == "awaiting_review" and all(set(reason) == {"code"} for reason in body["reasons"])
    for action in (foreign, lone):
        problem(get(client, reverse("api-action", args=[action.pk]), token), 404, "not_found")
        problem(get(client, reverse("api-decision", args=[action.pk]), token), 404, "not_found")


# --- reading


def test_a_run_that_waits_says_for_whom_with_what_it_spent(client, company, token):
    run = carry(enqueue(company, budget={"tokens": 1000, "actions": 5}))
    action = Action.objects.get(run_id=run.pk)
    decide(action, company.fin)
    body = get(client, at(run), token).json()
    assert body["waiting_for"] == [
        {
            "action": str(action.pk),
            "tool": "issue_refund",
            "state": "awaiting_review",
            "due_at": action.due_at.isoformat(),
            "groups": ["support-leads"],
        }
    ]
    assert body["budget"]["tokens"] == {"cap": 1000, "used": 100, "held": 0}
    assert body["budget"]["actions"] == {"cap": 5, "used": 1, "held": 0}
    assert body["usage"] == {"tokens_in": 75, "tokens_out": 25}
    assert body["input"] == TASK and body["output"] is None and body["finished_at"] is None
    assert body["cost"] == {
        "inference_usd": "0",
        "tooling_usd": "0",
        "review_seconds": None,
        "fixing_seconds": None,
        "incidents_usd": None,
    }


def test_a_completed_run_shows_its_output_and_every_step(client, company, token):
    task = {"turns": [{"use": 100, "micros": 1500, "propose": [LOOK_UP]}, {"use": 50, "finish": {"saw": 1}}]}
    body = get(client, at(carry(enqueue(company, task=task))), token).json()
    assert (body["state"], body["output"], body["error"]) == ("completed", {"saw": 1}, None)
    steps = [(step["number"], step["kind"], step["state"], step["tool"], step["tokens"]) for step in body["steps"]]
    assert steps == [
        (1, "think", "done", None, 100),
        (2, "act", "done", "look_up", 0),
        (3, "think", "done", None, 50),
    ]
    assert body["steps"][0]["usd"] == body["cost"]["inference_usd"] == "0.0015"
    assert body["steps"][1]["action"] == str(Action.objects.get().pk)
    assert body["budget"]["usd"] == {"cap": None, "used": "0.0015", "held": "0"}
    assert body["budget"]["actions"] == {"cap": None, "used": 1, "held": 0}


def test_a_failed_call_shows_its_failure_and_codes(client, company, token):
    run = parked(company)
    decide(Action.objects.get(run_id=run.pk), company.fin, "reject", note="Not this customer")
    body = get(client, at(carry(run)), token).json()
    assert (body["steps"][1]["state"], body["steps"][1]["failure"]) == ("failed", "rejected")
    assert "wrong_value" in body["steps"][1]["codes"] and "Not this customer" not in json.dumps(body)


def test_secrets_are_masked_for_the_client_what_policy_redacts_for_the_agent_and_nothing_for_people(client, company):
    give_policy(
        company.agent, "policy: desk\nredact: {pii: [email]}\nrules:\n  - {id: all, tool: look_up, then: allow}\n"
    )
    secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    run = completed(company, output={"mail": "jane@example.org", "api_key": secret})
    token = issue("crm", company.agent)
    own = identities.issue(agent=company.agent, by=OPERATOR)[1]
    for_client, for_agent = get(client, at(run), token).json(), get(client, at(run), own).json()
    for_person = get(signed_in(company.owner), at(run)).json()
    assert for_person["output"] == {"mail": "jane@example.org", "api_key": secret}
    assert for_client["output"]["mail"] == "jane@example.org" and secret not in json.dumps(for_client)
    assert "jane@example.org" not in json.dumps(for_agent) and secret not in json.dumps(for_agent)
    assert "input" in for_client and "input" in for_person and "input" not in for_agent


def test_a_list_masks_what_one_run_masks(client, company):
    give_policy(
        company.agent, "policy: desk\nredact: {pii: [email]}\nrules:\n  - {id: all, tool: look_up, then: allow}\n"
    )
    secret, mail = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "jane@example.org"
    carry(enqueue(company, task={"turns": [{"fail": {"code": "odd", "detail": f"{mail} sent {secret}"}}]}))
    token, own = issue("crm", company.agent), identities.issue(agent=company.agent, by=OPERATOR)[1]
    for_client, for_agent = (get(client, RUNS, text).json()["results"][0]["error"]["detail"] for text in (token, own))
    for_person = get(signed_in(company.owner), RUNS).json()["results"][0]["error"]["detail"]
    assert for_person == f"{mail} sent {secret}"
    assert mail in for_client and secret not in for_client
    assert mail not in for_agent and secret not in for_agent


def test_one_run_takes_the_same_queries_whatever_its_steps(client, company, token):
    def queries(run: Run) -> int:
        get(client, at(run), token)  # the token's last use is written down now
        with CaptureQueriesContext(connection) as captured:
            assert get(client, at(run), token).status_code == 200
        return len(captured)

    three = {"tool": "issue_refund", "arguments": {"order_id": "A-2", "amount_usd": 1}}
    many = {"turns": [{"propose": [LOOK_UP, REFUND, three]}, {"finish": 1}]}
    short, long = parked(company), carry(enqueue(company, task=many, budget={"tokens": 9}))
    more = [RunStep(run=long, number=number, kind="think", state="done") for number in range(50, 90)]
    RunStep.objects.bulk_create(more)
    assert queries(short) == queries(long) <= 8


def test_the_list_takes_the_same_queries_whatever_its_length(client, company, token):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert get(client, RUNS, token).status_code == 200
        return len(captured)

    get(client, RUNS, token)
    parked(company)
    first = queries()
    for _ in range(5):
        completed(company)
    assert queries() == first <= 3


def test_the_list_is_paged_newest_first_and_filtered(client, company, token, monkeypatch):
    monkeypatch.setattr("agents.rest.paging.PAGE", 2)
    made = [enqueue(company) for _ in range(5)]
    waiting_one = parked(company)
    made.append(waiting_one)
    seen, path = [], RUNS
    while path:
        page = get(client, path, token).json()
        assert len(page["results"]) <= 2
        seen += [one["id"] for one in page["results"]]
        path = page["next"]
    assert seen == [str(run.pk) for run in reversed(made)]
    held = get(client, RUNS, token, state="awaiting_review").json()["results"]
    assert [one["id"] for one in held] == [str(waiting_one.pk)]
    assert get(client, RUNS, token, agent="nowhere").json() == {"results": [], "next": None}
    assert len(get(client, RUNS, token, agent="refund-desk").json()["results"]) == 2
    page = get(client, RUNS, token, state="queued").json()
    assert "state=queued" in page["next"]


def test_a_page_is_read_down_the_primary_key_in_one_query(client, company, token):
    enqueue(company)
    get(client, RUNS, token)  # the token's last use is written down now
    with CaptureQueriesContext(connection) as captured:
        get(client, RUNS, token, cursor=str(uuid4()))
    said = [query["sql"] for query in captured if 'FROM "agents_run"' in query["sql"]]
    assert len(said) == 1 and 'ORDER BY "agents_run"."id" DESC' in said[0]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "sleeping"}, "state"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "-" * 36}, "cursor"),
        ({"cursor": "\x00"}, "cursor"),
        ({"limit": "7"}, "limit"),
        ({"agent": "\x00"}, "agent"),
        ({"state": ["queued", "failed"]}, "state"),
    ],
)
def test_a_bad_filter_is_refused_by_name(client, company, token, query, field):
    problem(get(client, RUNS, token, **query), 422, "invalid", field)


def test_a_cursor_is_a_place_and_shows_nobody_elses_runs(client, company, token):
    own, foreign = parked(company), parked(company, "web")
    parked(company)
    shown = get(client, RUNS, token, cursor=str(foreign.pk)).json()["results"]
    assert [one["id"] for one in shown] == [str(own.pk)]


def test_people_see_the_runs_of_their_agents(company):
    run = parked(company)
    assert [one["id"] for one in get(signed_in(company.fin), RUNS).json()["results"]] == [str(run.pk)]
    outsider = signed_in(make_person("out", "legal"))
    assert get(outsider, RUNS).json()["results"] == []
    problem(get(outsider, at(run)), 404, "not_found")


# --- waiting


def test_the_views_and_the_door_mean_the_same_by_waiting():
    assert waiting.UNFINISHED == waits.UNFINISHED.lower().encode()
    assert waiting.MAX_SECONDS == waits.MAX_SECONDS


@pytest.mark.parametrize("wait", ["1", "30", "60", "07"])
def test_an_unfinished_run_is_marked_for_the_door_only_when_asked_to_wait(client, company, token, wait):
    run = parked(company)
    assert get(client, at(run), token, wait=wait)["Countersign-Unfinished"] == f"run:{run.pk}"
    assert "Countersign-Unfinished" not in get(client, at(run), token).headers
    assert "Countersign-Unfinished" not in get(client, at(run), token, wait="0").headers


def test_a_run_that_has_ended_isnt_waited_for(client, company, token):
    assert "Countersign-Unfinished" not in get(client, at(completed(company)), token, wait="30").headers


@pytest.mark.parametrize("wait", ["61", "-1", "1.5", "", "x", "1e1", "100", " 5", "٣"])
def test_only_whole_seconds_up_to_a_minute_are_waited(client, company, token, wait):
    run = parked(company)
    action = Action.objects.get(run_id=run.pk)
    for path in (at(run), reverse("api-decision", args=[action.pk])):
        problem(get(client, path, token, wait=wait), 422, "invalid", "wait")


def test_a_decision_is_waited_for_until_it_is_made(client, company, token):
    action = Action.objects.get(run_id=parked(company).pk)
    path = reverse("api-decision", args=[action.pk])
    own = identities.issue(agent=company.agent, by=OPERATOR)[1]
    for one in (token, own):
        answer = get(client, path, one, wait="30")
        assert answer["Countersign-Unfinished"] == f"action:{action.pk}"
        assert answer.json() == {
            "state": "awaiting_review",
            "decision": None,
            "reason_code": None,
            "decided_at": None,
        }
    stops.stop(agent=company.agent, by=OPERATOR, reason="strange")
    assert get(client, path, own, wait="1")["Countersign-Unfinished"] == f"action:{action.pk}"
    stops.resume(agent=company.agent, by=OPERATOR, reason="looked")
    decide(Action.objects.get(pk=action.pk), company.fin, "reject", note="Not this customer")
    answer = get(client, path, own, wait="30")
    body = answer.json()
    assert "Countersign-Unfinished" not in answer.headers and "note" not in body
    assert (body["state"], body["decision"], body["reason_code"]) == ("rejected", "rejected", "wrong_value")
    assert body["decided_at"] is not None
    assert get(signed_in(company.owner), path).json()["note"] == "Not this customer"


def test_a_decision_is_told_to_nobody_else(client, company):
    action = make_action(company.agent)
    path = reverse("api-decision", args=[action.pk])
    stranger = identities.issue(agent=make_company().agent, by=OPERATOR)[1]
    problem(get(client, path, stranger), 404, "not_found")
    problem(get(signed_in(make_person("out", "legal")), path), 404, "not_found")
    problem(get(client, path), 401, "not_authenticated")


# --- cancelling


def test_a_client_cancels_its_run_and_what_waited_for_people_is_withdrawn(client, company, token):
    run = parked(company)
    answer = post(client, at(run, "cancel"), {"reason": "The customer called"}, token)
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert Action.objects.get(run_id=run.pk).state == State.WITHDRAWN
    event = Event.objects.get(verb="run.cancelled")
    assert (event.actor_kind, event.actor_id) == ("client", str(run.client.pk))
    assert problem(post(client, at(run, "cancel"), "", token), 409, "already_decided")["state"] == "cancelled"


def test_who_holds_a_role_cancels_and_a_reviewer_or_the_agent_does_not(client, company):
    run = parked(company)
    problem(post(signed_in(company.fin), at(run, "cancel"), {}), 403, "not_allowed")
    own = identities.issue(agent=company.agent, by=OPERATOR)[1]
    problem(post(client, at(run, "cancel"), {}, own), 403, "not_allowed")
    assert post(signed_in(company.owner), at(run, "cancel"), {}).json()["state"] == "cancelled"


@pytest.mark.parametrize("verb", ["cancel", "stop", "resume", "outcome"])
def test_a_session_without_its_csrf_token_does_nothing(company, verb):
    run, browser = parked(company), signed_in(company.owner)
    body = {"reason": "x"} if verb != "outcome" else {"outcome": "resolved"}
    answer = browser.post(at(run, verb), data=json.dumps(body), content_type="application/json")
    problem(answer, 403, "csrf_failed")
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


@pytest.mark.parametrize("body", [{"why": "x"}, {"reason": 7}, []])
def test_a_bad_cancellation_is_refused(client, company, token, body):
    run = parked(company)
    problem(post(client, at(run, "cancel"), body, token), 422, "invalid")
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


# --- stopping


def test_people_stop_a_run_and_somebody_else_lets_it_go_on(company):
    run = parked(company)
    stopped = post(signed_in(company.fin), at(run, "stop"), {"reason": "Odd"})
    assert (stopped.status_code, stopped.json()["state"]) == (200, "paused")
    assert stopped.json()["waiting_for"][0]["state"] == "on_hold"
    problem(post(signed_in(company.lea), at(run, "resume"), {"reason": "Fine"}), 403, "not_allowed")
    resumed = post(signed_in(company.owner), at(run, "resume"), {"reason": "Looked"})
    assert resumed.json()["state"] == "awaiting_review"
    problem(post(signed_in(company.owner), at(run, "resume"), {"reason": "Again"}), 409, "not_stopped")


def test_who_stopped_a_run_does_not_resume_it(company):
    run = parked(company)
    assert post(signed_in(company.owner), at(run, "stop"), {"reason": "Odd"}).status_code == 200
    problem(post(signed_in(company.owner), at(run, "resume"), {"reason": "Fine"}), 403, "not_allowed")


@pytest.mark.parametrize("verb", ["stop", "resume"])
def test_stopping_and_resuming_ask_for_a_reason(company, verb):
    run = parked(company)
    browser = signed_in(company.owner)
    problem(post(browser, at(run, verb), {}), 422, "invalid", "reason")
    outsider = signed_in(make_person("out", "legal"))
    problem(post(outsider, at(run, verb), {"reason": "x"}), 404, "not_found")


# --- outcomes


def test_a_client_says_what_its_run_came_to(client, company, token):
    run = completed(company)
    told = {"outcome": "reopened", "feedback": "Wrote again", "value": 12.5, "incident": "Refunded twice"}
    answer = post(client, at(run, "outcome"), told, token)
    outcome, incident = Outcome.objects.get(), Incident.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": outcome.pk,
        "run": str(run.pk),
        "outcome": "reopened",
        "value": "12.50",
        "incident": incident.pk,
    }
    assert (outcome.note, str(outcome.value), outcome.reported_by) == (
        "Wrote again",
        "12.50",
        f"client:{run.client_id}",
    )


def test_a_role_holder_says_what_a_run_came_to_and_the_agent_and_a_reviewer_do_not(client, company):
    run = completed(company)
    own = identities.issue(agent=company.agent, by=OPERATOR)[1]
    problem(post(client, at(run, "outcome"), {"outcome": "resolved"}, own), 403, "not_allowed")
    problem(post(signed_in(company.fin), at(run, "outcome"), {"outcome": "resolved"}), 403, "not_allowed")
    answer = post(signed_in(company.owner), at(run, "outcome"), {"outcome": "resolved", "value": "3"})
    assert (answer.status_code, answer.json()["value"]) == (201, "3.00")


def test_an_outcome_told_again_under_its_key_is_told_once(client, company, token):
    run = completed(company)
    first, again = (post(client, at(run, "outcome"), {"outcome": "resolved"}, token, key="o1") for _ in range(2))
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, first.json(), "true")
    assert Outcome.objects.count() == 1
    problem(post(client, at(run, "outcome"), {"outcome": "rework"}, token, key="o1"), 422, "idempotency_key_reused")
    assert ask(client, token, key="o1").status_code == 202  # a key belongs to one address
    other = completed(company)
    assert "Idempotent-Replayed" not in post(client, at(other, "outcome"), {"outcome": "resolved"}, token, key="o1")


def test_a_run_that_goes_on_has_no_outcome_yet(client, company, token):
    problem(post(client, at(parked(company), "outcome"), {"outcome": "resolved"}, token), 409, "run_not_ended")
    assert not Outcome.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "great"}, "outcome"),
        ({"outcome": "resolved", "value": "12,5"}, "value"),
        ({"outcome": "resolved", "value": "NaN"}, "value"),
        ({"outcome": "resolved", "value": 1.005}, "value"),
        ({"outcome": "resolved", "value": True}, "value"),
        ({"outcome": "resolved", "value": "9" * 400}, "value"),
        ({"outcome": "resolved", "incident": {"text": "x"}}, "incident"),
        ({"outcome": "resolved", "by": "me"}, "by"),
    ],
)
def test_a_bad_outcome_is_refused_by_field(client, company, token, fields, field):
    problem(post(client, at(completed(company), "outcome"), fields, token), 422, "invalid", field)
    assert not Outcome.objects.exists()


# --- small courtesies


def test_erased_words_are_gone_and_the_rest_stays(client, company, token):
    run = completed(company)
    RunContent.objects.filter(run=run).update(input={}, output=None, erased_at=Now())
    body = get(client, at(run), token).json()
    assert (body["input"], body["output"], body["state"]) == ({}, None, "completed")
    assert len(body["steps"]) == 1


@pytest.mark.parametrize("verb", ["cancel", "stop", "resume", "outcome"])
def test_reading_an_address_never_acts(client, company, token, verb):
    run = parked(company)
    problem(get(client, at(run, verb), token), 405, "method_not_allowed")
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW
