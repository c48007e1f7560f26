"""What is known of an action beside its state: clocks, what it came to, answers given once."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models.action import Action
from agents.models.agent import Agent
from agents.models.person import Person


class ClockInterval(models.Model):
    """A stretch of time in which an action's clock ran or stood still, and why."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="clock", db_index=False)
    kind = models.CharField(max_length=10, choices=[("running", "running"), ("paused", "paused")])
    reason = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["action"], condition=Q(ended_at__isnull=True), name="one_clock_interval_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["action"], condition=Q(kind="paused"), name="clock_paused")]


class Incident(models.Model):
    """Something went wrong, and which actions it is about."""

    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    title = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    agent = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="incidents")
    run_id = models.UUIDField(null=True)
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    release_id = models.UUIDField(null=True)
    actions = models.ManyToManyField(Action, related_name="incidents")


class Outcome(models.Model):
    """What an action or a run came to in the world, reported later."""

    class Kind(models.TextChoices):
        RESOLVED = "resolved"
        REOPENED = "reopened"
        FEEDBACK = "feedback"
        REWORK = "rework"
        ROLLED_BACK = "rolled_back"

    action = models.ForeignKey(Action, models.PROTECT, null=True, related_name="outcomes")
    run_id = models.UUIDField(null=True)
    release_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    note = models.TextField(blank=True)
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="outcomes")
    reported_by = models.CharField(max_length=100, help_text="the actor, kind:id")
    reported_at = models.DateTimeField(db_default=Now())


class IdempotencyKey(models.Model):
    """The answer given to a request, stored in the transaction of its effect, for whoever sends the same request again."""

    scope = models.CharField(max_length=100, help_text="who asked, kind:id")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request's canonical body")
    action = models.ForeignKey(Action, models.CASCADE, null=True, related_name="+", db_index=False)
    run = models.ForeignKey("Run", models.CASCADE, null=True, related_name="+", db_index=False)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="key_once_a_scope")]
