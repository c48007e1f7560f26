import pgtrigger
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from agents.models.action import Action
from agents.models.agent import AgentRole
from agents.models.person import Person

# Signatures belong to the review: nobody signs, and no slot appears, once it is over.
_SIGNED_IN_REVIEW = """
IF TG_OP = 'INSERT' OR (NEW.filled_by_id, NEW.human) IS DISTINCT FROM (OLD.filled_by_id, OLD.human) THEN
    IF NOT EXISTS (
        SELECT FROM agents_action AS a WHERE a.id = NEW.action_id AND (
            a.state = 'awaiting_review' OR (a.state = 'on_hold' AND a.held_from = 'awaiting_review'))
    ) THEN
        RAISE EXCEPTION 'the action isn''t in review: its slots stay as they are' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.filled_by_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM agents_person AS p WHERE p.id = NEW.filled_by_id AND p.human_id = NEW.human
    ) THEN
        RAISE EXCEPTION 'a slot is filled by an account of that very human' USING ERRCODE = 'check_violation';
    END IF;
END IF;
RETURN NEW;
"""


class Slot(models.Model):
    """One signature an action needs: from a member of a group, or from the holder of a role. Frozen when it enters review.

    `tier`, `impact` are negated and `bucket` is a quarter of an hour, so that one ascending index is the queue's order.
    """

    action = models.ForeignKey(Action, models.CASCADE, related_name="slots", db_index=False)
    position = models.PositiveSmallIntegerField()
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=20, choices=AgentRole.Role.choices, blank=True)
    label = models.CharField(max_length=150, help_text="the group's or role's name at that time")
    is_open = models.BooleanField(default=True, help_text="the action is in review")
    urgency = models.SmallIntegerField(default=2, help_text="0 tier 3-4 late or at risk, 1 tier 2, 2 on time")
    bucket = models.BigIntegerField(help_text="due, in quarters of an hour since 1970")
    tier = models.SmallIntegerField(help_text="negated effective tier")
    impact = models.BigIntegerField(help_text="negated impact")
    excluded = ArrayField(models.BigIntegerField(), help_text="humans who count as self, and voters")
    eligible = ArrayField(models.BigIntegerField(), help_text="accounts that could fill it at routing time")
    filled_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    human = models.BigIntegerField(null=True)
    filled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(
                fields=["group", "urgency", "bucket", "tier", "impact", "action"],
                include=["excluded"],
                condition=Q(is_open=True, filled_by__isnull=True),
                name="slot_queue",
            ),
            # Half-signed actions of a group: who sits there may have to move for the next person.
            models.Index(fields=["group"], condition=Q(is_open=True, filled_by__isnull=False), name="slot_half_signed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["action", "position"], name="slot_position_once"),
            # Deferred: who fills which slot is recomputed as a whole when another person signs.
            models.UniqueConstraint(
                fields=["action", "human"], name="one_slot_a_human", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=Q(group__isnull=False) ^ ~Q(role=""), name="group_or_role"),
            models.CheckConstraint(
                condition=Q(filled_by__isnull=True, human__isnull=True, filled_at__isnull=True)
                | Q(filled_by__isnull=False, human__isnull=False, filled_at__isnull=False),
                name="filled_wholly",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="slot_frozen",
                fields=["action", "position", "group", "role", "label", "tier", "impact", "eligible"],
            ),
            pgtrigger.Trigger(
                name="signed_in_review",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_SIGNED_IN_REVIEW,
            ),
            pgtrigger.Protect(name="slot_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.filled_by or 'open'}"
