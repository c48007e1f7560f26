"""Schemas and arguments the claims about tools start from."""

from decimal import Decimal

REFUND = {
    "type": "object",
    "required": ["order_id", "amount_usd"],
    "additionalProperties": False,
    "properties": {
        "order_id": {"type": "string", "minLength": 1},
        "amount_usd": {"type": "number", "x-money": "USD", "minimum": 0.5, "maximum": 500, "multipleOf": 0.01},
        "note": {"type": "string", "maxLength": 300},
        "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
        "weight": {"type": "number"},
        "urgent": {"type": "boolean"},
    },
}
GOOD = {"order_id": "A-1", "amount_usd": Decimal("25.00")}


def closed(**properties):
    return {"type": "object", "additionalProperties": False, "properties": properties}


def definition(path="/refunds", method="POST", schema=REFUND):
    connector = {"kind": "http", "host": "refunds", "path": path, "method": method, "secret": "shop_api"}
    return {"name": "issue_refund", "tier": 3, "connector": connector, "schema": schema}
