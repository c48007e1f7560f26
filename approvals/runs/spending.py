"""What a run used of what it may use, to be read and drawn: its own caps first, then those it shares with others."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents import budgets
from agents.models import Budget, Run
from approvals.runs.timeline import WIDTH, lasting

_NAMES = {"tokens": "Tokens", "micros": "Cost", "actions": "Actions"}


@dataclass(frozen=True)
class Meter:
    """One budget: `scope` is whose it is (empty for the run's own), the amounts are in words, and the last three are widths.

    Where nothing caps it, `cap` and `left` are empty and nothing is drawn.
    """

    name: str
    scope: str
    used: str
    held: str
    cap: str
    left: str
    used_width: int
    held_width: int
    over: bool


def meters(run: Run, actions: int, until: datetime) -> list[Meter]:
    """Return a meter for each of the run's units and its time, then one for each cap it shares with others."""
    lines = budgets.headroom(run)
    own = {line["unit"]: line for line in lines if line["scope"] == f"run:{run.pk}"}
    used = {"tokens": run.tokens_in + run.tokens_out, "actions": actions}
    used["micros"] = run.micros_inference + run.micros_tooling
    found = [_of_line(own[unit]) if unit in own else _uncapped(unit, used[unit]) for unit in Budget.Unit.values]
    shared = [_of_line(line, _scope(line["scope"])) for line in lines if line["scope"] != f"run:{run.pk}"]
    return [*found, _time(run, until), *shared]


def _uncapped(unit: str, used: int) -> Meter:
    return Meter(_NAMES[unit], "", budgets.in_words(unit, used), "", "", "", 0, 0, over=False)


def _of_line(line: dict, scope: str = "") -> Meter:
    unit, cap, used, held = line["unit"], line["cap"], line["settled"], line["reserved"]
    return Meter(
        name=_NAMES[unit],
        scope=scope,
        used=budgets.in_words(unit, used),
        held=budgets.in_words(unit, held) if held else "",
        cap=budgets.in_words(unit, cap),
        left=budgets.in_words(unit, max(cap - used - held, 0)),
        used_width=_width(used, cap),
        held_width=_width(used + held, cap) - _width(used, cap),
        over=used > cap,
    )


def _time(run: Run, until: datetime) -> Meter:
    """Its time runs from its first step, and while it waits for people too."""
    used = until - run.started_at if run.started_at else timedelta()
    if not (seconds := run.caps.get("seconds")):
        return Meter("Time", "", lasting(used), "", "", "", 0, 0, over=False)
    cap = timedelta(seconds=seconds)
    width = _width(int(used.total_seconds()), seconds)
    return Meter("Time", "", lasting(used), "", lasting(cap), lasting(cap - used), width, 0, over=used > cap)


def _width(amount: int, cap: int) -> int:
    return WIDTH if amount >= cap else round(WIDTH * amount / cap)


def _scope(scope: str) -> str:
    kind, _, name = scope.partition(":")
    return {"run": "with the runs above it", "agent": "its agent today", "team": f"team {name} today"}[kind]
