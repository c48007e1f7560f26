"""The people and the agent that the faces show, and a browser for whoever signs in."""

import pytest

from tests.factories import make_agent, make_person, prove


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
def at(client):
    """Sign somebody in, as if with their password just now, and return their browser."""

    def sign_in(person):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        prove(client, person)
        return client

    return sign_in
