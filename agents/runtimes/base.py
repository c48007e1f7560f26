"""What a runtime promises: one step at a time, everything it must remember handed back, no effect of its own.

A step may be made twice (a worker may die before it was written down), so a runtime touches nothing outside: whatever it
wants done it proposes, and the gate decides. What it gives back as `memory` is all it gets next time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Json = Any
#: Why something that was wanted didn't happen. `denied` by policy, `rejected` by people (codes and their words in the
#: result), `withdrawn` or `expired` undecided; the tool said `invalid` (other parameters may do) or `refused`; it ran
#: into a `timeout` or was `unavailable`; `unknown` when nobody can tell whether it took effect.
Failure = Literal[
    "", "denied", "rejected", "withdrawn", "expired", "invalid", "refused", "timeout", "unavailable", "unknown"
]


@dataclass(frozen=True)
class Usage:
    """What a step used: tokens by direction, and its price in micros (millionths of a US dollar)."""

    tokens_in: int = 0
    tokens_out: int = 0
    micros: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True)
class Allowance:
    """The most one step may use: what the budgets hold back for it. A runtime stays within it or says so truthfully."""

    tokens: int | None
    micros: int | None
    seconds: float


@dataclass(frozen=True)
class Task:
    """What a runtime is told about the run: its input, the tools it may propose, by name with their schema and tier."""

    run: str
    agent: str
    input: Mapping[str, Json]
    tools: Mapping[str, Mapping[str, Json]]
    settings: Mapping[str, Json]  # the agent's runtime as the file says it
    delegates: tuple[str, ...] = ()
    plan: int = 1


@dataclass(frozen=True)
class Call:
    """One action a runtime wants: it goes through the gate like any other."""

    tool: str
    arguments: Mapping[str, Json]
    rationale: str = ""
    claims: Mapping[str, Json] = field(default_factory=dict)
    provenance: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What became of something the step before wanted, in the order it was wanted.

    `ok` with the tool's answer in `output` (or a delegate's), or a `failure` with machine-readable `codes` and `text`
    for reading: the words of whoever rejected it, say. `kind` "critique" is what verification found wrong.
    """

    kind: Literal["action", "delegate", "critique"]
    name: str
    ok: bool
    output: Json = None
    failure: Failure = ""
    codes: tuple[str, ...] = ()
    text: str = ""
    action: str = ""


@dataclass(frozen=True)
class Propose:
    """Wants these actions done; the next step gets one result for each, once all of them have ended."""

    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Delegate:
    """Wants another agent to do a task; the next step gets its result."""

    agent: str
    input: Mapping[str, Json]


@dataclass(frozen=True)
class Finish:
    """Is done: this is what came out, to be verified."""

    output: Json


@dataclass(frozen=True)
class Fail:
    """Gives up, and says why: `code` for machines, `detail` for people."""

    code: str
    detail: str = ""


Move = Propose | Delegate | Finish | Fail


@dataclass(frozen=True)
class Step:
    """One step: what it wants, what to remember, and what it used (zero is said, not left out)."""

    move: Move
    memory: Json = None
    usage: Usage = Usage()
    note: str = ""


class StepFailed(Exception):
    """A step came to nothing, and this is what it used. Any other exception counts as all that was held back for it."""

    def __init__(self, message: str, usage: Usage = Usage()):  # noqa: B008 - it is frozen
        self.usage = usage
        super().__init__(message)


class Runtime(Protocol):
    """A kind of brain. One instance serves many runs; it keeps nothing between steps."""

    def estimate(self, task: Task, memory: Json, results: Sequence[Result]) -> Usage:
        """Return the most the coming step will use: the budgets hold it back before the step begins."""

    def step(self, task: Task, memory: Json, results: Sequence[Result], allowance: Allowance) -> Step:
        """Make one step. Raises whatever goes wrong: the engine tries again, and quarantines what keeps failing."""


_kinds: dict[str, Callable[[], Runtime]] = {}


class UnknownRuntime(LookupError):
    """Nothing is registered under this kind: the worker wasn't given it."""


def register(kind: str, make: Callable[[], Runtime]) -> None:
    """Make a kind of runtime known; called when the process starts (`AppConfig.ready()`, or for the operator's own)."""
    _kinds[kind] = make


def kinds() -> tuple[str, ...]:
    """Return every kind that is registered."""
    return tuple(sorted(_kinds))


def get(kind: str) -> Runtime:
    """Return the runtime of this kind. Raises UnknownRuntime."""
    if kind not in _kinds:
        raise UnknownRuntime(kind)
    return _kinds[kind]()
