from django.db import models
from django.db.models.functions import Now

from agents.models.agent import Agent
from agents.models.person import Person


class Tool(models.Model):
    """Something an agent may be allowed to do. What it is exactly stands in its current definition."""

    agent = models.ForeignKey(Agent, models.PROTECT, related_name="tools", help_text="the agent whose file defines it")
    name = models.CharField(max_length=63)
    tier = models.PositiveSmallIntegerField()
    definition = models.ForeignKey("ToolDefinition", models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    stop_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["agent", "name"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "name"], name="tool_name_once_an_agent"),
            models.CheckConstraint(condition=models.Q(tier__lte=4), name="tool_tier_0_to_4"),
        ]

    def __str__(self) -> str:
        return f"{self.agent}/{self.name}"


class ToolDefinition(models.Model):
    """One version of a tool, whole: what approvals bind to. Rows are only ever added."""

    tool = models.ForeignKey(Tool, models.PROTECT, related_name="definitions")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the definition's RFC 8785 bytes")
    body = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tool", "digest"], name="definition_once_a_tool")]

    def __str__(self) -> str:
        return f"{self.tool_id} {self.digest[:12]}"


class Grant(models.Model):
    """An agent's right to propose a tool. The name is copied, so that one name means one tool to an agent."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="grants")
    tool = models.ForeignKey(Tool, models.PROTECT, related_name="grants")
    tool_name = models.CharField(max_length=63)
    granted_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "tool_name"],
                condition=models.Q(revoked_at__isnull=True),
                name="one_live_grant_a_tool_name",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent} may {self.tool_name}"
