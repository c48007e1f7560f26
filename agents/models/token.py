from django.db import models
from django.db.models.functions import Now

from agents.models.agent import Agent


class Token(models.Model):
    """A key an agent shows at the REST door. Only its SHA-256 is kept; it proposes and reads, it never decides."""

    prefix = models.CharField(max_length=16, unique=True, help_text="public: names the token in lists and events")
    secret_hash = models.CharField(max_length=64)
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="tokens")
    issued_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-issued_at"]

    def __str__(self) -> str:
        return self.prefix
