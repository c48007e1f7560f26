"""What a campaign brings to the product: a runtime of the operator's, two agents whose tools do or don't honour keys, a client."""

import json
from pathlib import Path

from tests.chaos.plan import KEYED, UNKEYED
from tests.product import CHECKOUT, Product

RUNTIME = f"""
[runtimes.talking]
load = "runtimes:Talking"
path = {json.dumps(str(CHECKOUT / "tests"))}
"""

_AGENT = """
agent: {slug}
name: {slug}
purpose: Works for the shop while everything goes wrong
roles: {{owner: rosa, steward: milan, eval_owner: wei}}
sign: {{2: [support-leads], 3: [finance, support-leads]}}
runtime: {{kind: talking}}
delegates: [{delegates}]
budget:
  tokens_per_run: 20000
  usd_per_run: 1
  actions_per_run: 12
  seconds_per_run: 3600
  tokens_per_day: 1000000000
  usd_per_day: 10000
  actions_per_day: 1000000
  depth: 2
verify:
  checks: [{{id: done, expect: "output.done == true", says: it isn't done}}]
  replans: 1
tools:
  - name: look_up_order
    tier: 0
    effect: read
    idempotent: true
    undo: none
    connector: {{kind: http, host: refunds, path: "/orders/{{order_id}}", method: GET, secret: shop_api}}
    schema:
      type: object
      required: [order_id]
      additionalProperties: false
      properties: {{order_id: {{type: string}}}}
    headline: "Look up {{order_id}}"
    preview: none
  - name: add_note
    tier: 1
    effect: write
    idempotent: {keys}
    undo: none
    connector: {{kind: http, host: refunds, path: "/tickets/{{ticket_id}}/notes", method: POST, secret: shop_api}}
    schema:
      type: object
      required: [ticket_id, text]
      additionalProperties: false
      properties: {{ticket_id: {{type: string}}, text: {{type: string}}}}
    headline: "Note on {{ticket_id}}"
    preview: none
{pays}enabled: true
"""
_PAYS = """\
  - name: {name}
    tier: {tier}
    effect: write
    idempotent: {keys}
    undo: none
    connector: {{kind: http, host: refunds, path: /refunds, method: POST, secret: shop_api}}
    schema:
      type: object
      required: [order_id, amount_usd, reason]
      additionalProperties: false
      properties: {{order_id: {{type: string}}, amount_usd: {{type: string}}, reason: {{type: string}}}}
    headline: "Pay {{amount_usd}} back for {{order_id}}"
    preview: none
"""


def name_runtime(home: Path) -> None:
    """Write the talking runtime into the operator's file of a data folder, below what stands there."""
    path = home / "countersign.toml"
    text = path.read_text() if path.exists() else ""
    if "[runtimes.talking]" not in text:
        path.write_text(text + RUNTIME)


def bring(product: Product) -> None:
    """Import the campaign's two agents, enabled."""
    for slug, keys in ((UNKEYED, "false"), (KEYED, "true")):
        pays = "".join(
            _PAYS.format(name=name, tier=tier, keys=keys) for name, tier in (("give_back", 1), ("issue_refund", 3))
        )
        delegates = UNKEYED if slug == KEYED else ""
        path = product.home / f"{slug}.yaml"
        path.write_text(_AGENT.format(slug=slug, keys=keys, pays=pays, delegates=delegates))
        done = product.manage("agent", "import", str(path), check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def issue_token(product: Product, client: str) -> str:
    """Return a token of a client that may enqueue runs of both agents."""
    issued = product.manage("token", "issue", "--client", client, "--agents", f"{KEYED},{UNKEYED}")
    return issued.stdout.strip()
