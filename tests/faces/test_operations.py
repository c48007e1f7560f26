"""What operators and their machines ask of a web process: is it alive, is it ready, what does it count, what does it write."""

import json
import logging
import re

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

import audit.selftest
from agents import identities
from audit.actors import Actor
from controlplane import health
from controlplane.home import CHECKOUT
from controlplane.metrics import figures
from tests.factories import make_action, make_company
from tests.product import free_port

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")
HEALTHZ, READYZ, METRICS = reverse("healthz"), reverse("readyz"), reverse("metrics")


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch):
    """Nothing remembered from an earlier test; and that the throw-away cluster isn't durable is no news here."""
    monkeypatch.setattr(audit.selftest, "weaknesses", list)
    monkeypatch.setattr(health, "sure", health.Sure())
    monkeypatch.setattr(figures.kept, "_read_at", -figures.KEPT_SECONDS)


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = "a-long-enough-token"
    return {"HTTP_AUTHORIZATION": f"Bearer {settings.METRICS_TOKEN}"}


@pytest.fixture
def here(settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"


def ready(client) -> tuple[int, dict]:
    answer = client.get(READYZ)
    return answer.status_code, answer.json()["checks"]


# --- alive and ready


def test_ready_says_a_word_for_each_part_and_nothing_else(client):
    status, checks = ready(client)
    assert set(checks) == {"process", "database", "migrations", "self_test", "broker"}
    assert status == 200 and set(checks.values()) <= {"ok", "away"}


def test_a_silent_broker_is_told_and_keeps_nobody_from_serving(client, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    status, checks = ready(client)
    assert (status, checks["broker"]) == (200, "away")


def test_a_process_that_was_asked_to_stop_is_not_ready_and_still_alive(client, monkeypatch):
    monkeypatch.setattr(health.stopping, "is_set", lambda: True)
    status, checks = ready(client)
    assert (status, checks["process"]) == (503, "stopping")
    assert client.get(HEALTHZ).status_code == 200


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_right_too_many_given_while_it_runs_is_not_ready(client):
    with connections["owner"].cursor() as cursor:
        cursor.execute("GRANT DELETE ON audit.event TO cs_app")
        try:
            answers = [ready(client), ready(client)]
        finally:
            cursor.execute("REVOKE DELETE ON audit.event FROM cs_app")
    assert [(status, checks["self_test"]) for status, checks in answers] == [(503, "failed")] * 2
    assert "audit" not in json.dumps(answers)
    assert ready(client)[0] == 200, "what was wrong is asked again at once"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_database_that_went_away_is_not_ready_and_the_process_is_alive(client, settings):
    connections["default"].close()
    was, settings.DATABASES["default"]["PORT"] = settings.DATABASES["default"]["PORT"], "1"
    try:
        status, checks = ready(client)
        assert (status, checks["database"]) == (503, "away")
        assert client.get(HEALTHZ).status_code == 200
    finally:
        settings.DATABASES["default"]["PORT"] = was
        connections["default"].close()


# --- metrics


def exposed(client, **headers) -> dict[str, float]:
    """Return every sample by its name with labels."""
    answer = client.get(METRICS, **headers)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain")
    lines = [line.rpartition(" ") for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_the_queue_is_counted_by_tier_and_urgency(client, here):
    company = make_company()
    make_action(company.agent)
    found = exposed(client)
    assert found['countersign_queue_depth{tier="3",urgency="on_time"}'] == 1
    assert found['countersign_queue_depth{tier="3",urgency="late"}'] == 0
    assert found['countersign_actions{state="awaiting_review"}'] == 1
    assert found["countersign_database_up"] == 1


def test_no_label_is_a_word_of_somebody_elses(client, here):
    company = make_company()
    make_action(company.agent)
    client.generic("PURGE", "/nowhere/ana@example.com/")
    text = client.get(METRICS).content.decode()
    for word in (company.agent.slug, company.agent.name, company.fin.username, "issue_refund", "ana@", "PURGE"):
        assert f'"{word}"' not in text and word not in text.replace("purge", ""), word
    assert 'countersign_http_requests_total{method="other",route="none",status="404"}' in text


def test_requests_are_counted_by_the_name_of_their_address(client, here):
    def count() -> float:
        return exposed(client).get(
            'countersign_http_requests_total{method="GET",route="account_login",status="200"}', 0
        )

    before = count()
    client.get(reverse("account_login"))
    assert count() == before + 1


def test_a_refusal_is_counted_by_its_code(client, here):
    def count() -> float:
        return exposed(client).get('countersign_refusals_total{code="not_authenticated"}', 0)

    before = count()
    client.get(reverse("api-queue"))
    assert count() == before + 1


def test_metrics_without_a_token_are_for_this_machine_alone(client, settings, here):
    assert client.get(METRICS).status_code == 200
    assert client.get(METRICS, REMOTE_ADDR="192.0.2.7").status_code == 404
    # Behind a proxy everybody comes from this machine.
    settings.PUBLIC_URL = "https://sign.example"
    assert client.get(METRICS).status_code == 404


def test_with_a_token_whoever_shows_it_reads_metrics_and_nobody_else(client, settings, token, here):
    assert client.get(METRICS, REMOTE_ADDR="192.0.2.7", **token).status_code == 200
    for shown in ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": settings.METRICS_TOKEN}):
        assert client.get(METRICS, **shown).status_code == 404


def test_every_figure_is_documented_and_no_other(client, here):
    client.get(reverse("account_login"))
    client.get(reverse("api-queue"))
    text = client.get(METRICS).content.decode()
    ours = set(re.findall(r"^# TYPE (countersign_\w+)", text, flags=re.MULTILINE))
    ours = {name for name in ours if not name.endswith("_created")}
    page = set(re.findall(r"countersign_[a-z_]+", (CHECKOUT / "docs" / "operations.md").read_text()))
    assert ours == page


def test_a_scrape_asks_a_handful_of_questions_and_the_next_one_none(client, here, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        client.get(METRICS)
    with django_assert_max_num_queries(0):
        client.get(METRICS)


# --- lines


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, logger="countersign.access")
    return lambda: [record for record in caplog.records if record.name == "countersign.access"]


def test_a_request_is_one_line_with_its_id_and_who_asked(client, lines):
    company = make_company()
    secret = identities.issue(agent=company.agent, by=OPERATOR)[1]
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.get(
        reverse("api-action", args=[make_action(company.agent).pk]),
        HTTP_AUTHORIZATION=f"Bearer {secret}",
        HTTP_TRACEPARENT=f"00-{trace}-00f067aa0ba902b7-01",
    )
    [line] = lines()
    assert line.request_id == answer["X-Request-Id"] and line.trace_id == trace
    assert (line.principal, line.route, line.status) == (f"agent:{company.agent.pk}", "api-action", 200)
    assert secret not in line.getMessage()


def test_a_line_holds_neither_path_nor_query_nor_a_clients_own_id(client, lines):
    client.get("/accounts/login/?next=/ana@example.com", HTTP_X_REQUEST_ID="forged\nline")
    [line] = lines()
    assert "ana@" not in line.getMessage() and "forged" not in line.request_id and line.principal == ""


def test_a_line_asks_the_database_nothing(client, lines, django_assert_num_queries):
    make_company()
    with django_assert_num_queries(0):
        Client().get(HEALTHZ)
    assert lines() == [], "whoever watches us fills no log"
