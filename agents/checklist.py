"""A line of the list of what an agent still needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One line of the list: what is asked, whether it is so, what shows it, and what to do when it isn't.

    What doesn't block is safe without: whatever can't be looked up goes to people. `tier` is the lowest that asks for it.
    """

    name: str
    ok: bool
    evidence: str
    next_step: str = ""
    blocks: bool = True
    tier: int = 0

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}" + (f". {self.next_step}" if not self.ok else "")
