"""A worker keeps its connection from task to task, and doesn't use one again that the server has ended."""

import threading

import pytest
from django.db import connection, connections

from agents import rows
from controlplane.celery import KEPT_SECONDS, has_hung_up, look_at_connections

pytestmark = pytest.mark.django_db


@pytest.fixture
def another():
    opened = connection.get_new_connection(connection.get_connection_params())
    opened.autocommit = True
    yield opened
    opened.close()


def test_a_connection_that_the_server_keeps_is_used_again(another):
    another.execute("SELECT 1")
    assert not has_hung_up(another)
    assert another.execute("SELECT 2").fetchone() == (2,)


def test_a_connection_that_the_server_has_ended_is_not(another):
    with connection.cursor() as cursor:
        # It waits until that one has gone.
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [another.info.backend_pid])
        assert cursor.fetchone() == (True,)
    assert has_hung_up(another)


def test_one_that_was_closed_here_is_not(another):
    another.close()
    assert has_hung_up(another)


def test_a_task_has_the_kept_connection_and_a_new_one_once_that_was_ended(monkeypatch):
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", KEPT_SECONDS)  # as the worker does
    backends, ended, away = [], threading.Event(), threading.Event()

    def three_tasks():
        for number in range(3):
            look_at_connections()
            [(backend,)] = rows.asked("SELECT pg_backend_pid()", [])
            backends.append(backend)
            if number == 1:
                ended.set()
                away.wait(timeout=20)
        connection.close()

    worker = threading.Thread(target=three_tasks)
    worker.start()
    assert ended.wait(timeout=20)
    rows.asked("SELECT pg_terminate_backend(%s, 10000)", [backends[1]])
    away.set()
    worker.join(timeout=20)
    first, second, third = backends
    assert first == second != third
