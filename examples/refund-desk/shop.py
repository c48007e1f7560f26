"""The shop's rules. Every function takes an open connection and either answers or raises Refused.

Money is kept as integer cents and shown as text with two decimals, always USD.
"""

import re
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import dict_row
from wire import Answer, Malformed

AMOUNT = re.compile(r"\d{1,7}(\.\d{1,2})?", re.ASCII)


class Refused(Exception):
    """The shop says no. `code` is stable; the message says why; `extra` carries figures a caller may need."""

    def __init__(self, status: int, code: str, detail: str, **extra):
        super().__init__(detail)
        self.status, self.code, self.detail, self.extra = status, code, detail, extra


def find_order(connection: Connection, *, order_id: str) -> Answer:
    """GET /orders/{order_id}: what was bought, paid, refunded, and what is left to refund."""
    order = _one(
        connection,
        "SELECT o.id AS order_id, o.customer_id, c.name AS customer_name, o.status, o.placed_at::date AS placed_on"
        " FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = %s",
        order_id,
    )
    if order is None:
        raise _unknown("order", order_id)
    lines = connection.cursor(row_factory=dict_row).execute(
        "SELECT product, quantity, unit_cents FROM order_lines WHERE order_id = %s ORDER BY position", (order_id,)
    )
    shown = [{"product": x["product"], "quantity": x["quantity"], "unit_usd": usd(x["unit_cents"])} for x in lines]
    return Answer.of(200, {**order, "lines": shown, **_balance(connection, order_id)})


def find_customer(connection: Connection, *, customer_id: str) -> Answer:
    """GET /customers/{customer_id}: who they are and which orders they placed, newest first."""
    customer = _one(
        connection,
        "SELECT id AS customer_id, name, email, since::date AS customer_since FROM customers WHERE id = %s",
        customer_id,
    )
    if customer is None:
        raise _unknown("customer", customer_id)
    orders = connection.execute(
        "SELECT id FROM orders WHERE customer_id = %s ORDER BY placed_at DESC, id", (customer_id,)
    ).fetchall()
    return Answer.of(200, {**customer, "orders": [order_id for (order_id,) in orders]})


def find_ticket(connection: Connection, *, ticket_id: str) -> Answer:
    """GET /tickets/{ticket_id}: who wrote it and the customer's own words."""
    ticket = _one(
        connection,
        "SELECT t.id, t.customer_id, c.name, t.subject, coalesce(t.text, '') AS text"
        " FROM tickets t LEFT JOIN customers c ON c.id = t.customer_id WHERE t.id = %s",
        ticket_id,
    )
    if ticket is None:
        raise _unknown("ticket", ticket_id)
    return Answer.of(200, ticket)


def add_note(connection: Connection, body: dict, *, ticket_id: str, action: str) -> Answer:
    """POST /tickets/{ticket_id}/notes {text}: an internal note, which the customer never sees."""
    _only(body, "text")
    text = _text(body, "text", longest=4000)
    _lock_ticket(connection, ticket_id)
    note = connection.execute(
        "INSERT INTO notes (ticket_id, text, action) VALUES (%s, %s, %s) RETURNING id, added_at",
        (ticket_id, text, action),
    ).fetchone()
    return Answer.of(201, {"note_id": f"N-{note[0]}", "ticket_id": ticket_id, "at": note[1]})


def send_reply(connection: Connection, body: dict, *, action: str) -> Answer:
    """POST /replies {ticket_id, text}: a message to the customer. It is sent by being stored in `messages`."""
    _only(body, "ticket_id", "text")
    ticket_id, text = _text(body, "ticket_id", longest=64), _text(body, "text", longest=4000)
    _lock_ticket(connection, ticket_id)
    sent = connection.execute(
        "INSERT INTO messages (ticket_id, text, action) VALUES (%s, %s, %s) RETURNING id, sent_at",
        (ticket_id, text, action),
    ).fetchone()
    return Answer.of(201, {"message_id": f"M-{sent[0]}", "ticket_id": ticket_id, "at": sent[1]})


def issue_refund(connection: Connection, body: dict, *, action: str) -> Answer:
    """POST /refunds {order_id, amount_usd, reason}: give money back, never more than what is left of what was paid."""
    _only(body, "order_id", "amount_usd", "reason")
    order_id, reason = _text(body, "order_id", longest=64), _text(body, "reason", longest=500)
    cents = read_cents(body.get("amount_usd"))
    # The lock makes two refunds of one order wait for each other; without it both could see the same money left.
    if connection.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", (order_id,)).fetchone() is None:
        raise _unknown("order", order_id)
    left = _cents_left(connection, order_id)
    if cents > left:
        detail = f"{usd(cents)} USD is more than the {usd(left)} USD that is left to refund on order {order_id}."
        # 422 and not 409: nothing stands in the way of another amount, and the caller is told which.
        raise Refused(422, "more_than_is_left", detail, left_usd=usd(left))
    refund = connection.execute(
        "INSERT INTO refunds (order_id, cents, reason, action) VALUES (%s, %s, %s, %s) RETURNING id, refunded_at",
        (order_id, cents, reason, action),
    ).fetchone()
    shown = {"refund_id": f"R-{refund[0]}", "order_id": order_id, "amount_usd": usd(cents)}
    return Answer.of(201, {**shown, "left_usd": usd(left - cents), "at": refund[1]})


