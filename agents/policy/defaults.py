"""What happens when no policy speaks: the tier alone decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.policy.verdict import Reason, Verdict

POLICY = "tier-defaults/1"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class _Review:
    slots: int
    due: int
    expires: int
    permit: int


_ALLOWED_PERMIT = 60 * MINUTE
_REVIEWS = {
    2: _Review(slots=1, due=4 * HOUR, expires=24 * HOUR, permit=60 * MINUTE),
    3: _Review(slots=2, due=60 * MINUTE, expires=8 * HOUR, permit=15 * MINUTE),
}


def evaluate(*, tier: int, sign: Mapping[int, Sequence[str]]) -> Verdict:
    """Return the verdict for a tool's tier (0 to 4); `sign` names the groups that fill the slots, by tier.

    0-1 run; 2 and 3 wait for one slot or more, and two or more; 4 is refused. Too few groups in `sign` is a denial
    with code `slots_missing`, never a weaker review. Raises ValueError for an unknown tier or groups given as text.
    """
    if tier not in range(5):
        raise ValueError(f"tier {tier} is not one of 0 to 4")
    if tier <= 1:
        return _verdict("allow", tier, "tier_default_allow", f"Tier {tier} runs when the tool is granted.")
    if tier == 4:
        return _verdict("deny", tier, "break_glass_only", "Tier 4 is refused unless the glass is broken.")
    return _review(tier, sign.get(tier, ()))


def _review(tier: int, groups: Sequence[str]) -> Verdict:
    if isinstance(groups, str):  # a string is a sequence too: "ops" would become three groups
        raise ValueError("the groups that sign are a list of names")
    need = _REVIEWS[tier]
    if len(groups) < need.slots:
        text = f"Tier {tier} needs signing groups, {need.slots} of them; the agent names {len(groups)}."
        return _verdict("deny", tier, "slots_missing", text)
    text = f"Tier {tier} waits for {' and '.join(groups)}."
    return _verdict("review", tier, "tier_default_review", text, groups=tuple(groups))


def _verdict(outcome: str, tier: int, code: str, text: str, groups: tuple[str, ...] = ()) -> Verdict:
    times = _REVIEWS[tier] if outcome == "review" else None
    return Verdict(
        outcome=outcome,
        effective_tier=tier,
        reasons=(Reason(code, text),),
        groups=groups,
        due_seconds=times.due if times else None,
        expires_seconds=times.expires if times else None,
        permit_seconds=times.permit if times else _ALLOWED_PERMIT if outcome == "allow" else None,
        policy=POLICY,
    )
