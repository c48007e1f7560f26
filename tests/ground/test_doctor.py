"""`manage.py doctor` on an installation that runs, on one that doesn't, and on one that was set up wrongly."""

import json
import os
import signal
import stat

import pytest

from tests import templates
from tests.product import Product, free_port, until

PLANTED = "planted-password-7391"


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    with Product(templates.installed().copy_to(tmp_path_factory.mktemp("doctor") / "home")) as running:
        # The page is there first; what works behind it comes meanwhile.
        until(lambda: asked(running, "--only", "workers", "--only", "clock")[0] == 0, seconds=60, what="all of it")
        yield running


def asked(product: Product, *words: str, **env: str) -> tuple[int, list[dict]]:
    answer = product.manage("doctor", "--json", *words, check=False, env=env)
    assert PLANTED not in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer.returncode, json.loads(answer.stdout)


def of(found: list[dict], name: str) -> list[str]:
    return [finding["level"] for finding in found if finding["name"] == name]


def test_a_running_installation_is_well(product):
    code, found = asked(product)
    assert [finding for finding in found if finding["level"] != "ok"] == [] and code == 0
    assert {"postgresql", "roles", "migrations", "self-test", "clocks", "broker", "workers", "clock", "disk"} <= {
        finding["name"] for finding in found
    }
    assert of(found, "workers") == ["ok", "ok"], "a worker answered in each queue"


def test_processes_that_have_read_another_file_are_told_to_be_restarted(product):
    assert of(asked(product, "--only", "workers", "--only", "file_in_force")[1], "file in force") == ["ok"]
    file = product.home / "countersign.toml"
    file.write_text("[pools.new]\nper_minute = 1\n")
    file.chmod(0o600)
    try:
        code, found = asked(product, "--only", "workers", "--only", "file_in_force")
    finally:
        file.unlink()
    [told] = [finding for finding in found if finding["name"] == "file in force"]
    assert (code, told["level"]) == (1, "warn")
    assert told["says"].startswith("clock, web, worker read another file") and "Restart them" in told["next"]


def test_people_read_lines_with_the_next_step(product):
    answer = product.manage("doctor", check=False, env={"COUNTERSIGN_URL": "http://sign.example"})
    assert answer.returncode == 1
    assert "warn  settings" in answer.stdout and "-> Put a TLS proxy in front" in answer.stdout


@pytest.mark.long
def test_a_worker_that_stands_still_and_a_broker_that_is_away_are_found(product):
    worker = product.pids["worker"]
    os.killpg(worker, signal.SIGSTOP)
    try:
        code, found = asked(product)
    finally:
        os.killpg(worker, signal.SIGCONT)
    assert code == 2 and of(found, "workers") == ["fail", "fail"] and of(found, "broker") == ["ok"]
    code, found = asked(product, REDIS_URL=f"redis://:{PLANTED}@127.0.0.1:{free_port()}/0")
    assert code == 2 and of(found, "broker") == ["fail"] and of(found, "postgresql") == ["ok"]


def test_the_owners_own_login_is_no_role_for_the_product(product):
    code, found = asked(product, DATABASE_URL=product.services["database_owner_url"])
    assert code == 2 and of(found, "roles") == ["fail"] and "fail" in of(found, "self-test")


def test_what_lies_outside_is_visited_only_when_asked(product):
    mail = f"smtps://ana:{PLANTED}@127.0.0.1:{free_port()}"
    assert of(asked(product, COUNTERSIGN_MAIL_URL=mail)[1], "mail") == []
    code, found = asked(product, "--network", COUNTERSIGN_MAIL_URL=mail)
    assert code == 2 and of(found, "mail") == ["fail"]
    assert of(found, "address") == ["ok", "ok"]


@pytest.fixture
def stopped(tmp_path):
    (home := tmp_path / "home").mkdir(mode=0o700)
    return Product(home, env={"DATABASE_URL": f"postgresql://cs_app:{PLANTED}@127.0.0.1:{free_port()}/countersign"})


def test_an_installation_that_is_stopped_is_told_what_can_be_told(stopped):
    code, found = asked(stopped)
    assert code == 2 and of(found, "postgresql") == ["fail"] and of(found, "disk") == ["ok"]
    assert of(found, "self-test") == []


def test_a_mistake_in_the_operators_file_is_a_finding_with_its_line(stopped):
    (stopped.home / "countersign.toml").write_text("[hosts.shop]\nurl = 7\n")
    code, [finding] = asked(stopped)
    assert code == 2 and "countersign.toml:2: hosts.shop.url" in finding["says"]


def test_settings_that_cannot_be_read_are_a_finding(stopped):
    code, [finding] = asked(stopped, COUNTERSIGN_LOG_FORMAT="xml")
    assert code == 2 and "COUNTERSIGN_LOG_FORMAT" in finding["says"]


def test_a_data_folder_that_others_may_read_is_found(stopped):
    stopped.home.chmod(0o755)
    found = asked(stopped)[1]
    assert of(found, "data folder") == ["fail"] and stat.S_IMODE(stopped.home.stat().st_mode) == 0o755


def test_a_secret_that_cannot_be_used_is_named_and_not_shown(stopped):
    (path := stopped.home / "key").write_text(PLANTED)
    path.chmod(0o644)
    text = (
        '[hosts.shop]\nurl = "https://shop.example"\n[secrets.shop]\nhost = "shop"\nkind = "hmac"\nvalue_file = "key"\n'
    )
    (stopped.home / "countersign.toml").write_text(text)
    (stopped.home / "countersign.toml").chmod(0o600)
    assert of(asked(stopped)[1], "countersign.toml") == ["warn"]


def test_a_question_that_there_is_not_is_no_good_news(stopped):
    code, [finding] = asked(stopped, "--only", "worker")
    assert code == 2 and "workers" in finding["next"]
