"""A refund whose page shows what stands there now, and a shop that may say something else by the time it runs."""

import json
from contextlib import contextmanager

from agents import actions
from agents.models import Action
from agents.tools import base
from tests.domain.reading import PREVIEW, TOLD_REFUND
from tests.factories import LOOK_UP, REPLY, decide, give_policy, make_action, make_company, make_person
from tests.toolserver import serving

REFUND = {name: value for name, value in TOLD_REFUND.items() if name not in ("checks", "evidence")}
MAY_MOVE = {**REFUND, "preview": [{**PREVIEW[0], "may_move": True}]}
FACTS = """
    policy: p
    facts:
      refunded_usd: {type: number, source: shop, path: "/facts/{order_id}", at: refunded}
      note: {type: string, source: shop, path: "/facts/{order_id}", at: note}
    rules:
      - {id: odd, tool: issue_refund, then: review, when: "note == 'odd'"}
"""


class Shop:
    """The tool's side: facts are what `facts` says at the moment, everything else succeeds; while `down`, nothing is known."""

    def __init__(self, server):
        self.server, self.facts, self.down = server, {"refunded": 0, "note": "fine"}, False
        server.behaviour = self.behave

    def behave(self, handler):
        reading = handler.path.startswith("/facts/")
        status, body = (503, {}) if reading and self.down else (200, self.facts if reading else {"ok": True})
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    @property
    def writes(self) -> list:
        return [call for call in self.server.calls if not call.path.startswith("/facts/")]


@contextmanager
def open_shop():
    with serving() as server:
        base.sources["shop"] = base.HttpSource(name="shop", host="refunds")
        yield Shop(server)
        base.sources.clear()


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
