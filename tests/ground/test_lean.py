"""What a process doesn't need it doesn't load: an installation at rest takes little memory (`bench/footprint.py`)."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from bench.ends import ENDS
from tests.product import CHECKOUT
from tests.toolserver import serving

PAGELESS = """
import sys, django
django.setup()
from django.core.management import load_command_class
command = load_command_class("controlplane", "{name}")
command.check(tags=command.requires_system_checks)
from agents import tasks
assert tasks.execute_action.app.main == "countersign"
unneeded = ("controlplane.urls", "approvals.pages.queue", "fido2", "celery.bin", "prompt_toolkit")
print(*(name for name in unneeded if name in sys.modules))
"""
DOOR = """
import sys, django
django.setup()
import controlplane.urls
print(*(name for name in ("unittest", "django.test", "drf_spectacular.openapi") if name in sys.modules))
"""
SUPERVISOR = """
import sys, controlplane.up
print(*(name for name in ("django", "celery", "redis") if name in sys.modules))
"""


def loaded(code: str) -> list[str]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("name", ["clock", "worker"])
def test_what_shows_no_pages_loads_none(name):
    assert loaded(PAGELESS.format(name=name)) == []


def test_the_door_loads_no_tools_of_tests_and_what_makes_the_schema_once_it_is_asked_for():
    assert loaded(DOOR) == []


def test_the_supervisor_loads_nothing_of_what_it_supervises():
    assert loaded(SUPERVISOR) == []


def test_the_processes_of_a_pool_share_what_was_loaded_before_them():
    from celery.signals import worker_before_create_process

    from controlplane import celery

    assert celery.share_what_was_loaded in [receiver() for _, receiver in worker_before_create_process.receivers]


def test_a_measurement_ends_what_it_started_though_a_thread_of_it_still_serves():
    before = threading.active_count()
    with ENDS:
        ENDS.enter_context(serving())
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_measurement_that_is_told_to_end_leaves_nothing_behind(tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    measuring = subprocess.Popen(
        [sys.executable, "-c", MEASURING], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert measuring.stdout.readline() == "begun\n"
    measuring.send_signal(signal.SIGTERM)
    assert measuring.wait(timeout=60) == 128 + signal.SIGTERM
    assert list(tmp_path.glob("countersign-bench-*")) == []


MEASURING = """
import runpy, sys, time
from bench import footprint, lines

def measure(*_, **__):
    footprint._product()
    print("begun", flush=True)
    time.sleep(60)

lines.measure = measure
sys.argv = ["bench", "footprint"]
runpy.run_module("bench", run_name="__main__")
"""
