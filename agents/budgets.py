"""Budgets: what runs, agents and teams may spend, held back before a step begins and counted when it is over.

A line is one cap: a run's for its whole life, an agent's or a team's for a day (UTC, by the database's clock). Its row in
agents_budget is what spenders queue up on, from whichever worker: at every commit `reserved + settled` is within the cap,
unless something used more than was held back for it; that is counted all the same, and `settle` tells.

Every call locks the rows of all its lines, in one order, until the transaction ends. So give all lines of a run each
time, and touch one run a transaction: then no two transactions can wait for each other in a circle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.transaction import TransactionManagementError

from agents.errors import Refusal
from agents.models import Agent, Budget, Run
from agents.tools import base

UNITS: tuple[str, ...] = tuple(Budget.Unit.values)
#: Whatever is more counts as this much: no number from outside overflows a column, and no cap is as high.
MOST = 10**15

_ROWS = "unnest(%s::text[], %s::text[], %s::bigint[], %s::bool[])"
_TODAY = "(now() AT TIME ZONE 'UTC')::date"

_LOCK = f"""
WITH today AS (SELECT {_TODAY} AS day),
locked AS (
    INSERT INTO agents_budget (scope, unit, day, cap, reserved, settled)
    SELECT scope, unit, CASE WHEN daily THEN today.day END, cap, 0, 0
    FROM {_ROWS} AS asked (scope, unit, cap, daily), today
    ORDER BY scope, unit
    ON CONFLICT (scope, unit, day) DO UPDATE SET cap = EXCLUDED.cap
    RETURNING id, scope, unit, reserved + settled AS spent
)
SELECT today.day, locked.* FROM today LEFT JOIN locked ON true
"""  # noqa: S608 - of our own pieces

_HOLD = """
UPDATE agents_budget AS kept SET reserved = kept.reserved + asked.amount
FROM unnest(%s::bigint[], %s::bigint[]) AS asked (id, amount) WHERE kept.id = asked.id
"""

# What is held was held on a row that is there, so `reserved` is only ever taken off; a line that is new since then has
# nothing held and begins with what was used. The cap stays as whoever reserved last knew it.
_SETTLE = f"""
INSERT INTO agents_budget AS kept (scope, unit, cap, day, reserved, settled)
SELECT scope, unit, cap, CASE WHEN daily THEN coalesce(%s::date, {_TODAY}) END, held, used
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bool[], %s::bigint[], %s::bigint[])
    AS asked (scope, unit, cap, daily, held, used)
ORDER BY scope, unit
ON CONFLICT (scope, unit, day) DO UPDATE
SET reserved = kept.reserved - EXCLUDED.reserved, settled = kept.settled + EXCLUDED.settled
RETURNING scope, unit, reserved + settled
"""  # noqa: S608 - of our own pieces

_READ = f"""
SELECT CASE WHEN asked.daily THEN {_TODAY} END, coalesce(kept.reserved, 0), coalesce(kept.settled, 0)
FROM {_ROWS} WITH ORDINALITY AS asked (scope, unit, cap, daily, place)
LEFT JOIN agents_budget AS kept ON kept.scope = asked.scope AND kept.unit = asked.unit
    AND kept.day IS NOT DISTINCT FROM CASE WHEN asked.daily THEN {_TODAY} END
