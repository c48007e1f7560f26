"""A small company for the tests of the registry: people, the operator's nouns, and an agent file to import."""

from agents import agentfile, identities, people, registry
from agents.models import Agent, Person
from agents.runtimes.base import Call
from agents.tools import base
from audit.actors import Actor

OPERATOR = Actor(kind="operator", id="root", display="root")
PASSWORD = "correct horse battery"

AGENT_YAML = """\
agent: desk
name: Desk
purpose: Pay people back
roles: {owner: rosa, steward: milan, eval_owner: wei}
sign: {2: [leads], 3: [finance, leads]}
runtime: {kind: external}
tools:
  - name: look_up
    tier: 0
    effect: read
    idempotent: true
    undo: none
    connector: {kind: http, host: shop, path: "/orders/{order_id}", method: GET, secret: shop_key}
    schema: {type: object, required: [order_id], additionalProperties: false, properties: {order_id: {type: string}}}
    critical: [order_id]
    headline: "Look up {order_id}"
    preview: none
  - name: pay_back
    tier: 3
    effect: write
    idempotent: true
    undo: none
    connector: {kind: http, host: shop, path: /refunds, method: POST, secret: shop_key}
    schema:
      type: object
      required: [order_id, amount]
      additionalProperties: false
      properties: {order_id: {type: string}, amount: {type: number, x-money: USD}}
    money: amount
    critical: [amount, order_id]
    headline: "Refund {amount} for {order_id}"
    preview: none
enabled: true
"""


#: What makes it an agent that workers carry, with the caps that its tier 3 asks for.
SCRIPTED = (
    "runtime: {kind: external}\n",
    "runtime: {kind: scripted, script: refunds}\nbudget: {usd_per_day: 50, actions_per_run: 40}\n",
)


def add_company() -> dict[str, Person]:
    """Add everybody the agent file names and two who sign."""
    named = {"rosa": (), "milan": (), "wei": (), "ana": ["finance"], "mara": ["leads"]}
    return {
        name: people.add(username=name, by=OPERATOR, groups=groups, staff=name == "rosa")
        for name, groups in named.items()
    }


def configure_nouns() -> None:
    """Name the host and the secret that the agent file uses."""
    base.configure(
        {"shop": base.Host("shop", "https://shop.example")},
        {"shop_key": base.Secret("shop_key", "shop", "hmac", b"0123456789abcdef")},
        teams={"support": base.Team("support", {"micros": 90_000_000})},
        pools={"local": base.Pool("local", per_minute=30, burst=5)},
        scripts={"refunds": refund},
        unusable_runtimes={"broken": "brain can't be imported."},
    )


def refund(task):
    """Look an order up, and answer with it."""
    found = yield Call("look_up", {"order_id": task.input["order_id"]})
    return found.output


def changed(*pairs: tuple[str, str]) -> agentfile.AgentFile:
    """Read the agent file with some of its text replaced."""
    text = AGENT_YAML
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return agentfile.read(text, name="desk.yaml")


def import_desk(*, token: bool = True) -> Agent:
    """Register the agent; with a token it ends enabled."""
    registry.import_agent(changed(), by=OPERATOR)
    agent = Agent.objects.get(slug="desk")
    if token:
        identities.issue(agent=agent, by=OPERATOR)
        registry.import_agent(changed(), by=OPERATOR)
        agent.refresh_from_db()
    return agent
