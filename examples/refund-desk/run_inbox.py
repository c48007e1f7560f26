"""Works through the inbox: for each ticket, proposes over REST what the handler would like to do.

It is an ordinary client. It holds an agent's token, which can propose and can never decide, and it doesn't know
what will be allowed: it says what it wants and reports what came back.

    python run_inbox.py --url http://127.0.0.1:8000 --token-file TOKEN
"""

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:  # this folder is run or loaded by path; it isn't a package
    sys.path.insert(0, str(HERE))

from handler import Proposal, plan  # noqa: E402
from tickets import read_tickets  # noqa: E402

UNDER_WAY = ("approved", "executing", "retry_wait")
ENDED = ("succeeded", "failed", "denied", "rejected", "expired", "refused", "withdrawn", "superseded")
DONE = {
    "look_up_order": "order looked up",
    "look_up_customer": "customer looked up",
    "add_note": "note added",
    "send_reply": "reply sent",
    "issue_refund": "refund {amount} USD paid",
}
NOUN = {
    "look_up_order": "order look-up",
    "look_up_customer": "customer look-up",
    "add_note": "note",
    "send_reply": "reply",
    "issue_refund": "refund {amount} USD",
}


class InboxStopped(Exception):
    """Countersign can't be reached, or doesn't accept the token, so going on would only repeat the same error."""


@dataclass
class Summary:
    """What an inbox came to: how many actions are in which state, and a line for each that was turned away."""

    tickets: int = 0
    states: Counter = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in self.states.most_common())
        turned_away = f"; {len(self.refused)} turned away" if self.refused else ""
        return f"{_count(self.tickets, 'ticket')}, {_count(self.states.total(), 'action')}: {counts or 'none'}{turned_away}"


def run(
    base_url: str,
    token: str,
    tickets: list[dict] | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    patience: float = 5.0,
) -> Summary:
    """Propose everything the handler plans for the tickets (default: the inbox in this folder); return the counts.

    Calls `progress` with one line for each ticket and a last one with the summary. `patience` is how many seconds
    to wait, per ticket, for calls that were allowed to finish; what isn't finished by then is reported as it is.
    Repeating a run proposes nothing twice: each idempotency key is made from ticket, tool and position.
    Raises InboxStopped when Countersign is away or the token isn't accepted.
    """
    tickets, say, summary = read_tickets() if tickets is None else tickets, progress or _print, Summary()
    actions: list[dict] = []
    # trust_env off: a proxy from the environment has no business between us and a loopback address.
    with httpx.Client(base_url=base_url, timeout=30, trust_env=False, headers=_headers(token)) as client:
        for number, ticket in enumerate(tickets, start=1):
            answers = [_propose(client, ticket, index, proposal) for index, proposal in enumerate(plan(ticket))]
            late = _wait(client, answers, patience=patience)
            patience = 0.0 if late else patience  # a worker that is away is waited for once, not once a ticket
            say(_line(number, len(tickets), ticket, answers))
            actions += [answer.action for answer in answers if answer.action]
            summary.refused += [f"{ticket['id']} {answer}" for answer in answers if answer.problem]
            summary.tickets += 1
        summary.states.update(_read(client, action)["state"] for action in actions)
    for refusal in summary.refused:
        say(f"turned away: {refusal}")
    say(str(summary))
    return summary


@dataclass
class _Answered:
    proposal: Proposal
    action: dict | None = None
    problem: str | None = None

    def __str__(self) -> str:
        tool, state = self.proposal.tool, (self.action or {}).get("state")
        amount = f"{self.proposal.arguments.get('amount_usd', 0):.2f}"
        noun = NOUN.get(tool, tool).format(amount=amount)
        if self.problem:
            return f"{noun} turned away ({self.problem})"
        if state == "succeeded":
            return DONE.get(tool, f"{tool} done").format(amount=amount)
        if state == "awaiting_review":
            return f"{noun} waits for {_people(self.action)}"
        if state == "unknown":
            return f"{noun}: outcome unknown"
        if state == "failed":
            return f"{noun} failed{_why(self.action)}"
        return f"{noun} {'allowed, not run yet' if state in UNDER_WAY else str(state).replace('_', ' ')}"


