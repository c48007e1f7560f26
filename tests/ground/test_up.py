"""`manage.py up` from outside: what it says, what it leaves, what it survives."""

import json
import os
import pty
import pwd
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import urllib.request
from contextlib import suppress

import pytest

from controlplane import embedded, places
from controlplane.home import CHECKOUT
from tests import templates
from tests.product import Product, alive, free_port, until

CHILDREN = {"postgres", "valkey", "worker", "clock", "web"}


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """One running product for the tests that leave it as they found it."""
    with Product(templates.installed().copy_to(tmp_path_factory.mktemp("up") / "home")) as running:
        yield running


@pytest.fixture
def home(tmp_path):
    """A data folder in which `up` has been before, which makes the next start a quick one."""
    return templates.installed().copy_to(tmp_path / "home")


def readyz(product: Product) -> int:
    try:
        return urllib.request.urlopen(f"{product.url}/readyz", timeout=5).status
    except OSError:
        return 0


def refused(home, *words: str, **env: str) -> str:
    """Return what `up` says when it doesn't start."""
    attempt = Product(home, env=env)
    try:
        attempt.start(*words)
        assert attempt.wait_end() == 1
        assert "Traceback" not in attempt.output
        return attempt.output
    finally:
        attempt.discard()


def test_up_says_where_it_is_and_runs_every_process(product):
    assert f"Countersign is ready: {product.url}" in product.output
    assert set(product.pids) == CHILDREN
    assert readyz(product) == 200


@pytest.mark.parametrize(
    "request_line",
    ["GET /accounts/login/", "GET /nothing", "GET /api/v1/queue/", "GET /static/countersign.css", "NONSENSE"],
)
def test_no_answer_names_what_serves_it(product, request_line):
    with socket.create_connection(("127.0.0.1", product.port), timeout=10) as asking:
        host = f"Host: localhost:{product.port}\r\nConnection: close"
        asking.sendall(f"{request_line} HTTP/1.1\r\n{host}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: asking.recv(65536), b"")).lower()
    assert answer.startswith(b"http/1.1 ") and b"\r\nserver:" not in answer
    assert not [name for name in (b"uvicorn", b"django/", b"python/", b"whitenoise", b"x-powered-by") if name in answer]


def test_second_up_says_that_the_first_is_running(product):
    second = Product(product.home, port=free_port())
    assert second.start().wait_end() == 1
    assert f"already running at {product.url} (pid {product.process.pid})" in second.output
    assert readyz(product) == 200


def test_busy_port_says_which_option_moves_it(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        said = refused(tmp_path / "home", "--port", str(busy.getsockname()[1]))
    assert "is taken" in said and "--port N" in said and "COUNTERSIGN_PORT" in said


def test_other_commands_find_the_services_in_a_private_file(product):
    path = product.home / "run" / "services.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {"database_url", "database_owner_url", "redis_url", "url"} <= set(product.services)
    assert product.manage("migrate", "--check").returncode == 0


@pytest.mark.parametrize("name", sorted(CHILDREN))
def test_killed_child_comes_back(product, name):
    old = product.kill(name)
    product.wait_restart(name, old)
    assert f"{name} was killed (SIGKILL)" in product.output
    until(lambda: readyz(product) == 200, seconds=30, what="ready again")


def test_ctrl_c_stops_everything_and_ends_well(home):
    with Product(home) as product:
        pids = product.pids.values()
        assert product.stop(signal.SIGINT) == 0
        assert not any(alive(pid) for pid in pids)
        assert not (product.home / "run" / "services.json").exists()
        assert product.output.rstrip().endswith("Stopped.")


def test_start_after_everything_was_killed_needs_no_tidying(home):
    with Product(home) as product:
        product.crash()
        assert (product.home / "run" / "services.json").exists()
        product.start().wait_ready()
        assert readyz(product) == 200
        # And when the supervisor alone was killed, nothing of it stays.
        pids = product.pids.values()
        product.process.kill()
        product.process.wait()
        product.start().wait_ready()
        assert not any(alive(pid) for pid in pids)
        assert product.stop(signal.SIGTERM) == 0


def test_terminal_that_goes_away_stops_everything(home):
    product = Product(home)
    try:
        words = [sys.executable, "manage.py", "up", "--home", product.home, "--port", str(product.port), "--no-demo"]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        # Tests that run under nohup must not hand on that the end of the terminal is to be ignored.
        heard = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)}
        process = subprocess.Popen(words, cwd=CHECKOUT, env=product.env, **output, **heard)
        process.stdout.close()  # from now on every line it prints is an error
        until(lambda: readyz(product) == 200, seconds=60, what="ready")
        pids = product.pids.values()
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=40) == 0
        assert not any(alive(pid) for pid in pids)
    finally:
        product.discard()


def test_terminal_that_goes_away_stops_everything_although_only_its_first_process_is_told(home):
    product = Product(home)
    words = [sys.executable, "manage.py", "up", "--home", str(home), "--port", str(product.port), "--no-demo"]
    # Like make: told of the end, it waits for its child and doesn't pass it on.
    first, terminal = pty.fork()
    if first == 0:
        os.chdir(CHECKOUT)
        os.execve("/bin/sh", ["sh", "-c", f"trap : HUP; {shlex.join(words)}; exit"], product.env)
    try:
        until(lambda: readyz(product) == 200, seconds=60, what="ready")
        pids = product.pids.values()
        os.close(terminal)
        until(lambda: os.waitpid(first, os.WNOHANG)[0], seconds=40, what="the end of it all")
        assert not any(alive(pid) for pid in pids)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first, signal.SIGTERM)
        product.discard()


