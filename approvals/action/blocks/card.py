"""The card of tier 2: the customer's words beside the draft, so that one look decides."""

from dataclasses import dataclass

from agents import binding, present
from agents.models import Action
from agents.policy.verdict import SIGNED_TIER
from approvals import inert
from approvals.action.blocks import evidence
from approvals.action.blocks.trail import Trail

CARD_TIER = SIGNED_TIER - 1
SHORTEST = 40  # characters; a shorter argument stands in the grid as it is


@dataclass(frozen=True)
class Text:
    """Somebody's words under a name of ours, with where they are from. `text` and `name` are theirs: show them inert."""

    name: str
    origin: str
    text: str
    notes: list[str]


@dataclass(frozen=True)
class Card:
    """Words and draft; either may be None: then nothing of the kind is there. `arguments` are the other ones: name,
    value, and what the eye would miss in it.
    """

    words: Text | None
    draft: Text | None
    arguments: list[tuple[str, str, list[str]]]


def of(action: Action, before: Trail, *, masked: bool) -> Card | None:
    """Return the card of an action of tier 2, None of any other. `masked`: without what the policy redacts."""
    if action.effective_tier != CARD_TIER:
        return None
    args = binding.stored_arguments(action.payload)
    texts = {name: value for name, value in args.items() if isinstance(value, str) and len(value) >= SHORTEST}
    longest = max(texts, key=lambda name: len(texts[name]), default=None)
    draft = Text(longest, "as it would go out", texts[longest], inert.notes(texts[longest])) if longest else None
    rest = [(name, value, inert.notes(value)) for name, value in present.arguments(action) if name != longest]
    return Card(_words(action, before, masked=masked), draft, rest)


def _words(action: Action, before: Trail, *, masked: bool) -> Text | None:
    """Return the customer's words: the newest answer of a tool whose words are a customer's, best one about the same."""
    said = [read for read in before.reads if read.trust == "customer" and read.is_kept]
    for read in reversed([one for one in said if one.is_about] or said):
        if text := evidence.longest_text(evidence.masked_output(read, action) if masked else read.output):
            return Text(read.tool, "a customer's words; not verified", text, inert.notes(text))
    return None
