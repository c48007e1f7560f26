"""Looking again before an approved action runs: stricter applies, looser is ignored, drift refuses."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from agents import arguments, binding, canonical, evidence, lookups, preview
from agents.actions import reading
from agents.actions.gathering import Gathered, gather
from agents.headline import facts_named
from agents.models import Action, Slot
from agents.policy import values
from agents.policy.judging.evaluate import newly_speaking
from agents.policy.verdict import Missing, Reason, Verdict

#: A source that doesn't answer now may answer in a minute: that is no reason to throw signatures away.
TRANSIENT = "unavailable"


@dataclass(frozen=True)
class Moved:
    """A fact people decided on that isn't as it was: under its field's words or its own name, with both values as text.

    Both hold other people's text: show them inert, and never to an agent.
    """

    fact: str
    field: str
    then: str
    now: str


@dataclass(frozen=True)
class Drift:
    """What isn't as it was when people or policy decided: facts that moved, and reasons that speak against it now and
    didn't. False when nothing is."""

    moved: tuple[Moved, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.moved or self.reasons)

    def __str__(self) -> str:
        moved = [f"{one.field} was {one.then}, is now {one.now}" for one in self.moved]
        return "; ".join([*moved, *(reason.text for reason in self.reasons)])

    def said(self) -> dict:
        """Return it as plain JSON, for people alone."""
        moved = [{"field": one.field, "then": one.then, "now": one.now} for one in self.moved]
        said = {"moved": moved, "speaking": [reason.text for reason in self.reasons]}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Glance:
    """What a look at an action in review came to, held against what it entered on.

    `asked` are the groups that policy asks for now and no slot is for, `raised` says that its tier is higher now; `learned`
    are facts that signers need and nobody could tell then, and `silent` those that were known and whose source doesn't
    answer just now.
    """

    looked: Gathered
    verdict: Verdict
    drift: Drift
    asked: tuple[str, ...]
    raised: bool
    learned: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def denies(self) -> bool:
        return self.verdict.outcome == "deny"

    @property
    def would_refuse(self) -> bool:
        """Whether it would be refused when it is to run, if people approved it as it stands. A source that is silent for a
        moment is waited for."""
        return not self.silent and bool(self.drift or self.asked or self.raised or self.denies)

    @property
    def is_worth_renewing(self) -> bool:
        """Whether a new revision would say something that this one doesn't, and none of what is known would be lost."""
        return not self.silent and not self.denies and (self.would_refuse or bool(self.learned))


def look_again(action_id: UUID) -> Gathered | None:
    """Return what policy must know of an action that waits for its attempt, gathered anew; None when it waits for none.

    None also while a source doesn't answer that answered when people or policy decided: the action keeps its permit, and
    the clock rings again until that is over.
    """
    waiting = reading.waiting(action_id)
    if waiting is None:
        return None
    action, is_signed = waiting
    # Whoever signed has decided on it, rejected before or not.
    looked = _gather_anew(action, rejected_by=() if is_signed else None)
    if action.called_at is not None:
        return _as_it_was(action, looked)
    return None if any(_silent(action, looked)) else looked


def glance(action: Action, slots: Sequence[Slot], *, seconds: float | None = None) -> Glance:
    """Look an action's facts up anew for a reader, and let policy judge by them. Nothing is changed.

    Takes up to `seconds`, or the facts' deadline where none are given; call it outside a transaction.
    """
    return weigh(action, slots, _gather_anew(action, seconds=seconds))


def foresee(action: Action, slots: Sequence[Slot]) -> Glance:
    """Let the policy in force judge by what was looked up for the action then. Nothing is looked up, nothing changed; what
    a new rule would have to look up first isn't known."""
    return weigh(action, slots, _gather_anew(action, found=_as_found(action)))


def weigh(action: Action, slots: Sequence[Slot], looked: Gathered) -> Glance:
    """Hold what was gathered anew against what the action entered on. Limits stand as they stood then."""
    looked = replace(looked, rejected_by=tuple(action.snapshot.get("rejected_by", ())))
    verdict = looked.judge(sign=action.agent.sign, totals=action.snapshot.get("totals", {}))
    asked = Counter(verdict.groups) - Counter(slot.label for slot in slots)
    return Glance(
        looked=looked,
        verdict=verdict,
        drift=drift(action, slots, looked, verdict),
        asked=tuple(asked),
        raised=verdict.effective_tier > action.effective_tier,
        learned=tuple(name for name in _needed_by_signers(action) if _is_learned(action, looked, name)),
        silent=tuple(_silent(action, looked)),
    )


