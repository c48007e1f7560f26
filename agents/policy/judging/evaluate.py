"""What policy says of one action: deny beats review beats allow, and what can't be told is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agents.policy.judging import defaults
from agents.policy.judging.compiling import Compiled
from agents.policy.judging.reasons import GENERIC, UNKNOWN, lets_run, reason_of
from agents.policy.judging.routing import Holding, groups_for, times_for, unite
from agents.policy.judging.voices import Voice, listen
from agents.policy.language import Mode, Outcome, Tool
from agents.policy.verdict import BAND, BANDED_TIER, BREAK_GLASS_TIER, SIGNED_TIER, Reason, Situation, Verdict

#: At least this share is looked at where mode human_on_the_loop lets tier 2 run.
SUPERVISED_SAMPLE = 0.15

Strength = Literal["deny", "review", "unknown", "allow"]
_STRONGEST_FIRST: tuple[Strength, ...] = ("deny", "review", "unknown", "allow")
_HOLDING: frozenset[Strength] = frozenset(("review", "unknown"))


def evaluate(compiled: Compiled, situation: Situation) -> Verdict:
    """Return the verdict on one proposal.

    In order: which rules speak, at which tier, with which outcome, and for a review who signs by when. A rule whose
    names aren't all known holds the action, with the tier's signers and its own. Too few groups in `sign` is a denial.
    Raises ValueError for a tool the policy wasn't compiled for, and for groups in `sign` given as text.
    """
    tool = compiled.tools.get(situation.tool)
    if tool is None:
        raise ValueError(f"{situation.tool!r} is not a tool this policy was compiled for")
    built_in = tuple(_built_in(compiled.policy.mode, tool.shape, situation))
    return _Weighing(compiled, tool.shape, situation, listen(tool, situation), built_in).verdict()


def newly_speaking(old: Verdict, new: Verdict) -> tuple[Reason, ...]:
    """Return the reasons of `new` that hold or refuse and didn't in `old`: nobody who signed then has seen them.

    That the tier or the mode asks for some person is answered by any review, so it is new only where `old` let it run.
    A rule that couldn't be told and now holds is new, and so is one that has another condition now.
    """
    told = [reason for reason in old.reasons if not lets_run(reason)]
    known, any_way = ({_speaker(reason) for reason in told if reason.known or doubt} for doubt in (False, True))
    if old.outcome == "review":
        known |= GENERIC
        any_way |= GENERIC
    return tuple(
        reason
        for reason in new.reasons
        if not lets_run(reason) and _speaker(reason) not in (known if reason.known else any_way)
    )


def _speaker(reason: Reason) -> str | tuple[str, str]:
    return (reason.rule, reason.condition) if reason.rule else reason.code  # a rule may have the name of a code


def _built_in(mode: Mode, tool: Tool, situation: Situation) -> Iterator[Reason]:
    """Yield what holds or refuses whatever the rules say."""
    writes = tool.effect == "write"
    if mode == "read_only" and writes:
        text = f"Mode read_only: {tool.name} writes, and this agent only reads."
        yield Reason("mode_deny", text, outcome="deny")
    if mode == "swarm" and writes and not situation.mission_lead:
        text = f"Mode swarm: {tool.name} writes, and nobody leads this mission."
        yield Reason("mission_lead_missing", text, outcome="review")
    if situation.rejected_by:
        who = " and ".join(situation.rejected_by)
        text = f"The same was rejected lately by {who}, who are asked again."
        yield Reason("rejected_before", text, outcome="review")
    if situation.duplicate:
        yield Reason("duplicate_business_key", "The same business key ran or waits already.", outcome="review")
    elif situation.duplicate is None:
        text = "Nobody can tell whether the same business key ran or waits already."
        yield Reason(UNKNOWN, text, known=False, outcome="review")


@dataclass(frozen=True)
class _Weighing:
    """One situation on the scales: what speaks on it, and what follows from that."""

    compiled: Compiled
    tool: Tool
    situation: Situation
    voices: list[Voice]
    built_in: tuple[Reason, ...]

    def verdict(self) -> Verdict:
        outcome = self._outcome()
        return self._review() if outcome == "review" else self._allow() if outcome == "allow" else self._deny()

    @cached_property
    def strengths(self) -> frozenset[Strength]:
        said = [voice.rule.rule.then if voice.known else "unknown" for voice in self.voices]
        return frozenset([*said, *map(_strength, self.built_in)])

    @cached_property
    def tier(self) -> int:
        """The effective tier: the tool's, lowered only where all that speaks is known and has a band, raised by any rule."""
        rules = [voice.rule.rule for voice in self.voices]
        banded = self.tool.tier == BANDED_TIER and rules and all(rule.band == BAND for rule in rules)
        start = BAND if banded and "unknown" not in self.strengths else self.tool.tier
        return max([start, *(rule.tier for rule in rules if rule.tier is not None)])

    @property
    def _would_run(self) -> bool:
        """Whether it runs unattended where nothing holds it and the tier allows that at all."""
        return "allow" in self.strengths or self.tier < 2 or self.compiled.policy.mode == "human_on_the_loop"

    @property
    def _is_watched(self) -> bool:
        return self.compiled.policy.mode == "human_in_the_loop" and self.tool.effect == "write"

    def _outcome(self) -> Outcome:
        if "deny" in self.strengths:
            return "deny"
        if self.tier == BREAK_GLASS_TIER:
            return "review" if any(voice.says("review") for voice in self.voices) else "deny"
        if self.strengths & _HOLDING or self.tier >= SIGNED_TIER:
            return "review"
        return "allow" if self._would_run and not self._is_watched else "review"

    def _allow(self) -> Verdict:
        samples = [voice.rule.rule.sample for voice in self.voices]
        if self.compiled.policy.mode == "human_on_the_loop" and self.tier == 2:
            samples.append(SUPERVISED_SAMPLE)
        return Verdict(
            outcome="allow",
            effective_tier=self.tier,
            reasons=self._reasons("allow", *self._why_allowed()),
            groups=(),
            due_seconds=None,
            expires_seconds=None,
            permit_seconds=defaults.ALLOWED_PERMIT,
            policy=self.compiled.label,
            sample=max(samples, default=0.0),
        )

    def _review(self) -> Verdict:
        fired = tuple(voice.rule.rule for voice in self.voices if voice.says("review"))
        unknown = tuple(voice.rule.rule for voice in self.voices if not voice.known)
        holding = Holding(fired, unknown, doubtful="unknown" in self.strengths)
        groups = groups_for(self.tier, self.situation.sign, holding)
        if groups is None:
            named = defaults.groups_of(self.situation.sign, self.tier)
            return self._deny(defaults.slots_missing(self.tier, named))
        groups = unite(groups, self.situation.rejected_by)
        due, expires, calendar = times_for(self.tier, self.compiled.policy.calendars, holding)
        return Verdict(
            outcome="review",
            effective_tier=self.tier,
            reasons=self._reasons("review", *self._why_reviewed(groups)),
            groups=groups,
            due_seconds=due,
            expires_seconds=expires,
            permit_seconds=defaults.REVIEWS[self.tier].permit,
            policy=self.compiled.label,
            calendar=calendar,
        )

    def _deny(self, *why: Reason) -> Verdict:
        if not why and "deny" not in self.strengths:
            why = (defaults.reason("deny", self.tier),)
        return Verdict("deny", self.tier, self._reasons("deny", *why), (), None, None, None, self.compiled.label)

    def _why_allowed(self) -> Iterator[Reason]:
        if "allow" in self.strengths:
            return
        if self.tier < 2:
            yield defaults.reason("allow", self.tier)
        else:
            text = "Mode human_on_the_loop: tier 2 runs, and people look at a share of it afterwards."
            yield Reason("tier_default_allow", text, outcome="allow")

    def _why_reviewed(self, groups: tuple[str, ...]) -> Iterator[Reason]:
        if self.strengths & _HOLDING:
            return
        if self._would_run and self.tier < SIGNED_TIER:
            text = f"Mode human_in_the_loop: {self.tool.name} writes, so a person decides."
            yield Reason("mode_review", text, outcome="review")
        else:
            yield defaults.reason("review", self.tier, groups)

    def _reasons(self, outcome: Outcome, *own: Reason) -> tuple[Reason, ...]:
        """Return every reason, strongest first; `own` are the tier's and the mode's, which decide where they are given."""
        voices = [reason_of(voice, self.tool, self.situation, outcome) for voice in self.voices]
        said = [*own, *self.built_in, *voices]
        return tuple(sorted(said, key=lambda reason: _STRONGEST_FIRST.index(_strength(reason))))


def _strength(reason: Reason) -> Strength:
    return reason.outcome if reason.known else "unknown"
