"""A share, and how far it can be trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.figures.wilson import Share, interval

# Computed by the textbook's formula elsewhere, in percent to one decimal.
TABLE = [
    (0, 10, 0.0, 27.8),
    (11, 12, 64.6, 98.5),
    (27, 30, 74.4, 96.5),
    (90, 100, 82.6, 94.5),
    (2, 61, 0.9, 11.2),
    (10, 10, 72.2, 100.0),
    (1, 1, 20.7, 100.0),
]


@pytest.mark.parametrize(("count", "of", "low", "high"), TABLE)
def test_the_interval_of_a_share(count, of, low, high):
    share = Share(count, of)
    assert (share.low, share.high) == (low, high)


def test_out_of_none_nothing_is_known():
    nothing = Share(0, 0)
    assert interval(0, 0) == (0.0, 1.0)
    assert (nothing.percent, nothing.in_words, nothing.is_enough) == (None, "none", False)


@pytest.mark.parametrize(("count", "of"), [(-1, 3), (4, 3), (1, 0)])
def test_what_is_no_share_is_refused(count, of):
    with pytest.raises(ValueError, match="is no share"):
        interval(count, of)


@given(st.integers(0, 2000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_it_holds_the_share_and_mirrors(pair):
    count, of = pair
    low, high = interval(count, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low <= count / of <= high
        mirrored = interval(of - count, of)
        assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(st.integers(1, 300), st.integers(2, 20))
def test_more_of_the_same_narrows_it(of, times):
    few, many = interval(of // 2, of), interval(of // 2 * times, of * times)
    assert many[1] - many[0] < few[1] - few[0]


def test_a_share_is_judged_from_thirty_on():
    assert (Share(29, 29).is_enough, Share(0, 30).is_enough) == (False, True)
    assert Share(94, 100).in_words == "94\u00a0%"
