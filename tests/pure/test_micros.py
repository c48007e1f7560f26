"""Claims about money of budgets: nothing is ever rounded on the way in or out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.micros import BadUsd, parse_usd, usd


@given(st.integers(0, 10**15))
def test_micros_shown_in_dollars_read_back_the_same(micros):
    assert parse_usd(f"{usd(micros):f}") == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [("0", 0), ("1.10", 1_100_000), ("4.1", 4_100_000), ("0.0000010", 1), ("5e1", 50_000_000), ("1e-6", 1)],
)
def test_an_amount_is_what_its_digits_say(text, micros):
    assert parse_usd(text) == micros


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "$1", "1,000", "1.", ".5", " 1", "1_0", "٣", "nan", "inf", "0.0000001", "1000000000.000001", "1e99",
     "1e999999"]
)  # fmt: skip
def test_what_is_not_an_amount_we_can_hold_is_refused(text):
    with pytest.raises(BadUsd):
        parse_usd(text)


def test_whole_dollars_have_no_decimals():
    assert (usd(50_000_000), str(usd(1_500_000)), str(usd(0))) == (Decimal(50), "1.5", "0")
    assert str(usd(100_000_000)) == "100"
