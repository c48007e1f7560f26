"""Who had a run when: one line without gaps or overlaps, whatever was laid over one another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.runs.timeline import BETWEEN, ORDER, WIDTH, Stretch, lanes, lasting, line

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stretch(who, began, ended) -> Stretch:
    return Stretch(who, at(began), at(ended))


def read(*stretches, until=100) -> list[tuple]:
    found = line(stretches, NOON, at(until))
    return [(one.who, (one.began - NOON).seconds, (one.ended - NOON).seconds) for one in found]


def test_whenever_nobody_has_it_it_is_in_the_queue():
    assert read() == [("queue", 0, 100)]
    assert read(stretch("worker", 10, 30)) == [("queue", 0, 10), ("worker", 10, 30), ("queue", 30, 100)]


def test_a_worker_has_it_between_two_steps_that_follow_closely():
    assert read(stretch("worker", 0, 30), stretch("worker", 31, 100)) == [("worker", 0, 100)]
    assert read(stretch("worker", 0, 30), stretch("worker", 33, 100))[1] == ("queue", 30, 33)


def test_while_people_have_one_of_its_actions_they_have_the_run():
    found = read(stretch("tool", 0, 60), stretch("people", 20, 100))
    assert found == [("tool", 0, 20), ("people", 20, 100)]


def test_a_pause_comes_before_all_others():
    assert ("paused", 40, 50) in read(stretch("people", 0, 100), stretch("paused", 40, 50))


def test_what_lies_outside_the_run_is_cut_off():
    assert read(stretch("people", -50, 500)) == [("people", 0, 100)]
    assert read(stretch("people", 200, 300)) == [("queue", 0, 100)]


def test_a_run_that_has_only_just_begun_has_no_line():
    assert line([stretch("worker", 0, 5)], NOON, NOON) == [] and lanes([]) == []


_SOME = st.builds(stretch, st.sampled_from(ORDER), st.integers(-10, 100), st.integers(0, 120))


@given(st.lists(_SOME, max_size=12), st.integers(1, 110))
def test_the_line_covers_all_of_the_time_once(some, until):
    found = line(some, NOON, at(until))
    assert (found[0].began, found[-1].ended) == (NOON, at(until))
    for one, following in zip(found, found[1:], strict=False):
        assert one.ended == following.began and one.who != following.who
        assert one.began < one.ended
    assert all(one.who != "queue" or one.ended - one.began >= BETWEEN or one is found[0] for one in found)


@given(st.lists(_SOME, max_size=12), st.integers(1, 110))
def test_what_is_drawn_lies_within_the_drawing_and_in_order(some, until):
    for lane in lanes(line(some, NOON, at(until))):
        ends = 0
        for bar in lane.bars:
            assert ends <= bar.x and bar.width > 0
            ends = bar.x + bar.width
        assert ends <= WIDTH


def test_a_lane_says_for_how_long_and_for_whom():
    queue, people = lanes(line([stretch("people", 25, 100)], NOON, at(100)), people="finance")
    assert (queue.words, queue.share, queue.minutes) == ("In the queue", "25 %", "0.42")
    assert (people.means, people.lasted, people.share) == ("waited for finance", "1 min 15 s", "75 %")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0.00 s"), (0.214, "0.21 s"), (34.4, "34 s"), (725, "12 min 5 s"), (6600, "1 h 50 min")],
)
def test_a_length_of_time_is_said_as_exactly_as_it_is_of_use(seconds, said):
    assert lasting(timedelta(seconds=seconds)) == said
