"""The budget of an agent: what one run, and what one day, may use."""

from agents.agentfile import grammar
from agents.agentfile.amounts import read_factor, read_usd, read_whole, write_usd
from agents.documents.section import Section

#: Stored key of each amount in US dollars.
_STORED = {"usd_per_run": "micros_per_run", "usd_per_day": "micros_per_day"}
_SAID = {stored: said for said, stored in _STORED.items()}


def read_budget(agent: Section, runtime: str | None) -> dict:
    """Return the caps as they are stored, those that are given: ints, amounts as micros, `spike` a number."""
    budget = agent.section("budget", grammar.BUDGET)
    if budget is None:
        return {}
    if not budget.node.items:
        agent.report("budget", "it caps nothing: add a cap, like {usd_per_day: 50}, or remove the key")
    if runtime == grammar.EXTERNAL:
        _refuse_unmeasured(budget)
    read = {_STORED.get(key, key): _read_cap(budget, key) for key in grammar.BUDGET.taken}
    given = {key: cap for key, cap in read.items() if cap is not None}
    for unit in ("tokens", "usd", "actions"):
        _check_day(budget, unit, given)
    return given


def said(budget: dict) -> dict:
    """Return stored caps as an agent file words them: amounts in US dollars, exactly."""
    words = {_SAID.get(key, key): write_usd(cap) if key in _SAID else cap for key, cap in budget.items()}
    return {key: words[key] for key in grammar.BUDGET.taken if key in words}


def _read_cap(budget: Section, key: str) -> int | float | None:
    if key in _STORED:
        return read_usd(budget, key)
    if key == "spike":
        return read_factor(budget, key, *grammar.SPIKE)
    return read_whole(budget, key, *grammar.CAPS[key])


def _refuse_unmeasured(budget: Section) -> None:
    for key in budget.node.items:
        if key in grammar.BUDGET.taken and key not in grammar.CAPS_ELSEWHERE:
            counted = " and ".join(grammar.CAPS_ELSEWHERE)
            why = f"an agent that runs elsewhere isn't measured: of its budget {counted} are counted; remove it"
            budget.report(key, why)


def _check_day(budget: Section, unit: str, given: dict) -> None:
    """Report a run that could use more than the day has: its cap would never be reached."""
    run, day = (given.get(_STORED.get(key, key)) for key in (f"{unit}_per_run", f"{unit}_per_day"))
    if run is not None and day is not None and run > day:
        shown = write_usd(day) if unit == "usd" else day
        budget.report(f"{unit}_per_run", f"more than {unit}_per_day has: write {shown} or less")
