"""The sample company of a running product: its people, its tokens, its tickets, its shop's ledger."""

import contextlib
import time

import psycopg

from tests.product import Product, until
from tests.visitor import AgentClient, Reviewer, RunClient

#: Times short enough that a lost worker is noticed within a test.
QUICK = {
    "COUNTERSIGN_LEASE_SECONDS": "4",
    "COUNTERSIGN_RUN_LEASE_SECONDS": "4",
    "COUNTERSIGN_TOOL_SECONDS": "2",
    "COUNTERSIGN_FACT_SECONDS": "3.5",  # on a busy machine facts come late, and then more people are asked
    "COUNTERSIGN_RETRY_SECONDS": "0.5",
    "COUNTERSIGN_CLOCK_SECONDS": "0.5",
    "REFUND_SERVICE_FAULTS": "1",
}
RUN_ENDS = ("completed", "failed_verification", "budget_exceeded", "failed", "cancelled", "quarantined")
#: Orders that were paid so much for, and that nobody was paid back or asked for in a ticket.
_ORDERS = """
SELECT o.id FROM orders o WHERE (SELECT sum(cents) FROM payments WHERE order_id = o.id) >= %s AND o.id > 'A-3000'
AND NOT EXISTS (SELECT FROM refunds WHERE order_id = o.id)
AND NOT EXISTS (SELECT FROM tickets WHERE text LIKE '%%' || o.id || '%%') ORDER BY o.id LIMIT %s"""
_TICKET = """
INSERT INTO tickets (id, customer_id, subject, received_at, text)
SELECT 'T-' || max(substr(id, 3)::int) + 1, 'C-1001', 'Broken', now(), %s FROM tickets RETURNING id"""


class Company:
    """What the tests do with the sample company: sign in, write to it, propose, sign, wait, count."""

    def __init__(self, product: Product):
        self.product, self.url = product, product.url
        self.passwords = dict(self._passwords())
        self.agent = AgentClient(self.url, self._token("refund-desk"))
        self.client = RunClient(self.url, self._token("support-inbox"), "refund-desk")
        self._signed_in: dict[str, Reviewer] = {}

    def _token(self, holder: str) -> str:
        return (self.product.home / "secrets" / f"{holder}-token").read_text().strip()

    def _passwords(self):
        for line in (self.product.home / "sample-passwords.txt").read_text().splitlines():
            words = line.split()
            if len(words) >= 2 and not line.startswith("#"):
                yield words[0], words[1]

    def person(self, username: str) -> Reviewer:
        """A person with a session, signed in once."""
        if username not in self._signed_in:
            self._signed_in[username] = Reviewer(self.url, username, self.passwords[username])
        return self._signed_in[username]

    # -- the shop ------------------------------------------------------------------------------------------------------

    def shop(self, query: str, *values):
        with psycopg.connect(self.product.services["shop_database_url"]) as connection:
            return connection.execute(query, values).fetchall()

    def refunds_of(self, action_id: str) -> int:
        """How many refunds the shop's own ledger shows for one action."""
        return self.shop("SELECT count(*) FROM ledger WHERE action = %s AND outcome = 'done'", action_id)[0][0]

    def an_order(self, offset: int = 0) -> str:
        """An order of the shop that nobody has refunded yet."""
        query = """SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT FROM refunds r WHERE r.order_id = o.id)
                   ORDER BY o.id DESC OFFSET %s LIMIT 1"""
        return str(self.shop(query, offset)[0][0])

    def write_in(self, *amounts: str) -> str:
        """A customer's ticket that asks for these amounts back, each on an order of its own; return its id.

        More than 25 USD are for two people, whoever asks.
        """
        with psycopg.connect(self.product.services["shop_database_url"]) as connection:
            orders = [row[0] for row in connection.execute(_ORDERS, (max(map(float, amounts)) * 100, len(amounts)))]
            wishes = " ".join(
                f"In order {order} something broke: ${x}." for order, x in zip(orders, amounts, strict=True)
            )
            text = f"{wishes} I would like a refund. Thank you."
            return connection.execute(_TICKET, (text,)).fetchone()[0]

    def fault(self, **order) -> None:
        import httpx

        httpx.post(f"{self.product.services['shop_url']}/_faults", json=order, trust_env=False).raise_for_status()

    # -- the walk ------------------------------------------------------------------------------------------------------

    def hold_refund(self, amount: str = "5.00", offset: int = 0, **more) -> dict:
        """Propose a refund; return the action, which waits for two people."""
        answer = self.agent.propose(
            "issue_refund", order_id=self.an_order(offset), amount_usd=amount, reason="Arrived broken", **more
        )
        assert answer.status_code == 202, answer.text
        return answer.json()

    def sign(self, action: dict, *usernames: str) -> None:
        for username in usernames:
            answer = self.person(username).approve(action)
            assert answer.status_code == 201, answer.text

    def wait_for(self, action_id: str, *states: str, seconds: float = 40) -> dict:
        """Return the action once it is in one of the states."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(Exception):  # the web process may be down for a moment in fault tests
                action = self.agent.action(action_id)
                if action["state"] in states:
                    return action
            assert time.monotonic() < deadline, f"{action_id} is {action['state']}, not {states}: {action}"
            time.sleep(0.1)

    def settled(self, action_id: str, **options) -> dict:
        return self.wait_for(action_id, "succeeded", "failed", "unknown", "expired", "refused", **options)

    # -- runs ----------------------------------------------------------------------------------------------------------

    def begin(self, ticket: str, **more) -> dict:
        """Enqueue a run for a ticket; return it as it was accepted."""
        answer = self.client.enqueue(ticket_id=ticket, **more)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def at_rest(self) -> None:
        """Wait until no worker has a run to carry on: what waits for people alone changes nothing."""
        moving = "SELECT count(*) FROM agents_run WHERE state IN ('queued', 'planning', 'executing', 'verifying')"
        with psycopg.connect(self.product.services["database_owner_url"], autocommit=True) as database:
            until(lambda: database.execute(moving).fetchone() == (0,), seconds=60, what="no run moves")

    def park(self, *amounts: str) -> dict:
        """Enqueue a run that asks for these refunds; return it once it waits for people, with the actions they decide."""
        run = self.begin(self.write_in(*(amounts or ("31.25",))))
        return self.wait_for_run(run["id"], "awaiting_review")

    def wait_for_run(self, run_id: str, *states: str, seconds: float = 40) -> dict:
        """Return the run once it is in one of the states, with `held`: the actions of it that people are asked for."""
        deadline = time.monotonic() + seconds
        run = {"state": "never read"}
        while True:
            with contextlib.suppress(Exception):  # as above
                run = self.client.run(run_id)
                if run["state"] in states:
                    return run | {"held": [self.client.action(one["action"]) for one in run["waiting_for"]]}
            assert time.monotonic() < deadline, f"{run_id} is {run['state']}, not {states}: {run}"
            time.sleep(0.1)

    def ended(self, run_id: str, **options) -> dict:
        return self.wait_for_run(run_id, *RUN_ENDS, **options)
