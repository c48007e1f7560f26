"""What readers of the log have still to tell, and to whom."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models import Action, Person


class Reader(models.Model):
    """How far one reader of the log has come. Events of transactions that were still open then are read later."""

    name = models.CharField(max_length=40, primary_key=True)
    last_event = models.BigIntegerField(default=0, help_text="every event up to this one was read")
    read_at = models.DateTimeField(db_default=Now())


class Notice(models.Model):
    """One message to one person or endpoint about one event: an outbox row, sent at least once, under its own id."""

    class Channel(models.TextChoices):
        MAIL = "mail"
        WEBHOOK = "webhook"
        BROWSER = "browser"
        DIGEST = "digest"

    event_id = models.BigIntegerField()
    action = models.ForeignKey(Action, models.PROTECT, null=True, related_name="notices", db_index=False)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="notices")
    endpoint = models.CharField(max_length=63, blank=True, help_text="the operator's name of a webhook")
    kind = models.CharField(max_length=30, help_text="what it says: your_turn, at_risk, overdue, resolved ...")
    made_at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField(null=True, help_text="when it is due to be sent; null when it is over")
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, help_text="why the last try failed, or why it was never sent")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "channel", "person", "endpoint", "kind"], name="told_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(person__isnull=True) ^ Q(endpoint=""), name="a_person_or_an_endpoint"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="notice_due"),
            models.Index(fields=["action", "channel"], name="notice_action"),
        ]
