"""The embedded servers, started for real in folders of their own."""

import os
import shutil
import signal
import stat
from pathlib import Path

import kombu
import psycopg
import pytest
import redis

from controlplane import embedded, places, processes
from controlplane.places import CannotStart
from tests.product import alive, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up root")


@pytest.fixture
def place(tmp_path):
    """A place for servers in a data folder of its own, deleted afterwards."""
    home = tmp_path / "home"
    places.claim(home)
    made = places.settle(home)
    yield made
    places.discard(made)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One place whose servers several tests only look at."""
    home = tmp_path_factory.mktemp("shared") / "home"
    places.claim(home)
    made = places.settle(home)
    yield made
    places.discard(made)


@pytest.fixture(scope="module")
def postgres(shared):
    server = embedded.Postgres(shared, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def valkey(shared):
    server = embedded.Valkey(shared, durable=False)
    server.start()
    yield server
    server.stop()


def query(url: str, statement: str):
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_postgres_is_reached_over_its_socket_with_a_password_and_no_other_way(postgres):
    assert query(postgres.url("cs_app"), "SELECT current_setting('listen_addresses')") == ("",)
    assert stat.S_IMODE(postgres.place.sockets.stat().st_mode) == 0o700
    wrong = postgres.url("cs_app").replace(postgres.place.passwords["cs_app"], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(wrong.replace(":wrong@", "@"), passfile="/dev/null")


def test_cluster_is_utf8_with_builtin_collation_and_checksums(postgres):
    url = postgres.url("cs_app")
    row = query(url, "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = current_database()")
    assert row == ("b", "C.UTF-8")
    assert query(url, "SELECT current_setting('data_checksums'), current_setting('server_encoding')") == ("on", "UTF8")


@pytest.mark.parametrize("durable", [True, False])
def test_only_a_throw_away_cluster_skips_fsync(place, durable):
    server = embedded.Postgres(place, durable=durable)
    server.start()
    try:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        found = {query(server.url("cs_app"), f"SHOW {name}")[0] for name in names}
        assert found == {"on" if durable else "off"}
    finally:
        server.stop()


def test_product_role_can_make_no_table_not_even_a_temporary_one(postgres):
    for statement in ("CREATE TEMP TABLE x ()", "CREATE TABLE x ()", "CREATE SCHEMA x", "SET ROLE cs_owner"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(postgres.url("cs_app"), statement)


def test_product_role_cannot_hold_a_transaction_open_for_ever(postgres):
    row = query(
        postgres.url("cs_app"),
        "SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('transaction_timeout')",
    )
    assert row == ("30s", "1min")


def test_owner_cannot_log_in_and_owns_the_database(postgres):
    owner = "SELECT rolcanlogin, rolsuper, datdba = r.oid FROM pg_roles r, pg_database WHERE rolname = 'cs_owner'"
    assert query(postgres.url("postgres", "countersign"), f"{owner} AND datname = 'countersign'") == (
        False,
        False,
        True,
    )


def test_sample_service_and_product_cannot_read_each_others_database(postgres):
    postgres.add_guest("shop")
    assert query(postgres.url("shop", "shop"), "SELECT 1") == (1,)
    for role, database in (("shop", "countersign"), ("cs_app", "shop")):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(postgres.url(role, database))


def test_no_password_shows_in_a_command_line_or_a_log(postgres, valkey):
    passwords = postgres.place.passwords.values()
    assert stat.S_IMODE((postgres.place.servers / "passwords.json").stat().st_mode) == 0o600
    seen = " ".join(word for server in (postgres, valkey) for word in processes.command_line(server.process.pid))
    seen += "".join(path.read_text() for path in (postgres.place.home / "log").iterdir())
    assert not any(password in seen for password in passwords)


def test_interrupted_initdb_is_swept_away_and_done_again(place):
    draft = place.servers / "postgres.new"
    (draft / "global").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server = embedded.Postgres(place, durable=False)
    server.start()
    server.stop()
    assert not draft.exists()
    assert (place.servers / "postgres" / "global" / "pg_control").exists()


def test_half_a_cluster_is_refused_and_left_alone(place):
    part = place.servers / "postgres" / "base"
    part.mkdir(parents=True)
    with pytest.raises(CannotStart, match="isn't a whole PostgreSQL cluster"):
        embedded.Postgres(place).start()
    assert part.exists()


def test_cluster_of_another_major_version_is_refused_with_the_way_out(place):
    (place.servers / "postgres").mkdir()
    (place.servers / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(CannotStart, match=r"made by PostgreSQL 16, and this is PostgreSQL 18.*dump"):
        embedded.Postgres(place).start()


def test_committed_rows_survive_kill_of_postgres_and_its_stale_pid_file(place):
    first = embedded.Postgres(place)
    first.start()
    query(first.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS answer")
    first.process.kill()
    first.process.wait()
    assert (first.data / "postmaster.pid").exists()
    second = embedded.Postgres(place)
    second.start()
    try:
        assert query(second.url("postgres"), "SELECT answer FROM kept") == (42,)
    finally:
        second.stop()


def test_pid_file_that_names_a_stranger_is_dropped_and_the_stranger_lives(place):
    server = embedded.Postgres(place, durable=False)
    server.start()
    server.stop()
    stranger = processes.spawn([Path(shutil.which("sleep")), "60"])
    try:
        (server.data / "postmaster.pid").write_text(f"{stranger.pid}\n{server.data}\n")
        server.start()
        server.stop()
        assert stranger.poll() is None
    finally:
        processes.end(stranger)


@pytest.mark.parametrize("kind", [embedded.Postgres, embedded.Valkey])
def test_server_left_by_a_killed_supervisor_is_ended_before_a_new_one_starts(place, kind):
    left, new = kind(place, durable=False), kind(place, durable=False)
    left.start()
    try:
        new.start()
        assert new.answers()
        until(lambda: left.process.poll() is not None, seconds=10, what="the end of the old server")
    finally:
        new.stop()
        left.stop()


def test_stale_socket_of_a_killed_valkey_is_no_obstacle(place):
    server = embedded.Valkey(place)
    server.start()
    server.process.kill()
    server.process.wait()
    assert server.socket.exists()
    server.start()
    server.stop()


def test_valkey_wants_a_password_and_never_drops_keys(valkey):
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(unix_socket_path=str(valkey.socket)).ping()
    client = redis.Redis.from_url(valkey.url)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("port") == {"port": "0"}


def test_acknowledged_messages_survive_kill_of_valkey(place):
    server = embedded.Valkey(place)
    server.start()
    redis.Redis.from_url(server.url).set("kept", "yes")
    server.process.kill()
    server.process.wait()
    server.start()
    try:
        assert redis.Redis.from_url(server.url).get("kept") == b"yes"
    finally:
        server.stop()


def test_celery_reaches_valkey_through_the_broker_form_of_its_url(valkey):
    with kombu.Connection(embedded.broker_url(valkey.url)) as connection:
        queue = connection.SimpleQueue("doorbell")
        queue.put({"id": 1})
        assert queue.get(timeout=5).payload == {"id": 1}
        queue.close()


def test_broker_form_leaves_network_addresses_alone():
    assert embedded.broker_url("rediss://u:p@host:6380/2") == "rediss://u:p@host:6380/2"


def test_deep_data_folder_gets_its_sockets_in_a_short_private_one(tmp_path):
    home = tmp_path / ("d" * 60) / ("e" * 60)
    places.claim(home)
    folder = places.socket_folder(home, home / "servers", None)
    try:
        assert len(str(folder / ".s.PGSQL.5432")) < 104
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()


def test_socket_folder_that_somebody_else_prepared_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "trap").symlink_to(tmp_path / "real")
    with pytest.raises(CannotStart, match="isn't ours"):
        places.private_folder(tmp_path / "trap")


@as_root
def test_as_root_only_the_servers_give_up_root_even_under_a_private_home(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    places.claim(private / "home")
    place = places.settle(private / "home")
    server, broker = embedded.Postgres(place, durable=False), embedded.Valkey(place)
    try:
        server.start()
        broker.start()
        for process in (server.process, broker.process):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            ids = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("Uid", "Gid", "Groups"))}
            assert set(ids["Uid:"]) == {str(place.account.uid)} and "0" not in ids["Gid:"]
            assert "0" not in ids.get("Groups:", [])
        assert Path((private / "home" / "data-location").read_text().strip()) == place.servers
    finally:
        broker.stop()
        server.stop()
        places.discard(place)


@as_root
def test_moved_data_folder_keeps_its_servers_and_a_copied_one_is_refused(tmp_path):
    home, moved, copied = (tmp_path / name for name in ("home", "moved", "copied"))
    places.claim(home)
    place = places.settle(home)
    try:
        home.rename(moved)
        assert places.settle(moved).servers == place.servers
        shutil.copytree(moved, copied)
        with pytest.raises(CannotStart, match="is a copy of"):
            places.settle(copied)
    finally:
        places.discard(place)


@as_root
def test_data_folder_of_another_user_is_refused_by_name(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, places.choose_account().uid, -1)
    with pytest.raises(CannotStart, match=f"belongs to {places.choose_account().name}, and you are root"):
        places.claim(home)
    assert not any(home.iterdir())


def test_server_dies_with_the_supervisor(place, tmp_path):
    pid = os.fork()
    if pid == 0:
        embedded.Valkey(place).start()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    orphan = int((place.servers / "valkey" / "valkey.pid").read_text())
    until(lambda: not alive(orphan), seconds=10, what="the end of the orphan")
