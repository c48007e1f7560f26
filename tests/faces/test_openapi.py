"""What the API says of itself is true: every address is declared, the page shows it, and schemathesis finds no fault."""

import re

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from agents import identities
from controlplane import urls
from controlplane.openapi import calls, codes, doors
from controlplane.wsgi import application
from tests.faces.test_rest import OPERATOR
from tests.factories import make_action, make_company, prove

pytestmark = pytest.mark.django_db
FEW, MANY = 4, 12

_CONFIG = {
    "generation": {"deterministic": True, "database": "none", "allow-x00": False},
    "checks": {
        # A body of the right types may still be no valid proposal, policy or answer: that is 422, and says which field.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403", "404", "409", "422", "429"]},
    },
}


def _schema():
    schema = schemathesis.openapi.from_dict(doors.document(), config=SchemathesisConfig.from_dict(_CONFIG))
    schema.app = application
    return schema


SCHEMA = _schema()


@pytest.fixture(autouse=True)
def _one_connection():
    """Keep the test's connection, and with it its transaction, when a request is over."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def company(settings):
    settings.TOKEN_PER_MINUTE = 0
    # Making up what to send takes longer than the product lets a transaction stand.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL transaction_timeout = 0")
    company = make_company("refund-desk")
    for tool in ("issue_refund", "send_reply", "look_up"):
        make_action(company.agent, tool)
    return company


@pytest.fixture
def shown(company):
    """The headers with which each reader asks. Making them takes longer than asking: whoever asks often makes them once."""
    made = {}

    def of(who: str) -> dict:
        if who not in made:
            made[who] = _show(who, company)
        return made[who]

    yield of
    for who, headers in made.items():
        assert Client(headers=headers).get("/api/v1/actions/").status_code == 200, f"{who} was locked out on the way"


def _show(who: str, company) -> dict:
    if who == "agent":
        return {"Authorization": f"Bearer {identities.issue(agent=company.agent, by=OPERATOR)[1]}"}
    if who == "client":
        token = identities.issue_client(name="crm", agents=[company.agent], by=OPERATOR)[1]
        return {"Authorization": f"Bearer {token}"}
    browser = Client()
    browser.force_login(company.both, backend="django.contrib.auth.backends.ModelBackend")
    prove(browser, company.both)
    session = browser.cookies["countersign_session"].value
    secret = "a" * 32
    return {"Cookie": f"countersign_session={session}; countersign_csrf={secret}", "X-CSRFToken": secret}


# --- the schema


def test_every_address_of_the_api_is_declared_and_nothing_else():
    def template(pattern) -> str:
        return re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))

    found = {
        (method.upper(), template(one))
        for one in urls.api
        for method in one.callback.cls().allowed_methods
        if method != "OPTIONS"
    }
    assert found == set(calls.CALLS)


def test_the_schema_is_valid_and_nothing_in_it_is_guessed(tmp_path, capsys):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
    assert not capsys.readouterr().err


def test_every_operation_says_who_may_call_what_it_answers_and_what_goes_wrong():
    known = codes.catalogue()
    for path, item in doors.document()["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["operationId"] and operation["security"] and operation["summary"], where
            assert {"401", "404", "405", "422", "429", "500", "503"} <= set(operation["responses"]), where
            assert ("requestBody" in operation) == (method == "post"), where
            for status, response in operation["responses"].items():
                assert int(status) < 400 or "application/problem+json" in response["content"], where
                for code in re.findall(r"`(\w+)`", response["description"]):
                    assert known[code].status == int(status), f"{where}: {code}"


def test_no_token_is_shown_the_way_to_a_decision():
    people = r"decisions/|revisions/|renew/|claim/|escalate/|handover/|queue/|audit/|/stop/|/resume/|readiness/"
    for (method, path), call in calls.CALLS.items():
        if re.search(people, path):
            assert call.who == ("people",), f"{method} {path}"


@pytest.mark.parametrize(
    ("query", "accept", "kind", "begins"),
    [
        ("", "*/*", "application/vnd.oai.openapi", b"openapi: 3.1.0"),
        ("", "application/json", "application/vnd.oai.openapi+json", b"{"),
        ("?format=json", "*/*", "application/vnd.oai.openapi+json", b"{"),
        ("?format=yaml", "application/json", "application/vnd.oai.openapi", b"openapi: 3.1.0"),
        ("?format=exe", "*/*", "application/vnd.oai.openapi", b"openapi: 3.1.0"),
    ],
)
def test_the_schema_is_there_for_everybody_in_two_forms(client, query, accept, kind, begins):
    answer = client.get(reverse("api-schema") + query, headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, kind)
    assert answer.content.startswith(begins)


def test_the_page_shows_every_call_and_every_code_where_problems_point(client):
    answer = client.get(reverse("api-docs"))
    page = answer.content.decode()
    assert answer.status_code == 200 and "script-src 'self'" in answer["Content-Security-Policy"]
    for (method, path), call in calls.CALLS.items():
        assert f'id="{call.id}"' in page and f"{method} /api/v1/{path}" in page
    for code in codes.catalogue():
        assert page.count(f'id="{code}"') == 1, code
    problem = client.get("/api/v1/actions/").json()
    address, _, place = problem["type"].partition("#")
    assert address == reverse("api-docs") and f'id="{place}"' in page


def test_every_place_on_the_page_has_one_name_and_every_link_a_place(client):
    page = client.get(reverse("api-docs")).content.decode()
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(names)


def test_the_page_asks_the_database_nothing_and_nobody_else_anything(client, django_assert_num_queries):
    doors.document()
    with django_assert_num_queries(0):
        page = client.get(reverse("api-docs")).content.decode()
    assert not re.search(r'(src|href)="(https?:)?//|style="', page)


# --- whatever is sent


def _maker(case) -> str:
    """Whom the call is made for first of all."""
    return calls.CALLS[case.operation.method.upper(), case.operation.path.removeprefix("/api/v1/")].who[0]


@SCHEMA.parametrize()
@settings(max_examples=FEW, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_is_sent_breaks_the_api_or_surprises_its_schema(case, shown):
    case.call_and_validate(headers=shown(_maker(case)))


@pytest.mark.long
@pytest.mark.parametrize("who", ["agent", "client", "people"])
@SCHEMA.parametrize()
@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_anybody_sends_breaks_the_api_or_surprises_its_schema(case, shown, who):
    case.call_and_validate(headers=shown(who))