ORDER BY asked.place
"""  # noqa: S608 - of our own pieces


class BudgetExhausted(Refusal):
    """`extra`: `scope` and `unit` of the line that lacks, its `cap`, what is `left` of it and what was `asked`."""

    code, status = "budget_exceeded", 409
    sentence = "A budget doesn't cover this. Wait until it starts afresh, or have it raised."


@dataclass(frozen=True)
class Line:
    """One cap: `scope` is run:<id>, agent:<id> or team:<name>; `daily` ones start afresh at midnight UTC."""

    scope: str
    unit: str
    cap: int
    daily: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.scope, self.unit


@dataclass(frozen=True)
class Held:
    """What is held back for a step: by unit, on the database's `day` (ISO date) and on the lines there were then."""

    amounts: dict[str, int]
    day: str = ""
    lines: tuple[Line, ...] = ()

    def as_json(self) -> dict:
        """Return it as RunStep.reserved keeps it."""
        return {"amounts": self.amounts, "day": self.day, "lines": [list(astuple(line)) for line in self.lines]}

    @classmethod
    def from_json(cls, kept: Mapping) -> "Held":
        """Return what `as_json` gave; of `{}`, a step for which nothing was held back."""
        return cls(
            amounts=dict(kept.get("amounts", {})),
            day=kept.get("day", ""),
            lines=tuple(Line(*line) for line in kept.get("lines", ())),
        )


# --- which lines there are


def lines(run: Run) -> list[Line]:
    """Return every cap this run spends under: its own, those of the runs above it, its agent's and its team's day."""
    found, one = [], run
    while one is not None:
        found += _capped(f"run:{one.pk}", one.caps, daily=False)
        one = one.parent
    return found + lines_of_day(run.agent)


def lines_of_day(agent: Agent) -> list[Line]:
    """Return the caps of the agent's day and of its team's. A team the operator doesn't name may spend nothing."""
    own = {unit: agent.budget.get(f"{unit}_per_day") for unit in UNITS}
    found = _capped(f"agent:{agent.pk}", own, daily=True)
    if agent.team:
        found += _capped(f"team:{agent.team}", _caps_of_team(agent.team), daily=True)
    return found


def _caps_of_team(name: str) -> Mapping[str, int]:
    return base.teams[name].caps if name in base.teams else dict.fromkeys(UNITS, 0)


def _capped(scope: str, caps: Mapping[str, int | None], *, daily: bool) -> list[Line]:
    return [Line(scope, unit, min(caps[unit], MOST), daily) for unit in UNITS if caps.get(unit) is not None]


# --- spending


def reserve(lines: Sequence[Line], amounts: Mapping[str, int]) -> Held:
    """Hold amounts (by unit) back on every line of that unit, or nothing on any; return what `settle` needs.

    Runs in the caller's transaction and writes no amount before all of them fit, so the caller may go on after a refusal.
    An amount of 0 fits unless the line is over its cap already. Raises BudgetExhausted, which names the first line that
    lacks, and ValueError for an amount that isn't a whole number from 0 up or a unit there isn't.
    """
    _need_transaction()
    wanted = {_unit(unit): countable(amount) for unit, amount in amounts.items()}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, _columns(lines))
        rows = cursor.fetchall()
        spent = {(scope, unit): (pk, used) for _, pk, scope, unit, used in rows if pk is not None}
        for line in lines:
            if line.unit in wanted and spent[line.key][1] + wanted[line.unit] > line.cap:
                raise _exhausted(line, spent[line.key][1], wanted[line.unit])
        on = tuple(line for line in lines if wanted.get(line.unit))
        if on:
            cursor.execute(_HOLD, [[spent[line.key][0] for line in on], [wanted[line.unit] for line in on]])
    return Held(amounts=wanted, day=rows[0][0].isoformat(), lines=on)


