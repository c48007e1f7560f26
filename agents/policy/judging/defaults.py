"""What happens when no policy speaks: the tier alone decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.policy.language import Outcome
from agents.policy.verdict import Reason

POLICY = "tier-defaults/1"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Review:
    """What a review at a tier needs, in distinct groups, and in how many seconds somebody looks and decides; the permit's too."""

    groups: int
    look: int
    due: int
    expires: int
    permit: int


#: Seconds that what runs unattended may take to begin.
ALLOWED_PERMIT = 60 * MINUTE
_ONE_SIGNS = Review(groups=1, look=HOUR, due=4 * HOUR, expires=24 * HOUR, permit=60 * MINUTE)
_TWO_SIGN = Review(groups=2, look=15 * MINUTE, due=60 * MINUTE, expires=8 * HOUR, permit=15 * MINUTE)
_GLASS_BREAKS = Review(groups=2, look=5 * MINUTE, due=30 * MINUTE, expires=2 * HOUR, permit=5 * MINUTE)
REVIEWS = {0: _ONE_SIGNS, 1: _ONE_SIGNS, 2: _ONE_SIGNS, 3: _TWO_SIGN, 4: _GLASS_BREAKS}


def look_within(tier: int, due: int) -> int:
    """Return the seconds in which somebody should have opened a review: the tier's, half the time to decide at most."""
    return min(REVIEWS[tier].look, due // 2)


def groups_of(sign: Mapping[int, Sequence[str]], tier: int) -> tuple[str, ...]:
    """Return the distinct groups whose people sign at a tier; below 2 those of tier 2. Raises ValueError for text."""
    groups = sign.get(signed_as(tier), ())
    if isinstance(groups, str):  # a string is a sequence too: "ops" would become three groups
        raise ValueError("the groups that sign are a list of names")
    return tuple(dict.fromkeys(groups))


def signed_as(tier: int) -> int:
    """Return the key of `sign` that a review at this tier asks: nobody names signers below tier 2."""
    return max(tier, 2)


def reason(outcome: Outcome, tier: int, groups: Sequence[str] = ()) -> Reason:
    """Return why a tier alone allows, reviews or denies."""
    if outcome == "allow":
        return Reason("tier_default_allow", f"Tier {tier} runs when the tool is granted.", outcome=outcome)
    if outcome == "deny":
        return Reason("break_glass_only", "Tier 4 is refused unless the glass is broken.", outcome=outcome)
    return Reason("tier_default_review", f"Tier {tier} waits for {' and '.join(groups)}.", outcome=outcome)


def slots_missing(tier: int, groups: Sequence[str]) -> Reason:
    """Return why too few groups are a denial, and where to name more."""
    asked = (
        "two groups, one of them security," if tier == 4 else "two groups" if REVIEWS[tier].groups == 2 else "a group"
    )
    named = f"names only {' and '.join(groups)}" if groups else "names none"
    add = f"add {'it' if tier == 4 else 'one'} under sign.{signed_as(tier)}"
    return Reason("slots_missing", f"Tier {tier} needs {asked} to sign and the agent {named}: {add}.", outcome="deny")
