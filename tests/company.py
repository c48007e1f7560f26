"""The sample company of a running product: its people, its agent's token, its shop's ledger."""

import contextlib
import time

import psycopg

from tests.product import Product
from tests.visitor import AgentClient, Reviewer

#: Times short enough that a lost worker is noticed within a test.
QUICK = {
    "COUNTERSIGN_LEASE_SECONDS": "4",
    "COUNTERSIGN_TOOL_SECONDS": "2",
    "COUNTERSIGN_RETRY_SECONDS": "0.5",
    "COUNTERSIGN_CLOCK_SECONDS": "0.2",
    "REFUND_SERVICE_FAULTS": "1",
}
OPEN = ("approved", "executing", "retry_wait")


class Company:
    """What the tests do with the sample company: sign in, propose, sign, wait, count."""

    def __init__(self, product: Product):
        self.product, self.url = product, product.url
        self.passwords = dict(self._passwords())
        self.agent = AgentClient(self.url, (product.home / "secrets" / "refund-desk-token").read_text().strip())
        self._signed_in: dict[str, Reviewer] = {}

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
