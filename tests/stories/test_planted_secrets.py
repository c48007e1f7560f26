"""Every secret of a running company, searched for in all that it leaves: tables, queue, logs, mails, messages, pages."""

import base64
import json
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import redis

from tests.company import QUICK, Company
from tests.mailserver import mail_server
from tests.product import Product, until
from tests.receiver import receiving
from tests.templates import sample_company
from tests.toolserver import says, serving
from tests.visitor import AgentClient

KEY = "planted-bearer/key+of=the-echo-service"
HOOK = "planted-webhook-secret-0123456789"
MAIL = "planted-mail-password"
MISTYPED = "planted-mistyped-password"
GUESSED = "cs_deadbeef_plantedguessedtoken_00000000"
NOUNS = """
[hosts.echo]
url = "{echo}"
loopback = true

[secrets.echo_key]
host = "echo"
kind = "bearer"
value_file = "secrets/echo_key"

[webhooks.chat]
url = "{hook}"
secret_file = "secrets/chat"
events = ["action.*"]
"""
AGENT = """
agent: echo-desk
name: Echo desk
purpose: Ask a service that says back what it was asked
roles: {owner: rosa, steward: milan, agent_steward: milan, eval_owner: wei, data_gatekeeper: ife}
sign: {2: [support-leads], 3: [finance, support-leads]}
runtime: {kind: external}
budget: {actions_per_day: 100}
tools:
  - name: ask_echo
    tier: 0
    effect: read
    idempotent: true
    undo: none
    connector: {kind: http, host: echo, path: "/{word}", method: GET, secret: echo_key}
    schema:
      type: object
      required: [word]
      additionalProperties: false
      properties: {word: {type: string, pattern: "^[a-z0-9]+$"}}
    critical: [word]
    headline: "Ask {word}"
    preview: none
enabled: true
"""


def echo(handler) -> None:
    """Say back the whole request, under the status that its path asks for."""
    body = {"headers": dict(handler.headers), "said": f"{handler.headers['Authorization']} is no good"}
    says(int(handler.path.strip("/") or 200), body)(handler)


