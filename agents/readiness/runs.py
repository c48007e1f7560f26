"""What an agent needs before workers may carry its runs. Each tick is computed from facts and shows them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agents.agentfile import budget
from agents.agentfile.grammar import EXTERNAL, RUNTIME_KINDS, SCRIPTED
from agents.checklist import Item
from agents.counting import count
from agents.errors import Refusal
from agents.models import Agent
from agents.tools import base

CAPPED = 3  # the lowest tier that asks for caps
_MEND_NOUN = "Correct countersign.toml or what it names, then start the product again"


def relied_on(agent: Agent) -> list[str]:
    """Return the slugs of the agents that this one names: its delegates, then its verifier."""
    verifier = agent.verify.get("agent")
    return [*agent.delegates, *([verifier] if verifier else [])]


def check(agent: Agent, *, capped: bool, others: Mapping[str, Agent]) -> list[Item]:
    """Return the items about its runs, without a query.

    `capped`: its tools are such that it needs a budget; `others` are by slug the agents it relies on, as far as there are.
    """
    items = [_noun("team", agent.team, base.team, _team_said)] if agent.team else []
    if agent.runtime == EXTERNAL:
        return [*items, _caps_elsewhere(agent)] if capped else items
    items.append(_runtime(agent))
    if "pool" in agent.runtime_body:
        items.append(_noun("pool", agent.runtime_body["pool"], base.pool, _pool_said))
    if capped:
        items.append(_caps(agent))
    return [*items, _verifying(agent), *_others(agent, others)]


# --- what carries it


def _runtime(agent: Agent) -> Item:
    if agent.runtime not in RUNTIME_KINDS:
        return _noun("runtime", agent.runtime, base.runtime, lambda _: "the operator's own kind")
    if script := agent.runtime_body.get("script"):
        return _noun("script", script, base.script, lambda found: f"{found.__module__}:{found.__qualname__}")
    steps = count(len(agent.runtime_body.get("steps", ())), "step")
    return Item("runtime", True, f"{SCRIPTED}, {steps} of the agent file")


def _noun(noun: str, name: str, find: Callable[[str], Any], said: Callable[[Any], str]) -> Item:
    try:
        return Item(f"{noun} {name}", True, said(find(name)))
    except Refusal as refusal:
        return Item(f"{noun} {name}", False, refusal.detail.rstrip("."), _MEND_NOUN)


def _pool_said(pool: base.Pool) -> str:
    return f"{pool.per_minute} a minute, {pool.burst} at once"


def _team_said(team: base.Team) -> str:
    return _listed({f"{unit}_per_day": cap for unit, cap in team.caps.items()})


# --- what it may spend


def _caps_elsewhere(agent: Agent) -> Item:
    said = _listed(agent.budget) or "none"
    return Item("budget caps", True, f"{said} (what it spends isn't measured: it runs elsewhere)", tier=CAPPED)


def _caps(agent: Agent) -> Item:
    caps = agent.budget
    ok = ("micros_per_day" in caps or "tokens_per_day" in caps) and "actions_per_run" in caps
    step = "At tier 3 and up name them in the agent file: budget: {usd_per_day: 50, actions_per_run: 40}"
    return Item("budget caps", ok, _listed(caps) or "none", "" if ok else step, tier=CAPPED)


def _listed(caps: dict) -> str:
    return ", ".join(f"{key} {cap}" for key, cap in budget.said(caps).items())


# --- whom it relies on


def _verifying(agent: Agent) -> Item:
    parts = [key for key in ("output", "checks", "forbid", "agent") if key in agent.verify]
    return Item("verifying", True, ", ".join(parts) or "none: a run completes with whatever it puts out")


def _others(agent: Agent, found: Mapping[str, Agent]) -> Iterator[Item]:
    """Yield an item for each other agent it names. A delegate that doesn't work blocks nothing: asking it fails."""
    for slug in agent.delegates:
        yield _other("delegate", slug, found.get(slug), blocks=False)
    if verifier := agent.verify.get("agent"):
        yield _other("verifier", verifier, found.get(verifier), blocks=True)


def _other(part: str, slug: str, other: Agent | None, *, blocks: bool) -> Item:
    name = f"{part} {slug}"
    if other is None:
        return Item(name, False, "there is no such agent", "Import its file, or name another agent", blocks)
    if other.runtime == EXTERNAL:
        return Item(name, False, "it lives elsewhere and can't be given a task", "Name an agent that we run", blocks)
    if not other.enabled:
        step = f"See `manage.py agent list` for what {slug} needs, or name another agent"
        return Item(name, False, "it isn't enabled", step, blocks)
    if other.is_stopped:
        step = f"`manage.py agent resume {slug} --reason ...` lets it work again"
        return Item(name, False, "it is stopped", step, blocks=False)
    return Item(name, True, other.name)
