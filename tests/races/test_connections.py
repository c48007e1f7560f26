"""A worker keeps its connection from task to task, and the database may have been away between two of them."""

import pytest
from celery.signals import task_prerun
from django.db import connection, connections

from agents.actions import reading
from controlplane import celery
from tests.factories import make_action
from tests.races.threads import begin

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture(autouse=True)
def _as_in_a_worker(monkeypatch):
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)
    celery.keep_connections()


def end_connection() -> None:
    """End this thread's connection as the server does when it goes; nobody here hears of it."""
    pid = connection.connection.info.backend_pid
    with connection.get_new_connection(connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_connection_that_died_between_two_tasks_is_replaced_before_the_next(company):
    action = make_action(company.agent, "look_up")

    def work():
        for _ in range(5):  # by then the statement is prepared there
            task_prerun.send(sender=None)
            reading.waiting(action.pk)
        before = connection.connection
        end_connection()
        task_prerun.send(sender=None)
        return reading.waiting(action.pk) is not None, connection.connection is not before

    assert begin(work).finish() == (True, True)


def test_a_connection_that_works_is_kept_from_task_to_task(company):
    action = make_action(company.agent, "look_up")

    def work():
        found = []
        for _ in range(3):
            task_prerun.send(sender=None)
            reading.waiting(action.pk)
            found.append(connection.connection)
        return len(set(map(id, found)))

    assert begin(work).finish() == 1
