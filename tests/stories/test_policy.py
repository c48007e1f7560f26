"""The sample company's policy in the running product: facts come from the shop's own database, by its read-only role."""

import psycopg
import pytest

SMALL = {"confidence": 0.95}


def order_of(company, *, days: int, refunded: bool = False) -> str:
    """An order of a customer who has been one for at least so many days, with or without a refund."""
    query = """
        SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id
        WHERE c.since < now() - make_interval(days => %s) AND o.fraud_risk < 0.5 AND EXISTS (
            SELECT FROM refunds r JOIN orders theirs ON theirs.id = r.order_id
            WHERE theirs.customer_id = c.id AND r.voided_at IS NULL) = %s
        ORDER BY o.id DESC LIMIT 1"""
    return company.shop(query, days, refunded)[0][0]


def ask(company, order: str, amount: str, **words) -> dict:
    answer = company.agent.propose("issue_refund", order_id=order, amount_usd=amount, reason="Broken", **words)
    assert answer.status_code in (201, 202), answer.text
    return answer.json()


def test_small_refund_of_a_known_customer_runs_and_the_page_says_why(company):
    order = order_of(company, days=400)
    action = ask(company, order, "9.75", claims=SMALL)
    assert (action["verdict"], action["effective_tier"], action["tier"]) == ("allow", 2, 3)
    assert action["reasons"] == [{"code": "policy_allow"}]
    assert company.settled(action["id"])["state"] == "succeeded"
    assert company.refunds_of(action["id"]) == 1
    page = company.person("ana").get(f"/actions/{action['id']}/").text
    assert "small-refund" in page and "tenure_days" in page and "refund-desk/1" in page
    again = ask(company, order, "3.10", claims=SMALL)
    assert again["verdict"] == "review", "one refund in 90 days, and the next is for people"


@pytest.mark.parametrize("order", ["A-2052", "A-2083"])
def test_order_that_the_shops_fraud_check_dislikes_goes_to_people(company, order):
    action = ask(company, order, "1.00", claims=SMALL)
    assert action["state"] == "awaiting_review"
    page = company.person("ana").get(f"/actions/{action['id']}/").text
    assert "fraud_risk" in page and "0.94" in page or "0.81" in page


def test_order_the_shop_does_not_know_is_held_because_nothing_is_known(company):
    action = ask(company, "A-9999", "1.00", claims=SMALL)
    assert (action["state"], {reason["code"] for reason in action["reasons"]}) == ("awaiting_review", {"fact_unknown"})


def test_what_is_out_of_reach_is_denied_and_the_agent_is_told_a_code(company):
    action = ask(company, order_of(company, days=1), "4999.00")
    assert (action["state"], action["reasons"][0]["code"]) == ("denied", "amount_out_of_reach")
    assert "2000" not in str(action["reasons"])


def test_reply_to_a_threat_waits_for_the_escalations_desk(company):
    query = "SELECT id FROM tickets WHERE text LIKE '%%dispute the charge with my bank%%'"
    ticket = company.shop(query)[0][0]
    answer = company.agent.propose("send_reply", ticket_id=ticket, text="I'm sorry. A colleague has your message.")
    action = answer.json()
    assert [slot["group"] for slot in action["slots"]] == ["escalations"]
    assert action["id"] in {row["id"] for row in company.person("nuru").queue()["your_turn"]}
    assert action["id"] not in {row["id"] for row in company.person("mara").queue()["your_turn"]}


def test_role_that_facts_are_read_with_can_write_nothing(company):
    dsn = (company.product.home / "secrets" / "shop_reader_dsn").read_text()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for sql in (
            "INSERT INTO refunds (order_id, cents, reason) VALUES ('A-2014', 1, 'x')",
            "SET default_transaction_read_only = off; UPDATE customers SET name = 'x'",
            "SELECT email FROM customers",
        ):
            with pytest.raises(psycopg.errors.DatabaseError):
                connection.execute(sql)


def test_the_second_of_two_refunds_of_one_order_is_refused_once_the_first_is_paid(company):
    """Both were asked, and signed, when nothing was refunded: what people saw isn't so any more."""
    order = company.an_order(95)
    first, second = ask(company, order, "1.10"), ask(company, order, "1.20")
    company.sign(first, "ana", "mara")
    assert company.settled(first["id"])["state"] == "succeeded"
    company.sign(second, "ana", "mara")
    ended = company.settled(second["id"])
    assert (ended["state"], ended["error"]["code"]) == ("refused", "facts_drifted")
    assert "1.10" not in str(ended["error"]), "an agent reads codes, never values"
    assert company.refunds_of(second["id"]) == 0
    page = company.person("ana").get(f"/actions/{second['id']}/").text
    assert "Moved" in page and "refunded so far" in page and "USD 1.10" in page
