"""What policy says of one action. Policy gives a verdict; a person gives a decision."""

from dataclasses import dataclass
from typing import Literal, get_args

Outcome = Literal["allow", "review", "deny"]
SIGNED_TIER = 3  # from here on nothing runs unattended and two people sign


@dataclass(frozen=True)
class Reason:
    """Why: a stable `code` for agents, a `text` for people, and the rule that said it (None for built-in ones)."""

    code: str
    text: str
    rule: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The answer of policy, frozen when the action enters review.

    `groups` is one slot each, all of them needed. Times are seconds: `due` and `expires` from entry, `permit` from
    the last signature (from entry when allowed); None where they mean nothing. `policy` names who said so.
    Raises ValueError for a verdict that must not exist: an unattended tier 3 or 4, or a review nobody can sign.
    """

    outcome: Outcome
    effective_tier: int
    reasons: tuple[Reason, ...]
    groups: tuple[str, ...]
    due_seconds: int | None
    expires_seconds: int | None
    permit_seconds: int | None
    policy: str

    def __post_init__(self):
        if self.outcome not in get_args(Outcome) or self.effective_tier not in range(5):
            raise ValueError("a verdict is allow, review or deny at tier 0 to 4")
        if self.outcome == "allow" and self.effective_tier >= SIGNED_TIER:
            raise ValueError("an action of tier 3 or 4 never runs unattended")
        needed = 2 if self.effective_tier >= SIGNED_TIER else 1
        if self.outcome == "review" and len(self.groups) < needed:
            raise ValueError(f"a review at tier {self.effective_tier} needs {needed} slots or more")
