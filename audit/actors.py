"""Who did it: opaque ids for the record, a display name that can be erased later."""

from dataclasses import dataclass
from typing import ClassVar, Literal

Kind = Literal["person", "agent", "client", "operator", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts, as the record keeps it. Required by every verb; the system is `Actor.SYSTEM`, never None.

    `id` is opaque (a primary key as text), `display` a snapshot of the name, `human` the natural person behind an
    account, `token` the public prefix of the token that was used.
    """

    kind: Kind
    id: str
    display: str
    human: int | None = None
    token: str | None = None

    SYSTEM: ClassVar["Actor"]

    @property
    def principal(self) -> str:
        """One short name for tallies and locks: `agent:7`."""
        return f"{self.kind}:{self.id}"

    def names(self) -> dict:
        """The part of an actor that can be erased one day. The product itself is nobody: it has none."""
        return {} if self.kind == "system" else {"display": self.display}

    def as_record(self) -> dict:
        """The part of an actor that goes on record for good: no names."""
        record = {"kind": self.kind, "id": self.id}
        if self.human is not None:
            record["human"] = self.human
        if self.token:
            record["token"] = self.token
        return record


Actor.SYSTEM = Actor(kind="system", id="countersign", display="Countersign")
ANONYMOUS = Actor(kind="client", id="anonymous", display="somebody who is not signed in")
