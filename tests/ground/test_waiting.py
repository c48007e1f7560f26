"""Long polls at the one door: with real uvicorn, sockets and NOTIFY, then the door alone for what is hard to time."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import psycopg
import pytest

from controlplane import embedded, news, places, waiting
from controlplane.up import UVICORN_OPTIONS
from tests.loops import run
from tests.product import CHECKOUT, free_port, until
from tests.waitingroom import TABLES, THREADS

CROWD = 500
PATIENCE = 30
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND state = 'idle' AND query <> ''"
OF_THE_APP = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'cs_app'"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    home = tmp_path_factory.mktemp("waiting") / "home"
    places.claim(home)
    server = embedded.Postgres(places.settle(home), durable=False)
    server.start()
    yield server
    server.stop()
    places.discard(server.place)


@pytest.fixture
def room(postgres, tmp_path):
    """A web process with the door, and a table of things behind it."""
    made = Room(postgres, tmp_path / "web.log")
    try:
        made.start()
        yield made
    finally:
        made.close()


class Room:
    """The web process, and the database as its owner sees it."""

    def __init__(self, postgres, log):
        self.url, self.log, self.port = postgres.url("cs_app"), log, free_port()
        self.owner = psycopg.connect(postgres.url("postgres"), autocommit=True)
        self.process = None

    def start(self) -> None:
        self.owner.execute("DROP TABLE IF EXISTS thing, asked")
        self.owner.execute(TABLES)
        command = [sys.executable, "-m", "uvicorn", "tests.waitingroom:application", "--port", str(self.port)]
        environment = os.environ | {"WAITINGROOM_URL": self.url}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *UVICORN_OPTIONS], cwd=CHECKOUT, env=environment, stdout=log, stderr=log
            )
        until(self.is_ready, seconds=PATIENCE, what="a web process that listens for news")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return b"running on" in self.log.read_bytes() and bool(self.listeners())

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.owner.close()

    def value(self, query: str, *values):
        return self.owner.execute(query, values).fetchone()[0]

    def listeners(self) -> list[int]:
        return [pid for (pid,) in self.owner.execute(LISTENERS, [news.APPLICATION])]

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def sockets(self) -> int:
        folder = f"/proc/{self.process.pid}/fd"
        return sum(os.readlink(f"{folder}/{number}").startswith("socket:") for number in os.listdir(folder))

    def add(self, count: int, noun: str = "run") -> list[str]:
        """Put open things on the table; return their keys."""
        keys = [f"{noun}:{UUID(int=number)}" for number in range(count)]
        self.owner.execute("INSERT INTO thing SELECT unnest(%s::text[])", [keys])
        return keys

    def finish(self, *keys: str) -> None:
        """Finish things, and say so as the product's triggers do."""
        self.owner.execute("UPDATE thing SET state = 'done' WHERE key = ANY(%s)", [list(keys)])
        self.owner.execute("SELECT pg_notify('countersign_news', key) FROM unnest(%s::text[]) AS key", [list(keys)])

    def asked(self, key: str = "%") -> int:
        """Return how often the application was asked about a thing, or about anything."""
        return self.value("SELECT count(*) FROM asked WHERE key LIKE %s", key)

    async def poll(self, stack: AsyncExitStack, key: str, wait: int = 60) -> asyncio.Task:
        """Ask on a socket of its own; return the task that ends with (status, headers, body)."""
        noun, number = key.split(":")
        path = f"/api/v1/{noun}s/{number}/" + ("decision/" if noun == "action" else "")
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path}?wait={wait} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        stack.callback(writer.close)
        return asyncio.create_task(read_answer(reader))

    @asynccontextmanager
    async def crowd(self, keys: list[str]):
        """Clients that wait, one a key, each asked about once and kept from its answer."""
        async with AsyncExitStack() as stack:
            polls = [await self.poll(stack, key) for key in keys]
            await happens(lambda: self.asked() == len(keys), "the first question of everybody")
            yield dict(zip(keys, polls, strict=True))


async def read_answer(reader) -> tuple[int, bytes, dict]:
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(body.split(b"\r\n")[1::2])
    return int(head.split()[1]), head.lower(), json.loads(body)


async def happens(done, what: str):
    """Wait for something in the database, and leave the loop to whoever else is in it."""
    await asyncio.to_thread(until, done, seconds=PATIENCE, what=what)


async def within(*tasks: asyncio.Task) -> list[dict]:
    """Return the bodies, once all have been answered 200 without a word of what the view said to the door."""
    answers = await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
    assert all(status == 200 and waiting.UNFINISHED not in head for status, head, _ in answers)
    return [body for _, _, body in answers]


