"""Claims about who may fill which slot."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.policy.quorum import Requirement, Voter, match, staffable

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FINANCE, LEADS, SECURITY = 1, 2, 3


def needs(*groups):
    return [Requirement(slot=number + 10, group=group) for number, group in enumerate(groups)]


def voter(human, *groups):
    return Voter(human=human, groups=frozenset(groups))


GROUPS = st.frozensets(st.integers(1, 3))
REQUIREMENTS = st.lists(st.integers(1, 3), max_size=4).map(lambda groups: needs(*groups))
VOTERS = st.lists(GROUPS, max_size=4).map(lambda sets: [voter(number, *groups) for number, groups in enumerate(sets)])


def seatable_by_trying_all(requirements, voters):
    return any(
        all(need.group in one.groups for need, one in zip(order, voters, strict=True))
        for order in permutations(requirements, len(voters))
    )


def test_someone_in_both_groups_never_strands_a_valid_pair():
    both, leads, finance = voter(1, FINANCE, LEADS), voter(2, LEADS), voter(3, FINANCE)
    assert match(needs(FINANCE, LEADS), [both, leads]) == {10: 1, 11: 2}
    assert match(needs(FINANCE, LEADS), [both, finance]) == {11: 1, 10: 3}
    assert match(needs(LEADS, FINANCE), [both, finance]) == {10: 1, 11: 3}


def test_a_first_vote_leaves_the_other_slot_open():
    assert match(needs(FINANCE, LEADS), [voter(1, LEADS)]) == {11: 1}
    assert match(needs(FINANCE, LEADS), []) == {}


def test_votes_that_cannot_all_be_seated_are_none():
    assert match(needs(FINANCE, LEADS), [voter(1, FINANCE), voter(2, FINANCE)]) is None
    assert match(needs(FINANCE), [voter(1, SECURITY)]) is None
    assert match([], [voter(1, FINANCE)]) is None


def test_one_human_fills_one_slot():
    assert match(needs(FINANCE, LEADS), [voter(1, FINANCE), voter(1, LEADS)]) is None
    assert match(needs(FINANCE, FINANCE), [voter(1, FINANCE), voter(2, FINANCE)]) == {10: 1, 11: 2}


def test_a_slot_named_twice_is_an_error():
    doubled = [Requirement(slot=1, group=FINANCE), Requirement(slot=1, group=LEADS)]
    with pytest.raises(ValueError, match="twice"):
        match(doubled, [])
    with pytest.raises(ValueError, match="twice"):
        staffable(doubled, [])


def test_two_accounts_of_one_human_staff_one_slot_only():
    accounts = [voter(1, FINANCE), voter(1, LEADS)]
    assert not staffable(needs(FINANCE, LEADS), accounts)
    assert staffable(needs(FINANCE, LEADS), [*accounts, voter(2, FINANCE)])
    assert staffable([], [])


@CALM
@given(REQUIREMENTS, VOTERS)
def test_match_agrees_with_trying_everything(requirements, voters):
    seats = match(requirements, voters)
    assert (seats is not None) == seatable_by_trying_all(requirements, voters)
    if seats is not None:
        group_of = {need.slot: need.group for need in requirements}
        groups = {one.human: one.groups for one in voters}
        assert sorted(seats.values()) == sorted(groups)
        assert all(group_of[slot] in groups[human] for slot, human in seats.items())


@CALM
@given(REQUIREMENTS, VOTERS, st.randoms())
def test_the_order_of_votes_and_slots_does_not_matter(requirements, voters, random):
    seats = match(requirements, voters)
    shuffled, needed = list(voters), list(requirements)
    random.shuffle(shuffled)
    random.shuffle(needed)
    assert match(needed, shuffled) == seats


@CALM
@given(REQUIREMENTS, VOTERS)
def test_taking_a_vote_away_never_unseats_the_rest(requirements, voters):
    if voters and match(requirements, voters) is not None:
        assert match(requirements, voters[1:]) is not None


@CALM
@given(REQUIREMENTS, VOTERS)
def test_staffable_means_some_set_of_voters_fills_every_slot(requirements, voters):
    possible = any(
        all(need.group in one.groups for need, one in zip(requirements, order, strict=True))
        for order in permutations(voters, len(requirements))
    )
    assert staffable(requirements, voters) == possible
