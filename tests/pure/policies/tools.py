"""The tools of the sample policies' agent."""

from agents.policy.language import Tool


def _tool(name: str, tier: int, arguments: dict, *, effect: str = "write", **more) -> Tool:
    money = {argument: argument[-3:].upper() for argument in arguments if argument.startswith("amount_")}
    return Tool(name, tier, effect, arguments, frozenset(arguments), money, next(iter(money), None), **more)


REFUND = {"amount_usd": "number", "customer_id": "string", "order_id": "string", "ticket_id": "string"}
TOOLS = (
    _tool("look_up_ticket", 0, {"ticket_id": "string"}, effect="read"),
    _tool("check_billing", 0, {"ticket_id": "string"}, effect="read"),
    _tool("propose_refund", 2, REFUND),
    _tool("issue_refund", 3, REFUND, counterparty="customer_id"),
    _tool("send_reply", 2, {"ticket_id": "string", "text": "string", "promises_refund": "bool"}),
    _tool("pay", 3, {"amount_usd": "number", "payee": "string"}, counterparty="payee"),
    _tool("tag", 1, {"ticket_id": "string", "label": "string", "weight": "int", "amount_eur": "number"}),
    _tool("rotate_secret", 4, {"secret": "string"}),
    _tool("erase", 4, {"amount_usd": "number"}),
)
