"""Several at the same work: threads that begin at one moment."""

import threading
import time
from collections.abc import Callable, Sequence


def at_once(work: Sequence[Callable[[Callable[[], object]], object]]) -> float:
    """Let each thread do its work, and return the seconds from the moment all begin until the last is done.

    Each is handed `ready`, which it calls once it has made ready: it returns when everybody has. Raises RuntimeError when
    one of them breaks off.
    """
    line, done = threading.Barrier(len(work) + 1), []

    def run(one: Callable[[Callable[[], object]], object]) -> None:
        try:
            one(line.wait)
        except BaseException:
            line.abort()
            raise
        done.append(time.perf_counter())

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    try:
        line.wait()
    except threading.BrokenBarrierError:
        pass  # told below, when all have ended
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if len(done) < len(work):
        raise RuntimeError("one of those that work at once broke off")
    return max(done) - began
