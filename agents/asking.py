"""What a client asks of an agent, read strictly: the task, the budget it may use, the person who answers for it."""

import json
import re
from decimal import Decimal

from agents import access, canonical
from agents.agentfile.grammar import CAPS
from agents.errors import Invalid
from agents.micros import BadUsd, parse_usd
from agents.models import Agent, Person

#: Units of a run's budget that are whole numbers, with the least and the most.
_WHOLE = {unit: CAPS[f"{unit}_per_run"] for unit in ("tokens", "actions", "seconds")}
_UNITS = ("tokens", "usd", "actions", "seconds")


def plain(task: dict) -> dict:
    """Return the task with numbers as JSON keeps them. Raises Invalid when it has no canonical form."""
    try:
        return json.loads(canonical.canonical_bytes(task))
    except canonical.NotCanonical as error:
        raise Invalid(errors=[{"field": "input", "message": str(error)}]) from error


def budget(given: dict) -> dict[str, int]:
    """Return the caps that are asked for, dollars as micros. Raises Invalid naming each that isn't one."""
    read, errors = {}, []
    for unit, amount in given.items():
        try:
            read["micros" if unit == "usd" else unit] = _cap(unit, amount)
        except ValueError as error:
            errors.append({"field": f"budget.{unit[:80]}", "message": str(error)})
    if errors:
        raise Invalid(errors=errors)
    return read


def _cap(unit: str, amount: object) -> int:
    if unit == "usd":
        return _micros(amount)
    if unit not in _WHOLE:
        raise ValueError(f"unknown; known are {', '.join(_UNITS)}")
    low, high = _WHOLE[unit]
    if type(amount) is not int or not low <= amount <= high:
        raise ValueError(f"write a whole number from {low} to {high}")
    return amount


def _micros(amount: object) -> int:
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal, str)):
        raise BadUsd("write an amount in US dollars, like 1.50")
    if micros := parse_usd(str(amount)):
        return micros
    raise BadUsd("write more than 0, or leave it out")


def mission_lead(agent: Agent, username: str) -> Person:
    """Return the person of this name, who must hold a role of the agent or review it. Raises Invalid.

    One who isn't there and one who may not look alike: names of accounts aren't told.
    """
    person = Person.objects.filter(username=username).first()
    if person is None or not access.may_stop(person, agent):
        message = "name somebody who holds a role of this agent or reviews it, by username"
        raise Invalid(errors=[{"field": "mission_lead", "message": message}])
    return person


def number(given: int | Decimal | str) -> Decimal:
    """Return a value a client counts in, exactly as it was written. Raises Invalid."""
    if isinstance(given, str) and not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", given):
        raise Invalid(errors=[{"field": "value", "message": "write a number, like 12.50"}])
    return Decimal(given)
