"""Who is away, and to whom something was taken further."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.models import Action, Person


class Absence(models.Model):
    """Somebody is away, and who stands in: a person who may sign the same anyway. It gives no right and stops no clock."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="absences")
    since = models.DateTimeField()
    until = models.DateTimeField()
    stand_in = models.ForeignKey(Person, models.PROTECT, null=True, related_name="stands_in")
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, help_text="called off before its time")

    class Meta:
        ordering = ["since"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="absence_lasts"),
            models.CheckConstraint(condition=~Q(stand_in=F("person")), name="nobody_stands_in_for_themselves"),
        ]
        indexes = [models.Index(fields=["person", "until"], condition=Q(ended_at__isnull=True), name="absence_now")]


class Escalation(models.Model):
    """An action was taken one rung further: who was told, and why. Being told gives no right to sign."""

    class Why(models.TextChoices):
        OVERDUE = "overdue"
        STILL_OVERDUE = "still_overdue"
        BY_HAND = "by_hand"
        UNSTAFFED = "unstaffed"

    action = models.ForeignKey(Action, models.PROTECT, related_name="escalations")
    rung = models.PositiveSmallIntegerField()
    why = models.CharField(max_length=15, choices=Why.choices)
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", help_text="null: the clock")
    reason = models.TextField(blank=True)
    told = models.JSONField(default=list, help_text="names of groups and people, as the ladder named them")
    escalated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["escalated_at"]
        constraints = [models.UniqueConstraint(fields=["action", "rung"], name="rung_once_an_action")]
