"""Somebody at the doors of a running product: a person with a session, an agent or a client with a token."""

import re
import uuid

import httpx

_FORM_SECRET = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Reviewer:
    """A person in a browser without JavaScript: signs in by the form, keeps cookies, posts forms or JSON."""

    def __init__(self, url: str, username: str, password: str):
        self.username = username
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False, headers={"Referer": url})
        self._password = password
        answer = self.post("/accounts/login/", login=username, password=password)
        assert answer.status_code == 302, f"{username} can't sign in: {answer.status_code} {answer.text[:500]}"

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def secret_of(self, path: str) -> str:
        found = _FORM_SECRET.search(self.http.get(path).text)
        assert found, f"no form on {path}"
        return found.group(1)

    def post(self, path: str, *, page: str = "", **fields) -> httpx.Response:
        """Submit a form found on `page` (default: the same address), as a browser would."""
        return self.http.post(path, data={"csrfmiddlewaretoken": self.secret_of(page or path), **fields})

    def send(self, path: str, body: dict) -> httpx.Response:
        """Post JSON to the REST door with the session."""
        secret = self.secret_of("/decisions/")
        return self.http.post(path, json=body, headers={"X-CSRFToken": secret})

    # -- the desk ------------------------------------------------------------------------------------------------------

    def queue(self) -> dict:
        return self.http.get("/api/v1/queue/").raise_for_status().json()

    def action(self, action_id: str) -> dict:
        return self.http.get(f"/api/v1/actions/{action_id}/").raise_for_status().json()

    def approve(self, action: dict) -> httpx.Response:
        """Approve what was read; somebody who signed in too long ago enters their password again, and sends it again."""
        body = {"decision": "approve", "digest": action["digest"], "revision": action["revision"]}
        path = f"/api/v1/actions/{action['id']}/decisions/"
        answer = self.send(path, body)
        if answer.status_code == 403 and answer.json()["code"] == "step_up_needed":
            self.prove()
            answer = self.send(path, body)
        return answer

    def prove(self) -> None:
        """Enter the password once more."""
        assert self.post("/accounts/reauthenticate/", password=self._password).status_code == 302

    def reject(self, action: dict, code: str = "not_needed", note: str = "") -> httpx.Response:
        body = {"decision": "reject", "digest": action["digest"], "revision": action["revision"]}
        return self.send(f"/api/v1/actions/{action['id']}/decisions/", {**body, "reason_code": code, "note": note})


class AgentClient:
    """An agent at the REST door."""

    def __init__(self, url: str, token: str):
        self.http = httpx.Client(
            base_url=url, timeout=30, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )

    def propose(self, tool: str, key: str = "", claims: dict | None = None, **arguments) -> httpx.Response:
        body = {"tool": tool, "arguments": arguments, "rationale": "The customer asked for it.", "claims": claims or {}}
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.http.post("/api/v1/actions/", json=body, headers=headers)

    def action(self, action_id: str) -> dict:
        return self.http.get(f"/api/v1/actions/{action_id}/").raise_for_status().json()


class RunClient:
    """A client at the REST door: it enqueues runs and waits for them."""

    def __init__(self, url: str, token: str, agent: str):
        self.agent = agent
        self.http = httpx.Client(
            base_url=url, timeout=75, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )

    def enqueue(self, key: str = "", *, agent: str = "", budget: dict | None = None, **given) -> httpx.Response:
        """Ask the agent (the client's own unless named) for a run with `given` as its input."""
        body = {"agent": agent or self.agent, "input": given} | ({"budget": budget} if budget else {})
        return self.http.post("/api/v1/runs/", json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def run(self, run_id: str, *, wait: int = 0) -> dict:
        """The run as it is, or with `wait` (seconds, 60 at most) as soon as it has ended."""
        return self.http.get(f"/api/v1/runs/{run_id}/", params={"wait": wait}).raise_for_status().json()

    def action(self, action_id: str) -> dict:
        return self.http.get(f"/api/v1/actions/{action_id}/").raise_for_status().json()

    def cancel(self, run_id: str, reason: str = "Not needed any more") -> httpx.Response:
        return self.http.post(f"/api/v1/runs/{run_id}/cancel/", json={"reason": reason})
