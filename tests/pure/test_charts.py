"""The geometry of the board's drawings."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.figures import charts
from approvals.figures.charts import HEIGHT, WIDTH, Column, Point

counts = st.integers(0, 5000)
columns = st.lists(
    st.builds(Column, st.just("Mon"), st.just(""), counts, counts, counts, counts), min_size=1, max_size=40
)
spans = st.none() | st.integers(0, 40 * 86400)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (5, 6), (7, 10), (11, 20), (21, 40), (61, 100), (101, 200)]
)
def test_a_scale_of_counts_ends_at_a_round_even_number(most, top):
    assert charts.nice_count(most) == top


@pytest.mark.parametrize(
    ("most", "top"), [(0, 120), (121, 240), (3600, 3600), (3601, 7200), (86401, 172800), (101 * 86400, 102 * 86400)]
)
def test_a_scale_of_times_ends_at_a_round_one(most, top):
    assert charts.nice_span(most) == top


def bars_of(drawn):
    return [bar for bar in (drawn.came_in, drawn.in_time, drawn.late, drawn.expired) if bar]


@given(columns)
def test_every_bar_lies_within_the_drawing_and_its_own_column(given_columns):
    drawn = charts.bars(given_columns)
    for column in drawn.columns:
        for bar in bars_of(column):
            assert 0 <= bar.y and bar.y + bar.height <= HEIGHT + 0.11 and bar.height >= 0
            assert column.whole.x - 0.11 <= bar.x and bar.x + bar.width <= column.whole.x + column.whole.width + 0.11
            assert bar.x + bar.width <= WIDTH + 0.11


@given(columns)
def test_what_ended_is_stacked_in_time_below_late_below_expired(given_columns):
    for column in charts.bars(given_columns).columns:
        stack = [bar for bar in (column.in_time, column.late, column.expired) if bar]
        for lower, upper in zip(stack, stack[1:], strict=False):
            assert upper.y + upper.height == pytest.approx(lower.y, abs=0.11) and upper.x == lower.x


def test_a_bar_is_as_high_as_its_share_of_the_scale():
    drawn = charts.bars([Column("Mon 1 Jan", "Mon 1", 10, 4, 1, 0)])
    (only,) = drawn.columns
    assert (drawn.top, drawn.middle, drawn.empty) == (10, "5", False)
    assert (only.came_in.height, only.in_time.height, only.late.height, only.expired) == (200, 80, 20, None)
    assert only.says == "Mon 1 Jan: 10 came in, 4 in time, 1 late, 0 expired"


def test_one_in_a_thousand_can_still_be_seen_and_nothing_is_empty():
    (only,) = charts.bars([Column("", "", 1000, 0, 1, 0)]).columns
    assert only.late.height == 3
    assert charts.bars([Column("", "", 0, 0, 0, 0)]).empty and charts.bars([]).columns == ()


@given(st.lists(st.tuples(spans, spans), min_size=1, max_size=40), spans)
def test_lines_stay_within_and_have_a_dot_for_every_value(values, target):
    points = [Point("", "", 1, p50, p90) for p50, p90 in values]
    drawn = charts.lines(points, target, [""] * len(points))
    for path, dots, name in ((drawn.p50, drawn.dots50, "p50"), (drawn.p90, drawn.dots90, "p90")):
        places = [tuple(map(float, place.split())) for place in re.findall(r"[ML]([-\d.e]+ [-\d.e]+)", path)]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
        assert len(places) == dots.count("h0") == sum(getattr(point, name) is not None for point in points)
    assert drawn.target is None or 0 <= drawn.target <= HEIGHT


def test_a_line_begins_anew_after_a_gap():
    points = [Point("", "", 1, value, value) for value in (60, 60, None, 120)]
    drawn = charts.lines(points, 120, ["a", "b", "", "d"])
    assert drawn.p50 == "M125 100 L375 100 M875 0"
    assert (drawn.top, drawn.middle, drawn.target) == (120, 60, 0)
    assert [says for _, says in drawn.spots] == ["a", "b", "d"]
