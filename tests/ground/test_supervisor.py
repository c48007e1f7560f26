"""The supervisor over small children: a Python that sleeps, one that won't die, one that leaves others behind."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from controlplane import processes
from controlplane.supervisor import Child, Stopped, Supervisor, end_strays
from tests.product import alive, until

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path / "children.json", [].append)
    made.listen()
    yield made
    made.stopping = ""
    made.stop()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def child(tmp_path, name: str, code: str = SLEEP, ends=((signal.SIGTERM, 5.0),), height: int = 0) -> Child:
    log = tmp_path / f"{name}.log"
    return Child(name, lambda: processes.spawn([sys.executable, "-c", code], log=log), log, ends, height)


def test_killed_child_comes_back_as_a_new_process(supervisor, tmp_path):
    one = child(tmp_path, "one")
    supervisor.add(one)
    old = one.process.pid
    os.kill(old, signal.SIGKILL)
    assert supervisor.wait(lambda: one.process and one.process.pid != old and one.process.poll() is None, seconds=5)


def test_child_that_keeps_dying_is_started_less_and_less_often(supervisor, tmp_path):
    bad = child(tmp_path, "bad", "raise SystemExit(3)")
    supervisor.add(bad)
    began = time.monotonic()
    assert supervisor.wait(lambda: bad.deaths == 4, seconds=10)
    assert time.monotonic() - began > 0.2 + 0.4 + 0.8


def test_children_stop_before_what_they_use(supervisor, tmp_path):
    code = "import signal, sys, time, pathlib\n"
    code += "signal.signal(15, lambda *_: (pathlib.Path({0!r}).open('a').write({1!r}), sys.exit()))\n"
    code += "print('up', flush=True)\ntime.sleep(60)"
    order = tmp_path / "order"
    for name, height in (("b", 1), ("c", 2), ("a", 0)):
        supervisor.add(child(tmp_path, name, code.format(str(order), name), height=height))
    assert supervisor.wait(lambda: all("up" in (tmp_path / f"{n}.log").read_text() for n in "abc"), seconds=10)
    supervisor.stop()
    assert order.read_text() == "cba"


def test_child_that_ignores_the_request_is_killed_in_time(supervisor, tmp_path):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    deaf = child(tmp_path, "deaf", code, ends=((signal.SIGTERM, 0.3),))
    supervisor.add(deaf)
    assert supervisor.wait(lambda: "up" in deaf.log.read_text(), seconds=10)
    began, pid = time.monotonic(), deaf.process.pid
    supervisor.stop()
    assert not alive(pid) and time.monotonic() - began < 3


def test_death_of_a_pool_leader_takes_its_pool_along(supervisor, tmp_path):
    code = f"import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True); "
    leader = child(tmp_path, "leader", code + "time.sleep(60)")
    supervisor.add(leader)
    assert supervisor.wait(lambda: leader.log.read_text().strip(), seconds=10)
    member = int(leader.log.read_text())
    leader.process.kill()
    assert supervisor.wait(lambda: not alive(member), seconds=5)


def test_ctrl_c_ends_every_wait(supervisor, tmp_path):
    supervisor.add(child(tmp_path, "one"))
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Stopped, match="SIGINT"):
        supervisor.wait(lambda: False, seconds=60)


def test_command_shows_its_lines_while_children_are_looked_after(supervisor, tmp_path):
    one, shown = child(tmp_path, "one"), []
    supervisor.add(one)
    old = one.process.pid
    os.kill(old, signal.SIGKILL)
    code = "import time; print('first', flush=True); time.sleep(1); print('second')"
    process = processes.spawn([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert supervisor.run_once(process, shown.append) == 0
    assert shown == ["first", "second"]
    assert one.process.pid != old


def test_stray_of_a_killed_supervisor_is_ended_and_a_stranger_with_its_pid_is_not(tmp_path):
    record = tmp_path / "children.json"
    stray, stranger = (processes.spawn([sys.executable, "-c", SLEEP]) for _ in range(2))
    try:
        known = {"web": {"pid": stray.pid, "birth": processes.birth(stray.pid)}}
        known["clock"] = {"pid": stranger.pid, "birth": "1"}
        record.write_text(json.dumps(known))
        assert end_strays(record) == ["web"]
        until(lambda: stray.poll() is not None, seconds=5, what="the end of the stray")
        assert stranger.poll() is None
    finally:
        for process in (stray, stranger):
            processes.end(process)


def test_child_dies_when_its_supervisor_is_killed(tmp_path):
    parent = os.fork()
    if parent == 0:
        made = processes.spawn([sys.executable, "-c", SLEEP], ends_by=signal.SIGKILL)
        time.sleep(0.5)
        (tmp_path / "pid").write_text(str(made.pid))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(parent, 0)
    until(lambda: not alive(int((tmp_path / "pid").read_text())), seconds=5, what="the end of the child")


def test_large_log_is_set_aside_before_a_start(tmp_path):
    log = tmp_path / "web.log"
    log.write_text("x" * 20)
    processes.rotate(log, limit=10)
    assert not log.exists() and (tmp_path / "web.log.1").exists()


def test_large_log_is_set_aside_while_something_writes_to_it(tmp_path):
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old " * 100)
        processes.trim(log, limit=399)
        writer.write(b"new")
    assert (log.read_bytes(), log.with_name("web.log.1").read_bytes()) == (b"new", b"old " * 100)
    assert log.with_name("web.log.1").stat().st_mode & 0o777 == 0o600
    processes.trim(log, limit=399)
    assert log.read_bytes() == b"new"
