from django.db.models.functions import Now

from agents import identities
from agents.errors import Invalid
from agents.models import Token
from controlplane.commandline import Noun, find_agent


class Command(Noun):
    help = "Issue, revoke and list tokens. An agent's proposes actions, a client's enqueues runs; neither ever decides."

    def add_verbs(self, verbs):
        issue = self.verb(verbs, "issue", self.issue_token, "Issue a token; prints it alone on stdout, this once.")
        whose = issue.add_mutually_exclusive_group(required=True)
        whose.add_argument("--agent", metavar="SLUG", help="the agent that will show it")
        whose.add_argument(
            "--client", metavar="NAME", help="the system that will show it, to enqueue runs; made if new"
        )
        named = "with --client: the agents it may enqueue runs for, by comma"
        issue.add_argument("--agents", type=_slugs, metavar="a,b", help=named)
        days = f"how long it lives, 1 to {identities.MAX_DAYS} (default: {identities.DEFAULT_DAYS})"
        issue.add_argument("--days", type=int, default=identities.DEFAULT_DAYS, help=days)
        revoke = self.verb(verbs, "revoke", self.revoke_token, "End a token now.")
        revoke.add_argument("prefix", metavar="PREFIX", help="the part between the first two underscores")
        listing = self.verb(
            verbs, "list", self.list_tokens, "List tokens by prefix; a token itself can't be shown again.", writes=False
        )
        listing.add_argument("--agent", metavar="SLUG", help="only this agent's")
        listing.add_argument("--json", action="store_true")

    def issue_token(self, agent, client, agents, days, **_):
        if (client is None) != (agents is None):
            raise Invalid("A client's token names whom it enqueues for: --client NAME --agents a,b.")
        try:
            if client is None:
                token, text = identities.issue(agent=find_agent(agent), by=self.by, days=days)
            else:
                named = [find_agent(slug) for slug in agents]
                token, text = identities.issue_client(name=client, agents=named, by=self.by, days=days)
        except ValueError as error:
            raise Invalid(f"--days: {error}.") from error
        self.stdout.write(text)
        self.note(
            f"Token {token.prefix} of {_holder(token)}, until {token.expires_at:%Y-%m-%d}. It can't be shown again."
        )

    def revoke_token(self, prefix, **_):
        token = identities.revoke(prefix=prefix, by=self.by)
        self.note(f"Token {token.prefix} of {_holder(token)} is revoked since {token.revoked_at:%Y-%m-%d %H:%M} UTC.")

    def list_tokens(self, agent, json, **_):
        tokens = Token.objects.select_related("agent", "client").prefetch_related("agents").annotate(now=Now())
        tokens = tokens.order_by("agent__slug", "client__name", "-issued_at")
        if agent:
            tokens = tokens.filter(agent=find_agent(agent))
        if json:
            return self.print_json([_as_json(token) for token in tokens])
        rows = [
            (
                token.prefix,
                _holder(token),
                ", ".join(_named(token)) or "-",
                _state(token),
                f"{token.expires_at:%Y-%m-%d}",
                _moment(token.last_used_at),
            )
            for token in tokens
        ]
        self.print_table(("PREFIX", "HOLDER", "ENQUEUES FOR", "STATE", "EXPIRES", "LAST USED"), rows)


def _slugs(text: str) -> list[str]:
    return [slug for slug in (part.strip() for part in text.split(",")) if slug]


def _holder(token: Token) -> str:
    return token.agent.slug if token.agent else f"client {token.client.name}"


def _named(token: Token) -> list[str]:
    return [agent.slug for agent in token.agents.all()]


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "live" if token.expires_at > token.now else "expired"


def _moment(at) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"


def _as_json(token: Token) -> dict:
    return {
        "prefix": token.prefix,
        "agent": token.agent and token.agent.slug,
        "client": token.client and token.client.name,
        "agents": _named(token),
        "state": _state(token),
        "issued_at": token.issued_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": token.revoked_at and token.revoked_at.isoformat(),
        "last_used_at": token.last_used_at and token.last_used_at.isoformat(),
    }
