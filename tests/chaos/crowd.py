"""Everybody at the product's doors during a campaign: clients that ask for runs, people who sign, people who stop
an agent and let it go on. They keep what they were told."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field

import httpx

from tests.chaos.plan import KEYED, UNKEYED, Stop, Task
from tests.chaos.witness import Witness
from tests.visitor import Reviewer


@dataclass
class Asked:
    """What a client knows of one task: its key, and every answer it got. No answer is no knowledge."""

    task: Task
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    runs: list[str] = field(default_factory=list)
    sent: int = 0
    unanswered: int = 0
    cancelled: bool = False


@dataclass
class Decided:
    """A decision that was acknowledged."""

    action: str
    username: str
    word: str


@dataclass
class Stood:
    """An agent that was told to stand still: from when that was acknowledged to when somebody asked that it goes on.

    By the database's clock; None where that didn't answer.
    """

    agent: str
    since: object
    until: object = None


class Client(threading.Thread):
    """Asks for its share of the tasks, each when its time has come, and again under the same key until it is answered."""

    def __init__(self, url: str, token: str, share: list[Asked], *, began: float, until: float):
        super().__init__(daemon=True)
        self.share, self.began, self.until = share, began, until
        self.http = httpx.Client(
            base_url=url, timeout=10, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )
        self.refused: list[str] = []

    def run(self) -> None:
        for asked in self.share:
            time.sleep(max(0.0, self.began + asked.task.at - time.monotonic()))
            self.ask(asked)
            if asked.task.asked_again:
                self.ask(asked)
            if asked.task.cancel_after is not None and asked.runs:
                time.sleep(asked.task.cancel_after)
                asked.cancelled = self.cancel(asked.runs[0])

    def ask(self, asked: Asked) -> None:
        body = {"agent": asked.task.agent, "input": {"turns": list(asked.task.turns)}}
        while time.monotonic() < self.until:
            asked.sent += 1
            answer = self.post("/api/v1/runs/", body, {"Idempotency-Key": asked.key})
            if answer is not None and answer.status_code == 202:
                asked.runs.append(answer.json()["id"])
                return
            if answer is None or answer.status_code >= 500:
                asked.unanswered += 1
            elif answer.status_code != 409:  # the same key is being answered right now
                self.refused.append(f"{answer.status_code} {answer.text[:300]}")
                return
            time.sleep(0.2)

    def cancel(self, run_id: str) -> bool:
        """Cancel a run; True when that was acknowledged."""
        while time.monotonic() < self.until:
            answer = self.post(f"/api/v1/runs/{run_id}/cancel/", {"reason": "changed our mind"}, {})
            if answer is not None and answer.status_code in (200, 409):
                return answer.status_code == 200
            time.sleep(0.2)
        return False

    def post(self, path: str, body: dict, headers: dict) -> httpx.Response | None:
        try:
            return self.http.post(path, json=body, headers=headers)
        except httpx.HTTPError:
            return None


class Signer(threading.Thread):
    """A reviewer who works through their queue until told to go home."""

    def __init__(self, reviewer: Reviewer, *, seed: int):
        super().__init__(daemon=True)
        self.reviewer, self.dice = reviewer, random.Random(f"{seed} {reviewer.username}")
        self.secret = reviewer.secret_of("/decisions/")
        self.home_time = threading.Event()
        self.decided: list[Decided] = []

    def run(self) -> None:
        while not self.home_time.wait(0.5):
            try:
                for row in self.reviewer.queue()["your_turn"]:
                    self.decide(row["id"])
            except (httpx.HTTPError, ValueError, KeyError, AssertionError):
                continue  # the product is down for a moment

    def decide(self, action_id: str) -> None:
        action = self.reviewer.action(action_id)
        if action["agent"] not in (KEYED, UNKEYED):
            return  # somebody else's business
        word = "approve" if self.dice.random() < 0.85 else "reject"
        body = {"decision": word, "digest": action["digest"], "revision": action["revision"]}
        if word == "reject":
            body["reason_code"] = "not_needed"
        answer = self.reviewer.http.post(
            f"/api/v1/actions/{action_id}/decisions/", json=body, headers={"X-CSRFToken": self.secret}
        )
        if answer.status_code == 403 and "step_up_needed" in answer.text:
            self.reviewer.prove()  # what it is about comes by again
        if answer.status_code == 201:
            self.decided.append(Decided(action_id, self.reviewer.username, word))


class Stopper(threading.Thread):
    """Stops agents as planned, in one person's name, and lets them go on in another's, each until it is acknowledged."""

    def __init__(self, stops: tuple[Stop, ...], witness: Witness, *, first: Reviewer, second: Reviewer, began: float):
        super().__init__(daemon=True)
        self.stops, self.witness, self.began = stops, witness, began
        self.first, self.second = first, second
        self.home_time = threading.Event()
        self.stood: list[Stood] = []

    def run(self) -> None:
        for stop in self.stops:
            if self.home_time.wait(max(0.0, self.began + stop.at - time.monotonic())):
                return
            self.ask(self.first, stop.agent, "stop")
            stood = Stood(stop.agent, self.witness.now())
            self.stood.append(stood)
            self.home_time.wait(stop.seconds)
            stood.until = self.witness.now()
            self.ask(self.second, stop.agent, "resume")

    def ask(self, person: Reviewer, agent: str, word: str) -> None:
        """Ask until it is so: a conflict says that an answer was lost, and that it is so already."""
        while True:
            try:
                answer = person.post(f"/agents/{agent}/{word}/", page="/decisions/", reason="Let us look")
            except (httpx.HTTPError, AssertionError):  # no page, no form on it: the product is down for a moment
                answer = None
            if answer is not None and (
                answer.status_code == 409 or answer.headers.get("Location") == f"/agents/{agent}/"
            ):
                return
            time.sleep(0.2)
