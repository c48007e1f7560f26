"""What of a headline leaves the house: amounts, numbers, listed values and references; no names, no sentences."""

import pytest

from approvals.telling import discreet

SCHEMA = {
    "type": "object",
    "properties": {
        "payee": {"type": "string"},
        "order_id": {"type": "string"},
        "amount_usd": {"type": "number", "x-money": "USD"},
        "speed": {"enum": ["express", "by boat"]},
        "units": {"type": "integer"},
        "lines": {"type": "array"},
    },
}


def told(template: str, facts: dict | None = None, **args) -> str:
    kept = {name: {"value": value, "from": "shop"} for name, value in (facts or {}).items()}
    return discreet.headline_of({"name": "pay_out", "headline": template, "schema": SCHEMA}, args, kept)


def test_amounts_numbers_listed_values_and_references_go_out():
    args = {"amount_usd": {"currency": "USD", "minor": 12050}, "order_id": "A-1041", "speed": "by boat", "units": 3}
    assert told("{amount_usd} {order_id} {speed} {units}", **args) == "USD 120.50 A-1041 by boat 3"


@pytest.mark.parametrize(
    "name", ["Lena Ortiz", "Lena", "lena1980", "Ng", "Ana's", "李 娜", "https://evil.example/1", "x" * 41]
)
def test_a_name_stays_at_the_desk_as_an_argument_and_as_a_fact(name):
    assert told("Pay {payee}", payee=name) == "Pay [payee]"
    assert told("Pay {fact.customer_name}", facts={"customer_name": name}) == "Pay [customer name]"


@pytest.mark.parametrize("reference", ["T-1004", "88213", "#17", "inv/2026/11", "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_a_reference_goes_out(reference):
    assert told("Look at {order_id}", order_id=reference) == f"Look at {reference}"


def test_lists_and_records_stay_at_the_desk():
    assert told("Ship {lines}", lines=["A-1", "Lena"]) == "Ship [lines]"
    assert told("Ship {fact.to}", facts={"to": {"record": {"name": "Lena"}}}) == "Ship [to]"


def test_what_was_not_given_or_not_known_reads_so():
    assert told("Pay {payee} of {fact.city}") == "Pay (not given) of (not known)"
    assert told("{fact.city}", facts={"city": {"missing": "stale", "detail": "Lena moved"}}) == "not known (stale)"


def test_without_a_template_the_tools_name_stands():
    assert discreet.headline_of({"name": "pay_out", "schema": SCHEMA}, {"payee": "Lena"}, {}) == "pay out"


def test_a_reference_that_would_take_long_to_refuse_is_refused_at_once():
    assert told("{payee}", payee="1-" * 19 + "!") == "[payee]"
