"""Web, worker and clock as systemd starts them, each by itself, on a PostgreSQL and a Valkey that somebody else runs."""

import configparser
import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request

import pytest

from controlplane.home import CHECKOUT
from tests import templates
from tests.product import PRIVATE, Product, alive, free_port, until

pytestmark = pytest.mark.long

PLANTED = "planted-token-5203-planted"
READY = {"worker": "ready.", "clock": "", "web": "startup complete"}


class Station:
    """One process, by the very command of its unit."""

    def __init__(self, name: str, env: dict[str, str], folder, port: int):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str
        parser.read(CHECKOUT / "packaging" / "systemd" / f"countersign-{name}.service")
        words = shlex.split(parser["Service"]["ExecStart"])
        words[0] = sys.executable
        words = [str(port) if word == "8000" else word for word in words]
        self.name, self.log = name, folder / f"{name}.log"
        extra = {"REMAP_SIGTERM": "SIGQUIT"} if name == "worker" else {}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(words, cwd=CHECKOUT, env=env | extra, stdout=log, stderr=log)

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


@pytest.mark.parametrize("name", sorted(READY))
def test_none_starts_with_settings_that_make_no_sense(name, tmp_path):
    """No server is needed to see it: a lease shorter than a call would do things twice."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(PRIVATE)}
    env |= {"COUNTERSIGN_HOME": str(tmp_path / "home"), "COUNTERSIGN_LEASE_SECONDS": "10"}
    station = Station(name, env, tmp_path, free_port())
    assert station.process.wait(timeout=60) != 0
    assert "COUNTERSIGN_LEASE_SECONDS must exceed COUNTERSIGN_TOOL_SECONDS" in station.log.read_text()


@pytest.fixture(scope="module")
def stations(tmp_path_factory):
    """The three processes beside a product that lends its servers; its own worker and clock are put to sleep."""
    folder = tmp_path_factory.mktemp("stations")
    with Product(templates.installed().copy_to(folder / "servers")) as lender:
        port = free_port()
        env = lender.env | {
            "COUNTERSIGN_HOME": str(folder / "home"),
            "COUNTERSIGN_URL": "https://sign.example",
            "COUNTERSIGN_LOG_FORMAT": "json",
            "COUNTERSIGN_METRICS_TOKEN": PLANTED,
            "DATABASE_URL": lender.services["database_url"],
            "REDIS_URL": lender.services["redis_url"],
        }
        for name in ("worker", "clock"):
            os.killpg(lender.pids[name], signal.SIGSTOP)
        made = {name: Station(name, env, folder, port) for name in READY}
        try:
            until(lambda: answers(port, "readyz"), seconds=90, what="readyz")
            until(lambda: "ready." in made["worker"].log.read_text(), seconds=90, what="a worker")
            yield made, port, env
        finally:
            for station in made.values():
                station.process.kill()
                station.process.wait()
            for name in ("worker", "clock"):
                os.killpg(lender.pids[name], signal.SIGCONT)


def answers(port: int, path: str, **headers: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()
    except OSError:
        return b""


def test_each_does_its_part_on_servers_of_somebody_elses(stations):
    _, port, env = stations
    asked = [sys.executable, "manage.py", "doctor", "--json"]
    found = json.loads(subprocess.run(asked, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False).stdout)
    levels = {(finding["name"], finding["level"]) for finding in found}
    assert {("workers", "ok"), ("clock", "ok"), ("self-test", "ok"), ("broker", "ok")} <= levels
    assert b"countersign_database_up 1.0" in answers(port, "metrics", Authorization=f"Bearer {PLANTED}")
    assert answers(port, "metrics") == b""


def test_every_line_of_every_process_is_json_and_holds_no_secret(stations):
    made, port, env = stations
    answers(port, f"accounts/login/?token={PLANTED}", Authorization=f"Bearer {PLANTED}")
    until(lambda: any("account_login" in line for line in made["web"].lines), seconds=20, what="an access line")
    for station in made.values():
        parsed = [json.loads(line) for line in station.lines]
        assert parsed or station.name == "clock"
        assert all({"at", "level", "logger", "message"} <= set(line) for line in parsed)
        text = station.log.read_text()
        assert PLANTED not in text and env["DATABASE_URL"].split(":")[2].split("@")[0] not in text
    [line] = [json.loads(line) for line in made["web"].lines if "account_login" in line]
    assert (line["logger"], line["status"], line["method"]) == ("countersign.access", 200, "GET")


def test_behind_the_proxy_every_request_counts_as_one_over_https(stations):
    """The proxy ends TLS and speaks http with us: a redirect to https would go round for ever."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stations[1]}/accounts/login/", timeout=10) as answer:
        assert answer.status == 200 and "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        assert answer.headers["Set-Cookie"].startswith("__Host-csrf=") and "Secure" in answer.headers["Set-Cookie"]


# Last: afterwards nothing runs.
@pytest.mark.parametrize("name", ["web", "clock", "worker"])
def test_each_stops_by_itself_when_it_is_asked_to(stations, name):
    station = stations[0][name]
    assert station.stop() in (0, -signal.SIGTERM), station.log.read_text()
    assert not alive(station.process.pid) and "Traceback" not in station.log.read_text()
