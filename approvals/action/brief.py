"""Whether somebody has before them what deciding needs. What is incomplete can't be approved; rejecting needs nothing."""

from agents.errors import Refusal
from agents.models import Action, Person
from agents.policy.verdict import SIGNED_TIER
from approvals.action import inspecting
from approvals.action.blocks import changes, evidence, trail
from approvals.action.blocks.changes import Changes
from approvals.action.blocks.evidence import Evidence


class Incomplete(Refusal):
    code, status = "brief_incomplete", 409
    sentence = "What deciding needs isn't complete, so it can't be approved. You can still reject it."


def require(action: Action, person: Person) -> None:
    """Let an approval through only on a whole brief. Raises Incomplete with what is missing."""
    if why := why_incomplete(action, person):
        raise Incomplete(" ".join([*why, "You can still reject it."]), missing=why)


def why_incomplete(action: Action, person: Person) -> list[str]:
    """Return what keeps this person from approving, as sentences that say what to do; [] when the brief is whole.

    The same answer for the page and for the form: three queries at most, none below tier 3.
    """
    if action.effective_tier < SIGNED_TIER:
        return []
    seen = Evidence([], [], [], is_run=action.run_id is not None)
    if action.definition.body.get("evidence"):
        seen = evidence.of(action, trail.of(action), evidence.opened_by(action, person))
    return said(action, seen, changes.of(action))


def said(action: Action, seen: Evidence, changed: Changes) -> list[str]:
    """Return the same for what the page has read already."""
    if action.effective_tier < SIGNED_TIER:
        return []
    uninspectable = inspecting.why_uninspectable(action)
    return [*_of_evidence(seen), *_of_changes(changed), *_of_words(action), *([uninspectable] if uninspectable else [])]


def _of_evidence(seen: Evidence) -> list[str]:
    if seen.is_run:
        where, then = "this run", "it must be read before approving"
    else:
        where = f"the hour before it was proposed, about the same ({seen.about})"
        then = "reject it; its agent reads that through us, then proposes it anew"
    missing = [f"The answer of {name} isn't on record from {where}: {then}." for name in seen.missing]
    unknown = [
        f"The fact {name} isn't known ({why}). Re-check; once its source answers, take the action anew."
        for name, why in seen.unknown
    ]
    return [*missing, *unknown, *(f"Open the answer of {piece.tool} first." for piece in seen.to_open)]


def _of_words(action: Action) -> list[str]:
    erased = action.content.erased_at is not None
    return ["The words it came with were erased, so nobody can read what it rests on."] if erased else []


def _of_changes(changed: Changes) -> list[str]:
    why = "isn't known, so nobody can see what changes. Re-check; once its source answers, take the action anew."
    return [f"What {field} stands at now {why}" for field in changed.unknown]
