"""Which rules gate which tool, and what happens to the rest: an overview for whoever answers for an agent."""

from dataclasses import dataclass

from agents.policy.cases import SIGNERS
from agents.policy.judging.compiling import Compiled, CompiledTool, compile_policy
from agents.policy.judging.defaults import REVIEWS
from agents.policy.judging.evaluate import evaluate
from agents.policy.language import Outcome, Policy, Tool
from agents.policy.verdict import Situation

_HELD = 2  # from this tier on a tool without any rule is a gap worth seeing first


@dataclass(frozen=True)
class Gate:
    """One rule about a tool: its id, its line in the policy file, what it says, and when, in words."""

    rule: str
    line: int
    then: Outcome
    when: str


@dataclass(frozen=True)
class Covered:
    """One tool: the rules that gate it, and in a sentence what happens when none of them speaks."""

    tool: str
    tier: int
    gates: tuple[Gate, ...]
    otherwise: str

    @property
    def ungated(self) -> bool:
        """Whether no rule names the tool: its tier and the mode alone decide."""
        return not self.gates


def coverage(compiled: Compiled) -> list[Covered]:
    """Return every tool: from tier 2 on those without a rule first, then the rest; each by tier, the highest first."""
    shapes, mode = [tool.shape for tool in compiled.tools.values()], compiled.policy.mode
    bare = compile_policy(Policy(name="no-rules", mode=mode), shapes, label="no-rules")
    covered = [_cover(tool, bare) for tool in compiled.tools.values()]
    return sorted(covered, key=lambda one: (not (one.ungated and one.tier >= _HELD), -one.tier, one.tool))


def _cover(tool: CompiledTool, bare: Compiled) -> Covered:
    gates = tuple(Gate(one.rule.id, one.rule.place[0], one.rule.then, one.words) for one in tool.rules)
    return Covered(tool.shape.name, tool.shape.tier, gates, _otherwise(tool.shape, bare))


def _otherwise(tool: Tool, bare: Compiled) -> str:
    """Return what happens when no rule speaks: the verdict of the same mode without rules."""
    verdict = evaluate(bare, Situation(tool.name, {}, SIGNERS, mission_lead=True))
    if verdict.outcome == "deny":
        return "it is refused"
    if verdict.outcome == "review":
        return "one person signs" if REVIEWS[verdict.effective_tier].groups == 1 else "two people sign"
    led = " where somebody leads the mission" if bare.policy.mode == "swarm" and tool.effect == "write" else ""
    looked_at = f", and people look at {verdict.sample:.0%} of it" if verdict.sample else ""
    return f"it runs{led}{looked_at}"