def _propose(client: httpx.Client, ticket: dict, index: int, proposal: Proposal) -> _Answered:
    body = {
        "tool": proposal.tool,
        "arguments": proposal.arguments,
        "rationale": proposal.rationale,
        "claims": proposal.claims,
    }
    key = f"inbox-{ticket['id']}-{proposal.tool}-{index}-{_fingerprint(ticket)}"
    response = _send(client, "POST", "/api/v1/actions/", json=body, headers={"Idempotency-Key": key})
    if response.is_success:
        action = response.json()
        # A stored answer says what was so when it was given; since then people may have decided.
        replayed = response.headers.get("Idempotent-Replayed") == "true"
        return _Answered(proposal, action=_look(client, action) if replayed else action)
    if response.status_code == 401:
        raise InboxStopped(f"The token isn't accepted ({_problem(response)}); issue one with `manage.py token issue`.")
    return _Answered(proposal, problem=_problem(response))


def _wait(client: httpx.Client, answers: list[_Answered], *, patience: float) -> bool:
    """Re-read what is under way until it ends; True if something was still under way when patience ran out."""
    until = time.monotonic() + patience
    while True:
        waiting = [answer for answer in answers if answer.action and answer.action["state"] in UNDER_WAY]
        if not waiting or time.monotonic() >= until:
            return bool(waiting)
        time.sleep(0.05)
        for answer in waiting:
            answer.action = _read(client, answer.action)


def _read(client: httpx.Client, action: dict) -> dict:
    """The action as it is now, unless it has ended already."""
    return action if action["state"] in ENDED else _look(client, action)


def _look(client: httpx.Client, action: dict) -> dict:
    """The action as it is now, or as it was last seen when it can't be read."""
    response = _send(client, "GET", f"/api/v1/actions/{action['id']}/")
    return response.json() if response.is_success else action


def _send(client: httpx.Client, method: str, path: str, **given) -> httpx.Response:
    """Send; repeat a few times when the server is away, busy, or still works on a call with the same key."""
    for pause in (0.2, 0.5, 1.0, 2.0, None):
        try:
            response = client.request(method, path, **given)
        except httpx.TransportError as error:
            if pause is None:
                raise InboxStopped(f"Countersign doesn't answer at {client.base_url} ({error}). Is it up?") from error
        else:
            if pause is None or not _is_passing(response):
                return response
        time.sleep(pause)
    raise AssertionError("the last round returns or raises")


def _is_passing(response: httpx.Response) -> bool:
    return response.status_code in (429, 502, 503) or (response.status_code == 409 and "in_flight" in response.text)


def _line(number: int, count: int, ticket: dict, answers: list[_Answered]) -> str:
    return f"ticket {number:>{len(str(count))}}/{count}  {ticket['id']}  {', '.join(map(str, answers))}"


def _people(action: dict) -> str:
    open_slots = sum(1 for slot in action.get("slots") or () if not slot.get("filled"))
    return {0: "people", 1: "1 person"}.get(open_slots, f"{open_slots} people")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _why(action: dict) -> str:
    error = action.get("error")
    text = error.get("detail") or error.get("code") if isinstance(error, dict) else error
    return f" ({str(text)[:120]})" if text else ""


def _problem(response: httpx.Response) -> str:
    """One sentence out of a problem+json answer, with the first field that is wrong."""
    try:
        problem = response.json()
    except ValueError:
        return f"{response.status_code} {response.reason_phrase}"
    if not isinstance(problem, dict):
        return f"{response.status_code} {response.reason_phrase}"
    first = next(iter(problem.get("errors") or ()), None)
    wrong = f" {first.get('field')}: {first.get('message')}" if isinstance(first, dict) else ""
    return f"{response.status_code} {problem.get('code', '')}: {problem.get('detail', '')}{wrong}"


def _fingerprint(ticket: dict) -> str:
    # An edited ticket is another question; under the old key its new wish would be refused as another body.
    return hashlib.sha256(ticket["text"].encode()).hexdigest()[:8]


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the inbox from the command line. Returns 1 when it had to stop, 2 when something was turned away."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where Countersign answers")
    parser.add_argument("--token-file", type=Path, required=True, help="a file with an agent token")
    parser.add_argument("--tickets", type=Path, help="another inbox, one JSON object a line")
    given = parser.parse_args()
    try:
        token = given.token_file.read_text().strip()
        summary = run(given.url, token, read_tickets(given.tickets) if given.tickets else None)
    except (InboxStopped, OSError, ValueError) as error:
        sys.stderr.write(f"The inbox stopped: {error}\n")
        return 1
    return 2 if summary.refused else 0


if __name__ == "__main__":
    sys.exit(main())
