"""Who fills which slot: a bipartite matching, so that someone in two groups never strands a valid pair."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """One signature that is needed: a slot and the group whose member may fill it."""

    slot: int
    group: int


@dataclass(frozen=True)
class Voter:
    """One person (the human behind the account) and the groups they are in."""

    human: int
    groups: frozenset[int]


def match(requirements: Sequence[Requirement], voters: Sequence[Voter]) -> dict[int, int] | None:
    """Return {slot: human} with every voter in a slot of their own, or None when that can't be done.

    The answer doesn't depend on the order of either list. Slots without a voter are absent. The same human twice
    is None: one person fills one slot. Raises ValueError when a slot id stands twice.
    """
    _refuse_doubles(requirements)
    if len({voter.human for voter in voters}) != len(voters):
        return None
    slots = sorted(requirements, key=lambda requirement: requirement.slot)
    choices = {
        voter.human: [need.slot for need in slots if need.group in voter.groups]
        for voter in sorted(voters, key=lambda voter: voter.human)
    }
    return _seat_all(choices)


def staffable(requirements: Sequence[Requirement], candidates: Sequence[Voter]) -> bool:
    """Return whether distinct humans among the candidates could fill every slot.

    Several accounts of one human count as one person with the groups of all of them. Raises ValueError when a slot
    id stands twice.
    """
    _refuse_doubles(requirements)
    groups: dict[int, frozenset[int]] = {}
    for candidate in candidates:
        groups[candidate.human] = groups.get(candidate.human, frozenset()) | candidate.groups
    choices = {need.slot: [human for human in sorted(groups) if need.group in groups[human]] for need in requirements}
    return _seat_all(choices) is not None


def _refuse_doubles(requirements: Sequence[Requirement]) -> None:
    if len({need.slot for need in requirements}) != len(requirements):
        raise ValueError("a slot stands twice in the requirements")


def _seat_all(choices: Mapping[int, Iterable[int]]) -> dict[int, int] | None:
    """Return {seat: guest} with every guest seated, or None (augmenting paths, Kuhn 1955)."""
    seats: dict[int, int] = {}
    for guest in choices:
        if not _seat(guest, choices, seats, set()):
            return None
    return seats


def _seat(guest: int, choices: Mapping[int, Iterable[int]], seats: dict[int, int], tried: set[int]) -> bool:
    # Free seats first: nobody who sits is moved without need.
    for seat in sorted(choices[guest], key=lambda seat: seat in seats):
        if seat in tried:
            continue
        tried.add(seat)
        if seat not in seats or _seat(seats[seat], choices, seats, tried):
            seats[seat] = guest
            return True
    return False
