"""The refund desk as Countersign runs it: one ticket, from reading it to the last answer about it.

countersign.toml names it: [scripts.refund_desk] load = "desk:work", path = this folder. A worker runs it again from its
start at each step, with what came back so far, so it looks at nothing but its task and those results.
"""

import sys
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path

from agents.runtimes.base import Call, Result, Task
from agents.runtimes.scripted import GiveUp

# This folder is no package. Last in the path, so that nothing in it stands in for a module of the product.
sys.path.append(str(Path(__file__).resolve().parent))

from handler import Proposal, plan, refund_the_rest, reply_that_somebody_writes  # noqa: E402

UNATTENDED = ("look_up_order", "look_up_customer", "add_note")

Asked = list[tuple[Proposal, Result]]
Steps = Generator[Call | tuple[Call, ...], Result | tuple[Result, ...], Asked]


def work(task: Task) -> Generator:
    """Work on `task.input["ticket_id"]`; return what was looked up, noted, paid and replied, and what came of the rest.

    Fails with `no_ticket` or `ticket_not_read`. An answer that people or the shop refuse is told, and is no failure.
    """
    ticket = yield from read(task.input)
    wanted = plan(ticket)
    quiet = yield from ask([proposal for proposal in wanted if proposal.tool in UNATTENDED])
    asked = yield from ask([proposal for proposal in wanted if proposal.tool not in UNATTENDED])
    asked += yield from ask([refund_the_rest(proposal, left) for proposal, left in too_much(asked)])
    if any(proposal.tool == "issue_refund" and result.failure == "rejected" for proposal, result in asked):
        asked += yield from ask([reply_that_somebody_writes(ticket)])
    return summary(ticket, quiet, asked)


def read(given: dict) -> Generator[Call, Result, dict]:
    """Return the ticket as the shop has it."""
    name = given.get("ticket_id")
    if not isinstance(name, str):
        raise GiveUp("no_ticket", 'The input names none: {"ticket_id": "T-1001"}.')
    found = yield Call("read_ticket", {"ticket_id": name}, rationale=f"Ticket {name} came in.")
    if not found.ok:
        raise GiveUp("ticket_not_read", f"{name}: {reason(found) or found.failure}")
    return found.output


def ask(proposals: list[Proposal]) -> Steps:
    """Propose all of these side by side; return each with what came of it, once all have ended."""
    if not proposals:
        return []
    results = yield tuple(Call(one.tool, one.arguments, one.rationale, one.claims) for one in proposals)
    return list(zip(proposals, results, strict=True))


def too_much(asked: Asked) -> list[tuple[Proposal, str]]:
    """Return the refunds of more than was left, each with what the shop says is left, if anything is."""
    invalid = [(proposal, said(result)) for proposal, result in asked if result.failure == "invalid"]
    return [(proposal, answer["left_usd"]) for proposal, answer in invalid if Decimal(answer.get("left_usd", 0)) > 0]


def summary(ticket: dict, quiet: Asked, asked: Asked) -> dict:
    """Tell what was done in numbers, codes and states: nothing a customer wrote is repeated."""
    done = [proposal for proposal, result in quiet if result.ok]
    refunds = [told(proposal, result) for proposal, result in asked if proposal.tool == "issue_refund"]
    return {
        "ticket": ticket["id"],
        "looked_up": [next(iter(one.arguments.values())) for one in done if one.tool != "add_note"],
        "noted": any(one.tool == "add_note" for one in done),
        "refunds": refunds,
        "paid": sum(refund["state"] == "paid" for refund in refunds),
        "replies": [told(proposal, result) for proposal, result in asked if proposal.tool == "send_reply"],
    }


def told(proposal: Proposal, result: Result) -> dict:
    """Return one refund or reply as the summary tells it."""
    fine = {"issue_refund": "paid", "send_reply": "sent"}[proposal.tool]
    end = {"state": fine if result.ok else result.failure, "why": reason(result)}
    if proposal.tool == "send_reply":
        return end
    order, amount = proposal.arguments["order_id"], proposal.arguments["amount_usd"]
    return {"order_id": order, "amount_usd": f"{amount:.2f}"} | end


def reason(result: Result) -> str:
    """Return the code of a no: the shop's own where it gave one, else the first, which weighs most."""
    return "" if result.ok else str(said(result).get("code") or next(iter(result.codes), ""))


def said(result: Result) -> dict:
    """Return the shop's answer, as far as it is one."""
    return result.output if isinstance(result.output, dict) else {}
