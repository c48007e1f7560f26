"""Hands the inbox to the refund desk: one run for each ticket, enqueued over REST, and told until people are asked.

It is an ordinary client. Its token enqueues runs and reads what becomes of them; it can neither propose nor decide.

    python run_inbox.py --url http://127.0.0.1:8000 --token-file TOKEN
"""

import argparse
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

from tickets import read_tickets  # noqa: E402

AGENT = "refund-desk"
# States in which nothing happens until people do something, or ever.
RESTS = (
    "awaiting_review",
    "paused",
    "completed",
    "failed_verification",
    "budget_exceeded",
    "failed",
    "cancelled",
    "quarantined",
)
NOUNS = {"issue_refund": "refund", "send_reply": "reply"}
PLURALS = {"issue_refund": "refunds", "send_reply": "replies"}


class InboxStopped(Exception):
    """Countersign can't be reached, or doesn't accept the token, so going on would only repeat the same error."""


@dataclass
class Summary:
    """What an inbox came to: runs by state, what waits for people by tool, and a line for each ticket turned away."""

    tickets: int = 0
    states: Counter = field(default_factory=Counter)
    waiting: Counter = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = [f"{count} {state.replace('_', ' ')}" for state, count in self.states.most_common()]
        said += [f"{len(self.refused)} turned away"] if self.refused else []
        waiting = [_count(count, _noun(tool), PLURALS.get(tool)) for tool, count in self.waiting.most_common()]
        asked = f"; people are asked for {_listed(waiting)}" if waiting else ""
        return f"{_count(self.tickets, 'ticket')}: {', '.join(said) or 'none'}{asked}"


def run(
    base_url: str,
    token: str,
    tickets: list[dict] | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    patience: float = 30.0,
) -> Summary:
    """Enqueue a run for each ticket (default: the inbox in this folder); return what became of them.

    Calls `progress` with one line for each ticket, once its run has ended or waits for people, and a last one with the
    summary. `patience` is how many seconds to wait for the next of them to get there; once none does, the rest are
    reported as they are.
    Repeating an inbox enqueues nothing twice: each idempotency key is made from the ticket.
    Raises InboxStopped when Countersign is away or the token isn't accepted.
    """
    tickets, say = read_tickets() if tickets is None else tickets, progress or _print
    summary = Summary(tickets=len(tickets))
    # trust_env off: a proxy from the environment has no business between us and a loopback address.
    with httpx.Client(base_url=base_url, timeout=30, trust_env=False, headers=_headers(token)) as client:
        # All of them first: the workers carry them side by side while we wait for one after the other.
        answers = [(ticket["id"], _enqueue(client, ticket)) for ticket in tickets]
        for name, answer in answers:
            if isinstance(answer, str):
                summary.refused.append(f"{name}  turned away: {answer}")
                say(summary.refused[-1])
                continue
            found = _follow(client, answer, seconds=patience)
            patience = patience if found["state"] in RESTS else 0  # workers that are away are waited for once
            summary.states[found["state"]] += 1
            summary.waiting.update(one["tool"] for one in found["waiting_for"])
            say(f"{name}  {_line(client, found)}")
    say(str(summary))
    return summary


def _enqueue(client: httpx.Client, ticket: dict) -> dict | str:
    """Return the run as it was accepted, now or before, or why it wasn't."""
    # A name is all it takes: the agent reads the ticket itself, and what customers write stays in the shop.
    body = {"agent": AGENT, "input": {"ticket_id": ticket["id"]}}
    response = _send(client, "POST", "/api/v1/runs/", json=body, headers={"Idempotency-Key": f"inbox-{ticket['id']}"})
    if response.status_code == 401:
        raise InboxStopped(f"The token isn't accepted ({_problem(response)}); `manage.py token issue` makes another.")
    return response.json() if response.is_success else _problem(response)


def _follow(client: httpx.Client, found: dict, *, seconds: float) -> dict:
    """Return the run once it has ended or waits for people, or as it is when time is up."""
    wait, until = 0, time.monotonic() + seconds
    while True:
        # The door answers as soon as a run has ended; that one waits for people shows when we look again.
        response = _send(client, "GET", f"/api/v1/runs/{found['id']}/", params={"wait": wait})
        found = response.json() if response.is_success else found
        if found["state"] in RESTS or time.monotonic() >= until:
            return found
        wait = 1


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


# --- in words


def _line(client: httpx.Client, found: dict) -> str:
    if found["waiting_for"]:
        groups = dict.fromkeys(group for one in found["waiting_for"] for group in one["groups"])
        asked = ", ".join(_asked(client, one) for one in found["waiting_for"])
        return f"waits for {_listed(list(groups)) or 'people'}: {asked}"
    if found["state"] == "completed":
        return f"done: {_done(found.get('output')) or 'nothing was asked for'}"
    code = (found.get("error") or {}).get("code", found["state"])
    return found["state"].replace("_", " ") + (f": {code}" if code != found["state"] else "")


def _asked(client: httpx.Client, waiting: dict) -> str:
    """Return what people are asked for, with the amount where it is money."""
    response = _send(client, "GET", f"/api/v1/actions/{waiting['action']}/")
    amount = response.json()["arguments"].get("amount_usd") if response.is_success else None
    return _noun(waiting["tool"]) + (f" {amount['minor'] / 100:.2f} {amount['currency']}" if amount else "")


def _done(output: object) -> str:
    """Return what a run put out, as `desk.py` sums it up."""
    told = output if isinstance(output, dict) else {}
    ends = [(f"refund {one['amount_usd']} USD", one) for one in told.get("refunds", ())]
    ends += [("reply", one) for one in told.get("replies", ())]
    return ", ".join(f"{what} {one['state']}" + (f" ({one['why']})" if one["why"] else "") for what, one in ends)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _noun(tool: str) -> str:
    return NOUNS.get(tool, tool)


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


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


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the inbox from the command line. Returns 1 when it had to stop, 2 when something was turned away."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where Countersign answers")
    parser.add_argument("--token-file", type=Path, required=True, help="a file with a client's token")
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
