"""What an agent file says, as frozen dataclasses of plain types."""

from dataclasses import dataclass, field
from pathlib import PurePath

from agents.documents.nodes import Node, locate
from agents.documents.problems import DocumentErrors, Problem


class AgentFileErrors(DocumentErrors):
    """The agent file can't be used: correct the places in `problems` (in file order) and read it again."""

    code = "agent_file_invalid"


@dataclass(frozen=True)
class PolicyText:
    """The policy beside an agent file, unread: `file` is its plain name, `text` None when only the name is known.

    Two are equal when they say the same, whatever their files are called.
    """

    file: str = field(compare=False)
    text: str | None = None


@dataclass(frozen=True)
class ToolSpec:
    """One tool. `definition` is the JSON object that is stored, digested and shown; the rest reads from it."""

    definition: dict
    position: tuple[int, int] = field(default=(1, 1), compare=False)

    @property
    def name(self) -> str:
        return self.definition["name"]

    @property
    def tier(self) -> int:
        return self.definition["tier"]

    @property
    def effect(self) -> str:
        return self.definition["effect"]

    @property
    def idempotent(self) -> bool:
        return self.definition["idempotent"]

    @property
    def undo(self) -> str | None:
        return self.definition["undo"]

    @property
    def connector(self) -> dict:
        return self.definition["connector"]

    @property
    def host(self) -> str:
        return self.connector["host"]

    @property
    def secret(self) -> str | None:
        return self.connector["secret"]

    @property
    def schema(self) -> dict:
        return self.definition["schema"]

    @property
    def money(self) -> str | None:
        return self.definition["money"]

    @property
    def counterparty(self) -> str | None:
        return self.definition.get("counterparty")

    @property
    def business_key(self) -> tuple[str, ...]:
        return tuple(self.definition.get("business_key", ()))

    @property
    def critical(self) -> tuple[str, ...]:
        return tuple(self.definition["critical"])

    @property
    def headline(self) -> str | None:
        return self.definition["headline"]

    @property
    def cost_micros(self) -> int:
        """What one call costs, in millionths of a US dollar."""
        return self.definition.get("cost_micros", 0)


@dataclass(frozen=True)
class AgentFile:
    """An agent, whole. Two are equal when they say the same, wherever it stands and whatever file it came from.

    `roles` maps owner, steward, agent_steward, eval_owner, data_gatekeeper (those named) to usernames; `sign` maps
    tiers 2 to 4 to group names, one slot each; `ladder` says by tier who is told when a review is late, as it is stored;
    `sources` are the operator's, by name, for the policy's facts.
    `runtime` is a kind, `runtime_body` what it is given; `budget`, `verify` and `delegates` (slugs) are as they are
    stored, with amounts as micros; `team` is the operator's. `notes` is what the owner should know although the file
    can be used.
    """

    slug: str
    name: str
    purpose: str
    roles: dict[str, str]
    sign: dict[int, tuple[str, ...]]
    runtime: str
    enabled: bool
    tools: tuple[ToolSpec, ...]
    sources: tuple[str, ...] = ()
    policy: PolicyText | None = None
    runtime_body: dict = field(default_factory=dict)
    budget: dict = field(default_factory=dict)
    verify: dict = field(default_factory=dict)
    delegates: tuple[str, ...] = ()
    ladder: dict = field(default_factory=dict)
    team: str = ""
    notes: tuple[Problem, ...] = field(default=(), compare=False)
    file: str = field(default="", compare=False)
    root: Node | None = field(default=None, compare=False, repr=False)

    @property
    def policy_path(self) -> str:
        """What problems call the policy file: its path, as seen from where the agent file's path is."""
        return str(PurePath(self.file).parent / self.policy.file)

    def where(self, path: str) -> tuple[int, int]:
        """Return (line, column) of `roles.owner`, `tools[0].connector.host`, `sign.3[1]`; of the nearest thing above
        when the file doesn't say it, and (1, 1) for an agent that wasn't read from a file."""
        return locate(self.root, path) if self.root else (1, 1)

    def problem(self, path: str, message: str) -> Problem:
        """Return a Problem that points at `path` in this file, for checks that need more than the file."""
        return Problem(self.file, *self.where(path), path, message)