def drift(action: Action, slots: Sequence[Slot], looked: Gathered, verdict: Verdict) -> Drift:
    """Return what speaks against the action now and didn't when it was decided, and which facts that people decided on
    have moved: those its headline names and, where people sign, those its preview shows and its evidence names."""
    body, moved = action.definition.body, {}
    named = facts_named(body.get("headline") or "") + (evidence.facts_named(body) if slots else [])
    for one in [*(_shown_facts_moved(action, looked) if slots else ()), *_named_facts_moved(action, looked, named)]:
        moved.setdefault(one.fact, one)
    return Drift(tuple(moved.values()), newly_speaking(verdict_then(action, slots), verdict))


def _gather_anew(
    action: Action,
    found: Mapping[str, lookups.Found] | None = None,
    seconds: float | None = None,
    rejected_by: Sequence[str] | None = None,
) -> Gathered:
    claims = {name: values.from_json(value) for name, value in action.snapshot.get("claims", {}).items()}
    said = {name: value for name, value in claims.items() if not isinstance(value, Missing)}
    run = str(action.run_id) if action.run_id else None
    # What was called when it was decided stays called, however long people took.
    called = action.snapshot.get("called", ())
    led = action.snapshot.get("led", False)
    known = {"claims": said, "run": run, "led": led, "called_before": called, "trace": action.trace_id}
    known["rejected_by"] = rejected_by
    return gather(action.agent, action.definition, _arguments(action), found=found, seconds=seconds, **known)


def _as_it_was(action: Action, looked: Gathered) -> Gathered:
    """Judge by the facts it was decided on: an earlier attempt may have had its effect, and facts then show just that."""
    found = _as_found(action)
    return replace(looked, values={**looked.values, **{name: one.value for name, one in found.items()}}, found=found)


def _as_found(action: Action) -> dict[str, lookups.Found]:
    return {name: lookups.Found(_then(action, name), "", None, time.monotonic()) for name in action.facts}


def _arguments(action: Action) -> dict:
    """Return the arguments, or none when the bytes aren't those that came in: the claim refuses them by their digest."""
    intact = canonical.sha256_hex(bytes(action.payload)) == action.payload_digest
    return binding.stored_arguments(action.payload) if intact else {}


def _silent(action: Action, looked: Gathered) -> Iterator[str]:
    """Yield the facts whose source doesn't answer now, and did then."""
    for name, found in looked.found.items():
        if isinstance(found.value, Missing) and found.value.code == TRANSIENT and _was_known(action, name):
            yield name


def _needed_by_signers(action: Action) -> set[str]:
    """Return the facts without which nobody approves it from tier 3 on."""
    body = action.definition.body
    return {*preview.facts_named(body), *evidence.facts_named(body)}


def _is_learned(action: Action, looked: Gathered, name: str) -> bool:
    return not _was_known(action, name) and not isinstance(_now(looked, name), Missing)


def _was_known(action: Action, name: str) -> bool:
    return name in action.facts and not isinstance(_then(action, name), Missing)


def _then(action: Action, name: str):
    return values.from_json(action.facts[name]["value"])


def verdict_then(action: Action, slots: Sequence[Slot]) -> Verdict:
    """Return the verdict an action entered on, but for its times."""
    return Verdict(
        outcome=action.verdict,
        effective_tier=action.effective_tier,
        reasons=tuple(Reason(**reason) for reason in action.reasons),
        groups=tuple(slot.label for slot in slots),
        due_seconds=None,
        expires_seconds=None,
        permit_seconds=action.permit_seconds,
        policy=action.policy,
    )


def _named_facts_moved(action: Action, looked: Gathered, names: Sequence[str]) -> Iterator[Moved]:
    """People signed under a headline, on what they had to know: what is named there must still be so."""
    for name in names:
        if not _is_still(action, looked, name):
            yield Moved(name, name, values.shown(_then(action, name)), values.shown(_now(looked, name)))


def _shown_facts_moved(action: Action, looked: Gathered) -> Iterator[Moved]:
    """People signed for a change from one value to another: what it starts from must still be so."""
    body, args = action.definition.body, _arguments(action)
    held, described = preview.facts_held(body), arguments.describe(body["schema"], args)
    before = preview.changes(body, args, described, {name: _then(action, name) for name in action.facts})
    after = preview.changes(body, args, described, {name: found.value for name, found in looked.found.items()})
    for old, new in zip(before, after, strict=True):
        if old.fact in held and not _is_still(action, looked, old.fact):
            yield Moved(old.fact, old.field, old.now, new.now)


def _is_still(action: Action, looked: Gathered, name: str) -> bool:
    if name not in action.facts:  # nobody has seen it: nothing was decided on it
        return True
    then, now = _then(action, name), _now(looked, name)
    return now == then or (isinstance(now, Missing) and isinstance(then, Missing))


def _now(looked: Gathered, name: str) -> object:
    return looked.found[name].value if name in looked.found else Missing("missing")
