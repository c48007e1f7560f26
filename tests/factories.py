"""A few rows to test on: people, an enabled agent with three tools, and actions that came in through the gate."""

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from textwrap import dedent

from django.contrib.auth.models import Group
from django.db import connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from agents import actions, canonical, granted, identities, policies
from agents.actions import Proposal
from agents.agentfile import PolicyText
from agents.identities import AgentPrincipal
from agents.lifecycle import ACTION_MOVES, RUN_MOVES
from agents.models import (
    Action,
    Agent,
    AgentRole,
    Grant,
    Person,
    Tool,
    ToolDefinition,
)
from approvals.deciding import desk
from audit.actors import Actor
from audit.models import Event

_number = count(1)

REFUND = {
    "name": "issue_refund",
    "tier": 3,
    "effect": "write",
    "idempotent": True,
    "undo": "void_refund",
    "connector": {"kind": "http", "host": "refunds", "path": "/refunds", "method": "POST", "secret": "shop_api"},
    "schema": {
        "type": "object",
        "required": ["order_id", "amount_usd"],
        "additionalProperties": False,
        "properties": {
            "order_id": {"type": "string"},
            "amount_usd": {"type": "number", "x-money": "USD"},
            "reason": {"type": "string"},
        },
    },
    "money": "amount_usd",
    "critical": ["amount_usd", "order_id"],
    "headline": "Refund {amount_usd} for order {order_id}",
    "preview": "none",
}
REPLY = {
    "name": "send_reply",
    "tier": 2,
    "effect": "write",
    "idempotent": False,
    "undo": "none",
    "connector": {
        "kind": "http",
        "host": "refunds",
        "path": "/tickets/{ticket}/reply",
        "method": "POST",
        "secret": "shop_api",
    },
    "schema": {
        "type": "object",
        "required": ["ticket", "text"],
        "additionalProperties": False,
        "properties": {"ticket": {"type": "string"}, "text": {"type": "string"}},
    },
    "money": None,
    "critical": ["ticket"],
    "headline": "Reply to ticket {ticket}",
    "preview": "none",
}
LOOK_UP = {
    "name": "look_up",
    "tier": 0,
    "effect": "read",
    "idempotent": True,
    "undo": "none",
    "connector": {
        "kind": "http",
        "host": "refunds",
        "path": "/orders/{order_id}",
        "method": "GET",
        "secret": "shop_api",
    },
    "schema": {
        "type": "object",
        "required": ["order_id"],
        "additionalProperties": False,
        "properties": {"order_id": {"type": "string"}},
    },
    "money": None,
    "critical": ["order_id"],
    "headline": "Look up order {order_id}",
    "preview": "none",
}
LOOK_UP_TICKET = LOOK_UP | {
    "name": "read_ticket",
    "connector": LOOK_UP["connector"] | {"path": "/tickets/{ticket}"},
    "schema": {
        "type": "object",
        "required": ["ticket"],
        "additionalProperties": False,
        "properties": {"ticket": {"type": "string"}},
    },
    "critical": ["ticket"],
    "headline": "Read ticket {ticket}",
}
SIGN = {"2": ["support-leads"], "3": ["finance", "support-leads"]}


def make_person(username: str = "", *groups: str, human: Person | None = None, **fields) -> Person:
    """Return an account in these groups, which are made when missing. No password: tests sign it in by force."""
    if human is not None:
        fields["human"] = human.human
    person = Person.objects.create_user(username or f"person{next(_number)}", **fields)
    for name in groups:
        person.groups.add(Group.objects.get_or_create(name=name)[0])
    return person


def make_agent(
    slug: str = "", *, owner: Person | None = None, sign: dict | None = None, tools=(REFUND, REPLY, LOOK_UP)
) -> Agent:
    """Return an enabled agent with an owner, tools and their grants."""
    now = timezone.now()
    agent = Agent.objects.create(
        slug=slug or f"agent{next(_number)}", name="Refund desk", sign=sign or SIGN, enabled=True, first_enabled_at=now
    )
    for names in agent.sign.values():
        for name in names:
            Group.objects.get_or_create(name=name)
    AgentRole.objects.create(agent=agent, role=AgentRole.Role.OWNER, person=owner or make_person())
    for body in tools:
        grant_tool(agent, body)
    return agent


def grant_tool(agent: Agent, body: dict) -> Tool:
    """Define a tool of the agent and grant it."""
    tool = Tool.objects.create(agent=agent, name=body["name"], tier=body["tier"])
    tool.definition = ToolDefinition.objects.create(tool=tool, digest=canonical.digest_of(body), body=body)
    tool.save(update_fields=["definition"])
    Grant.objects.create(agent=agent, tool=tool, tool_name=tool.name)
    return tool


def principal_of(agent: Agent) -> AgentPrincipal:
    """Return the agent as it shows itself at the door, with a token issued for the purpose."""
    token = agent.tokens.first() or identities.issue(agent=agent, by=Actor.SYSTEM)[0]
    return AgentPrincipal(agent=agent, token=token)


