"""Several at once, each in a thread and on a connection of its own."""

import threading
from collections.abc import Callable

from django.db import connections

PATIENCE = 20


class Racer(threading.Thread):
    """Runs a call; `result` is what it returned or raised."""

    def __init__(self, call: Callable, start: threading.Barrier | None = None):
        super().__init__(daemon=True)
        self.call, self.start_line, self.result = call, start, None

    def run(self):
        try:
            if self.start_line:
                self.start_line.wait(PATIENCE)
            self.result = self.call()
        except Exception as error:  # noqa: BLE001 - what it raised is what the race is about
            self.result = error
        finally:
            connections.close_all()

    def finish(self):
        """Return the result once it is there."""
        self.join(PATIENCE)
        assert not self.is_alive(), "still waiting: a lock is held or a dead end was reached"
        return self.result


def begin(call: Callable) -> Racer:
    """Start a call in the background."""
    racer = Racer(call)
    racer.start()
    return racer


def together(*calls: Callable) -> list:
    """Let all calls go at the same moment; return what each returned or raised, in their order."""
    line = threading.Barrier(len(calls))
    racers = [Racer(call, line) for call in calls]
    for racer in racers:
        racer.start()
    return [racer.finish() for racer in racers]