@pytest.fixture
def files():
    """Enough open files for both ends of a crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CROWD)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_five_hundred_who_wait_hold_no_thread_and_no_connection(room, files):
    keys, other = room.add(CROWD), room.add(1, "action")[0]

    async def story():
        async with room.crowd(keys) as polls, AsyncExitStack() as stack:
            # The application's own threads and connections, and the one that listens; the rest are Python's.
            assert room.threads() < THREADS + 12 and room.value(OF_THE_APP) <= THREADS + 1
            assert room.value(OF_THE_APP + " AND state <> 'idle'") == 0
            room.finish(other)
            assert (await within(await room.poll(stack, other)))[0]["state"] == "done"
            assert not any(poll.done() for poll in polls.values())

            room.finish(keys[7])
            assert await within(polls.pop(keys[7])) == [{"key": keys[7], "state": "done"}]
            assert room.asked(keys[7]) == 2 and room.asked() == CROWD + 2, "nobody else was woken"
            assert not any(poll.done() for poll in polls.values())

            room.finish(*polls)
            assert [body["state"] for body in await within(*polls.values())] == ["done"] * (CROWD - 1)

    run(story())


def test_stopping_the_web_process_answers_everybody_who_waits(room):
    keys = room.add(50)

    async def story():
        async with room.crowd(keys) as polls:
            room.process.send_signal(signal.SIGTERM)
            assert [body["state"] for body in await within(*polls.values())] == ["open"] * 50

    run(story())
    room.process.wait(timeout=PATIENCE)
    said = room.log.read_text()
    assert room.asked() == 50, "with the answers they had"
    assert "Finished server process" in said and "Cancel" not in said and "Traceback" not in said


def test_lost_connection_comes_back_and_what_it_missed_is_asked_for(room):
    keys = room.add(2)

    async def story():
        async with room.crowd(keys) as polls:
            (lost,) = room.listeners()
            # Finished without a word: only whoever asks again finds out.
            room.owner.execute("UPDATE thing SET state = 'done' WHERE key = %s", [keys[0]])
            room.owner.execute("SELECT pg_terminate_backend(%s)", [lost])
            assert (await within(polls[keys[0]]))[0]["state"] == "done"
            await happens(lambda: room.listeners() not in ([], [lost]), "a new listener")
            room.finish(keys[1])
            assert (await within(polls[keys[1]]))[0]["state"] == "done"

    run(story())


def test_client_that_hangs_up_is_no_longer_waited_for(room):
    key, other = room.add(2)
    before = room.sockets()

    async def story():
        async with room.crowd([key]):
            assert room.sockets() > before
        await happens(lambda: room.sockets() == before, "the end of the connection")
        room.finish(key)
        async with AsyncExitStack() as stack:
            poll = await room.poll(stack, other)
            await happens(lambda: room.asked(other) == 1, "the other's first question")
            room.finish(other)
            await within(poll)

    run(story())
    assert room.asked(key) == 1


# -- the door alone ----------------------------------------------------------------------------------------------------

RUN, ACTION = f"run:{UUID(int=1)}", f"action:{UUID(int=2)}"
RUN_PATH, ACTION_PATH = f"/api/v1/runs/{UUID(int=1)}/", f"/api/v1/actions/{UUID(int=2)}/decision/"


class Desk:
    """What is behind the door: `state` is its answer, unfinished while "open"; `while_answering` happens in between."""

    def __init__(self, key: str = RUN, while_answering=lambda: None):
        self.key, self.state, self.while_answering = key, "open", while_answering
        self.bodies, self.inside, self.most = [], 0, 0

    async def __call__(self, scope, receive, send):
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.bodies.append((await receive())["body"])
        said, mark = self.state, (b"Countersign-Unfinished", self.key.encode())
        headers = [(b"content-type", b"text/plain"), *([mark] if said == "open" else [])]
        self.while_answering()
        await asyncio.sleep(0.001)
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said.encode()})


class Caller:
    """One request as a server hands it over. `gone` is set when the client hangs up."""

    def __init__(self, door, path=RUN_PATH, query="wait=30", method="GET"):
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": []}
        self.gone, self.got = asyncio.Event(), []
        self.task = asyncio.create_task(door(scope, b"body", self.receive, self.send))

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.got.append(message)

    async def answer(self) -> str:
        await asyncio.wait_for(self.task, PATIENCE / 2)
        start, body = self.got
        assert start["headers"] == [(b"content-type", b"text/plain")]
        return body["body"].decode()


def new_door(desk, *, flowing=True) -> waiting.Door:
    """A door to this desk. News flow when somebody says so; here nobody is connected."""
    door = waiting.Door(desk, news.News(dict))
    door.news.flowing = flowing
    return door


async def asleep(desk, times: int) -> None:
    """Return when the desk has been asked so often, and whoever asked has its answer."""
    async with asyncio.timeout(PATIENCE):
        while len(desk.bodies) < times or desk.inside:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (RUN_PATH, "wait=1", (RUN, 1)),
        (RUN_PATH, "wait=60", (RUN, 60)),
        (RUN_PATH, "wait=abc&wait=5", (RUN, 5)),
        (ACTION_PATH, "x=1&wait=50", (ACTION, 50)),
        (RUN_PATH, "", None),
        (RUN_PATH, "wait=", None),
        (RUN_PATH, "wait=0", None),
        (RUN_PATH, "wait=61", None),
        (RUN_PATH, "wait=-5", None),
        (RUN_PATH, "wait=1.5", None),
        (RUN_PATH, "wait=+5", None),
        (RUN_PATH, "wait=%D9%A5", None),
        (RUN_PATH, "wait=5&wait=no", None),
        (ACTION_PATH.replace("decision/", ""), "wait=5", None),
        (RUN_PATH + "decision/", "wait=5", None),
        (RUN_PATH.upper(), "wait=5", None),
        ("/api/v1/runs/", "wait=5", None),
    ],
)
def test_only_a_clear_wish_waits(path, query, expected):
    found = waiting.wish({"method": "GET", "path": path, "query_string": query.encode()})
    assert (found and (found.key, found.seconds)) == expected
    assert waiting.wish({"method": "POST", "path": path, "query_string": query.encode()}) is None


@pytest.mark.parametrize("how", [{"query": ""}, {"method": "POST"}, {"path": "/elsewhere"}, {"path": ACTION_PATH}])
def test_word_to_the_door_never_gets_out_and_nobody_waits_for_another_thing(how):
    async def story():
        desk = Desk()
        assert await Caller(new_door(desk), **how).answer() == "open"
        assert desk.bodies == [b"body"]

    run(story())


def test_news_that_comes_before_the_first_answer_does_is_not_lost():
    async def story():
        door = new_door(desk := Desk())

        def finish():
            desk.state = "done"
            door.news.tell(RUN)

        desk.while_answering = finish
        assert await Caller(door).answer() == "done"
        assert desk.bodies == [b"body", b"body"], "the same was asked again"

    run(story())


def test_news_that_finishes_nothing_is_one_more_question():
    async def story():
        door = new_door(desk := Desk())
        caller = Caller(door)
        for asked in (1, 2, 3):
            await asleep(desk, asked)
            assert len(desk.bodies) == asked and not caller.task.done()
            desk.state = "done" if asked == 3 else "open"
            door.news.tell(RUN)
        assert await caller.answer() == "done"

    run(story())


def test_time_that_is_over_gives_the_last_answer():
    async def story():
        door = new_door(desk := Desk())
        assert await Caller(door, query="wait=1").answer() == "open"
        assert len(desk.bodies) == 1 and door.news.waiting == 0

    run(story())


def test_woken_crowd_asks_a_few_at_a_time():
    async def story():
        door = new_door(desk := Desk())
        callers = [Caller(door) for _ in range(200)]
        await asleep(desk, 200)
        desk.state, desk.most = "done", 0
        door.news.tell_all()
        assert {await caller.answer() for caller in callers} == {"done"}
        assert desk.most == waiting.TURNS

    run(story())


def test_while_no_news_can_come_waiters_ask_by_themselves(monkeypatch):
    monkeypatch.setattr(news, "PATIENCE_SECONDS", 0.02)

    async def story():
        door = new_door(desk := Desk(), flowing=False)
        caller = Caller(door)
        await asleep(desk, 3)
        desk.state = "done"
        assert await caller.answer() == "done"

    run(story())


def test_one_too_many_is_answered_at_once():
    async def story():
        door = new_door(desk := Desk())
        door.room = 2
        waiters = [Caller(door), Caller(door)]
        await asleep(desk, 2)
        assert await Caller(door).answer() == "open"
        desk.state = "done"
        door.news.tell(RUN)
        assert [await waiter.answer() for waiter in waiters] == ["done", "done"]

    run(story())


def test_client_that_is_gone_is_neither_asked_for_nor_answered():
    async def story():
        door = new_door(desk := Desk())
        caller = Caller(door)
        await asleep(desk, 1)
        caller.gone.set()
        await asyncio.wait_for(caller.task, PATIENCE)
        assert caller.got == [] and len(desk.bodies) == 1 and door.news.waiting == 0

    run(story())


def test_closing_lets_also_those_go_who_stand_in_line():
    async def story():
        door = new_door(desk := Desk())
        callers = [Caller(door) for _ in range(50)]
        await asleep(desk, 50)
        desk.while_answering = door.close
        door.news.tell_all()
        assert {await caller.answer() for caller in callers} == {"open"}
        assert len(desk.bodies) <= 50 + waiting.TURNS
        assert await Caller(door).answer() == "open", "nobody begins to wait any more"

    run(story())


def test_database_that_is_away_at_the_start_is_found_later(postgres, tmp_path):
    nowhere = {"host": str(tmp_path), "dbname": "x"}
    attempts = [nowhere, nowhere, psycopg.conninfo.conninfo_to_dict(postgres.url("cs_app"))]

    async def story():
        heard = news.News(lambda: attempts.pop(0))
        listening = asyncio.create_task(heard.listen())
        with heard.about(RUN) as bell:
            assert await bell.rings(before=asyncio.get_running_loop().time() + PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while not heard.flowing:
                await asyncio.sleep(0.01)
        listening.cancel()
        await asyncio.wait([listening])
        assert not heard.flowing and attempts == []

    run(story())


def test_room_for_waiters_follows_the_limit_of_open_files():
    code = """
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from controlplane.waiting import make_room
for hard in (5000, 1000, 400):
    setrlimit(RLIMIT_NOFILE, (300, hard))
    print(make_room(2000), getrlimit(RLIMIT_NOFILE)[0])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["2000 2512", "488 1000", "0 400"], done.stderr