def private(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A company that worked, well and badly, and all that came out of it."""
    home = sample_company().copy_to(tmp_path_factory.mktemp("planted") / "home")
    with serving(echo) as tool, receiving() as hook, mail_server() as box:
        private(home / "secrets" / "echo_key", KEY)
        private(home / "secrets" / "chat", HOOK)
        with (home / "countersign.toml").open("a") as nouns:
            nouns.write(NOUNS.format(echo=tool.url, hook=f"{hook.url}/hook"))
        mail = {"COUNTERSIGN_MAIL_URL": f"smtp://planted:{MAIL}@{box.host}:{box.port}"}
        with Product(home, demo=True, env=QUICK | mail) as product:
            company = Company(product)
            told = work(company, home)
            yield company, told, tool, hook, box


def work(company: Company, home: Path) -> list[str]:
    """Let the company do what it does, and have done to it what goes wrong; return what it answered."""
    answers = [echoes(company, home), refunds(company), guesses(company)]
    for username in ("ana", "rosa", "olga"):
        person = company.person(username)
        pages = (
            "/",
            "/decisions/",
            "/runs/",
            "/agents/refund-desk/",
            "/agents/echo-desk/",
            "/policies/",
            "/preferences/",
        )
        answers += [person.get(page).text for page in pages]
    answers += [
        company.person("olga").get(page).text for page in ("/admin/", "/admin/agents/agent/", "/admin/agents/person/")
    ]
    company.product.manage("webhook", "list")
    answers.append(company.product.manage("webhook", "test", "chat", check=False).stdout)
    return answers


def echoes(company: Company, home: Path) -> str:
    (home / "echo.yaml").write_text(AGENT)
    company.product.manage("agent", "import", str(home / "echo.yaml"))
    token = company.product.manage("token", "issue", "--agent", "echo-desk").stdout.strip()
    (home / "secrets" / "echo-desk-token").write_text(token)
    said = company.product.manage("agent", "import", str(home / "echo.yaml")).stdout  # enabled now that it has a token
    agent = AgentClient(company.url, token)
    told = ""
    for status in ("200", "401", "404", "500"):
        answer = agent.propose("ask_echo", word=status)
        assert answer.status_code == 201, f"{answer.text}\n{said}"
        told += answer.text + ended(agent, answer.json()["id"])
    assert "[our secret]" in told, told
    return told


def ended(agent: AgentClient, action_id: str) -> str:
    """Return the action as its agent reads it once the first attempt is over."""
    waiting = ("approved", "executing")
    until(lambda: agent.action(action_id)["state"] not in waiting, seconds=60, what="the end of an attempt")
    return json.dumps(agent.action(action_id))


def refunds(company: Company) -> str:
    paid, refused, lost = (company.hold_refund(f"{n}.75", offset=n + 20) for n in range(3))
    company.sign(paid, "ana", "mara")
    company.settled(paid["id"])
    company.person("tom").reject(refused, "other", note="No.")
    company.fault(path="/refunds", kind="error500", times=1)
    company.sign(lost, "ana", "mara")
    company.settled(lost["id"])
    return "".join(json.dumps(company.person("ana").action(one["id"])) for one in (paid, refused, lost))


def guesses(company: Company) -> str:
    """What people mistype and others try is a secret too, or nearly one."""
    stranger = AgentClient(company.url, GUESSED)
    told = stranger.http.get("/api/v1/runs/").text
    person = company.person("ana")
    return told + person.post("/accounts/reauthenticate/", password=MISTYPED).text


def secrets_of(company: Company) -> dict[str, str]:
    """Return every secret there is by its name."""
    home, services = company.product.home, company.product.services
    folder = home / "secrets"
    found = {
        f"file {path.name}": path.read_text().strip() for path in folder.iterdir() if not path.name.endswith("_dsn")
    }
    found |= {f"password of {name}": password for name, password in company.passwords.items()}
    found |= {f"password in {path.name}": urlsplit(path.read_text().strip()).password for path in folder.glob("*_dsn")}
    found |= {f"password in {name}": urlsplit(url).password for name, url in services.items() if "://" in str(url)}
    found |= {f"session of {name}": one.http.cookies["countersign_session"] for name, one in company._signed_in.items()}
    found |= {"secret key": (home / "secret_key").read_text().strip()}
    found |= {"mail": MAIL, "mistyped": MISTYPED, "guessed": GUESSED.split("_")[2]}
    for name, value in list(found.items()):
        if name.endswith("token"):  # its prefix is public
            found[name] = value.split("_", 2)[2]
    return {name: value for name, value in found.items() if value and len(value) >= 10}


def shapes(secret: str) -> set[bytes]:
    raw = secret.encode()
    written = {raw, quote(secret, safe="").encode(), raw.hex().encode(), json.dumps(secret)[1:-1].encode()}
    return written | {base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"=")}


def found_in(text: bytes, secrets: dict[str, str]) -> set[str]:
    return {name for name, secret in secrets.items() if any(shape in text for shape in shapes(secret))}


def tables(url: str) -> bytes:
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(names) > 40
        rows = [connection.execute(f"SELECT t::text FROM {name} t").fetchall() for (name,) in names]
    return "\n".join(text for table in rows for (text,) in table if text).encode()


def queue(url: str) -> bytes:
    store = redis.Redis.from_url(url)
    return b"\n".join(key + (store.dump(key) or b"") for key in store.scan_iter())


def test_no_table_of_ours_holds_a_secret(world):
    company, *_ = world
    secrets = secrets_of(company)
    assert len(secrets) > 15, sorted(secrets)
    assert found_in(tables(company.product.services["database_url"]), secrets) == set()


def test_neither_does_the_queue(world):
    company, *_ = world
    assert found_in(queue(company.product.services["redis_url"]), secrets_of(company)) == set()


def test_no_log_of_any_of_its_programs_holds_one(world):
    company, *_ = world
    home = company.product.home
    logs = b"".join(path.read_bytes() for path in (home / "log").rglob("*") if path.is_file())
    assert len(logs) > 1000
    assert found_in(logs, secrets_of(company)) == set()
    # Whoever starts the sample company is told on the terminal who to sign in as; nothing of that is kept in a log.
    told = {f"password of {name}" for name in company.passwords}
    assert found_in(company.product.output.encode(), secrets_of(company)) <= told


def test_no_programs_command_line_shows_one_to_the_machines_other_people(world):
    company, *_ = world
    lines = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in company.product.pids.values())
    assert found_in(lines, secrets_of(company)) == set()


def test_no_page_and_no_answer_shows_one(world):
    company, told, *_ = world
    assert found_in("\n".join(told).encode(), secrets_of(company)) == set()


def test_no_mail_and_no_message_carries_one(world):
    company, _, _, hook, box = world
    sent = b"".join(box.raw) + b"".join(one.body + json.dumps(one.headers).encode() for one in hook.got)
    assert hook.got
    assert found_in(sent, secrets_of(company)) == set()


def test_a_service_is_shown_its_own_secret_and_no_other(world):
    company, _, tool, *_ = world
    shown = json.dumps([call.headers for call in tool.calls]).encode()
    assert found_in(shown, secrets_of(company)) == {"file echo_key"}


def test_the_search_finds_what_is_there(world):
    company, *_ = world
    secrets = secrets_of(company)
    for name, secret in secrets.items():
        assert found_in(f"x{secret}y".encode(), secrets) >= {name}
