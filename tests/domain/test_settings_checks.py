"""Settings that contradict one another are refused; what the product ships with is not."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from controlplane import celeryconfig, checks
from controlplane.home import CHECKOUT


def codes() -> set[str]:
    return {problem.id for problem in checks.problems()}


def test_what_we_ship_makes_sense():
    assert codes() == set()


def test_production_settings_pass_djangos_own_check_for_deployment(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COUNTERSIGN_", "DJANGO_"))}
    env |= {"COUNTERSIGN_HOME": str(tmp_path), "COUNTERSIGN_URL": "https://sign.example"}
    words = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    checked = subprocess.run(words, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_debug_is_refused_where_others_come(settings):
    settings.DEBUG, settings.PUBLIC_URL, settings.SECURE = True, "https://sign.example", True
    assert codes() == {"countersign.E001"}
    with pytest.raises(checks.Nonsense, match="COUNTERSIGN_DEBUG"):
        checks.require()


def test_a_public_address_without_tls_is_a_warning_and_no_refusal(settings):
    settings.PUBLIC_URL, settings.SECURE = "http://sign.example", False
    assert codes() == {"countersign.W001"}
    checks.require()


@pytest.mark.parametrize(
    ("name", "value"),
    [("LEASE", timedelta(seconds=30)), ("RUN_LEASE", timedelta(seconds=44)), ("TOOL_TIMEOUT", timedelta(seconds=60))],
)
def test_a_lease_that_ends_before_its_work_is_refused(settings, name, value):
    setattr(settings, name, value)
    assert codes() == {"countersign.E002"}


def test_a_message_that_comes_back_before_its_task_must_end_is_refused(monkeypatch):
    options = celeryconfig.broker_transport_options | {"visibility_timeout": celeryconfig.task_time_limit}
    monkeypatch.setattr(celeryconfig, "broker_transport_options", options)
    assert codes() == {"countersign.E002"}


@pytest.mark.parametrize("seconds", [0, 61])
def test_a_clock_that_hardly_ticks_is_refused(settings, seconds):
    settings.CLOCK_INTERVAL = timedelta(seconds=seconds)
    assert codes() == {"countersign.E003"}


def test_a_token_that_can_be_guessed_is_refused(settings):
    settings.METRICS_TOKEN = "short"
    assert codes() == {"countersign.E004"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", False),
        ("accept_content", ["json", "pickle"]),
        ("result_backend", "redis://"),
        ("worker_enable_remote_control", True),
        ("broker_transport_options", {"visibility_timeout": 300, "socket_timeout": None}),
    ],
)
def test_celery_as_it_loses_or_doubles_work_is_refused(monkeypatch, name, value):
    monkeypatch.setattr(celeryconfig, name, value)
    assert codes() == {"countersign.E005"}
