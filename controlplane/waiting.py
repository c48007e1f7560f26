"""Long polls: a request that waits holds no thread and no database connection.

Django's views know nothing of waiting. They answer at once, and say in a header when `?wait=` was asked for and the
thing isn't finished; the door keeps that answer, waits for news about the thing, and asks Django the same again.
"""

import asyncio
import re
import resource
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from controlplane import bodies
from controlplane.news import Bell, News

#: What a view says to the door, and no client ever sees: `run:<uuid>` or `action:<uuid>`, asked to wait, not finished.
UNFINISHED = b"countersign-unfinished"
#: Said in the scope when Django is asked again for somebody who waits: the client asked once, and is counted once.
AGAIN = "countersign.again"
MAX_SECONDS = 60
MAX_WAITERS = 2000
# Whoever is woken asks again through these few: 500 woken at once must leave threads for everybody else's pages.
TURNS = 4
# Open files that are not for waiters: other requests, the database, logs.
SPARE_FILES = 512

_PATH = re.compile(r"/api/v1/(?:(run)s/([0-9a-f-]{36})|(action)s/([0-9a-f-]{36})/decision)/")

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]


@dataclass(frozen=True)
class Wish:
    """What a client wants to hear of, and for how many seconds it will wait."""

    key: str
    seconds: int


def wish(scope: dict) -> Wish | None:
    """Return what a request wants to wait for; None when it may not wait. Nonsense is the view's to refuse."""
    match = _PATH.fullmatch(scope["path"])
    if not match or scope["method"] != "GET":
        return None
    words = parse_qs(scope["query_string"].decode("latin-1")).get("wait", [""])
    if not re.fullmatch(r"[0-9]{1,2}", words[-1]) or not 1 <= int(words[-1]) <= MAX_SECONDS:
        return None
    return Wish(":".join(filter(None, match.groups())), int(words[-1]))


@dataclass
class Answer:
    """Django's whole answer, kept until it is known whether the client gets this one."""

    unfinished: str = ""
    messages: list[dict] = field(default_factory=list)

    async def take(self, message: dict) -> None:
        """Keep the next part of the answer: the `send` that Django is given."""
        if message["type"] == "http.response.start":
            self.unfinished = next((value.decode("latin-1") for name, value in message["headers"] if _marks(name)), "")
        self.messages.append(_unmarked(message))


def unmarking(send: Send) -> Send:
    """Return a `send` that keeps the views' word to the door from the client."""

    async def pass_on(message: dict) -> None:
        await send(_unmarked(message))

    return pass_on


def _marks(name: bytes) -> bool:
    return name.lower() == UNFINISHED


def _unmarked(message: dict) -> dict:
    if message["type"] != "http.response.start":
        return message
    return message | {"headers": [pair for pair in message["headers"] if not _marks(pair[0])]}


class Visit:
    """One client that waits: `hung_up` once it is gone. Its bell rings then, so that nobody waits for nobody."""

    def __init__(self, scope: dict, body: bytes, bell: Bell, deadline: float):
        self.scope, self.body, self.bell, self.deadline = scope, body, bell, deadline
        self.hung_up = asyncio.Event()

    async def watch(self, receive: Receive) -> None:
        """Notice that the client hangs up."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.hung_up.set()
        self.bell.ring()

    async def after_body(self) -> dict:
        """Be Django's `receive` once it has had the body: the true one is being watched."""
        await self.hung_up.wait()
        return {"type": "http.disconnect"}


class Door:
    """Hands requests to `inner` (an ASGI application), and lets those wait that wish to. `inner` answers at once.

    A waiter gets the last answer: the first that is finished, or what it was when its time was over or the process was
    asked to stop. Nothing in it is newer than the rights it was given under: it could have been had without waiting.
    """

    def __init__(self, inner, news: News):
        self.inner, self.news = inner, news
        self.room = MAX_WAITERS
        self.closing = False
        self._turns = asyncio.Semaphore(TURNS)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for news as long as the server runs; let the waiters go as soon as the process is asked to stop."""
        self.room = make_room(MAX_WAITERS)
        listening = asyncio.create_task(self.news.listen())
        try:
            with before_stopping(self.close):
                yield
        finally:
            self.close()
            listening.cancel()
            await asyncio.wait([listening])

    def close(self) -> None:
        """Answer every waiter with what it has, and from now on everybody at once."""
        self.closing = True
        self.news.tell_all()

    async def __call__(self, scope: dict, body: bytes, receive: Receive, send: Send) -> None:
        """Answer one HTTP request whose body has been read."""
        wanted = wish(scope)
        if wanted and not self.closing and self.news.waiting < self.room:
            await self._wait(wanted, scope, body, receive, send)
        else:
            await self.inner(scope, bodies.again(body, receive), unmarking(send))

    async def _wait(self, wanted: Wish, scope: dict, body: bytes, receive: Receive, send: Send) -> None:
        deadline = asyncio.get_running_loop().time() + wanted.seconds
        # The bell comes before the first question: what happens between answer and bell would otherwise be missed.
        with self.news.about(wanted.key) as bell:
            visit = Visit(scope, body, bell, deadline)
            watching = asyncio.create_task(visit.watch(receive))
            try:
                answer = await self._ask(visit)
                while (
                    answer.unfinished == wanted.key and not self._is_over(visit) and await bell.rings(before=deadline)
                ):
                    answer = await self._ask_in_turn(visit) or answer
            finally:
                watching.cancel()
        if not visit.hung_up.is_set():
            for message in answer.messages:
                await send(message)

    def _is_over(self, visit: Visit) -> bool:
        return self.closing or visit.hung_up.is_set()

    async def _ask(self, visit: Visit, *, again: bool = False) -> Answer:
        answer = Answer()
        await self.inner(visit.scope | {AGAIN: again}, bodies.again(visit.body, visit.after_body), answer.take)
        return answer

    async def _ask_in_turn(self, visit: Visit) -> Answer | None:
        """Ask once more when it is this waiter's turn; None when by then its time is over or nobody needs to know."""
        try:
            async with asyncio.timeout_at(visit.deadline):
                await self._turns.acquire()
        except TimeoutError:
            return None
        try:
            return None if self._is_over(visit) else await self._ask(visit, again=True)
        finally:
            self._turns.release()


@contextmanager
def before_stopping(call: Callable[[], None]) -> Iterator[None]:
    """Call `call` in the loop when SIGTERM or SIGINT comes, then whoever had the signal before.

    uvicorn tells the application that it stops only after the last open request was answered, and would give up on ours.
    """
    loop, formers = asyncio.get_running_loop(), {}

    def stop(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(call)
        formers[number](number, frame)

    # Only the main thread may; a signal that nobody takes must go on killing.
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(former := signal.getsignal(number)):
                formers[number] = former
                signal.signal(number, stop)
    try:
        yield
    finally:
        for number, former in formers.items():
            signal.signal(number, former)


def make_room(waiters: int) -> int:
    """Raise this process's limit of open files for so many waiters; return how many it lets in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = waiters + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return waiters if soft == resource.RLIM_INFINITY else max(0, min(waiters, soft - SPARE_FILES))
