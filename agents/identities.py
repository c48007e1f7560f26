"""Tokens of agents and of clients: issued once, kept as a hash, expiring, revocable."""

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from agents import bearers
from agents.counting import count
from agents.errors import Invalid, Refusal
from agents.models import Action, Agent, Client, Person, Token
from audit import log
from audit.actors import Actor

#: `cs_` + 8 public characters + `_` + 43 secret ones + `_` + checksum: secret scanners can find it, people can't mistype it.
MARK = "cs"
DEFAULT_DAYS = 90
MAX_DAYS = 366
#: When people are told: so long before the end, and after so long without a use.
SOON, IDLE = timedelta(days=14), timedelta(days=90)


class BadToken(Refusal):
    code, status = "invalid_token", 401
    sentence = "The token isn't valid. Ask the operator to issue one with `manage.py token issue`."


class ExpiredToken(BadToken):
    code = "expired_token"
    sentence = "The token has expired. Ask the operator to issue a new one with `manage.py token issue`."


class RevokedToken(BadToken):
    code = "revoked_token"
    sentence = "The token was revoked. Ask the operator to issue a new one with `manage.py token issue`."


class NoSuchToken(Refusal):
    code, status = "not_found", 404
    sentence = "There is no token with this prefix. The prefix is the part between the first two underscores."


@dataclass(frozen=True)
class AgentPrincipal:
    """Whoever shows an agent's token. Not a person: it has no permissions, no groups, and can never decide."""

    agent: Agent
    token: Token
    person: ClassVar[None] = None
    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def pk(self) -> str:
        return f"agent-{self.agent.pk}"

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are: two tokens of one agent share them."""
        return self.actor().principal

    @property
    def columns(self) -> dict:
        """What an action it proposes says of who did."""
        return {"proposer_agent": self.agent, "token": self.token}

    def actor(self) -> Actor:
        return Actor(kind="agent", id=str(self.agent.pk), display=self.agent.name, token=self.token.prefix)


@dataclass(frozen=True)
class ClientPrincipal:
    """Whoever shows a client's token: a system that enqueues runs for the agents its token names. Not a person and not an
    agent: it can neither propose nor decide."""

    client: Client
    token: Token
    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def pk(self) -> str:
        return f"client-{self.client.pk}"

    @property
    def agents(self) -> QuerySet[Agent]:
        """The agents this very token names; another token of the same client may name others."""
        return self.token.agents.all()

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are: two tokens of one client share them."""
        return self.actor().principal

    def actor(self) -> Actor:
        return Actor(kind="client", id=str(self.client.pk), display=self.client.name, token=self.token.prefix)


@dataclass(frozen=True)
class RunPrincipal:
    """An agent whose run a worker carries: it proposes without a token, under keys of that run's own."""

    agent: Agent
    run_id: UUID
    person: ClassVar[None] = None

    @property
    def scope(self) -> str:
        return f"run:{self.run_id}"

    @property
    def columns(self) -> dict:
        return {"proposer_agent": self.agent}

    def actor(self) -> Actor:
        return Actor(kind="agent", id=str(self.agent.pk), display=self.agent.name)


@dataclass(frozen=True)
class PersonPrincipal:
    """A person who asks the gate for something with a tool of an agent, such as undoing what it did. Others sign it."""

    agent: Agent
    person: Person
    undoes: Action

    @property
    def scope(self) -> str:
        return f"{self.actor().principal} undo:{self.undoes.pk}"

    @property
    def columns(self) -> dict:
        return {"proposer_person": self.person, "undoes": self.undoes}

    def actor(self) -> Actor:
        return self.person.actor()


@dataclass(frozen=True)
class EditorPrincipal:
    """A person who edits what waits for review: the next revision of what somebody else proposed, and still proposes.

    `revises` is the event of that.
    """

    agent: Agent
    person: Person
    edits: Action
    revises: str = "action.revised"

    @property
    def scope(self) -> str:
        return f"edit:{self.edits.pk}"

    @property
    def columns(self) -> dict:
        old = self.edits
        proposer = {"proposer_agent": old.proposer_agent, "proposer_person": old.proposer_person, "token": old.token}
        beside = {"on_behalf_of": old.on_behalf_of, "undoes": old.undoes}
        return proposer | beside | {"lineage": old.lineage, "revision": old.revision + 1}

    def actor(self) -> Actor:
        return self.person.actor()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue(*, agent: Agent, by: Actor, days: int = DEFAULT_DAYS) -> tuple[Token, str]:
    """Make a token for the agent; return its row and its text, which can't be shown again."""
    token, text = _make(days, agent=agent)
    data = {"prefix": token.prefix, "days": days}
    log.record("token.issued", by=by, subject=("agent", str(agent.pk)), data=data)
    return token, text


