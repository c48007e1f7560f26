"""Changes that people ask for: a question to the agent or its owner, and what they answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models import Action, Person


class Question(models.Model):
    """One round of asking. While it is open the action's decision clock stands still; at most three rounds a lineage."""

    action = models.ForeignKey(Action, models.PROTECT, related_name="questions")
    round = models.PositiveSmallIntegerField()
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    codes = ArrayField(models.CharField(max_length=40), default=list, help_text="what is wanted, in the desk's codes")
    text = models.TextField(blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(help_text="without an answer the action is withdrawn then")
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", help_text="null: the agent")
    answered_at = models.DateTimeField(null=True)
    ended_as = models.CharField(max_length=12, blank=True, help_text="answered, revised, withdrawn, no_answer")

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["action"], condition=Q(answered_at__isnull=True), name="one_open_question"),
            models.UniqueConstraint(fields=["action", "round"], name="question_round_once"),
        ]
