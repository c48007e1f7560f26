"""What it is connected to: the operator's hosts, secrets and sources that its tools and its policy name."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from agents.checklist import Item
from agents.errors import Refusal
from agents.models import Agent
from agents.policy.language import HttpLookup, Policy, SqlLookup
from agents.tools import base

JUDGED = 2  # the lowest tier that asks for a policy's checks


def connectors(bodies: list[dict]) -> list[Item]:
    """One item a host and one a secret that the tools name."""
    return [*_named("host", bodies, base.host), *_named("secret", bodies, base.secret)]


def _named(kind: str, bodies: list[dict], find) -> Iterator[Item]:
    tiers: dict[str, int] = {}
    for body in sorted(bodies, key=lambda body: body["tier"], reverse=True):
        if name := body["connector"].get(kind):
            tiers[name] = body["tier"]
    for name, tier in sorted(tiers.items()):
        yield replace(_noun(kind, name, find), tier=tier)


def _noun(kind: str, name: str, find) -> Item:
    try:
        found = find(name)
    except Refusal as refusal:
        return Item(
            f"{kind} {name}",
            False,
            refusal.detail.rstrip("."),
            "Correct countersign.toml, then start the product again",
        )
    if kind == "host":
        return Item(f"host {name}", True, found.url + (" (inside, by explicit entry)" if found.loopback else ""))
    return Item(f"secret {name}", True, f"{found.kind}, for the host {found.host}")


def sources(agent: Agent, policy: Policy, problem_of: Callable[[str], str | None]) -> list[Item]:
    """One item a source that the policy's facts come from."""
    asked = [fact.lookup for fact in policy.facts.values()]
    named = sorted({lookup.source for lookup in asked if isinstance(lookup, SqlLookup | HttpLookup)})
    return [replace(_source(name, problem_of, granted=name in agent.sources), tier=JUDGED) for name in named]


def _source(name: str, problem_of: Callable[[str], str | None], *, granted: bool) -> Item:
    if not granted:
        return Item(f"source {name}", False, "the agent may not ask it", "Name it under `sources` in the agent file")
    if problem := problem_of(name):
        known = name in base.sources or name in base.unusable_sources
        step = "People decide what needs its facts. " if known else ""
        step += "Correct countersign.toml or what it names, then start the product again"
        return Item(f"source {name}", False, problem.rstrip("."), step, blocks=not known)
    source = base.source(name)
    kind = f"the host {source.host}" if isinstance(source, base.HttpSource) else "a database that answers"
    return Item(f"source {name}", True, kind)
