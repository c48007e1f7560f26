"""News from the database: one LISTEN connection for a whole web process, and bells that ring when a key is named.

A trigger says `NOTIFY countersign_news, 'run:<uuid>'` when a state changes. Whoever wants to know holds a bell: it costs
no thread and no connection.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from controlplane import connected

CHANNEL = "countersign_news"
APPLICATION = connected.WEB
# A connection whose other end has silently gone never says so by itself: it is asked, and given this long to answer.
HEARTBEAT_SECONDS = 10.0
ANSWER_SECONDS = 5
# While no news can come, a bell rings by itself this often.
PATIENCE_SECONDS = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0

logger = logging.getLogger(__name__)


class Bell:
    """Rings when there may be something new about its key. A ring that nobody waited for is kept."""

    def __init__(self, news: "News"):
        self._news = news
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def rings(self, *, before: float) -> bool:
        """Wait for a ring; return False when there was none `before` this time of the loop's clock."""
        now = asyncio.get_running_loop().time()
        until = before if self._news.flowing else min(before, now + PATIENCE_SECONDS)
        if now >= before:
            return False
        try:
            async with asyncio.timeout_at(until):
                await self._rung.wait()
        except TimeoutError:
            return until < before
        self._rung.clear()
        return True


class News:
    """Who waits for news about what. `listen()` must run, else every bell only rings out of impatience.

    `parameters()` returns psycopg's keywords for the database; it is called at every attempt to connect.
    """

    def __init__(self, parameters: Callable[[], dict]):
        self._parameters = parameters
        self._bells: dict[str, set[Bell]] = {}
        self.waiting = 0
        self.flowing = False

    @contextmanager
    def about(self, key: str) -> Iterator[Bell]:
        """Give a bell that rings at news about `run:<uuid>` or `action:<uuid>`, from now until the block is left."""
        bell = Bell(self)
        self._bells.setdefault(key, set()).add(bell)
        self.waiting += 1
        try:
            yield bell
        finally:
            self.waiting -= 1
            self._bells[key].discard(bell)
            if not self._bells[key]:
                del self._bells[key]

    def tell(self, key: str) -> None:
        """Ring every bell of this key."""
        for bell in self._bells.get(key, ()):
            bell.ring()

    def tell_all(self) -> None:
        """Ring every bell: nobody knows what has happened."""
        for key in self._bells:
            self.tell(key)

    async def listen(self) -> None:
        """Follow the database's news until cancelled; a database that is away is tried again and again."""
        pause = 0.0
        while True:
            try:
                await self._follow()
            except (psycopg.Error, OSError) as error:
                pause = 0.0 if self.flowing else pause
                # Said once an outage, not once an attempt.
                if not pause:
                    logger.warning("no news from the database, waiters ask by themselves until it is back: %s", error)
                pause = min(2 * pause, LONGEST_PAUSE) or FIRST_PAUSE
            finally:
                self._flow(False)
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        """Connect, then ring bells. Raises psycopg.Error or OSError when the connection is lost."""
        parameters = {"connect_timeout": ANSWER_SECONDS, "fallback_application_name": APPLICATION} | self._parameters()
        connection = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._flow(True)
            while True:
                async for notice in connection.notifies(timeout=HEARTBEAT_SECONDS):
                    self.tell(notice.payload)
                await _check(connection)
        finally:
            await connection.close()

    def _flow(self, flowing: bool) -> None:
        """Note that news come, or no longer do. What was said in between nobody heard, so everybody looks."""
        if flowing != self.flowing:
            self.flowing = flowing
            self.tell_all()


async def _check(connection: psycopg.AsyncConnection) -> None:
    """Pass when the database answers. Raises TimeoutError when it is silent, psycopg.Error when the connection is lost."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.execute("SELECT 1")
    except TimeoutError:
        raise TimeoutError(f"it didn't answer within {ANSWER_SECONDS} s") from None
