"""A broker that is away costs nobody who rings more than one try."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from tests.product import CHECKOUT

RING = """
import django, sys
django.setup()
from uuid import uuid4
from agents import wake
for _ in range(int(sys.argv[1])):
    wake.ring_now(uuid4())
"""
UNHEARD = "the broker didn't take the ring"


def ring(times: int, broker: str) -> str:
    """Ring so often at this address, in a process of its own; return what it logged."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "controlplane.settings", "REDIS_URL": broker}
    words = [sys.executable, "-c", RING, str(times)]
    options = {"capture_output": True, "text": True, "check": True, "timeout": 120}
    return subprocess.run(words, cwd=CHECKOUT, env=environment, **options).stderr


@pytest.fixture
def turned_away():
    """The address of a broker that sends everybody away at once, and who came."""
    visits = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def send_away() -> None:
            with suppress(OSError):  # the test is over
                while True:
                    visitor, whence = door.accept()
                    visitor.close()
                    visits.append(whence)

        threading.Thread(target=send_away, daemon=True).start()
        yield f"redis://127.0.0.1:{door.getsockname()[1]}/0", visits


def test_who_rings_tries_once_and_leaves_the_rest_to_the_clock(turned_away):
    broker, visits = turned_away
    assert ring(1, broker).count(UNHEARD) == len(visits) == 1


def test_who_rings_often_does_not_wait_each_time(turned_away):
    broker, visits = turned_away
    assert 1 <= ring(500, broker).count(UNHEARD) == len(visits) < 100


def test_a_broker_whose_socket_is_gone_is_no_reason_to_wait(tmp_path):
    assert UNHEARD in ring(1, f"unix://{tmp_path}/gone.sock?db=0")
