"""Amounts in what somebody read, and one that is another with a digit too many."""

from decimal import Decimal

import pytest

from approvals.inert.sums import amounts_in, slipped_from


def amounts(*texts: str) -> set[Decimal]:
    return {Decimal(text) for text in texts}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("You paid $41.50 and EUR 1,250.00, or 1.250,00 €.", amounts("41.50", "1250.00")),
        ("Total: 4'120.30 CHF (tax 7.7 %)", amounts("4120.30")),
        ("USD 412", amounts("412")),
        ({"paid_usd": 41.5, "quantity": 10, "id": 4150}, amounts("41.5")),
        ({"cents": 4150, "lines": [{"price": 20}, {"price": "21.50"}]}, amounts("41.5", "20", "21.50")),
        ({"total": True, "amount": None, "refunded": float("inf")}, set()),
        ("Order 88213 of 2026-11-02, 10 pieces, 1.5 m, 12:30, version 4.12.1, +49 30 901820", set()),
    ],
)
def test_amounts_are_what_is_written_with_a_currency_or_two_decimals_or_is_named_so(said, found):
    assert amounts_in(said) == found


@pytest.mark.parametrize(
    ("amount", "among", "meant"),
    [
        ("415.00", ("41.50",), "41.50"),
        ("4150.00", ("41.50", "7.00"), "41.50"),
        ("41.50", ("41.50", "4.15"), None),  # it stands there itself
        ("41.50", ("415.00",), None),  # a part of it may well be meant
        ("41.50", ("20.00", "21.50"), None),
        ("0.00", ("0.00",), None),
        ("415.00", (), None),
    ],
)
def test_a_digit_too_many_is_told_from_an_amount_that_stands_there(amount, among, meant):
    assert slipped_from(Decimal(amount), amounts(*among)) == (Decimal(meant) if meant else None)


def test_no_answer_takes_long():
    assert len(amounts_in(["1.00 2.00 " * 50_000, {"amount": "9" * 100_000}])) == 2
    assert amounts_in("1," * 200_000) == set()