def void_refund(connection: Connection, body: dict, *, refund_id: str, action: str) -> Answer:
    """POST /refunds/{refund_id}/void {reason}: take a refund back. Once only."""
    _only(body, "reason")
    reason = _text(body, "reason", longest=500)
    order_id, cents, voided_at = _lock_refund(connection, refund_id)
    if voided_at is not None:
        raise Refused(409, "already_void", f"Refund {refund_id} was already voided at {voided_at:%Y-%m-%d %H:%M} UTC.")
    (at,) = connection.execute(
        "UPDATE refunds SET voided_at = now(), void_reason = %s WHERE 'R-' || id = %s RETURNING voided_at",
        (reason, refund_id),
    ).fetchone()
    return Answer.of(200, {"refund_id": refund_id, "order_id": order_id, "voided_usd": usd(cents), "at": at})


def list_refunds(connection: Connection, *, order_id: str | None) -> Answer:
    """GET /refunds?order_id=: refunds of one order, or the newest 500 of all."""
    rows = connection.cursor(row_factory=dict_row).execute(
        "SELECT 'R-' || id AS refund_id, order_id, cents, reason, action, refunded_at AS at, voided_at FROM refunds"
        " WHERE %s::text IS NULL OR order_id = %s ORDER BY id DESC LIMIT 500",
        (order_id, order_id),
    )
    refunds = [{"amount_usd": usd(row.pop("cents")), **row} for row in rows]
    return Answer.of(200, {"refunds": refunds})


def read_cents(value) -> int:
    """Cents of a JSON number or a text such as "41.90". Raises Malformed for anything that isn't plainly an amount."""
    wrong = Malformed(422, "bad_amount", "amount_usd must be above 0 and below 10,000,000, with at most 2 decimals.")
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise wrong
    if isinstance(value, str) and not AMOUNT.fullmatch(value):
        raise wrong
    try:
        cents = Decimal(value) * 100
    except ArithmeticError as error:  # 1e999999999 overflows
        raise wrong from error
    if not 0 < cents < 10**9 or cents != cents.to_integral_value():
        raise wrong
    return int(cents)


def usd(cents: int) -> str:
    """Text with two decimals: 4190 -> "41.90"."""
    return f"{Decimal(int(cents)) / 100:.2f}"


def _balance(connection: Connection, order_id: str) -> dict:
    paid, refunded = _sums(connection, order_id)
    return {"paid_usd": usd(paid), "refunded_usd": usd(refunded), "left_usd": usd(paid - refunded)}


def _cents_left(connection: Connection, order_id: str) -> int:
    paid, refunded = _sums(connection, order_id)
    return paid - refunded


def _sums(connection: Connection, order_id: str) -> tuple[int, int]:
    return connection.execute(
        "SELECT (SELECT coalesce(sum(cents), 0)::bigint FROM payments WHERE order_id = %s),"
        " (SELECT coalesce(sum(cents), 0)::bigint FROM refunds WHERE order_id = %s AND voided_at IS NULL)",
        (order_id, order_id),
    ).fetchone()


def _lock_ticket(connection: Connection, ticket_id: str) -> None:
    if connection.execute("SELECT 1 FROM tickets WHERE id = %s FOR SHARE", (ticket_id,)).fetchone() is None:
        raise _unknown("ticket", ticket_id)


def _lock_refund(connection: Connection, refund_id: str) -> tuple:
    row = connection.execute(
        "SELECT order_id, cents, voided_at FROM refunds WHERE 'R-' || id = %s FOR UPDATE", (refund_id,)
    ).fetchone()
    if row is None:
        raise _unknown("refund", refund_id)
    return row


def _one(connection: Connection, sql: str, *values) -> dict | None:
    return connection.cursor(row_factory=dict_row).execute(sql, values).fetchone()


def _unknown(noun: str, name: str) -> Refused:
    return Refused(404, f"unknown_{noun}", f"There is no {noun} {name}.")


def _only(body: dict, *names: str) -> None:
    extra = sorted(set(body) - set(names))
    if extra:
        raise Malformed(422, "unknown_field", f"Unknown field {extra[0]!r}; this call takes: {', '.join(names)}.")


def _text(body: dict, name: str, *, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest or "\x00" in value:
        raise Malformed(422, f"bad_{name}", f"{name} must be a text of 1 to {longest} characters.")
    return value
