"""Every key and word of the agent file: what is taken now, and what is known but can't be enforced yet."""

from agents.documents.grammar import Keys, words

AGENT = Keys(
    "an agent file",
    required={
        "agent": "its slug, like agent: refund-desk",
        "name": "what people call it, like name: Refund desk",
        "purpose": "what it is for, in a sentence",
        "roles": "who answers for it, like roles: {owner: rosa}",
        "runtime": "what carries it: runtime: {kind: external}, if it lives elsewhere and calls REST",
        "tools": "the list of what it may do",
    },
    optional=("sign", "escalate", "budget", "team", "sources", "delegates", "policy", "verify", "enabled"),
)
ROLES = Keys(
    "roles",
    required={"owner": "the username of who owns it, like owner: rosa"},
    optional=("steward", "agent_steward", "eval_owner", "data_gatekeeper"),
)
SIGN = Keys("sign", required={}, optional=("2", "3", "4"))
ESCALATE = Keys("escalate", required={}, optional=("2", "3", "4"))
RUNG = Keys(
    "a rung",
    required={
        "after": "how long past due, like after: 0m or after: 30m",
        "tell": "the groups and people who are told, like tell: [support-leads]",
    },
)
_KIND = {"kind": "kind: external, kind: scripted, or the name of a runtime in countersign.toml"}
EXTERNAL_RUNTIME = Keys("an external runtime", required=_KIND)
RUNTIME = Keys("a runtime", required=_KIND, optional=("script", "steps", "finish", "pool"))
BUDGET = Keys(
    "a budget",
    required={},
    optional=(
        "tokens_per_run", "usd_per_run", "actions_per_run", "seconds_per_run", "tokens_per_day", "usd_per_day",
        "actions_per_day", "depth", "arrivals_per_hour", "spike",
    ),
)  # fmt: skip
VERIFY = Keys("verify", required={}, optional=("output", "checks", "forbid", "agent", "replans"))
CHECK = Keys(
    "a check",
    required={"id": "a name for it, like id: answered", "expect": 'what must hold, like expect: "succeeded.reply > 0"'},
    optional=("says",),
)
TOOL = Keys(
    "a tool",
    required={
        "name": "its name, like name: issue_refund",
        "tier": "its risk tier, 0 to 4",
        "effect": "effect: read, or effect: write",
        "idempotent": "idempotent: true if it honours our Idempotency-Key, else idempotent: false",
        "connector": "how it is called: connector: {kind: http, host: ..., path: /..., method: POST}",
        "schema": "the JSON Schema of its arguments",
    },
    optional=(
        "undo", "money", "counterparty", "business_key", "critical", "headline", "preview", "checks", "evidence",
        "trust", "cost_usd",
    ),
)  # fmt: skip
PREVIEW = Keys(
    "a line of the preview",
    required={"field": "what changes, in words, like field: refunded so far"},
    optional=("now", "adds", "subtracts", "becomes", "may_move"),
)
POINTED = Keys(
    "a check",
    required={
        "id": "a name for it, like id: payee",
        "ask": 'what a signer looks at, like ask: "Is this the account holder?"',
        "code": "the reason for rejecting when it isn't so, like code: wrong_target",
    },
)
CONNECTOR = Keys(
    "a connector",
    required={
        "kind": "kind: http",
        "host": "the name of a host in countersign.toml, like host: refunds",
        "path": "the path, like path: /refunds",
        "method": "method: POST (or GET, PUT, PATCH, DELETE)",
    },
    optional=("secret",),
)

