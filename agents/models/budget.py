from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models.agent import Agent
from agents.models.tool import Tool


class Budget(models.Model):
    """What may be spent in one scope (a run, an agent's or a team's day), and what is: the row that spenders queue up on."""

    class Unit(models.TextChoices):
        TOKENS = "tokens"
        MICROS = "micros"  # millionths of a US dollar
        ACTIONS = "actions"

    scope = models.CharField(max_length=120, help_text="run:<id>, agent:<id> or team:<name>")
    unit = models.CharField(max_length=10, choices=Unit.choices)
    day = models.DateField(null=True, help_text="UTC; null counts over the whole life")
    cap = models.BigIntegerField(help_text="as it was when somebody last reserved")
    reserved = models.BigIntegerField(default=0)
    settled = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "unit", "day"], name="budget_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(reserved__gte=0, settled__gte=0), name="budget_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.unit}"


class Spend(models.Model):
    """What an agent spent in one hour: what its breaker compares with the hours before."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="spend")
    hour = models.DateTimeField()
    tokens = models.BigIntegerField(default=0)
    micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "hour"], name="spend_once_an_hour")]


class RatePool(models.Model):
    """A rate that several agents share. `next_at` is when the next call is due if all of them came evenly spread."""

    name = models.CharField(max_length=63, unique=True)
    next_at = models.DateTimeField(db_default=Now())


class ToolHealth(models.Model):
    """How a tool answers lately: after failures in a row its breaker is open, and one call at a time tries it again."""

    tool = models.OneToOneField(Tool, models.CASCADE, primary_key=True, related_name="health")
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    open_until = models.DateTimeField(null=True, help_text="no attempt before; one attempt then")
    changed_at = models.DateTimeField(db_default=Now())