def make_action(
    agent: Agent, tool: str = "issue_refund", *, key: str = "", arguments: dict | None = None, **words
) -> Action:
    """Return an action the agent proposed through the gate."""
    default = {
        "issue_refund": {"order_id": f"o-{next(_number)}", "amount_usd": 120},
        "send_reply": {"ticket": f"t-{next(_number)}", "text": "We are looking into it."},
        "look_up": {"order_id": f"o-{next(_number)}"},
    }
    proposal = Proposal(tool=tool, arguments=arguments or default[tool], **words)
    made: list[Action] = []

    def answer(action: Action) -> tuple[int, dict]:
        made.append(action)
        return 202, {"id": str(action.pk)}

    actions.propose(principal=principal_of(agent), proposal=proposal, key=key or f"key{next(_number)}", answer=answer)
    return Action.objects.get(pk=made[0].pk)


# --- a company, what its people do, and what time does


@dataclass(frozen=True)
class Company:
    """An enabled agent and the people around it: its owner, one signer of each group, and one who is in both."""

    agent: Agent
    owner: Person
    fin: Person
    lea: Person
    both: Person


def make_company(slug: str = "", **fields) -> Company:
    """Return an enabled agent with a tool of each tier, its owner, and signers of finance and support-leads."""
    number = next(_number)
    owner = make_person(f"owner{number}")
    fin, lea = make_person(f"fin{number}", "finance"), make_person(f"lea{number}", "support-leads")
    both = make_person(f"both{number}", "finance", "support-leads")
    return Company(make_agent(slug, owner=owner, **fields), owner, fin, lea, both)


def decide(action: Action, by: Person, word: str = "approve", **form):
    """Let a person decide on the bytes that stand there now; `form` replaces any field."""
    seen = {"digest": action.digest, "revision": action.revision, "step_up": "password"} | form
    if word == "reject":
        seen.setdefault("reason_code", "wrong_value")
    return desk.decide(action_id=action.pk, by=by, word=word, **seen)


def prove(browser, person: Person, *, ago: float = 0) -> None:
    """Let a test's browser have proved who sits before it, so many seconds ago, as signing in with a password does."""
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - ago}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def make_approved(company: Company, tool: str = "issue_refund", **given) -> Action:
    """Return an action with every signature it needs."""
    action = make_action(company.agent, tool, **given)
    for person in {"issue_refund": (company.fin, company.lea), "send_reply": (company.lea,)}.get(tool, ()):
        decide(action, person)
    action.refresh_from_db()
    return action


def later(action: Action, **by: float) -> None:
    """Let that many seconds pass for the named columns: `later(action, expires_at=60)`."""
    Action.objects.filter(pk=action.pk).update(
        **{name: F(name) - timedelta(seconds=seconds) for name, seconds in by.items()}
    )


def due(action: Action) -> Action:
    """Make the clock look at the action now, and read it anew."""
    Action.objects.filter(pk=action.pk).update(wake_at=Now())
    action.refresh_from_db()
    return action


def events(action: Action) -> list[Event]:
    return list(Event.objects.filter(subject_kind="action", subject_id=str(action.pk)))


def moves(action: Action) -> list[tuple[str | None, str]]:
    """Return every change of state the record tells of: (from, to), the first from nothing."""
    return [(event.data.get("from"), event.data["to"]) for event in events(action) if "to" in event.data]


def begin_anew() -> None:
    """After a transactional test has emptied every table: fill those of allowed moves, and empty the log, as its owner.

    On a connection of its own: the test that comes may not use the owner's, or be in a transaction.
    """
    owner = connections["owner"]
    with owner.get_new_connection(owner.get_connection_params()) as connection, connection.cursor() as cursor:
        for table, moves in (("agents_moveallowed", ACTION_MOVES), ("agents_runmoveallowed", RUN_MOVES)):
            cursor.executemany(
                f"INSERT INTO {table} (old_state, new_state) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [(str(old), str(new)) for old, targets in moves.items() for new in targets],
            )
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("TRUNCATE audit.event, audit.private")


# --- policy

TRANSFER = {
    "name": "transfer",
    "tier": 2,
    "effect": "write",
    "idempotent": True,
    "undo": None,
    "connector": {"kind": "http", "host": "refunds", "path": "/transfers", "method": "POST", "secret": "shop_api"},
    "schema": {
        "type": "object",
        "required": ["payee", "amount_usd"],
        "additionalProperties": False,
        "properties": {"payee": {"type": "string"}, "amount_usd": {"type": "number", "x-money": "USD"}},
    },
    "money": "amount_usd",
    "counterparty": "payee",
    "critical": ["amount_usd", "payee"],
    "headline": "Transfer {amount_usd} to {payee}",
    "preview": "none",
}


#: A tool of tier 4, and the policy that opens it.
ROTATE = {**REPLY, "name": "rotate_secret", "tier": 4, "idempotent": True, "headline": "Rotate for {ticket}"}
OPENED = """
    policy: p
    rules:
      - {id: leak, tool: rotate_secret, then: review, when: "text == 'leaked'", due: 10m, expires: 1h}
"""


def give_policy(agent: Agent, text: str) -> Agent:
    """Publish a policy for the agent, as an import would, with the source `shop` granted; return the agent with it."""
    Agent.objects.filter(pk=agent.pk).update(sources=["shop"])
    tools = granted.tools(agent)
    with transaction.atomic():
        policies.publish(agent, PolicyText("policy.yaml", dedent(text)), tools=tools, by=Actor.SYSTEM)
    agent.refresh_from_db()
    return agent
