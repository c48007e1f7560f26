"""An agent as its readers see it at the REST doors: tokens read what it may do, people also who answers for it."""

from collections.abc import Iterable

from django.conf import settings

from agents import granted
from agents.checklist import Item
from agents.models import Agent, Grant


def in_list(agent: Agent) -> dict:
    """Return what a list says of an agent."""
    return {
        "slug": agent.slug,
        "name": agent.name,
        "enabled": agent.enabled,
        "stopped_at": _time(agent.stopped_at),
        "runtime": agent.runtime,
        "team": agent.team or None,
        "created_at": _time(agent.created_at),
        "url": f"{settings.PUBLIC_URL}/agents/{agent.slug}/",
    }


def for_token(agent: Agent) -> dict:
    """Return the REST body of an agent for a token that may see it: what it may propose, and nobody's name."""
    grants = granted.live(agent.grants.all()).select_related("tool__definition").order_by("tool_name")
    return in_list(agent) | {
        "purpose": agent.purpose,
        "policy": agent.policy.label if agent.policy else None,
        "tools": [_tool(grant) for grant in grants],
    }


def for_person(agent: Agent) -> dict:
    """Return the REST body of an agent for a person who may see it: also who answers for it, who signs, why it is stopped."""
    roles = agent.roles.select_related("person").order_by("pk")
    return for_token(agent) | {
        "roles": [{"role": str(role.role), "person": role.person.username} for role in roles],
        "sign": {tier: list(groups) for tier, groups in sorted(agent.sign.items())},
        "stopped_by": agent.stopped_by.username if agent.stopped_by else None,
        "stop_reason": agent.stop_reason,
    }


def readiness(items: Iterable[Item]) -> dict:
    """Return the list of what an agent still needs; `ready` when nothing in it keeps the agent from being enabled."""
    shown = [
        {
            "name": item.name,
            "ok": bool(item.ok),
            "blocks": item.blocks,
            "evidence": item.evidence,
            "next_step": "" if item.ok else item.next_step,
        }
        for item in items
    ]
    return {"ready": all(item["ok"] or not item["blocks"] for item in shown), "items": shown}


def _tool(grant: Grant) -> dict:
    body = grant.tool.definition.body
    return {
        "name": body["name"],
        "tier": body["tier"],
        "effect": body["effect"],
        "idempotent": body["idempotent"],
        "undo": body["undo"],
        "schema": body["schema"],
        "stopped_at": _time(grant.tool.stopped_at),
        "expires_at": _time(grant.expires_at),
    }


def _time(at) -> str | None:
    return at.isoformat() if at else None
