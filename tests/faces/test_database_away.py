"""The doors while PostgreSQL is away: 503 with what to do next, and no word on what nobody can know."""

import html
import json

import pytest
from django.db import close_old_connections, connection, connections
from django.test import Client
from django.urls import reverse

from agents.models import Action
from approvals.models import Decision
from audit.actors import Actor
from tests.factories import make_action, prove
from tests.product import free_port

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
OPERATOR = Actor(kind="operator", id="root", display="root")
PROPOSE, QUEUE, LOGIN = reverse("api-propose"), reverse("queue"), reverse("account_login")
LOOK_UP = {"tool": "look_up", "arguments": {"order_id": "o-1"}}

# Run at the commit of whoever writes such a row, as a crash of the server would come: after the work, before the answer.
_DIES_AT_COMMIT = """
CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER dies AFTER {does} ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dies();
"""

LIVES = "DROP FUNCTION IF EXISTS dies CASCADE"


def owner(sql: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def fin(company):
    browser = Client(raise_request_exception=False)
    browser.force_login(company.fin, backend="django.contrib.auth.backends.ModelBackend")
    prove(browser, company.fin)
    return browser


@pytest.fixture
def away():
    """Let nobody reach the database from now on: its port is closed, and the connection there was is gone."""
    true, closed = {}, {"HOST": "127.0.0.1", "PORT": str(free_port())}

    def go():
        for each in {id(one): one for one in connections.all()}.values():
            true[id(each)] = (each, {name: each.settings_dict[name] for name in closed})
            each.close()
            each.settings_dict.update(closed)

    yield go
    for each, settings in true.values():
        each.settings_dict.update(settings)


@pytest.fixture
def dies_at_commit_of():
    """Let the server end every connection that commits a new row of this table, or a changed one."""

    yield lambda table, does="INSERT": owner(_DIES_AT_COMMIT.format(table=table, does=does))
    owner(LIVES)


def post(client, path, body, **headers):
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def approve(browser, action):
    body = {"decision": "approve", "digest": action.digest, "revision": action.revision}
    return post(browser, reverse("api-decide", args=[action.pk]), body)


def unavailable(answer) -> str:
    """Return what a REST door says to do."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")
    assert (answer.json()["status"], answer.json()["code"]) == (503, "database_unavailable")
    assert "othing was" not in answer.json()["detail"]
    return answer.json()["detail"]


def page(answer) -> str:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    shown = answer.content.decode()
    assert "database_unavailable" in shown and "Not available" in shown and "countersign.css" in shown
    return shown


# --- away before anything is read


def test_the_decisions_door_says_to_look_and_repeat(company, fin, away):
    action = make_action(company.agent)
    away()
    said = unavailable(approve(fin, action))
    assert "isn't known" in said and "on record" in said


def test_an_agent_is_told_to_send_its_key_again(token, away):
    away()
    answer = post(Client(raise_request_exception=False), PROPOSE, LOOK_UP, **bearer(token), **{"Idempotency-Key": "k1"})
    assert "same Idempotency-Key" in unavailable(answer)


@pytest.mark.parametrize("path", [reverse("api-queue"), reverse("api-runs")])
def test_whoever_only_reads_is_told_to_try_again(fin, away, path):
    away()
    assert unavailable(fin.get(path)) == "The database doesn't answer. Try again in a moment."


@pytest.mark.parametrize("path", [QUEUE, LOGIN, reverse("runs"), reverse("admin:index"), "/nowhere/"])
def test_every_page_is_a_page_of_ours_without_the_database(fin, away, path):
    away()
    assert "Try again in a moment" in page(fin.get(path))


def test_a_form_is_told_to_look_before_it_is_sent_again(company, fin, away):
    action = make_action(company.agent)
    away()
    shown = page(fin.post(reverse("decide", args=[action.pk]), {"decision": "approve"}))
    assert "on record" in shown and "Nothing of what you sent" not in shown


def test_it_is_said_before_a_method_or_a_body_is_refused(fin, token, away):
    """A refusal is counted in the database: that it can't be must not make it ours."""
    away()
    unavailable(fin.delete(reverse("api-queue")))
    unavailable(Client().post(PROPOSE, "{", content_type="application/json", headers=bearer(token)))


def bearer(token) -> dict:
    return {"Authorization": f"Bearer {token}"}


# --- away in the middle


def test_a_decision_whose_commit_broke_is_not_said_to_be_unwritten_and_can_be_repeated(company, fin, dies_at_commit_of):
    action = make_action(company.agent)
    dies_at_commit_of("approvals_decision")
    assert "isn't known" in unavailable(approve(fin, action))
    owner(LIVES)
    assert not Decision.objects.exists()
    assert approve(fin, action).status_code == 201


def test_a_proposal_whose_commit_broke_is_proposed_once_under_its_key(token, dies_at_commit_of):
    client = Client(raise_request_exception=False)
    key = bearer(token) | {"Idempotency-Key": "k1"}
    dies_at_commit_of("agents_action")
    assert "same Idempotency-Key" in unavailable(post(client, PROPOSE, LOOK_UP, **key))
    owner(LIVES)
    assert [post(client, PROPOSE, LOOK_UP, **key).status_code for _ in range(2)] == [201, 201]
    assert Action.objects.count() == 1


@pytest.mark.parametrize("does", ["INSERT", "UPDATE"])
def test_a_session_that_could_not_be_written_is_no_bad_request(company, dies_at_commit_of, does):
    """Signing in makes a session in the view; the middleware writes it once more when the page is made."""
    company.fin.set_password("a quite long one")
    company.fin.save()
    dies_at_commit_of("django_session", does)
    form = {"login": company.fin.username, "password": "a quite long one"}
    assert "isn't known" in html.unescape(page(Client(raise_request_exception=False).post(LOGIN, form)))


def test_the_next_request_is_answered_as_ever_once_the_database_is_back(company, fin):
    action = make_action(company.agent)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    with connection.get_new_connection(connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
    unavailable(approve(fin, action))
    close_old_connections()  # as the server does between two requests, and the test's browser doesn't
    assert approve(fin, action).status_code == 201
