"""An agent's policy: read from beside the agent file, its cases run, published as a version, compiled for a tool."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from uuid import UUID

from agents import canonical, evidence, preview
from agents.agentfile import AgentFile, PolicyText
from agents.headline import facts_named
from agents.models import Agent, Policy, ToolDefinition
from agents.policy import language, storing
from agents.policy.cases import run_cases
from agents.policy.judging import defaults
from agents.policy.judging.compiling import TIER_DEFAULTS, Compiled, compile_policy
from agents.policy.language import Classified, Fact
from agents.policy.reading import PolicyErrors, Reading, read_policy
from agents.policy.scope import root_of
from agents.policy.shapes import shape_of
from agents.policy.writing import document_of
from audit import log
from audit.actors import Actor

MOST_COMPILED = 512


def read(text: PolicyText, *, tools: Sequence[language.Tool], name: str = "") -> Reading:
    """Return the policy that a text says for these tools; `name` is what problems call its file.

    The cases beside the rules have passed. Raises PolicyErrors with every problem and every case that fails.
    """
    reading = read_policy(text.text, name=name or text.file, tools=tools)
    policy = reading.policy
    tried = [tool for tool in tools if any(case.tool == tool.name for case in policy.cases)]
    results = run_cases(compile_policy(policy, tried, label=policy.name), policy, tried)
    if failed := [result.problem(name or text.file) for result in results if not result.ok]:
        raise PolicyErrors(failed)
    return reading


def publish(agent: Agent, text: PolicyText, *, tools: Sequence[language.Tool], by: Actor) -> Policy | None:
    """Make the text the agent's policy, as its next version, and return that; None when it is so already.

    Runs in the caller's transaction, with the agent locked. What waits keeps its slots. Raises PolicyErrors.
    """
    policy = replace(read(text, tools=tools).policy, file=text.file)
    digest = canonical.digest_of(document_of(policy))
    # The same words mean something else once the tools they are about have changed.
    if agent.policy is not None and (agent.policy.source, agent.policy.digest) == (text.text, digest):
        return None
    last = agent.policies.order_by("-version").first()
    published = Policy.objects.create(
        agent=agent,
        version=last.version + 1 if last else 1,
        name=policy.name,
        file=text.file,
        source=text.text,
        digest=digest,
        body=storing.to_json(policy),
    )
    _set(agent, published)
    data = {"policy": published.label, "digest": digest, "policy_id": str(published.pk)}
    log.record("policy.published", by=by, subject=("agent", str(agent.pk)), data=data)
    return published


def remove(agent: Agent, *, by: Actor) -> Policy | None:
    """Take the agent's policy away, so that the tiers alone decide, and return it; None when there was none.

    Runs in the caller's transaction, with the agent locked. The versions stay.
    """
    removed = agent.policy
    if removed is not None:
        _set(agent, None)
        data = {"policy": removed.label, "digest": removed.digest, "policy_id": str(removed.pk)}
        log.record("policy.removed", by=by, subject=("agent", str(agent.pk)), data=data)
    return removed


def source_of(agent: Agent) -> PolicyText | None:
    """Return the text of the agent's policy as it was written, with its file's name; None when it has none."""
    return PolicyText(agent.policy.file, agent.policy.source) if agent.policy else None


def stored(policy: Policy) -> language.Policy:
    """Return what a version says: nothing is parsed, the places are those in its source."""
    return storing.from_json(policy.body)


def shapes(spec: AgentFile) -> list[language.Tool]:
    """Return the tools of an agent file as its policy sees them."""
    return [shape_of(tool.definition) for tool in spec.tools]


def shapes_of(agent: Agent) -> list[language.Tool]:
    """Return every tool the agent ever had, as its policies see it now."""
    bodies = agent.tools.exclude(definition=None).values_list("definition__body", flat=True)
    return [shape_of(body) for body in bodies]


# --- ready to be asked


_cache: OrderedDict[tuple[UUID | None, int], Compiled] = OrderedDict()
_lock = Lock()


@lru_cache(maxsize=64)
def version(policy_id: UUID) -> Policy:
    """Return a version of a policy, without its text. None ever changes, so what was read once is kept."""
    return Policy.objects.defer("source").get(pk=policy_id)


def compiled(policy: Policy | None, definition: ToolDefinition) -> Compiled:
    """Return a version of a policy compiled for one tool; without a policy the tiers' defaults are.

    Neither a version nor a definition ever changes, so what was compiled once is kept, by their ids.
    """
    key = (policy.pk if policy else None, definition.pk)
    with _lock:
        if found := _cache.get(key):
            _cache.move_to_end(key)
            return found
    made = _compile(policy, definition)
    with _lock:
        _cache[key] = made
        if len(_cache) > MOST_COMPILED:
            _cache.popitem(last=False)
    return made


def facts_asked(compiled: Compiled, definition: ToolDefinition) -> tuple[Fact, ...]:
    """Return the facts to look up for an action of this tool: what its verdict needs, and what its headline, its
    preview and its evidence name.

    Each comes after the one it is computed from.
    """
    known = compiled.policy.facts
    asked = {fact.name: fact for fact in compiled.facts_for(definition.body["name"])}
    body = definition.body
    shown = (*facts_named(body.get("headline") or ""), *preview.facts_named(body), *evidence.facts_named(body))
    for name in shown:
        asked |= {fact.name: fact for fact in _with_sources(name, known)}
    return tuple(asked.values())


def _with_sources(name: str, known: Mapping[str, Fact]) -> Iterator[Fact]:
    if fact := known.get(name):
        if isinstance(fact.lookup, Classified) and root_of(fact.lookup.of) != name:
            yield from _with_sources(root_of(fact.lookup.of), known)
        yield fact


def _compile(policy: Policy | None, definition: ToolDefinition) -> Compiled:
    tools = [shape_of(definition.body)]
    if policy is None:
        return compile_policy(TIER_DEFAULTS, tools, label=defaults.POLICY)
    return compile_policy(stored(policy), tools, label=policy.label)


def _set(agent: Agent, policy: Policy | None) -> None:
    agent.policy = policy
    agent.save(update_fields=["policy"])
