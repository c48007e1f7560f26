"""A few threads for each source. One that hangs uses up its own, and no others."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

THREADS = 8
WAITING = 100  # questions that may wait for a thread of one source


class Crew:
    """The threads of one source. Work that nobody waits for any more still holds its thread until it ends."""

    def __init__(self, name: str, *, threads: int = THREADS, waiting: int = WAITING):
        self.threads, self.most = threads, threads + waiting
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=f"lookup-{name}")
        self.lock = threading.Lock()
        self.open = self.stuck = 0

    def take(self, work: Callable[[], object]) -> Future | None:
        """Return the work's future, or None at once when every thread is stuck or too much waits already."""
        with self.lock:
            if self.stuck >= self.threads or self.open >= self.most:
                return None
            self.open += 1
        future = self.pool.submit(work)
        future.add_done_callback(lambda _: self._count(open=-1))
        return future

    def give_up(self, future: Future) -> None:
        """Stop waiting for a work: it never begins, or its thread counts as stuck until it ends."""
        if not future.cancel():
            self._count(stuck=1)
            future.add_done_callback(lambda _: self._count(stuck=-1))

    def _count(self, *, open: int = 0, stuck: int = 0) -> None:
        with self.lock:
            self.open += open
            self.stuck += stuck


_crews: dict[str, Crew] = {}
_making = threading.Lock()


def crew(name: str) -> Crew:
    """Return the crew of this name, made on first use."""
    with _making:
        if name not in _crews:
            _crews[name] = Crew(name)
        return _crews[name]


# A forked process has the crews, but none of their threads.
os.register_at_fork(after_in_child=_crews.clear)
