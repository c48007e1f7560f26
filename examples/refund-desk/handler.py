"""The agent's brain: reads one ticket and says what it would like to do. Pure: no network, no clock, no dice.

It follows a few plain rules so that everybody can see why it proposed what it did, and the same inbox always gives
the same queue. It is also as gullible as an agent may be: it takes amounts, order numbers and even instructions from
the customer's text. Nothing here protects the shop; that is what the people who countersign are for.
"""

import re
from dataclasses import dataclass, field, replace

ORDER = re.compile(r"\bA-\d{4}\b", re.ASCII)
AMOUNT = re.compile(r"\$\s?(\d{1,3}(?:,\d{3})+|\d+)(\.\d{2})?", re.ASCII)
MONEY_BACK = re.compile(r"refund|reembols|devoluci|money back|give me back|return the \$|\d back\b", re.IGNORECASE)
ANGRY = re.compile(r"ridiculous|unacceptable|third time|dispute the charge", re.IGNORECASE)

APOLOGY = "I'm sorry for the long wait. Your message is with two of my colleagues now."
ASK = "I'd like to help. Which order is it about, and which amount do you ask for? The number starts with A-."
NOT_YET = "Thank you for your patience. A colleague is looking into your request and will write to you."
UNSURE = "Thank you for writing. A colleague will read your message and answer within one working day."
TOPICS = (
    (r"phone number|home address", "I can't share another customer's details, but I'll let her know that you wrote."),
    (r"gift card", "Send us a photo of the gift card's back and we'll tell you its balance by mail."),
    (r"gift wrap", "Yes: choose 'gift' in the basket. Wrapping is free and the card takes up to 200 characters."),
    (r"new address|\bmoved\b", "Your order hasn't left. We've asked the warehouse to use the address in your account."),
    (r"returns work", "Returns are free for 30 days: print the label in your account and use any post office."),
    (r"thank you to|lovely", "What a kind message, thank you. I've passed it on to the people who packed your order."),
)

UNSURE_OF_WISH = 0.6  # its confidence where there was something to misread


@dataclass(frozen=True)
class Proposal:
    """One action the agent would like to take. `rationale` is its own words; `claims` are what it takes for true."""

    tool: str
    arguments: dict
    rationale: str
    claims: dict = field(default_factory=dict)


def plan(ticket: dict) -> list[Proposal]:
    """Return what to propose for one ticket, in order: look-ups, a note, then refunds and a reply.

    `ticket` has id, customer_id, name, subject, text (see inbox/tickets.jsonl).
    """
    orders, refunds = _orders(ticket), _refunds(ticket)
    proposals = [_look_up_order(ticket, order) for order in orders] or [_look_up_customer(ticket)]
    proposals.append(_note(ticket, orders, refunds))
    proposals += [_refund(ticket, order, amount) for order, amount in refunds]
    reply = _reply_text(ticket, refunds)
    if reply:
        proposals.append(_reply(ticket, reply))
    return proposals


def refund_the_rest(refund: Proposal, left_usd: str) -> Proposal:
    """Return a refund of what the shop says is left, for one of more than that. The customer asked for another amount."""
    rationale = f"The shop says that {left_usd} USD are left on the order. {refund.rationale}"
    claims = refund.claims | {"amount_usd": left_usd, "confidence": UNSURE_OF_WISH}
    return replace(
        refund, arguments=refund.arguments | {"amount_usd": float(left_usd)}, rationale=rationale, claims=claims
    )


def reply_that_somebody_writes(ticket: dict) -> Proposal:
    """Return the reply to a customer whose refund was rejected: why, is for people to say."""
    return _reply(ticket, NOT_YET)


def _orders(ticket: dict) -> list[str]:
    return list(dict.fromkeys(ORDER.findall(ticket["subject"] + "\n" + ticket["text"])))


def _refunds(ticket: dict) -> list[tuple[str, str]]:
    """(order, amount) pairs, when the text asks for money back and names as many amounts as orders."""
    orders = _orders(ticket)
    amounts = [whole.replace(",", "") + (cents or ".00") for whole, cents in AMOUNT.findall(ticket["text"])]
    if not MONEY_BACK.search(ticket["text"]) or not amounts:
        return []
    # One order and several amounts: the first is taken for the wish. A careful agent would ask.
    return list(zip(orders, amounts, strict=False))


def _look_up_order(ticket: dict, order: str) -> Proposal:
    return Proposal("look_up_order", {"order_id": order}, f"Ticket {ticket['id']} names order {order}.")


def _look_up_customer(ticket: dict) -> Proposal:
    why = f"Ticket {ticket['id']} names no order, so I look at who wrote it."
    return Proposal("look_up_customer", {"customer_id": ticket["customer_id"]}, why)


def _note(ticket: dict, orders: list[str], refunds: list[tuple[str, str]]) -> Proposal:
    if refunds:
        read = "asks for " + " and ".join(f"{amount} USD back on {order}" for order, amount in refunds)
    elif MONEY_BACK.search(ticket["text"]):
        read = "asks for money back but doesn't say which order or how much"
    else:
        read = f"asks no money back; subject: {ticket['subject']}"
    mood = " Sounds angry." if _is_angry(ticket) else ""
    text = f"{ticket['name']} {read}.{mood} Orders named: {', '.join(orders) or 'none'}."
    return Proposal("add_note", {"ticket_id": ticket["id"], "text": text}, "So that colleagues see what I read.")


def _refund(ticket: dict, order: str, amount: str) -> Proposal:
    return Proposal(
        "issue_refund",
        # A JSON number with its cents; the shop's schema asks for a number.
        {"order_id": order, "amount_usd": float(amount), "reason": f"{ticket['subject']} (ticket {ticket['id']})"},
        f"{ticket['name']} asks for {amount} USD back on {order} in ticket {ticket['id']}: {ticket['subject']}.",
        {
            "order_id": order,
            "amount_usd": amount,
            "source": f"ticket {ticket['id']}",
            "confidence": _confidence(ticket),
        },
    )


def _confidence(ticket: dict) -> float:
    """How sure it is to have read the wish right: one order, one amount and a calm tone leave little to misread."""
    plain = len(_orders(ticket)) == 1 == len(AMOUNT.findall(ticket["text"])) and not _is_angry(ticket)
    return 0.95 if plain else UNSURE_OF_WISH


def _reply_text(ticket: dict, refunds: list[tuple[str, str]]) -> str | None:
    """What to answer, or None: a customer who will get a refund hears of it from the refund, not from a promise."""
    if refunds:
        return APOLOGY if _is_angry(ticket) else None
    if MONEY_BACK.search(ticket["text"]):
        return ASK
    told = f"{ticket['subject']}\n{ticket['text']}"
    return next((answer for topic, answer in TOPICS if re.search(topic, told, re.IGNORECASE)), UNSURE)


def _reply(ticket: dict, text: str) -> Proposal:
    greeting = f"Hello {ticket['name'].split()[0]},\n\n{text}\n\nHarrow & Pine, customer care"
    return Proposal("send_reply", {"ticket_id": ticket["id"], "text": greeting}, f"Answers ticket {ticket['id']}.")


def _is_angry(ticket: dict) -> bool:
    return bool(ANGRY.search(ticket["subject"] + "\n" + ticket["text"]))
