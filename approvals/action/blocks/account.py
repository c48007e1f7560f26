"""The agent's account of itself. Never verified, always shown below what was looked up."""

import json
from dataclasses import dataclass
from datetime import datetime

from agents.models import Action
from agents.policy.verdict import SIGNED_TIER
from approvals import inert
from approvals.action import grounds
from approvals.action.grounds import Claim


@dataclass(frozen=True)
class Account:
    """What the agent says of itself. `erased_at` is when its words were erased. `is_open`: shown without a click, which
    from tier 3 on it isn't: a good story makes people look less."""

    rationale: str
    claims: list[Claim]
    provenance: str
    notes: list[str]
    erased_at: datetime | None
    is_open: bool


def of(action: Action) -> Account:
    """Return the agent's own words."""
    content, claims = action.content, grounds.claims_of(action)
    provenance = json.dumps(content.provenance, indent=2, ensure_ascii=False) if content.provenance else ""
    said = [content.rationale, provenance, *(f"{claim.name}: {claim.whole or claim.value}" for claim in claims)]
    return Account(
        rationale=content.rationale,
        claims=claims,
        provenance=provenance,
        notes=inert.notes("\n".join(said)),
        erased_at=content.erased_at,
        is_open=action.effective_tier < SIGNED_TIER,
    )
