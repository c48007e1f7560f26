from django.db import models
from django.db.models.functions import Now
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from agents.models.person import Person


class Agent(models.Model):
    """Software that acts for the company, and everything people decided about it."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    purpose = models.TextField(blank=True)
    runtime = models.CharField(max_length=63, default="external")
    runtime_body = models.JSONField(default=dict, help_text="what the runtime is given: a script's name, steps, a pool")
    budget = models.JSONField(
        default=dict, help_text="caps as the agent file says; micros are millionths of a US dollar"
    )
    verify = models.JSONField(default=dict, help_text="what the output of a run is held against before it completes")
    delegates = models.JSONField(default=list, help_text="agents this one may give tasks to, by slug")
    team = models.CharField(
        max_length=63, blank=True, help_text="whose daily budget it spends too, by the operator's name"
    )
    sign = models.JSONField(default=dict, help_text="by effective tier: the groups whose members fill the slots")
    ladder = models.JSONField(
        default=dict, help_text="by effective tier: who is told when a review is late, rung by rung"
    )
    sources = models.JSONField(
        default=list, help_text="the operator's fact sources this agent's policy may ask, by name"
    )
    policy = models.ForeignKey("Policy", models.PROTECT, null=True, blank=True, related_name="+")
    enabled = models.BooleanField(default=False)
    first_enabled_at = models.DateTimeField(null=True, blank=True, help_text="a draft until then; never one again")
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    stop_reason = models.TextField(blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True, help_text="when people last let it go on")
    stop_epoch = models.PositiveIntegerField(default=0, help_text="counts stops of it or of a tool; never goes back")
    standstill = models.ForeignKey("Standstill", models.PROTECT, null=True, blank=True, related_name="agents")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_draft(self) -> bool:
        return self.first_enabled_at is None

    @property
    def is_stopped(self) -> bool:
        return self.stopped_at is not None


class Standstill(models.Model):
    """Everything was stopped at once: who did it and why, and who let it go on."""

    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(ended_at__isnull=True), name="one_standstill_at_a_time"
            )
        ]


class AgentUserObjectPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(Agent, models.CASCADE)


class AgentGroupObjectPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Agent, models.CASCADE)


class AgentRole(models.Model):
    """A person who answers for an agent in one named way."""

    class Role(models.TextChoices):
        OWNER = "owner"
        STEWARD = "steward"
        AGENT_STEWARD = "agent_steward"
        EVAL_OWNER = "eval_owner"
        DATA_GATEKEEPER = "data_gatekeeper"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=20, choices=Role.choices)
    person = models.ForeignKey(Person, models.PROTECT, related_name="agent_roles")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "role"], name="one_person_a_role")]

    def __str__(self) -> str:
        return f"{self.role}: {self.person}"
