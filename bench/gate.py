"""What the gate costs a client: a proposal through policy, facts and log over a bare insert that asks nobody."""

from collections.abc import Callable

from bench.lines import Line
from bench.stack import stack

CALLS = {1: 100, 16: 320}


def _rate(path: str, clients: int) -> Callable[[], float]:
    return lambda: stack().submit(path, CALLS[clients], clients=clients)


def _ratio(clients: int) -> Callable[[], float]:
    gate, floor = _rate("/api/v1/actions/", clients), _rate("/floor/", clients)
    return lambda: gate() / floor()


def _lines(clients: int, floor: float) -> tuple[Line, ...]:
    at_once = "one client" if clients == 1 else f"{clients} clients"
    return (
        Line(
            f"gate: {at_once}",
            f"proposals a second, {at_once}, policy of three rules and three facts from SQL, allowed; over the bare endpoint that"
            " does the same look-ups, one insert and one task: round by round",
            _ratio(clients),
            unit="x",
            floor=floor,
        ),
        Line(f"gate: {at_once}, a second", "the same proposals", _rate("/api/v1/actions/", clients), unit="/s"),
        Line(f"gate: {at_once}, bare", "the bare endpoint", _rate("/floor/", clients), unit="/s"),
    )


LINES = (*_lines(1, 0.6), *_lines(16, 1.0))
