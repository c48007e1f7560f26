from django.db import models
from django.db.models.functions import Now

from agents.models.action import Action


class LimitUsage(models.Model):
    """One thing that limits are counted by (an agent, a counterparty, a customer): the row that proposals queue up on.

    `key` is the SHA-256 of the canonical value: whom a limit is about is nobody's to read here.
    """

    scope = models.CharField(max_length=256)
    key = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="usage_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key[:12]}"


class LimitEntry(models.Model):
    """What one action adds. It counts from entry (as reserved) until its action ends without an effect. Only ever added."""

    usage = models.ForeignKey(LimitUsage, models.PROTECT, related_name="entries", db_index=False)
    action = models.ForeignKey(Action, models.PROTECT, related_name="+", db_index=False)
    tool = models.CharField(max_length=63)
    measure = models.CharField(
        max_length=256, help_text="a currency (minor units), an argument that is a number, or count"
    )
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "limit entries"
        indexes = [
            models.Index(fields=["usage", "measure", "at"], include=["action", "tool", "amount"], name="limit_window")
        ]
