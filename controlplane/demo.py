"""The sample company: its people, its refund service and its agent, brought in the way an operator would.

Everything here can be repeated: what is there already stays as it is.
"""

import importlib.util
import os
import secrets
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from django.conf import settings

from agents import agentfile, identities, people, registry
from agents.errors import Invalid, NotReady
from agents.models import Agent, Person
from audit.actors import Actor
from controlplane import operator, sample

FOLDER = sample.SERVICE.parent
SLUG = "refund-desk"
INBOX = "support-inbox"  # the client whose token enqueues the tickets
TOKEN_DAYS = 90
SERVICE_PORT = 18055  # where the service listens when nobody says otherwise

Say = Callable[[str], None]


def load(*, by: Actor, say: Say) -> None:
    """Make the operator's nouns, the people and the agent, enabled. Raises NotReady, and what these verbs raise."""
    home = settings.HOME
    add_nouns(home, say)
    operator.load(home)
    add_people(home, by=by, say=say)
    spec = agentfile.read_path(FOLDER / "agent.yaml")
    report = registry.import_agent(spec, by=by)
    say(f"agent {SLUG}: {', '.join(report.lines) or 'no change'}")
    if not report.enabled:
        raise NotReady(f"The sample agent {SLUG} isn't ready: {'; '.join(report.blocked_by)}")
    keep_tokens(home, by=by, say=say)


def add_nouns(home: Path, say: Say) -> None:
    """Name the refund service, its secret, its source of facts and the agent's script in `countersign.toml`, unless they
    are there."""
    sample.secret_file(home)
    if "refunds" not in operator.read(home).hosts:
        address = settings.SERVICES.get("shop_url", "")
        port = int(address.rpartition(":")[2]) if address else SERVICE_PORT
        sample.write_nouns(home, port)
        say(f"countersign.toml: the refund service at http://127.0.0.1:{port}")
    for added in sample.add_missing(home):
        say(f"countersign.toml: {added}")


def add_people(home: Path, *, by: Actor, say: Say) -> None:
    """Add the company's people who aren't there yet, with random passwords in `<home>/sample-passwords.txt`."""
    company = tomllib.loads((FOLDER / "company.toml").read_text(encoding="utf-8"))
    known = set(Person.objects.values_list("username", flat=True))
    new = {
        person["username"]: secrets.token_urlsafe(12) for person in company["people"] if person["username"] not in known
    }
    # Written first: an account whose password nobody has is worse than a line for an account that isn't there.
    keep_passwords(home / "sample-passwords.txt", new)
    for person in company["people"]:
        if person["username"] in new:
            people.add(
                username=person["username"],
                by=by,
                groups=person["groups"],
                display_name=person["display_name"],
                email=person["email"],
                staff=person["staff"],
                superuser=person["superuser"],
                password=new[person["username"]],
            )
    say(
        f"{company['company']['name']}: {len(new)} {'person' if len(new) == 1 else 'people'} added"
        if new
        else f"{company['company']['name']}: everybody is there"
    )


def keep_passwords(path: Path, new: dict[str, str]) -> None:
    """Put the passwords in place of older lines for the same names; the file is ours alone."""
    if not new:
        return
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.split(" ")[0] not in new]
    write_private(path, "\n".join([*kept, *(f"{name} {password}" for name, password in new.items())]) + "\n")


def keep_tokens(home: Path, *, by: Actor, say: Say) -> None:
    """Keep a token of the agent, to propose with by hand, and one of the inbox, which enqueues its runs, in the data folder.

    One that is there and good stays.
    """
    agent = Agent.objects.get(slug=SLUG)
    issues = {
        SLUG: lambda: identities.issue(agent=agent, by=by, days=TOKEN_DAYS),
        INBOX: lambda: identities.issue_client(name=INBOX, agents=[agent], by=by, days=TOKEN_DAYS),
    }
    for holder, issue in issues.items():
        path = token_path(home, holder)
        if not is_good(path, agent):
            token, text = issue()
            write_private(path, text + "\n")
            say(f"token {token.prefix} of {holder} in {path}")


def is_good(path: Path, agent: Agent) -> bool:
    """Ask whether a token file holds one that is accepted, of this agent or for it."""
    if not path.exists():
        return False
    try:
        principal = identities.authenticate(path.read_text().strip())
    except identities.BadToken:
        return False  # expired, revoked, or of another database
    if isinstance(principal, identities.ClientPrincipal):
        return principal.agents.filter(pk=agent.pk).exists()
    return principal.agent == agent


def token_path(home: Path, holder: str) -> Path:
    return home / "secrets" / f"{holder}-token"


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only we can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def run(*, say: Say) -> list[str]:
    """Hand the inbox to the sample agent over REST, as any client would; return what was turned away.

    Raises Invalid when the token isn't there or the inbox had to stop.
    """
    path = token_path(settings.HOME, INBOX)
    if not path.exists():
        raise Invalid(f"There is no token in {path}: run `manage.py demo load` first.")
    inbox = load_inbox()
    try:
        return inbox.run(settings.PUBLIC_URL, path.read_text().strip(), progress=say).refused
    except inbox.InboxStopped as error:
        raise Invalid(f"The inbox stopped: {error}") from error


def load_inbox() -> ModuleType:
    """Import the sample's `run_inbox.py`, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("run_inbox", FOLDER / "run_inbox.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