SLUG = words(r"[a-z][a-z0-9-]{1,62}", "2 to 63 lowercase letters, digits and hyphens, a letter first")
TOOL_NAME = words(r"[a-z][a-z0-9_]{0,62}", "1 to 63 lowercase letters, digits and underscores, a letter first")
USERNAME = words(r"[\w.@+-]{1,150}", "a username: letters, digits and @ . + - _")
GROUP = words(r"(?=\S)[^\n\t,]{1,150}(?<=\S)", "a group's name: one line without commas, 150 characters at most")
TOLD = words(r"(?=\S)[^\n\t,]{1,150}(?<=\S)", "the name of a group or of a person: one line without commas")
HOST = words(
    r"[a-z][a-z0-9_-]{0,62}",
    "the name of a host in countersign.toml ([hosts.NAME]), never an address; the operator writes the address there",
)
SECRET = words(
    r"[a-z][a-z0-9_-]{0,62}", "the name of a secret in countersign.toml ([secrets.NAME]), never the secret itself"
)
SOURCE = words(
    r"[a-z][a-z0-9_-]{0,62}",
    "the name of a source in countersign.toml ([sources.NAME]), never an address or a password",
)
NOUN = words(
    r"[a-z][a-z0-9_-]{0,62}",
    "a name that stands in countersign.toml: lowercase letters, digits, _ and -, a letter first",
)
CHECK_ID = words(r"[a-z][a-z0-9_-]{0,62}", "1 to 63 lowercase letters, digits, _ and -, a letter first")
CONDITION = words(r"(?=\s*\S).{1,2048}", "a condition of at most 2048 characters")
PATTERN = words(r".{1,500}", 'a pattern of at most 500 characters, like "(?i)guarantee"')
SAYS = words(r"(?=\S)[^\n\t]{1,300}(?<=\S)", "one line of at most 300 characters")
POLICY_FILE = words(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.ya?ml",
    "the name of a YAML file beside this one, like policy.yaml, without a folder",
)
LINE = words(r"(?=\S)[^\n\t]{1,200}(?<=\S)", "one line of at most 200 characters")
PROSE = words(r"(?=\s*\S).{1,4000}", "text of at most 4000 characters")
ARGUMENT = words(r"[^\n]{1,256}", "the name of an argument in the schema")
UNDO = words(r"[a-z][a-z0-9_]{0,62}", "the name of another tool in this file, or none")
HEADLINE = words(r"(?=\S)[^\n\t]{1,300}(?<=\S)", 'one line of at most 300 characters, like "Refund {amount}"')
PATH = words(r"/[^\n\t]{0,499}", "a path that starts with /, like /refunds")

FIELD = words(r"(?=\S)[^\n\t]{1,80}(?<=\S)", "one line of at most 80 characters, like refunded so far")
FACT = words(r"[A-Za-z_][A-Za-z0-9_]{0,62}", "the name of a fact of the policy, like refunded_usd")

EVIDENCE = words(
    r"[a-z][a-z0-9_]{0,62}|fact\.[A-Za-z_][A-Za-z0-9_]{0,62}",
    "the name of a tool in this file that reads, or a fact of the policy, like fact.ticket_text",
)

EFFECTS = ("read", "write")
TRUST = ("internal", "customer", "web")  # where what a tool reads comes from
#: Why people reject, in the desk's codes.
REJECT_CODES = (
    "wrong_target", "wrong_value", "unsupported_claim", "policy_breach", "missing_evidence", "privacy", "tone",
    "duplicate", "bad_timing", "not_needed", "suspected_manipulation", "other",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EXTERNAL = "external"  # the agent lives elsewhere and calls REST; every other kind is carried by workers
SCRIPTED = "scripted"
RUNTIME_KINDS = (EXTERNAL, SCRIPTED)  # those of the product; the operator names others
RUNTIME_KINDS_LATER = ("llm", "remote")
CONNECTOR_KINDS = ("http",)
CONNECTOR_KINDS_LATER = ("sql", "mcp", "internal", "external")
SLOTS_NEEDED = {2: 1, 3: 2, 4: 2}  # distinct groups whose people sign, by effective tier
SECURITY = "security"  # the group without which nobody breaks the glass
MAX_SLOTS = 8
MAX_RUNGS = 5
MAX_TOLD = 20
MOST_DAYS_AFTER = 30
MAX_TOOLS = 200
MAX_SOURCES = 50
MAX_DELEGATES = 50
MAX_CHECKS = 50
MAX_PATTERNS = 50
MAX_PREVIEW = 12
MAX_POINTED = 3  # more questions are answered without looking
#: The least and the most of each cap that is a whole number; those in US dollars are more than 0.
CAPS = {
    "tokens_per_run": (1, 10**12),
    "actions_per_run": (1, 10_000),
    "seconds_per_run": (1, 90 * 24 * 3600),  # people may take their time
    "tokens_per_day": (1, 10**12),
    "actions_per_day": (1, 1_000_000),
    "depth": (0, 10),
    "arrivals_per_hour": (1, 1_000_000),
}
CAPS_ELSEWHERE = ("actions_per_day", "arrivals_per_hour")  # what can be counted of an agent that others run
SPIKE = (2, 1000)
REPLANS = (0, 5)
VERIFIES = ("output", "checks", "forbid", "agent")
