"""The people and the agent that the faces show, and a browser for whoever signs in."""

import pytest
from django.test import Client

from agents import identities
from audit.actors import Actor
from tests.conformance import require
from tests.factories import make_agent, make_company, make_person, prove


@pytest.fixture
def rosa():
    return make_person("rosa", first_name="Rosa")


@pytest.fixture
def agent(rosa):
    return make_agent("refund-desk", owner=rosa)


@pytest.fixture
def fin():
    return make_person("fin", "finance", first_name="Fin")


@pytest.fixture
def company():
    return make_company("refund-desk")


@pytest.fixture
def token(company):
    """What the company's agent shows at the door."""
    return identities.issue(agent=company.agent, by=Actor.SYSTEM)[1]


@pytest.fixture
def at(client):
    """Sign somebody in, as if with their password just now, and return their browser."""

    def sign_in(person):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        prove(client, person)
        return client

    return sign_in


@pytest.fixture(autouse=True)
def _as_its_schema_says(monkeypatch):
    """Hold every answer of the API in these tests against the schema it publishes."""
    send = Client.request

    def request(self, **asked):
        response = send(self, **asked)
        path = asked.get("PATH_INFO", "/")
        if path.startswith("/api/v1/"):
            require(asked["REQUEST_METHOD"], path, response.status_code, response.headers, response.content)
        return response

    monkeypatch.setattr(Client, "request", request)
