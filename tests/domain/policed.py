"""The agent of `registered` with a policy beside its file: three rules, a fact of the shop, a claim, a list, a case."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents import agentfile, identities, registry
from agents.models import Agent
from agents.tools import base
from tests.domain.registered import AGENT_YAML, OPERATOR, add_company, configure_nouns

POLICY_YAML = """\
policy: desk
facts:
  tenure_days: {type: int, source: shop, path: "/orders/{order_id}", at: tenure}
claims:
  confidence: {type: number, may_loosen: [small]}
lists:
  known: {key: string}
rules:
  - {id: small, tool: pay_back, then: allow, band: 2, when: "amount <= 25 && tenure_days >= 180 && confidence >= 0.9"}
  - {id: big, tool: pay_back, then: review, when: "amount > 200", slots: [finance, leads], due: 30m}
  - {id: stranger, tool: pay_back, then: review, when: "!(order_id in known)", queue: leads}
cases:
  - name: a small refund runs
    tool: pay_back
    arguments: {order_id: o-1, amount: 25}
    facts: {tenure_days: 400}
    claims: {confidence: 0.95}
    lists: {known: [o-1]}
    expect: {verdict: allow, rule: small}
"""
WITH_POLICY = AGENT_YAML.replace("tools:\n", "sources: [shop]\ntools:\n", 1).replace(
    "enabled: true\n", "policy: policy.yaml\nenabled: true\n"
)


def configure_source() -> None:
    """Name the source of facts beside the host and the secret that are configured already."""
    base.configure(dict(base.hosts), dict(base.secrets), sources={"shop": base.HttpSource("shop", "shop", "shop_key")})


@contextmanager
def named_company(*, source: bool = False) -> Iterator[None]:
    """Let the operator's nouns be configured (with the source of facts, if asked for) and the company's people be there."""
    configure_nouns()
    if source:
        configure_source()
    add_company()
    try:
        yield
    finally:
        base.configure({}, {})


def replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, f"{text.count(old)} times: {old}"
        text = text.replace(old, new)
    return text


def write_desk(folder: Path, *pairs: tuple[str, str], policy: str | None = POLICY_YAML) -> Path:
    """Write the agent file, with some of its text replaced, and the policy beside it; return the folder."""
    (folder / "agent.yaml").write_text(replaced(WITH_POLICY, pairs))
    if policy is not None:
        (folder / "policy.yaml").write_text(policy)
    return folder


def import_folder(folder: Path, *, by=OPERATOR) -> registry.Report:
    return registry.import_agent(agentfile.read_path(folder), by=by)


def import_policed(folder: Path, *, token: bool = True, written: bool = False) -> Agent:
    """Register the agent with its policy, or what is `written` there already; with a token it ends enabled."""
    import_folder(folder if written else write_desk(folder))
    agent = Agent.objects.get(slug="desk")
    if token:
        identities.issue(agent=agent, by=OPERATOR)
        import_folder(folder)
        agent.refresh_from_db()
    return agent
