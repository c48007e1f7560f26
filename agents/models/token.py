from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models.agent import Agent


class Client(models.Model):
    """A system of the company that enqueues runs and waits for what comes of them."""

    name = models.SlugField(max_length=63, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Token(models.Model):
    """A key an agent or a client shows at the REST door. Only its SHA-256 is kept. An agent's proposes actions, a
    client's enqueues runs for the agents it names; neither ever decides."""

    prefix = models.CharField(max_length=16, unique=True, help_text="public: names the token in lists and events")
    secret_hash = models.CharField(max_length=64)
    agent = models.ForeignKey(Agent, models.CASCADE, null=True, related_name="tokens")
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="tokens")
    agents = models.ManyToManyField(Agent, related_name="client_tokens", help_text="whom a client may enqueue runs for")
    issued_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-issued_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(agent__isnull=True) ^ Q(client__isnull=True), name="token_has_one_holder"
            )
        ]

    def __str__(self) -> str:
        return self.prefix
