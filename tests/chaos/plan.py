"""What a campaign does, drawn from its seed before it begins: the tasks and the faults. The same seed gives the same plan."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agents.failpoints import PLACES

KEYED, UNKEYED = "chaos-keyed", "chaos-unkeyed"
#: Orders of the sample shop from which nobody in its inbox wants anything.
ORDERS = [f"A-{number}" for number in range(3001, 3261)]
TICKETS = [f"T-{number}" for number in range(1001, 1011)]
#: Longer than the leases of a campaign: whoever stands still so long has lost what it held.
TOO_LONG = 5.5
#: Where a worker that stands still must find, when it goes on, that somebody else has its run or its action.
STAND_AT = (
    "after_lease", "before_step", "after_step", "before_propose", "after_claim", "before_call", "after_call", "before_end",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One run to ask for: of whom, what, how it may end when nothing but the planned goes wrong with it."""

    kind: str
    agent: str
    turns: tuple[dict, ...]
    ends: frozenset[str]
    at: float  # seconds after the beginning
    cancel_after: float | None = None
    asked_again: bool = False  # the answer is thrown away, and the client sends the same key once more


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, `at` seconds after the beginning. What the others mean depends on the kind."""

    at: float
    kind: str
    place: str = ""
    how: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Stop:
    """One agent stands still for so many seconds: somebody stops it, somebody else lets it go on."""

    at: float
    agent: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: float
    tasks: tuple[Task, ...]
    faults: tuple[Fault, ...]
    stops: tuple[Stop, ...]


def draw(*, runs: int, seed: int, seconds: float, markers: Path, without: frozenset[str] = frozenset()) -> Plan:
    """Return the plan of a campaign whose runs arrive within so many seconds, while things go wrong.

    `markers` is a folder for what a task does only once; `without` names kinds of faults that are left out.
    """
    dice = random.Random(seed)
    arrivals = sorted(dice.uniform(0, seconds) for _ in range(runs))
    tasks = tuple(_task(dice, number, at, markers) for number, at in enumerate(arrivals))
    faults = tuple(fault for fault in _faults(random.Random(seed + 1), seconds) if fault.kind not in without)
    return Plan(seed, seconds, tasks, faults, _stops(random.Random(seed + 2), seconds))


# --- tasks


def _look(dice) -> dict:
    return {"tool": "look_up_order", "arguments": {"order_id": dice.choice(ORDERS)}}


def _note(dice, number: int) -> dict:
    text = f"Task {number} was here ({dice.randrange(10**6)})"
    return {"tool": "add_note", "arguments": {"ticket_id": dice.choice(TICKETS), "text": text}}


def _pay(dice, number: int, tool: str = "give_back") -> dict:
    amount = f"{dice.randrange(1, 40) / 100:.2f}"
    return {
        "tool": tool,
        "arguments": {"order_id": dice.choice(ORDERS), "amount_usd": amount, "reason": f"Task {number}"},
    }


def _turn(*calls: dict, **more) -> dict:
    return {"use": 200, "micros": 50, "propose": list(calls), **more}


def _finish(**more) -> dict:
    return {"use": 100, "micros": 30, "finish": {"done": True, "saw": "$results"}, **more}


def _plain(dice, number, once):
    return [_turn(_look(dice)), _turn(_note(dice, number)), _finish()]


def _pays(dice, number, once):
    return [_turn(_pay(dice, number)), _finish()]


def _together(dice, number, once):
    return [_turn(_look(dice), _note(dice, number), _pay(dice, number)), _finish()]


def _held(dice, number, once):
    return [_turn(_look(dice)), _turn(_pay(dice, number, "issue_refund")), _finish()]


def _asks_too_much(dice, number, once):
    """The shop refuses: more than was ever paid. Other arguments are tried next."""
    much, little = _pay(dice, number), _pay(dice, number)
    much["arguments"]["amount_usd"] = "999999.00"
    return [_turn(much | {"or": [little["arguments"]]}), _finish()]


def _kills_once(dice, number, once):
    return [_turn(_note(dice, number)), _turn(_pay(dice, number), kill=True, once=once), _finish()]


def _raises_once(dice, number, once):
    return [_turn(_note(dice, number), **{"raise": "not now"}, once=once), _finish()]


def _hangs_once(dice, number, once):
    return [_turn(_note(dice, number)), _turn(_pay(dice, number), hang=TOO_LONG, once=once), _finish()]


def _kills_always(dice, number, once):
    return [_turn(_note(dice, number)), _finish(kill=True)]


def _raises_always(dice, number, once):
    return [_turn(_note(dice, number)), _finish(**{"raise": "never"})]


def _gives_up(dice, number, once):
    return [_turn(_note(dice, number)), {"use": 50, "fail": {"code": "no_idea", "detail": "It can't tell."}}]


def _wants_tokens(dice, number, once):
    return [_turn(_note(dice, number)), _finish(estimate=10**6)]


def _plans_anew(dice, number, once):
    return [_turn(_note(dice, number)), {"use": 100, "finish": {"done": False}}, _finish()]


def _never_good(dice, number, once):
    return [_turn(_note(dice, number)), {"use": 100, "finish": {"done": False}}]


def _delegates(dice, number, once):
    handed = {"turns": [_turn(_pay(dice, number)), _finish()]}
    return [{"use": 100, "delegate": {"agent": UNKEYED, "input": handed}}, _turn(_note(dice, number)), _finish()]


@dataclass(frozen=True)
class _Sort:
    weight: int
    turns: Callable
    ends: str = "completed"
    only: str = ""


_SORTS = {
    "looks and notes": _Sort(26, _plain),
    "pays back": _Sort(22, _pays),
    "all at once": _Sort(12, _together),
    "held for people": _Sort(10, _held),
    "asks too much": _Sort(4, _asks_too_much),
    "kills its worker once": _Sort(4, _kills_once),
    "raises once": _Sort(4, _raises_once),
    "hangs past the lease": _Sort(2, _hangs_once),
    "kills every worker": _Sort(1, _kills_always, "quarantined"),
    "raises always": _Sort(1, _raises_always, "quarantined"),
    "gives up": _Sort(2, _gives_up, "failed"),
    "wants too many tokens": _Sort(2, _wants_tokens, "budget_exceeded"),
    "plans anew": _Sort(2, _plans_anew, only=KEYED),
    "never good enough": _Sort(1, _never_good, "failed_verification", only=KEYED),
    "delegates": _Sort(4, _delegates, only=KEYED),
    "cancelled": _Sort(3, _together, "completed cancelled"),
}
#: Any run may meet three crashes at one step by chance; then it is set apart.
_BY_CHANCE = frozenset({"quarantined"})


def _task(dice: random.Random, number: int, at: float, markers: Path) -> Task:
    names = list(_SORTS)
    # The first ones are of every sort in turn: a short campaign has each of them too.
    name = names[number] if number < len(names) else dice.choices(names, [s.weight for s in _SORTS.values()])[0]
    sort = _SORTS[name]
    return Task(
        kind=name,
        agent=sort.only or dice.choice([KEYED, KEYED, UNKEYED]),
        turns=tuple(sort.turns(dice, number, str(markers / f"once-{number}"))),
        ends=frozenset(sort.ends.split()) | _BY_CHANCE,
        at=at,
        cancel_after=dice.uniform(0.1, 4) if name == "cancelled" else None,
        asked_again=dice.random() < 0.1,
    )


# --- people who stop an agent

_STOP_EVERY = 90


def _stops(dice: random.Random, seconds: float) -> tuple[Stop, ...]:
    number = max(1, round(seconds / _STOP_EVERY))
    slot = seconds / number
    return tuple(
        Stop((index + dice.random()) * slot, dice.choice((KEYED, UNKEYED)), dice.uniform(2, 8))
        for index in range(number)
    )


# --- faults

#: Seconds between two faults of a kind, about. With two processes in the pool, more would leave nobody to do the work.
EVERY = {
    "kill pool child": 15,
    "kill worker": 60,
    "freeze worker": 100,
    "kill web": 60,
    "kill clock": 50,
    "kill postgres": 120,
    "kill valkey": 75,
    "flush valkey": 6,
    "old messages": 5,
    "tool": 4,
    "lie": 9,
    "failpoint": 7,
}
#: However short a campaign is: one of each kind, and so many of these.
AT_LEAST = {"failpoint": 6, "flush valkey": 3, "tool": 4, "lie": 4}
_TOOL_FAULTS = ("delay", "hang", "error500", "drop_after_effect", "hang_after_effect", "slow_body")
_TOOL_PATHS = ("/orders/*", "/tickets/*", "/refunds")
_LIES = ("says_done", "says_refused", "says_failed", "says_nonsense")


def _faults(dice: random.Random, seconds: float) -> list[Fault]:
    """Draw at least one fault of each kind, spread over the time, and every place at least once if there is room."""
    found = []
    for kind, every in EVERY.items():
        number = max(AT_LEAST.get(kind, 1), round(seconds / every))
        slot = seconds / number
        places = _places(dice, number)
        for index in range(number):
            at = (index + dice.random()) * slot
            found.append(_fault(dice, kind, at, places[index]))
    return sorted(found, key=lambda fault: fault.at)


def _places(dice: random.Random, number: int) -> list[str]:
    places: list[str] = []
    while len(places) < number:
        places += dice.sample(PLACES, len(PLACES))
    return places


def _fault(dice: random.Random, kind: str, at: float, place: str) -> Fault:
    if kind == "failpoint":
        stands = place in STAND_AT and dice.random() < 0.25
        return Fault(at, kind, place, "stand still" if stands else "die", TOO_LONG if stands else 0.0)
    if kind == "tool":
        how = dice.choice(_TOOL_FAULTS)
        return Fault(at, kind, dice.choice(_TOOL_PATHS), how, dice.uniform(0.3, 3.0))
    if kind == "lie":
        return Fault(at, kind, dice.choice(_TOOL_PATHS[1:]), dice.choice(_LIES))
    return Fault(at, kind, seconds=TOO_LONG if kind == "freeze worker" else 0.0)
