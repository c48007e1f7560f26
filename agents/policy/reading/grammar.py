"""Every key and word of a policy file, in the rules form and in the shorthand."""

from types import MappingProxyType
from typing import get_args

from agents.documents.grammar import Keys, words
from agents.policy.conditions import MAX_CONDITION
from agents.policy.language import Mode, Outcome, Type

MODES = get_args(Mode)
OUTCOMES = get_args(Outcome)
TYPES = get_args(Type)

#: What each classifier answers.
CLASSIFIERS: MappingProxyType[str, Type] = MappingProxyType(
    {
        "sentiment": "string",
        "topic": "string",
        "tone": "list",
        "promises": "bool",
        "pii": "list",
        "secrets": "list",
        "language": "string",
    }
)
SENTIMENTS = ("angry", "negative", "neutral", "positive")
TOPICS = ("chargeback", "legal", "security", "billing", "refund", "shipping", "account", "other")
TONES = ("direct", "apologetic", "polite", "friendly", "formal", "angry", "urgent")
REDACTED = ("email", "phone", "card", "iban", "ssn", "secret", "ip")

MAX_DECLARED = 200
MAX_RULES = 500
MAX_CASES = 1000
MAX_SLOTS = 8
MAX_DAYS = 3650
DAYS_SAYS = f"a whole number of days, 1 to {MAX_DAYS}"
SHARE_SAYS = "a share from 0 to 1, like 0.15"

_BESIDE = ("mode", "facts", "claims", "lists", "calendars", "redact", "cases")
RULES_FORM = Keys(
    "a policy",
    required={
        "policy": "its name, like policy: refund-desk",
        "rules": "the list of rules, like rules: [{id: big, tool: issue_refund, then: review}]",
    },
    optional=(*_BESIDE, "keep"),
)
#: Without the sections, whose names the author chooses.
SHORTHAND_KEYS = ("workflow", "actions", "tools", "escalation", "logging")
SHORTHAND_BESIDE = ("policy", *_BESIDE)

FACT = Keys(
    "a fact",
    required={"type": f"its type: {', '.join(TYPES)}"},
    optional=("source", "sql", "path", "at", "tool", "with", "classify", "of", "max_age"),
)
SQL_FACT = ("type", "source", "sql", "max_age")
HTTP_FACT = ("type", "source", "path", "at", "max_age")
TOOL_FACT = ("type", "tool", "with", "at", "max_age")
CLASSIFIED_FACT = ("type", "classify", "of")
CLAIM = Keys("a claim", required={"type": f"its type: {', '.join(TYPES)}"}, optional=("may_loosen",))
LIST = Keys("a list", required={"key": "key: string"})
CALENDAR = Keys(
    "a calendar",
    required={
        "zone": "its time zone, like zone: Europe/Berlin",
        "hours": 'the hours people work, like hours: {mon-fri: "09:00-18:00"}',
    },
    optional=("holidays", "country"),
)
RULE = Keys(
    "a rule",
    required={
        "id": "its id, like id: big-refund",
        "tool": "the tool it is about, like tool: issue_refund",
        "then": "then: allow, review or deny",
    },
    optional=(
        "when", "band", "tier", "sample", "slots", "queue", "due", "expires", "calendar", "cumulative", "unless_called",
        "code",
    ),
)  # fmt: skip
CUMULATIVE = Keys(
    "a cumulative limit",
    required={
        "sum": "what is added up: an argument, or sum: count",
        "per": "for whom: run, agent, or an argument or fact",
        "window": "the last how long, like window: 24h",
        "over": "the number that may be reached, like over: 100",
    },
)
REDACT = Keys("redact", required={"pii": f"what is masked: {', '.join(REDACTED)}"})
KEEP = Keys("keep", required={}, optional=("prompts", "tool_calls", "days"))
CASE = Keys(
    "a case",
    required={
        "name": "what it shows, like name: a small refund runs",
        "tool": "the tool that is proposed",
        "expect": "the verdict, like expect: {verdict: review}",
    },
    optional=("arguments", "facts", "claims", "lists", "called", "used"),
)
EXPECT = Keys("expect", required={"verdict": "verdict: allow, review or deny"}, optional=("rule", "tier"))

