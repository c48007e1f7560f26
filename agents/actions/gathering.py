"""What policy must know of one action, gathered without a transaction: facts from their sources, lists, what was done before."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from agents import binding, canonical, granted, lists, lookups, policies
from agents.actions.standing import REJECTED_WITHIN
from agents.lifecycle import State
from agents.models import Action, Agent, ToolDefinition
from agents.policy import limiting, values
from agents.policy.judging.compiling import Compiled
from agents.policy.judging.evaluate import evaluate
from agents.policy.language import ToolLookup
from agents.policy.verdict import Missing, Situation, Verdict
from audit import redaction

#: Outside a run, a tool counts as called when it was within this time, for the same subject.
CALLED_WITHIN = timedelta(hours=1)
MOST_CALLS = 200  # looked at; a call further back doesn't count, so that the rule speaks
MOST_REJECTIONS = 500


@dataclass(frozen=True)
class Gathered:
    """Everything a verdict needs but what is counted under locks."""

    policy_id: UUID | None
    compiled: Compiled
    plan: limiting.Plan
    values: Mapping[str, object]
    found: Mapping[str, lookups.Found]
    claims: Mapping[str, object]
    lists: Mapping[str, list[str]]
    sources: tuple[str, ...]
    called: frozenset[str]
    rejected_by: tuple[str, ...]
    tool: str
    led: bool

    def judge(self, *, sign: Mapping[str, list[str]], totals: Mapping[str, int | float | None]) -> Verdict:
        """Return the verdict, with the limits' totals by rule and the agent's map from tier to groups."""
        return evaluate(
            self.compiled,
            Situation(
                tool=self.tool,
                values=self._fresh(),
                sign={int(tier): tuple(names) for tier, names in sign.items()},
                totals={rule: total for rule, total in totals.items() if rule != limiting.DUPLICATE},
                called=self.called,
                rejected_by=self.rejected_by,
                duplicate=self._duplicate(totals),
                mission_lead=self.led,
            ),
        )

    def facts(self) -> dict:
        """Return what was looked up as plain JSON, by name: what an approval binds to, and what a replay starts from."""
        return {name: _stored(found) for name, found in sorted(self.found.items())}

    def beside(self, totals: Mapping[str, int | float | None]) -> dict:
        """Return what else the verdict rested on, as plain JSON: a replay needs it, an approval doesn't bind to it.

        What there was none of is left out, save who rejected the like: that it was looked up is worth knowing.
        """
        rested = {
            "claims": redaction.redact_value(
                {name: values.as_json(value) for name, value in self.claims.items()}, self.compiled.policy.redact
            )[0],
            "lists": {
                name: {"keys": len(keys), "digest": canonical.digest_of(keys)} for name, keys in self.lists.items()
            },
            "totals": dict(totals),
            "called": sorted(self.called),
            "led": self.led,
            "redact": list(self.compiled.policy.redact),
        }
        return {"rejected_by": list(self.rejected_by)} | {name: one for name, one in rested.items() if one}

    def shown(self) -> dict[str, str]:
        """Return the facts as a headline names and shows them."""
        return {f"fact.{name}": _as_text(found.value) for name, found in self.found.items()}

    def _fresh(self) -> dict[str, object]:
        """What was waited for since may have become too old meanwhile."""
        now, fresh = time.monotonic(), dict(self.values)
        for fact in self.compiled.facts_for(self.tool):
            found = self.found.get(fact.name)
            if found is not None and now - found.fetched > fact.max_age:
                fresh[fact.name] = Missing("stale", f"it is older than {fact.max_age} s")
        return fresh

    def _duplicate(self, totals: Mapping[str, int | float | None]) -> bool | None:
        total = totals.get(limiting.DUPLICATE, 0)
        return None if total is None else total > 1


def gather(
    agent: Agent,
    definition: ToolDefinition,
    args: dict,
    *,
    claims: Mapping[str, object],
    run: str | None = None,
    root: str | None = None,
    led: bool = False,
    called_before: Iterable[str] = (),
    rejected_by: Iterable[str] | None = None,
    found: Mapping[str, lookups.Found] | None = None,
    seconds: float | None = None,
    trace: str = "",
) -> Gathered:
    """Gather what policy needs for canonical arguments of a tool. Takes up to `seconds`, or the facts' deadline; raises
    nothing for what a source does: what isn't there in time is missing, and whatever names it goes to a person.

    With `found` those are the facts, and nothing is looked up; with `rejected_by` those groups rejected the same before.
    What goes out is part of the `trace`.
    """
    compiled = policies.compiled(agent.policy, definition)
    asked = compiled.tools[definition.body["name"]]
    tool, rules = asked.shape, [one.rule for one in asked.rules]
    arguments = values.of_arguments(tool, args)
    if found is None:
        found = _look_up(agent, compiled, definition, arguments, seconds, trace)
    said = _claims(compiled, claims)
    keys = lists.keys(agent, [name for name in asked.names if name in compiled.policy.lists])
    known = {**keys, **said, **{name: one.value for name, one in found.items()}, **arguments}
    return Gathered(
        policy_id=agent.policy_id,
        compiled=compiled,
        plan=limiting.plan(rules, tool, args=args, values=known, agent=str(agent.pk), run=root),
        values=known,
        found=found,
        claims=said,
        lists=keys,
        sources=tuple(agent.sources),
        called=_called(agent, {rule.unless_called for rule in rules if rule.unless_called}, args, run).union(
            called_before
        ),
        rejected_by=_rejected_by(agent, definition, args) if rejected_by is None else tuple(rejected_by),
        tool=tool.name,
        led=led,
    )


def _look_up(
    agent: Agent, compiled: Compiled, definition: ToolDefinition, arguments: dict, seconds: float | None, trace: str
) -> dict[str, lookups.Found]:
    """Look up what the rules and the headline name. A source the agent isn't granted (any more) isn't asked."""
    asked = policies.facts_asked(compiled, definition)
    facts = [fact for fact in asked if getattr(fact.lookup, "source", None) in (None, *agent.sources)]
    if not facts:
        return {}
    tools = {fact.lookup.tool for fact in facts if isinstance(fact.lookup, ToolLookup)}
    definitions = {body["name"]: body for body in granted.definitions(agent) if body["name"] in tools} if tools else {}
    return lookups.fetch(
        facts,
        arguments=arguments,
        definitions=definitions,
        seconds=settings.FACT_TIMEOUT.total_seconds() if seconds is None else seconds,
        agent=agent.slug,
        trace=trace,
    )


def _claims(compiled: Compiled, claims: Mapping[str, object]) -> dict[str, object]:
    return {
        name: values.coerce(claims[name], claim.type) if name in claims else Missing("missing", "the agent didn't say")
        for name, claim in compiled.policy.claims.items()
    }


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else values.shown(value)


def _stored(found: lookups.Found) -> dict:
    as_of = {"as_of": found.as_of.isoformat()} if found.as_of else {}
    return {"value": values.as_json(found.value), "from": found.source, **as_of}


def _called(agent: Agent, tools: set[str], args: dict, run: str | None) -> frozenset[str]:
    """Return which of these tools the agent called with success: in the same run, or lately for the same subject."""
    if not tools:
        return frozenset()
    done = Action.objects.filter(agent=agent, state=State.SUCCEEDED, kind=Action.Kind.REAL)
    return frozenset(name for name in tools if _was_called(done.filter(tool__name=name), args, run))


def _was_called(done, args: dict, run: str | None) -> bool:
    if run is not None:
        return done.filter(run_id=run).exists()
    recent = done.filter(finished_at__gt=Now() - CALLED_WITHIN).order_by("-finished_at")
    calls = recent.values_list("payload", "definition__body")[:MOST_CALLS]
    return any(_same_subject(binding.stored_arguments(payload), body, args) for payload, body in calls)


def _same_subject(called: dict, definition: dict, args: dict) -> bool:
    """Whether a call was about what these arguments are about: by what is critical to it, as far as both tools take it."""
    critical = [name for name in definition["critical"] if name in args] or called.keys() & args.keys()
    return bool(critical) and all(called.get(name) == args[name] for name in critical)


def _rejected_by(agent: Agent, definition: ToolDefinition, args: dict) -> tuple[str, ...]:
    """Return the groups that were asked when people lately rejected the same: other words or another amount don't matter."""
    rejected = Action.objects.filter(
        agent=agent,
        tool__name=definition.body["name"],
        state=State.REJECTED,
        decided_at__gt=Now() - REJECTED_WITHIN,
    ).order_by("-decided_at")
    for action in rejected.only("payload")[:MOST_REJECTIONS]:
        if _is_the_same(binding.stored_arguments(action.payload), args, definition.body):
            return tuple(action.slots.values_list("label", flat=True))
    return ()


def _is_the_same(rejected: dict, args: dict, definition: dict) -> bool:
    telling = definition.get("business_key") or definition["critical"] or args.keys()
    subject = [name for name in telling if name != definition.get("money")] or list(telling)
    return all(rejected.get(name) == args.get(name) for name in subject)
