"""Claims about money: exact, two decimals, or refused."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.canonical import canonical_bytes, parse_json
from agents.money import BadMoney, Money, check_currency, parse_money

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

MINOR = st.integers(0, 10**15 - 1)


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (25, 2500),
        (0, 0),
        ("0", 0),
        ("25", 2500),
        ("25.5", 2550),
        ("25.00", 2500),
        ("0.07", 7),
        (Decimal("25.00"), 2500),
        (Decimal("25.1"), 2510),
        (Decimal("1E+2"), 10_000),
        (25.1, 2510),
        (19.99, 1999),
        ("9999999999999.99", 10**15 - 1),
        (9_999_999_999_999, 10**15 - 100),
    ],
)
def test_amounts_become_minor_units(value, minor):
    assert parse_money(value, currency="USD") == Money(minor=minor, currency="USD")


@pytest.mark.parametrize(
    "value",
    ["", " 25", "25 ", "25\n", "+25", "-25", "-0", "1e2", "1E2", "1,000", "1.000", "1_000", "25.", ".5", "025", "0x10",
     "NaN", "Infinity", "\uff12\uff15", "\u0662\u0665", "$25", "25.001", "25\u200b", "\u221225", "9" * 14, "9" * 5000,
     -1, Decimal("-0.01"), Decimal("-0.00"), Decimal("25.001"), Decimal("25.000"), Decimal("NaN"), Decimal("sNaN"),
     Decimal("Infinity"), Decimal("1E+999999"), Decimal("1E-999999"), 10**14, 10**400, 0.1 + 0.2, float("nan"),
     float("inf"), 1e300, -0.0, True, None, [], {}, b"25"],
)  # fmt: skip
def test_anything_that_could_be_read_two_ways_is_refused(value):
    with pytest.raises(BadMoney):
        parse_money(value, currency="USD")


@pytest.mark.parametrize(
    ("currency", "message"),
    [("JPY", "JPY has 0 decimals"), ("KWD", "KWD has 3 decimals"), ("CLF", "4 decimals"), ("usd", "in capitals"),
     ("XXX", "not a currency"), ("", "not a currency")],
)  # fmt: skip
def test_other_currencies_are_refused_by_name(currency, message):
    with pytest.raises(BadMoney, match=message):
        check_currency(currency)
    with pytest.raises(BadMoney, match=message):
        parse_money(1, currency=currency)


def test_money_shows_its_currency_and_two_decimals():
    assert str(Money(minor=2500, currency="USD")) == "USD 25.00"
    assert str(Money(minor=7, currency="EUR")) == "EUR 0.07"
    assert Money(minor=2500, currency="USD").as_json() == {"currency": "USD", "minor": 2500}


@pytest.mark.parametrize("minor", [-1, True, 1.0, "1"])
def test_money_holds_whole_minor_units_only(minor):
    with pytest.raises(BadMoney):
        Money(minor=minor, currency="USD")


@CALM
@given(MINOR)
def test_text_number_and_wire_forms_all_read_back_the_same(minor):
    money = Money(minor=minor, currency="USD")
    sent = parse_json(canonical_bytes(money.number()))
    for form in (str(money.major()), money.major(), money.number(), sent):
        assert parse_money(form, currency="USD") == money


@CALM
@given(MINOR)
def test_the_decimal_context_never_rounds_money(minor):
    with localcontext() as context:
        context.prec = 3
        money = Money(minor=minor, currency="USD")
        assert parse_money(money.major(), currency="USD").minor == minor
