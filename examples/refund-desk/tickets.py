"""Reads an inbox: one ticket a line, as JSON with id, customer_id, name, email, subject, text, hours_ago."""

import json
from pathlib import Path

INBOX = Path(__file__).resolve().parent / "inbox" / "tickets.jsonl"
FIELDS = ("id", "customer_id", "name", "subject", "text")


def read_tickets(path: Path = INBOX) -> list[dict]:
    """The tickets in a file, in its order. Raises ValueError with the line that isn't one."""
    tickets = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            tickets.append(_read_ticket(line, where=f"{path.name}:{number}"))
    return tickets


def _read_ticket(line: str, *, where: str) -> dict:
    try:
        ticket = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: not JSON: {error}") from error
    if not isinstance(ticket, dict) or not all(isinstance(ticket.get(name), str) for name in FIELDS):
        raise ValueError(f"{where}: a ticket has the texts {', '.join(FIELDS)}")
    return ticket
