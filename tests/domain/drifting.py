"""A refund whose page shows what stands there now, and a shop that may say something else by the time it runs."""

from agents import actions
from agents.models import Action
from tests.domain.reading import PREVIEW, TOLD_REFUND
from tests.factories import LOOK_UP, REPLY, decide, give_policy, make_action, make_company, make_person

REFUND = {name: value for name, value in TOLD_REFUND.items() if name not in ("checks", "evidence")}
MAY_MOVE = {**REFUND, "preview": [{**PREVIEW[0], "may_move": True}]}
FOUND = {"refunded": 0, "note": "fine"}
FACTS = """
    policy: p
    facts:
      refunded_usd: {type: number, source: shop, path: "/facts/{order_id}", at: refunded}
      note: {type: string, source: shop, path: "/facts/{order_id}", at: note}
    rules:
      - {id: odd, tool: issue_refund, then: review, when: "note == 'odd'"}
"""


def make_desk(tool: dict = REFUND, policy: str = FACTS):
    """Return a company whose agent refunds with this tool, under this policy."""
    company = make_company(tools=[tool, REPLY, LOOK_UP])
    make_person("lawyer", "legal")
    give_policy(company.agent, policy)
    return company


def ask(company, order: str = "o-1", amount: int = 120, **words) -> Action:
    return make_action(company.agent, arguments={"order_id": order, "amount_usd": amount}, **words)


def sign(company, action: Action) -> Action:
    """Give both signatures that a refund needs."""
    decide(action, company.fin)
    decide(action, company.lea)
    action.refresh_from_db()
    return action


def run(action: Action) -> Action:
    actions.execute(action.pk, worker="test")
    action.refresh_from_db()
    return action


def end(action: Action) -> tuple[str, str]:
    """Run it, and return where it ended, and the code of its error."""
    run(action)
    return action.state, (action.error or {}).get("code", "")