ACTION = Keys(
    "an action",
    required={
        "name": "the tool, like name: issue_refund",
        "requires_human_approval": "true if a person decides each time, false if it may run up to its limit unattended",
    },
    optional=("allowed_when",),
)
SECTION = Keys(
    "a section",
    required={},
    optional=("auto_approve_max_usd", "require_human_if", "requires_human_approval", "pii", "tone", "text"),
)
SECTION_PII = Keys("pii", required={"redact": f"the list of kinds: {', '.join(REDACTED)}"})
ESCALATION = Keys(
    "escalation",
    required={"of": "which text is judged: an argument, a fact, or a field of a record, like of: ticket.text"},
    optional=("if_sentiment", "if_topic_in", "queue", "tools"),
)
LOGGING = Keys("logging", required={}, optional=("store_prompts", "store_tool_calls", "retention_days", "sample_rate"))

POLICY = words(r"[a-z][a-z0-9_-]{0,62}", "1 to 63 lowercase letters, digits, hyphens and underscores, a letter first")
SECTION_NAME = words(r"[a-z][a-z0-9_-]{0,62}", POLICY.says)
#: Long enough for what the shorthand makes of a tool's or section's name.
NAME = words(r"[a-z][a-z0-9_]{0,79}", "1 to 80 lowercase letters, digits and underscores, a letter first")
RULE_ID = words(r"[a-z][a-z0-9-]{0,79}", "1 to 80 lowercase letters, digits and hyphens, a letter first")
CODE = words(r"[a-z][a-z0-9_]{0,62}", "1 to 63 lowercase letters, digits and underscores, a letter first")
TOOL = words(r"[^\n]{1,64}", "the name of a tool of this agent")
ARGUMENT = words(r"[^\n]{1,256}", "the name of an argument")
GROUP = words(r"(?=\S)[^\n\t,]{1,150}(?<=\S)", "a group's name: one line without commas, 150 characters at most")
SOURCE = words(r"[a-z][a-z0-9_-]{0,62}", "the name of a source in countersign.toml, never an address")
SQL = words(r".{1,4000}", "one select statement of at most 4000 characters")
PATH = words(r"/[^\n\t]{0,499}", "a path that starts with /, like /customers/{customer_id}")
DOTTED = words(r"[^\s.]{1,64}(?:\.[^\s.]{1,64}){0,9}", "a dotted path into the answer, like customer.tenure_days")
OF = words(r"[A-Za-z_]\w{0,63}(?:\.[A-Za-z_]\w{0,63}){0,4}", "the name of a text, like ticket.text")
CONDITION = words(rf"(?=\s*\S).{{1,{MAX_CONDITION}}}", f"a condition of at most {MAX_CONDITION} characters")
DURATION = words(r"[0-9]{1,9}[smhd]", "a whole number with s, m, h or d, like 60s, 30m, 24h or 90d")
ZONE = words(r"[A-Za-z][A-Za-z0-9_+/-]{0,62}", "a time zone, like Europe/Berlin")
HOURS = words(r"[^\n]{1,200}", 'open hours, like "09:00-18:00", or "09:00-12:00, 13:00-17:00"')
DATE = words(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date, like 2026-12-25")
COUNTRY = words(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", "a country of ISO 3166, like DE, or with its part, like DE-BE")
LINE = words(r"(?=\S)[^\n\t]{1,200}(?<=\S)", "one line of at most 200 characters")
TONE = words(r"[^\n]{1,300}", 'words of tone, like "direct, apologetic, no promises"')
KIND = words(r"[^\n]{1,64}", "a word of the list")
