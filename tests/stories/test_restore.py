"""A company is backed up while it works, and comes back somewhere else: same queue, same record, and nothing runs by itself."""

import json
import os
import shutil
import stat

import httpx
import psycopg
import pytest

from tests.product import Product
from tests.visitor import Reviewer

WAITING = "SELECT id::text FROM agents_action WHERE state = 'awaiting_review' ORDER BY 1"
HELD = "SELECT id::text FROM agents_action WHERE state = 'on_hold' AND held_from = 'awaiting_review' ORDER BY 1"
EVENTS = "SELECT id, verb, leaf_data FROM audit.event WHERE id <= %s ORDER BY id"
IN_ORDER = """
SELECT (SELECT min(xid) FROM audit.event WHERE id >= %s) > (SELECT max(xid) FROM audit.event WHERE id < %s)"""
SIGNED_IN = "SELECT count(*) FROM django_session"


def asked(product: Product, query: str, *values) -> list[tuple]:
    with psycopg.connect(product.services["database_owner_url"]) as connection:
        return connection.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def backup(company, tmp_path_factory):
    """A backup of the running company, and what stood in it then."""
    path = tmp_path_factory.mktemp("backup") / "monday"
    company.person("ana")  # somebody is signed in
    action = company.hold_refund()
    waiting, last = asked(company.product, WAITING), asked(company.product, "SELECT max(id) FROM audit.event")[0][0]
    said = company.product.manage("backup", str(path)).stderr
    return path, said, action["id"], waiting, asked(company.product, EVENTS, last)


@pytest.fixture(scope="module")
def restored(backup, tmp_path_factory):
    """The backup in a data folder of its own, started."""
    home = tmp_path_factory.mktemp("restored") / "home"
    product = Product(home)
    assert "every agent stands still" in product.manage("restore", str(backup[0])).stderr
    with product:
        yield product


def test_the_backup_and_its_keys_are_two_files_that_only_we_can_read(company, backup):
    path, said = backup[:2]
    keys = path.with_name("monday.keys")
    assert {stat.S_IMODE(file.stat().st_mode) for file in (path, keys)} == {0o600}
    assert str(path) in said and "SHA-256" in said and str(keys) in said
    assert sorted(os.listdir(path.parent)) == ["monday", "monday.keys"]
    secret = (company.product.home / "secret_key").read_bytes().strip()
    assert secret in keys.read_bytes() and secret not in path.read_bytes()


def test_everything_is_there_and_stands_still(restored, backup):
    _, _, action, waiting, events = backup
    held = asked(restored, HELD)
    assert (action,) in held and set(waiting) <= set(held)
    assert asked(restored, WAITING) == []
    assert asked(restored, EVENTS, events[-1][0]) == events
    assert asked(restored, SIGNED_IN) == [(0,)]


def test_the_record_goes_on_with_the_restore_and_in_order(restored, backup):
    later = asked(restored, "SELECT id, verb FROM audit.event WHERE id > %s ORDER BY id", backup[4][-1][0])
    verbs = [verb for _, verb in later]
    assert "database.restored" in verbs and verbs.index("database.restored") < verbs.index("standstill.began")
    restore_id = min(id for id, verb in later if verb == "database.restored")
    assert asked(restored, IN_ORDER, restore_id, restore_id) == [(True,)]
    ahead = "SELECT count(*) FROM audit.event WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"
    assert asked(restored, ahead) == [(0,)], "whoever reads the log by transactions would miss what is new"


def test_once_somebody_lets_it_the_queue_is_as_it_was_and_an_old_session_is_over(company, restored, backup):
    restored.manage("agent", "resume", "--everything", "--reason", "looked")
    assert set(backup[3]) <= set(asked(restored, WAITING))
    asked_doctor = restored.manage("doctor", "--json", check=False).stdout
    assert [finding for finding in json.loads(asked_doctor) if finding["level"] == "fail"] == []
    ana = Reviewer(restored.url, "ana", company.passwords["ana"])
    assert ana.http.get(f"{restored.url}/").status_code == 200
    # With a jar of its own: both are called localhost, and the answer takes the cookie away.
    with httpx.Client(cookies=company.person("ana").http.cookies, trust_env=False) as old:
        answer = old.get(f"{restored.url}/", follow_redirects=False)
    assert "countersign_session" in answer.request.headers["Cookie"] and answer.status_code == 302


def damaged(path, tmp_path, change):
    copy = tmp_path / "copy"
    shutil.copy(path, copy)
    shutil.copy(f"{path}.keys", f"{copy}.keys")
    change(copy)
    return copy


def refusal(path, home) -> str:
    answer = Product(home).manage("restore", str(path), check=False)
    assert answer.returncode == 1 and "Traceback" not in answer.stderr, answer.stderr
    assert not home.exists() or not any(home.iterdir())
    return answer.stderr


def cut(path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def turn_a_bit(path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def another_major(path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"major": 18', b'"major": 17', 1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut, "damaged"),
        (turn_a_bit, "database.dump isn't what was written"),
        (another_major, "comes from PostgreSQL 17"),
        (lambda path: path.write_bytes(b"nothing"), "doesn't begin as a backup does"),
        (lambda path: path.unlink(), "can't be read"),
    ],
)
def test_what_is_damaged_or_foreign_is_named_and_nothing_is_left_behind(backup, tmp_path, change, words):
    assert words in refusal(damaged(backup[0], tmp_path, change), tmp_path / "home")


def test_a_data_folder_that_holds_something_is_left_alone(backup, tmp_path):
    (home := tmp_path / "home").mkdir()
    (home / "mine").write_text("mine")
    answer = Product(home).manage("restore", str(backup[0]), check=False)
    assert answer.returncode == 1 and "isn't empty" in answer.stderr
    assert os.listdir(home) == ["mine"]


def test_a_backup_overwrites_nothing_and_shows_nothing(company, backup):
    for path, words in ((backup[0], "overwrites nothing"), ("-", "not to the terminal")):
        answer = company.product.manage("backup", str(path), check=False)
        assert answer.returncode == 1 and words in answer.stderr and answer.stdout == ""
