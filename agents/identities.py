"""Tokens of agents: issued once, kept as a hash, expiring, revocable."""

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from agents.errors import Refusal
from agents.models import Agent, Token
from agents.models.policy import HEAVY_OF_AGENT
from audit import log
from audit.actors import Actor

#: `cs_` + 8 public characters + `_` + 43 secret ones + `_` + checksum: secret scanners can find it, people can't mistype it.
MARK = "cs"
DEFAULT_DAYS = 90
MAX_DAYS = 366


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
    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def pk(self) -> str:
        return f"agent-{self.agent.pk}"

    def actor(self) -> Actor:
        return Actor(kind="agent", id=str(self.agent.pk), display=self.agent.name, token=self.token.prefix)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue(*, agent: Agent, by: Actor, days: int = DEFAULT_DAYS) -> tuple[Token, str]:
    """Make a token for the agent; return its row and its text, which can't be shown again."""
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"a token lives 1 to {MAX_DAYS} days, not {days}")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    token = Token.objects.create(
        agent=agent, prefix=prefix, secret_hash=_hash(secret), expires_at=timezone.now() + timedelta(days=days)
    )
    log.record("token.issued", by=by, subject=("agent", str(agent.pk)), data={"prefix": prefix, "days": days})
    body = f"{MARK}_{prefix}_{secret}"
    return token, f"{body}_{_checksum(body)}"


@transaction.atomic
def revoke(*, prefix: str, by: Actor) -> Token:
    """End a token now. Revoking twice changes nothing. Raises NoSuchToken."""
    token = Token.objects.select_for_update().select_related("agent").filter(prefix=prefix).first()
    if token is None:
        raise NoSuchToken()
    if token.revoked_at is None:
        Token.objects.filter(pk=token.pk).update(revoked_at=Now())
        log.record("token.revoked", by=by, subject=("agent", str(token.agent_id)), data={"prefix": prefix})
        token.refresh_from_db()
    return token


def authenticate(text: str) -> AgentPrincipal:
    """Return who shows this token. Raises BadToken, ExpiredToken or RevokedToken; an unknown and a wrong one look alike."""
    body, _, checksum = text.rpartition("_")
    mark, _, rest = body.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or not hmac.compare_digest(_checksum(body).encode(), checksum.encode()):
        raise BadToken()
    token = (
        Token.objects.select_related("agent__policy")
        .defer(*HEAVY_OF_AGENT)
        .annotate(
            expired=Q(expires_at__lte=Now()),
            stale_use=Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - timedelta(minutes=1)),
        )
        .filter(prefix=prefix)
        .first()
    )
    if token is None or not hmac.compare_digest(token.secret_hash, _hash(secret)):
        raise BadToken()
    if token.revoked_at is not None:
        raise RevokedToken()
    if token.expired:
        raise ExpiredToken()
    if token.stale_use:  # at most one write a minute, however busy the agent
        Token.objects.filter(pk=token.pk).update(last_used_at=Now())
    return AgentPrincipal(agent=token.agent, token=token)


def live_tokens(agent: Agent):
    """Return the agent's tokens that would be accepted now."""
    return agent.tokens.filter(revoked_at__isnull=True, expires_at__gt=Now())
