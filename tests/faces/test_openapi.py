"""What the API says of itself is true: every address is declared, the page shows it, and schemathesis finds no fault."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from agents import identities
from controlplane.openapi import calls, doors
from controlplane.wsgi import application
from tests.faces.test_rest import OPERATOR
from tests.factories import make_action, make_company, prove

pytestmark = pytest.mark.django_db
EXAMPLES = 12

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
def shown(request, company):
    """The headers with which each reader asks."""

    def of(who: str) -> dict:
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

    return of


def _maker(case) -> str:
    """Whom the call is made for first of all."""
    return calls.CALLS[case.operation.method.upper(), case.operation.path.removeprefix("/api/v1/")].who[0]


@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_is_sent_breaks_the_api_or_surprises_its_schema(case, shown):
    case.call_and_validate(headers=shown(_maker(case)))


@pytest.mark.long
@pytest.mark.parametrize("who", ["agent", "client", "people"])
@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_anybody_sends_breaks_the_api_or_surprises_its_schema(case, shown, who):
    case.call_and_validate(headers=shown(who))