@transaction.atomic
def issue_client(*, name: str, agents: Sequence[Agent], by: Actor, days: int = DEFAULT_DAYS) -> tuple[Token, str]:
    """Make a token with which the client of this name, new or known, enqueues runs for these agents.

    Returns its row and its text, which can't be shown again. Raises Invalid.
    """
    if not agents:
        raise Invalid(errors=[{"field": "agents", "message": "name at least one: it could enqueue for nobody"}])
    client = _client(name)
    token, text = _make(days, client=client)
    token.agents.set(agents)
    data = {"prefix": token.prefix, "days": days, "agents": sorted(agent.pk for agent in agents)}
    log.record("token.issued", by=by, subject=("client", str(client.pk)), data=data)
    return token, text


def _client(name: str) -> Client:
    try:
        Client._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        message = "write letters, digits, hyphens and underscores, at most 63 in all"
        raise Invalid(errors=[{"field": "client", "message": message}]) from error
    return Client.objects.get_or_create(name=name)[0]


def _make(days: int, **holder: Agent | Client) -> tuple[Token, str]:
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"a token lives 1 to {MAX_DAYS} days, not {days}")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    token = Token.objects.create(
        prefix=prefix, secret_hash=_hash(secret), expires_at=timezone.now() + timedelta(days=days), **holder
    )
    body = f"{MARK}_{prefix}_{secret}"
    return token, f"{body}_{_checksum(body)}"


@transaction.atomic
def revoke(*, prefix: str, by: Actor) -> Token:
    """End a token now. Revoking twice changes nothing. Raises NoSuchToken."""
    holders = ("agent", "client")
    token = (
        Token.objects.select_for_update(no_key=True, of=("self",))
        .select_related(*holders)
        .filter(prefix=prefix)
        .first()
    )
    if token is None:
        raise NoSuchToken()
    if token.revoked_at is None:
        Token.objects.filter(pk=token.pk).update(revoked_at=Now())
        subject = ("client", str(token.client_id)) if token.client_id else ("agent", str(token.agent_id))
        log.record("token.revoked", by=by, subject=subject, data={"prefix": prefix})
        token.refresh_from_db()
    return token


def authenticate(text: str) -> AgentPrincipal | ClientPrincipal:
    """Return who shows this token. Raises BadToken, ExpiredToken or RevokedToken; an unknown and a wrong one look alike."""
    body, _, checksum = text.rpartition("_")
    mark, _, rest = body.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or not hmac.compare_digest(_checksum(body).encode(), checksum.encode()):
        raise BadToken()
    token, expired, stale_use = bearers.by_prefix(prefix)
    if token is None or not hmac.compare_digest(token.secret_hash, _hash(secret)):
        raise BadToken()
    if token.revoked_at is not None:
        raise RevokedToken()
    if expired:
        raise ExpiredToken()
    if stale_use:  # at most one write a minute, however busy its holder
        Token.objects.filter(pk=token.pk).update(last_used_at=Now())
    if token.client is not None:
        return ClientPrincipal(client=token.client, token=token)
    return AgentPrincipal(agent=token.agent, token=token)


def needing_attention() -> QuerySet[Token]:
    """Return the live tokens that end soon or that nobody has used for long, with the database's `now`."""
    live = Token.objects.filter(revoked_at__isnull=True, expires_at__gt=Now())
    touched = Coalesce("last_used_at", "issued_at")
    found = live.annotate(now=Now(), touched=touched).filter(
        Q(expires_at__lt=Now() + SOON) | Q(touched__lt=Now() - IDLE)
    )
    return found.order_by("expires_at")


def standing_of(token: Token, now: datetime) -> str:
    """Return in words where a token stands: `revoked`, `expired`, `expires in 3 days`, `unused for 90 days`, `never used`
    or `in use`."""
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at <= now:
        return "expired"
    if token.expires_at < now + SOON:
        left = (token.expires_at - now).days
        return f"expires in {count(left, 'day')}" if left else "expires within a day"
    if (token.last_used_at or token.issued_at) < now - IDLE:
        return f"unused for {count((now - (token.last_used_at or token.issued_at)).days, 'day')}"
    return "in use" if token.last_used_at else "never used"