def settle(lines: Sequence[Line], held: Held, used: Mapping[str, int]) -> list[Line]:
    """Count what was used (by unit) and let go what was held back for it; return the lines that are over their cap now.

    Runs in the caller's transaction. What counts is what was used, also where it is more than was held back, and it counts
    for the day it was held on. `lines` may have changed since. Raises ValueError as `reserve` does. Call it once for each
    Held: whoever writes the step's end does, in the same transaction.
    """
    _need_transaction()
    counted = {_unit(unit): countable(amount) for unit, amount in used.items()}
    holding = {line.key for line in held.lines}
    rows = list({line.key: line for line in (*held.lines, *lines)}.values())
    if not rows:
        return []
    amounts = [
        [held.amounts[line.unit] if line.key in holding else 0 for line in rows],
        [counted.get(line.unit, 0) for line in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [held.day or None, *_columns(rows), *amounts])
        spent = {(scope, unit): total for scope, unit, total in cursor.fetchall()}
    return [line for line in lines if spent[line.key] > line.cap]


# --- reading


def left(lines: Sequence[Line]) -> dict[str, int | None]:
    """Return by unit what may be spent now, the least over the lines; None where no line caps it."""
    least: dict[str, int | None] = dict.fromkeys(UNITS)
    for line, (_, reserved, settled) in zip(lines, _read(lines), strict=True):
        free = max(line.cap - reserved - settled, 0)
        least[line.unit] = free if least[line.unit] is None else min(free, least[line.unit])
    return least


def headroom(run: Run) -> list[dict]:
    """Return each line of the run as `scope, unit, cap, reserved, settled, day` (a date; None for a whole life)."""
    found = lines(run)
    return [
        {
            "scope": line.scope,
            "unit": line.unit,
            "cap": line.cap,
            "reserved": reserved,
            "settled": settled,
            "day": day,
        }
        for line, (day, reserved, settled) in zip(found, _read(found), strict=True)
    ]


def in_words(unit: str, amount: int) -> str:
    """Return an amount for people: "1,200 tokens", "1 action", "USD 0.05"."""
    if unit == Budget.Unit.MICROS:
        dollars = Decimal(amount).scaleb(-6).normalize()
        return f"USD {dollars:,.2f}" if dollars == round(dollars, 2) else f"USD {dollars:,f}"
    return f"{amount:,} {unit.removesuffix('s') if amount == 1 else unit}"


def countable(amount: int) -> int:
    """Return the amount as it is counted, at most MOST. Raises ValueError unless it is a whole number from 0 up."""
    if type(amount) is not int or amount < 0:
        raise ValueError(f"{amount!r} can't be spent: give a whole number from 0 up")
    return min(amount, MOST)


def _unit(unit: str) -> str:
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit of budgets: use one of {', '.join(UNITS)}")
    return unit


def _need_transaction() -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("A budget is held back and counted in the transaction of what spends it.")


def _columns(lines: Sequence[Line]) -> list[list]:
    return [[getattr(line, name) for line in lines] for name in ("scope", "unit", "cap", "daily")]


def _read(lines: Sequence[Line]) -> list[tuple[date | None, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, _columns(lines))
        return cursor.fetchall()


# --- the refusal


def _exhausted(line: Line, spent: int, asked: int) -> BudgetExhausted:
    return BudgetExhausted(
        f"{_what_lacks(line, spent, asked)} {_what_next(line)}",
        scope=line.scope,
        unit=line.unit,
        cap=line.cap,
        left=max(line.cap - spent, 0),
        asked=asked,
    )


def _what_lacks(line: Line, spent: int, asked: int) -> str:
    kind, _, name = line.scope.partition(":")
    who = {"run": f"Run {name}", "agent": "The agent", "team": f"Team {name}"}[kind]
    cap, used, more = (in_words(line.unit, amount) for amount in (line.cap, spent, asked))
    often = "a day" if line.daily else "in all"
    return f"{who} may use {cap} {often}: {used} used or held back so far, and this needs up to {more}."


def _what_next(line: Line) -> str:
    kind, _, name = line.scope.partition(":")
    key = "usd" if line.unit == Budget.Unit.MICROS else line.unit
    if kind == "run":
        return f"Give the task anew with a larger budget; {key}_per_run in the agent's file is the most it can have."
    if kind == "agent":
        return f"It may go on after midnight UTC, or once an agent file with a higher {key}_per_day is imported."
    if name not in base.teams:
        return f"There is no such team: the operator adds [teams.{name}] to countersign.toml, or the agent's file names another."
    return f"It may go on after midnight UTC, or once the operator raises {key}_per_day of [teams.{name}] in countersign.toml."
