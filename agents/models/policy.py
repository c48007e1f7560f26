import pgtrigger
import uuid_utils.compat
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models.agent import Agent
from agents.models.person import Person

# What a list says decides what runs unattended: on an agent that was ever enabled two humans say so, or the operator.
_TWO_HUMANS = """
IF NEW.state = 'removal_proposed' AND (TG_OP = 'INSERT' OR OLD.state NOT IN ('active', 'removal_proposed')) THEN
    RAISE EXCEPTION 'only a key that counts can be proposed to be taken out' USING ERRCODE = 'check_violation';
END IF;
IF NEW.state IN ('active', 'removed') AND NEW.proposed_by_id IS NOT NULL
    AND (TG_OP = 'INSERT' OR NEW.state <> OLD.state)
    -- What never counted may be dropped, and what still counts be kept, by one person.
    AND NOT (TG_OP = 'UPDATE' AND OLD.state = 'proposed' AND NEW.state = 'removed')
    AND NOT (TG_OP = 'UPDATE' AND OLD.state = 'removal_proposed' AND NEW.state = 'active')
    AND EXISTS (SELECT FROM agents_agent AS a WHERE a.id = NEW.agent_id AND a.first_enabled_at IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM agents_person AS one, agents_person AS other
        WHERE one.id = NEW.proposed_by_id AND other.id = NEW.confirmed_by_id AND one.human_id <> other.human_id
    )
THEN
    RAISE EXCEPTION 'a second person confirms what a list says' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Policy(models.Model):
    """One version of an agent's policy, whole: the text as people wrote it and the document it comes to. Only ever added."""

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    file = models.CharField(max_length=200, help_text="what reasons call it, in front of the line")
    source = models.TextField(help_text="as it was written")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the document that decides")
    body = models.JSONField(help_text="the rules form, shorthand expanded")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["agent", "-version"]
        verbose_name_plural = "policies"
        constraints = [models.UniqueConstraint(fields=["agent", "version"], name="policy_version_once_an_agent")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What a verdict says it comes from: the policy's name and version."""
        return f"{self.name}/{self.version}"


class ListEntry(models.Model):
    """A key in a list that an agent's policy names. On an enabled agent it counts, and ceases to, once a second human says so."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        ACTIVE = "active"
        REMOVAL_PROPOSED = "removal_proposed"
        REMOVED = "removed"

    agent = models.ForeignKey(Agent, models.PROTECT, related_name="list_entries")
    list_name = models.CharField(max_length=64)
    key = models.CharField(max_length=300)
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", help_text="null: the operator")
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["agent", "list_name", "key"]
        verbose_name_plural = "list entries"
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "list_name", "key"], condition=~Q(state="removed"), name="list_key_once"
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="two_humans",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_TWO_HUMANS,
            ),
            pgtrigger.ReadOnly(name="list_key_frozen", fields=["agent", "list_name", "key"]),
            pgtrigger.Protect(name="list_entry_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.list_name}: {self.key}"

    @property
    def counts(self) -> bool:
        """Whether policy sees the key: proposing to take it out changes nothing yet."""
        return self.state in (self.State.ACTIVE, self.State.REMOVAL_PROPOSED)