def test_missing_database_is_named_without_its_password(tmp_path):
    url = f"postgresql://cs_app:hunter2@127.0.0.1:{free_port()}/countersign"
    said = refused(tmp_path / "home", DATABASE_URL=url, DATABASE_OWNER_URL=url)
    assert "(DATABASE_URL) doesn't answer" in said and "127.0.0.1:" in said
    assert "without DATABASE_URL the embedded PostgreSQL is used" in said
    assert "hunter2" not in said


def test_database_without_an_owner_login_is_explained(tmp_path):
    said = refused(tmp_path / "home", DATABASE_URL="postgresql://cs_app:hunter2@127.0.0.1/countersign")
    assert "DATABASE_OWNER_URL" in said and "bootstrap_sql" in said and "hunter2" not in said


def test_missing_redis_is_named_without_its_password(tmp_path):
    said = refused(tmp_path / "home", REDIS_URL=f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    assert "(REDIS_URL) doesn't answer" in said and "without REDIS_URL the embedded Valkey is used" in said
    assert "hunter2" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else's")
def test_data_folder_of_another_user_stays_as_it_is(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, places.choose_account().uid, -1)
    assert "belongs to" in refused(home)
    assert not any(home.iterdir())


def readable_python(plain: dict) -> str:
    """A Python of this version that a plain user may run, with our packages; the one of this run may lie in a private home."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            words = [
                python,
                "-c",
                "import sys, psycopg; sys.exit(sys.version_info[:3] != tuple(map(int, sys.argv[1:])))",
            ]
            version = map(str, sys.version_info[:3])
            if subprocess.run([*words, *version], cwd=CHECKOUT, capture_output=True, **plain).returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip("no Python of this version, or the checkout, can be read by a plain user")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_plain_user_runs_everything_in_the_data_folder(tmp_path_factory):
    account = pwd.getpwnam("nobody")
    base = tmp_path_factory.mktemp("plain")
    for folder in (base, *base.parents[:2]):
        folder.chmod(0o755)
    os.chown(base, account.pw_uid, account.pw_gid)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": sysconfig.get_path("platlib")}
    plain = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "env": env}
    python = readable_python(plain)
    words = [python, "manage.py", "up", "--home", base / "home", "--port", str(free_port()), "--no-demo"]
    process = subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, **plain)
    try:
        until(lambda: "is ready" in process.stdout.readline(), seconds=60, what="ready")
        assert (base / "home" / "servers" / "postgres" / "PG_VERSION").exists()
        assert not (base / "home" / "data-location").exists()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=40) == 0
        shutil.rmtree(base)


@pytest.mark.long
def test_external_servers_are_used_as_they_are(tmp_path):
    places.claim(tmp_path / "other")
    place = places.settle(tmp_path / "other")
    postgres, valkey = embedded.Postgres(place), embedded.Valkey(place)  # durable: the product refuses any other
    try:
        postgres.start()
        valkey.start()
        env = {
            "DATABASE_URL": postgres.url("cs_app"),
            "DATABASE_OWNER_URL": postgres.url("postgres"),
            "REDIS_URL": valkey.url,
        }
        with Product(tmp_path / "home", demo=True, env=env) as product:
            assert set(product.pids) == {"worker", "clock", "web"}
    finally:
        valkey.stop()
        postgres.stop()
        places.discard(place)
    assert "SHOP_DATABASE_URL" in product.output
    assert not (tmp_path / "home" / "servers").exists()


@pytest.mark.long
def test_bootstrap_sql_makes_the_roles_on_an_external_server_as_often_as_one_likes(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded.Postgres, "grant_roles", lambda self: None)
    places.claim(tmp_path / "home")
    place = places.settle(tmp_path / "home")
    postgres = embedded.Postgres(place, durable=False)
    psql = places.find_programs().postgres.with_name("psql")
    script = Product(tmp_path / "unused").manage("bootstrap_sql").stdout
    variables = ["owner_login=cs_deploy", "app_password=a'b", "sequencer_password=s", "auditor_password=x"]
    command = [
        psql,
        postgres.url("postgres", "postgres"),
        "-q",
        *[word for value in variables for word in ("-v", value)],
    ]
    try:
        postgres.start()
        with postgres.connect() as connection:
            connection.execute("CREATE ROLE cs_deploy LOGIN PASSWORD 'd'")
        for _ in range(2):
            done = subprocess.run(command, input=script, text=True, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
        host = postgres.url("postgres").partition("?")[2]
        app, owner = f"postgresql://cs_app:a%27b@/countersign?{host}", f"postgresql://cs_deploy:d@/countersign?{host}"
        env = {"DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
        assert Product(tmp_path / "unused", env=env).manage("migrate", "--noinput").returncode == 0
    finally:
        postgres.stop()
        places.discard(place)


@pytest.mark.long
def test_sample_company_is_loaded_once_and_its_service_keeps_its_port(tmp_path):
    home = templates.sample_company().copy_to(tmp_path / "home")  # which its first start has filled
    done = json.loads((home / "run" / "done.json").read_text())
    assert {"demo load", "demo run"} <= set(done)
    assert stat.S_IMODE((home / "sample-passwords.txt").stat().st_mode) == 0o600
    nouns = (home / "countersign.toml").read_text()
    assert "[scripts.refund_desk]" in nouns
    with Product(home, demo=True) as product:
        assert f'url = "{product.services["shop_url"]}"' in nouns
        assert json.loads((product.home / "run" / "done.json").read_text()) == done
        assert len(json.loads(product.manage("run", "list", "--json").stdout)) == 24, "a run a ticket, and none twice"
