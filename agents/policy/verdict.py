"""What policy says of one action. Policy gives a verdict; a person gives a decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from agents.policy.language import Calendar, Outcome

SIGNED_TIER = 3  # from here on nothing runs unattended and two people sign
#: The band of a rule: small cases of a tool of this tier, and of no other, may count as tier 2.
BANDED_TIER, BAND = 3, 2
BREAK_GLASS_TIER = 4  # refused unless a rule opens a review


@dataclass(frozen=True)
class Missing:
    """Stands for a value that policy can't use, and why: every rule that names it is unknown.

    `code` is one of missing, stale, wrong_type, not_a_number, unavailable; `detail` is for people.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Situation:
    """Everything the verdict on one proposal depends on; the same situation gives the same verdict anywhere.

    `values` holds the tool's arguments (money as major units), facts, claims and lists by name, each a plain value or
    Missing; an absent name is missing. `totals` is, by rule id, what a cumulative limit comes to with this action (minor
    units for money), None or absent when it couldn't be told. `called` names the tools called before, None when that
    couldn't be told. `sign` maps tiers to groups.
    """

    tool: str
    values: Mapping[str, object]
    sign: Mapping[int, tuple[str, ...]]
    totals: Mapping[str, int | float | None] = field(default_factory=dict)
    called: frozenset[str] | None = frozenset()
    rejected_by: tuple[str, ...] = ()  # groups whose people rejected these very arguments lately
    duplicate: bool | None = False  # the same business key ran or waits; None when it couldn't be told
    mission_lead: bool = False


@dataclass(frozen=True)
class Reason:
    """Why: a stable `code` for agents, a `text` for people, and the rule that said it (None for built-in ones).

    `condition` is the rule's as written, `values` what its names stood for, as shown to people; `line` is its place in
    the policy file. `known` is false when the rule couldn't be told and counts as held. `outcome` is what this reason
    alone asks for; None in what was stored before it was told, where only the code says.
    """

    code: str
    text: str
    rule: str | None = None
    line: int | None = None
    condition: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    known: bool = True
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Verdict:
    """The answer of policy, frozen when the action enters review.

    `groups` is one slot each, all of them needed. Times are seconds: `due` and `expires` from entry, counted by
    `calendar` when there is one, `permit` from the last signature (from entry when allowed); None where they mean
    nothing. `sample` is the share of what runs unattended that people look at afterwards. `policy` names who said so.
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
    calendar: Calendar | None = None
    sample: float = 0.0

    def __post_init__(self):
        if self.outcome not in get_args(Outcome) or self.effective_tier not in range(5):
            raise ValueError("a verdict is allow, review or deny at tier 0 to 4")
        if self.outcome == "allow" and self.effective_tier >= SIGNED_TIER:
            raise ValueError("an action of tier 3 or 4 never runs unattended")
        needed = 2 if self.effective_tier >= SIGNED_TIER else 1
        if self.outcome == "review" and len(self.groups) < needed:
            raise ValueError(f"a review at tier {self.effective_tier} needs {needed} slots or more")
