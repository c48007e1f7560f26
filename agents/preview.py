"""Pure: what an action would change, computed from its arguments and from facts. What isn't known is never invented."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Literal

from agents import headline
from agents.money import Money
from agents.policy.values import shown
from agents.policy.verdict import Missing

NONE = "none"
NOT_KNOWN = "not known"
#: What a line of a preview may do to its field; each names an argument, `becomes` a text with arguments in it.
SUMS = ("adds", "subtracts")
How = Literal["adds", "subtracts", "becomes"]

# What doesn't come out exactly is not known: a rounded amount would be one that nobody proposed.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])
_LONGEST = 40  # characters of a number; a longer one is no amount that people read


@dataclass(frozen=True)
class Change:
    """One field: its value `now` (from `fact`, empty where none is named), `after`, and by how much it moves.

    `known` tells whether `now` is; without it the sum isn't either. `by` is empty for what becomes another text, and
    `may_move` says that `now` needn't be so any more when it runs. `field` is the owner's word, the rest holds other
    people's text: show it inert.
    """

    field: str
    fact: str
    how: How
    now: str
    after: str
    by: str
    known: bool
    may_move: bool = False

    @property
    def sign(self) -> str:
        return {"adds": "+", "subtracts": "-"}.get(self.how, "")


def lines_of(definition: Mapping) -> Sequence[Mapping]:
    """Return the lines of a tool's preview; () where it says that there is none."""
    preview = definition.get("preview")
    return preview if isinstance(preview, list) else ()


def facts_named(definition: Mapping) -> list[str]:
    """Return the facts that a tool's preview names, each once, in order."""
    return list(dict.fromkeys(line["now"] for line in lines_of(definition) if "now" in line))


def facts_held(definition: Mapping) -> list[str]:
    """Return those of them that people decide on: each must still be so when the action runs. What `may_move` is left out,
    unless another line shows it without."""
    held = (line["now"] for line in lines_of(definition) if "now" in line and not line.get("may_move"))
    return list(dict.fromkeys(held))


def changes(
    definition: Mapping, args: Mapping[str, object], described: Iterable[tuple[str, str]], facts: Mapping[str, object]
) -> list[Change]:
    """Return what an action of this tool would change, in the order of its preview.

    `args` are its canonical arguments, `described` the same as people read them, `facts` values by name; one that isn't
    there, or that the tool's arithmetic can't use, is not known.
    """
    told = dict(described)
    return [_change(line, args, told, facts) for line in lines_of(definition)]


def _change(line: Mapping, args: Mapping, told: dict[str, str], facts: Mapping) -> Change:
    fact, may_move = line.get("now", ""), line.get("may_move", False)
    value = facts.get(fact, Missing("missing"))
    if "becomes" in line:
        now = "" if not fact else NOT_KNOWN if isinstance(value, Missing) else _plain(value)
        known = not fact or not isinstance(value, Missing)
        after = headline.render(line["becomes"], told)
        return Change(line["field"], fact, "becomes", now, after, "", known, may_move)
    how: How = "adds" if "adds" in line else "subtracts"
    amount = args.get(line[how])
    unit = amount["currency"] if isinstance(amount, dict) else ""
    before, by = _number(value), _number(amount)
    return Change(
        field=line["field"],
        fact=fact,
        how=how,
        now=NOT_KNOWN if before is None else _written(before, unit),
        after=_after(before, by, how, unit),
        by=NOT_KNOWN if by is None else _written(by, unit),
        known=before is not None,
        may_move=may_move,
    )


def _after(before: Decimal | None, by: Decimal | None, how: How, unit: str) -> str:
    if before is None or by is None:
        return NOT_KNOWN
    try:
        return _written(_EXACT.add(before, by) if how == "adds" else _EXACT.subtract(before, by), unit)
    except (Inexact, InvalidOperation, Overflow):
        return NOT_KNOWN


def _number(value: object) -> Decimal | None:
    if isinstance(value, dict) and value.keys() == {"currency", "minor"}:
        return Money(**value).major()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() and len(format(number, "f")) <= _LONGEST else None


def _written(number: Decimal, unit: str) -> str:
    """Write a number as people read it: an amount with two decimals (more where it has them), never with an exponent."""
    exponent = number.as_tuple().exponent
    decimals = max(0, -exponent)
    plain = format(number, "f")
    if decimals:
        plain = plain.rstrip("0").rstrip(".")
    if not unit:
        return plain
    whole, _, rest = plain.partition(".")
    return f"{unit} {whole}.{rest.ljust(2, '0')}"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else shown(value)
