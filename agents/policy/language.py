"""What a policy says, as frozen dataclasses of plain types. The shorthand is expanded into this form before anything reads it.

Times are whole seconds. Amounts of money are minor units, wherever the name says `minor`; conditions see major units.
"""

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["allow", "review", "deny"]
Mode = Literal["human_in_the_loop", "human_on_the_loop", "scoped_autonomy", "swarm", "read_only"]
#: What a fact, claim or argument may be. `list` is a list of texts, `record` an object whose fields may be named.
Type = Literal["int", "number", "string", "bool", "timestamp", "list", "record"]
Place = tuple[int, int]
NOWHERE: Place = (1, 1)


@dataclass(frozen=True)
class SqlLookup:
    """One row of a read-only query. `parameters` are the tool's arguments that stand in it as `%(name)s`."""

    source: str
    sql: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpLookup:
    """A GET on an operator's source; `path` holds `{argument}`, `at` is the dotted path of the value in the JSON answer."""

    source: str
    path: str
    at: str = ""
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolLookup:
    """A tier-0 tool of the same agent; `arguments` maps its arguments to those of the proposed tool."""

    tool: str
    arguments: dict[str, str]
    at: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.arguments.values())


@dataclass(frozen=True)
class Classified:
    """Computed by us from a text: `of` is an argument, a fact, or a field of a record (`ticket.text`)."""

    classifier: str
    of: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return ()


Lookup = SqlLookup | HttpLookup | ToolLookup | Classified


@dataclass(frozen=True)
class Fact:
    """Something looked up by us when an action is proposed and again before it runs; older than `max_age` it is stale."""

    name: str
    type: Type
    lookup: Lookup
    max_age: int = 60
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Claim:
    """Something the agent says of itself. It may tighten; it may loosen only in the rules named."""

    name: str
    type: Type
    may_loosen: tuple[str, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Cumulative:
    """A limit over many actions: fires when the sum with this action is over `over`.

    `sum` is an argument that is money or a number, or "count". `per` is `run`, `agent`, or an argument or fact.
    `over` is in minor units when `sum` is money. `window` is the last so many seconds, rolling.
    """

    sum: str
    per: str
    window: int
    over: int | float


@dataclass(frozen=True)
class Rule:
    """One rule. It speaks when `when` is true (or absent), `cumulative` is over (or absent) and `unless_called` wasn't called.

    `band` places what it lets run (or gives to one person) at a lower tier; `tier` raises. `slots` are groups, one
    signature each; `queue` is a group that is asked in place of the tier's. `code` is what the agent is told.
    `origin` is the shorthand key it was expanded from, empty for a rule written as such.
    """

    id: str
    tools: tuple[str, ...]
    then: Outcome
    when: str | None = None
    band: int | None = None
    tier: int | None = None
    sample: float = 0.0
    slots: tuple[str, ...] = ()
    queue: str | None = None
    due: int | None = None
    expires: int | None = None
    calendar: str | None = None
    cumulative: Cumulative | None = None
    unless_called: str | None = None
    code: str | None = None
    origin: str = ""
    place: Place = field(default=NOWHERE, compare=False)
    when_place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Calendar:
    """When people work: for each weekday (0 is Monday) the open hours as minutes of the day, without the holidays."""

    name: str
    zone: str
    hours: dict[int, tuple[tuple[int, int], ...]]
    holidays: tuple[str, ...] = ()  # ISO dates
    country: str | None = None  # ISO 3166, its public holidays are holidays too; "DE" or "DE-BE"
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Keep:
    """What content is stored, and for how long. Evidence (digests, decisions, verdicts, facts) isn't content."""

    prompts: bool = True
    tool_calls: bool = True
    days: int | None = None


@dataclass(frozen=True)
class Case:
    """A test beside the policy. What isn't given is missing; `used` is by rule id, in major units for money."""

    name: str
    tool: str
    expect: Outcome
    rule: str | None = None
    tier: int | None = None
    arguments: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    claims: dict = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    called: tuple[str, ...] = ()
    used: dict[str, float] = field(default_factory=dict)
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Tool:
    """What policy needs to know of a tool. `arguments` maps names to types; money counts as number."""

    name: str
    tier: int
    effect: Literal["read", "write"]
    arguments: dict[str, Type]
    required: frozenset[str] = frozenset()
    money: dict[str, str] = field(default_factory=dict)  # argument -> currency, every amount
    amount: str | None = None  # the argument named by the tool's `money` key
    counterparty: str | None = None
    business_key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """A whole policy in the rules form. `shorthand` says that it was written in the shorthand and is shown expanded."""

    name: str
    mode: Mode = "scoped_autonomy"
    facts: dict[str, Fact] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    calendars: dict[str, Calendar] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    redact: tuple[str, ...] = ()
    keep: Keep = Keep()
    cases: tuple[Case, ...] = ()
    shorthand: bool = False
    file: str = field(default="", compare=False)
