"""Every key and word of the agent file: what is taken now, and what is known but can't be enforced yet."""

from agents.documents.grammar import Keys, words

AGENT = Keys(
    "an agent file",
    required={
        "agent": "its slug, like agent: refund-desk",
        "name": "what people call it, like name: Refund desk",
        "purpose": "what it is for, in a sentence",
        "roles": "who answers for it, like roles: {owner: rosa}",
        "runtime": "where it runs: runtime: {kind: external}",
        "tools": "the list of what it may do",
    },
    optional=("sign", "sources", "policy", "enabled"),
    later={"budget": "budgets aren't counted yet", "verify": "runs aren't verified yet"},
)
ROLES = Keys(
    "roles",
    required={"owner": "the username of who owns it, like owner: rosa"},
    optional=("steward", "agent_steward", "eval_owner", "data_gatekeeper"),
)
SIGN = Keys("sign", required={}, optional=("2", "3", "4"))
RUNTIME = Keys("runtime", required={"kind": "kind: external"})
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
    optional=("undo", "money", "counterparty", "business_key", "critical", "headline", "preview"),
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

EFFECTS = ("read", "write")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
RUNTIME_KINDS = ("external",)
RUNTIME_KINDS_LATER = ("scripted", "llm", "remote")
CONNECTOR_KINDS = ("http",)
CONNECTOR_KINDS_LATER = ("sql", "mcp", "internal", "external")
SLOTS_NEEDED = {2: 1, 3: 2, 4: 2}  # distinct groups whose people sign, by effective tier
SECURITY = "security"  # the group without which nobody breaks the glass
MAX_SLOTS = 8
MAX_TOOLS = 200
MAX_SOURCES = 50
