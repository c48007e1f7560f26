"""What to look at closely before deciding: everything that hides, misleads or doesn't fit, in one place at the top.

A sign is a reason to look, never proof; and what has none isn't safe. Each stands again where it was found.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from agents import binding, present, preview
from agents.models import Action
from agents.money import Money
from agents.policy.values import from_json
from approvals import inert
from approvals.action import grounds
from approvals.action.blocks import changes, evidence, trail
from approvals.action.blocks.changes import Changes
from approvals.action.blocks.track import Track
from approvals.action.blocks.trail import Read, Trail
from approvals.action.grounds import Fact
from approvals.inert import sums

SEARCHED = 262_144  # characters of all answers together: opening one searches it by itself
_OURS = "internal"
_TELLING = 4  # letters and digits; anything shorter stands somewhere by chance
_FAR, _ENOUGH = 3, 10  # so many times the most of so many others is worth a look
_PLAIN = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Sign:
    """One thing to look at: `where` it stands, and what it is. Both may hold other people's text: show them inert."""

    where: str
    text: str


def of(
    action: Action, before: Trail, changed: Changes, facts: list[Fact], record: Track | None, *, masked: bool
) -> list[Sign]:
    """Return what to look at, what is paid and to whom first. No query. `masked`: without what the policy redacts.

    `record` is what its like came to; without it no amount is far from the others.
    """
    return [
        *_payee(action, before, changed),
        *_amount(action, before, record),
        *(
            Sign(f"the argument {name}", note)
            for name, value in present.arguments(action)
            for note in inert.notes(value)
        ),
        *(Sign(f"what we looked up, {fact.name}", note) for fact in facts for note in fact.notes),
        *_answers(action, before, masked=masked),
    ]


def beside_others(action: Action) -> list[Sign]:
    """Return the same for an item among several that are compared with one another. One query."""
    facts = grounds.facts_of(action)
    return of(action, trail.of(action), changes.of(action), facts, None, masked=True)


# --- to whom


def _payee(action: Action, before: Trail, changed: Changes) -> Iterator[Sign]:
    body, args = action.definition.body, binding.stored_arguments(action.payload)
    name = body.get("counterparty") or ""
    payee = args.get(name)
    if not isinstance(payee, str) or len(_bare(payee)) < _TELLING:
        return
    where = f"the argument {name}"
    for written, line in zip(preview.lines_of(body), changed.lines, strict=True):
        is_payee = written.get("becomes") == f"{{{name}}}" and line.change.fact and line.change.known
        if is_payee and _bare(line.change.now) != _bare(payee):
            yield Sign(where, f"it goes to {payee}; on record stands {line.change.now}")
            return
    if why := _unfounded(payee, action, before):
        yield Sign(where, f"{payee} {why}")


def _unfounded(payee: str, action: Action, before: Trail) -> str:
    """Return why nothing of ours speaks for this payee, or nothing. What isn't kept may have, so it can't be told."""
    if not before.reads or not all(read.is_kept for read in before.reads):
        return ""
    ours = [read for read in before.reads if read.trust == _OURS]
    facts = json.dumps(action.facts, ensure_ascii=False)
    if _stands(payee, before.reads) or _bare(payee) in _bare(facts):
        if not ours or _stands(payee, ours) or _bare(payee) in _bare(facts):
            return ""
        return "stands only in words that nobody has verified, and in none of our own records that were read"
    return "stands nowhere in what was read for it"


def _stands(text: str, reads: list[Read]) -> bool:
    wanted = _bare(text)
    return any(wanted in _bare(json.dumps([read.output, read.arguments], ensure_ascii=False)) for read in reads)


def _bare(text: str) -> str:
    """Return letters and digits alone: an account is written with blanks in one place and without in another."""
    return _PLAIN.sub("", text).casefold()


# --- how much


def _amount(action: Action, before: Trail, record: Track | None) -> Iterator[Sign]:
    name = action.definition.body.get("money") or ""
    given = binding.stored_arguments(action.payload).get(name)
    if not isinstance(given, dict):
        return
    money = Money(**given)
    known = {value for read in before.reads if read.is_kept for value in sums.amounts_in(read.output)}
    known |= sums.amounts_in({key: _plain(row) for key, row in action.facts.items()})
    if (meant := sums.slipped_from(money.major(), known)) is not None:
        times = int(money.major() / meant)
        yield Sign(
            f"the argument {name}",
            f"{given['currency']} {money.major():f} is {times} times {meant:.2f}, which stands in what was read or looked up;"
            f" {money.major():f} stands nowhere there",
        )
    elif record and record.proposed >= _ENOUGH and action.impact > _FAR * record.most > 0:
        most = Decimal(record.most) / 100
        yield Sign(
            f"the argument {name}",
            f"more than {_FAR} times the most of {record.proposed} others in 30 days, which was {most:.2f}",
        )


def _plain(row: dict) -> object:
    value = from_json(row["value"])
    return float(value) if isinstance(value, Decimal) else value


# --- in words


def _answers(action: Action, before: Trail, *, masked: bool) -> Iterator[Sign]:
    """Yield what the eye would miss in what the agent read, the newest answers first until there is too much of it."""
    left = SEARCHED
    for read in reversed(before.reads):
        if not read.is_kept:
            continue
        text = evidence.text_of(read, action, masked=masked)
        where = f"what the agent read, {read.tool}"
        left -= len(text)
        if left < 0:
            yield Sign(where, "too long to be searched for hidden or misleading words here: open it")
            continue
        yield from (Sign(where, note) for note in inert.notes(text))
