"""What people did at the desk: decisions, statements about unknown outcomes, and what they opened. Rows are only added."""

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models import Action, Person, Slot


class ReasonCode(models.TextChoices):
    """Why somebody rejected. The code goes back to the agent, the note too."""

    WRONG_TARGET = "wrong_target", "Wrong target"
    WRONG_VALUE = "wrong_value", "Wrong value"
    UNSUPPORTED_CLAIM = "unsupported_claim", "Unsupported claim"
    POLICY_BREACH = "policy_breach", "Policy breach"
    MISSING_EVIDENCE = "missing_evidence", "Missing evidence"
    PRIVACY = "privacy"
    TONE = "tone", "Tone or brand"
    DUPLICATE = "duplicate"
    BAD_TIMING = "bad_timing", "Bad timing"
    NOT_NEEDED = "not_needed", "Not needed"
    SUSPECTED_MANIPULATION = "suspected_manipulation", "Suspected manipulation"
    OTHER = "other", "Other"


APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Decision(models.Model):
    """One person's word on one revision: approve or reject, bound to the digest they saw."""

    class Word(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"

    action = models.ForeignKey(Action, models.PROTECT, related_name="decisions", db_index=False)
    revision = models.PositiveIntegerField()
    nth = models.PositiveSmallIntegerField(default=1, help_text="counts this human's words on this revision")
    digest = models.CharField(max_length=64)
    person = models.ForeignKey(Person, models.PROTECT, related_name="decisions")
    human = models.BigIntegerField()
    on_behalf_of = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    word = models.CharField(max_length=10, choices=Word.choices)
    reason_code = models.CharField(max_length=40, blank=True, choices=ReasonCode.choices)
    note = models.TextField(blank=True)
    checks = models.JSONField(default=dict, help_text="the reviewer's answers to the pointed checks")
    step_up = models.CharField(max_length=20, default="session", help_text="how the person proved to be there")
    touch = models.OneToOneField(
        "Touch", models.PROTECT, null=True, related_name="decision", help_text="the passkey touch that proves it"
    )
    preview_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was shown")
    template_version = models.CharField(max_length=40, blank=True)
    slot = models.ForeignKey(
        Slot, models.PROTECT, null=True, related_name="+", db_index=False, help_text="the slot at that moment"
    )
    effective_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(db_default=Now())
    event_id = models.BigIntegerField(help_text="the event of the transition")
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "revision", "human", "nth"], name="one_decision_a_human_at_a_time"
            ),
            models.CheckConstraint(
                condition=~(Q(step_up="passkey") ^ Q(touch__isnull=False)), name="a_passkey_has_its_touch"
            ),
        ]
        indexes = [BrinIndex(fields=["decided_at"], name="decision_decided", autosummarize=True)]
        triggers = [APPEND_ONLY]


class Withdrawal(models.Model):
    """Somebody took their approval back before the last slot was filled. The decision stays, and counts no more."""

    decision = models.OneToOneField(Decision, models.PROTECT, primary_key=True, related_name="withdrawal")
    withdrawn_at = models.DateTimeField(db_default=Now())
    event_id = models.BigIntegerField()

    class Meta:
        triggers = [APPEND_ONLY]


class Statement(models.Model):
    """What a person says an unknown outcome was, after looking."""

    action = models.ForeignKey(Action, models.PROTECT, related_name="statements")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    human = models.BigIntegerField()
    says = models.CharField(max_length=10, choices=[("succeeded", "It happened"), ("failed", "It did not happen")])
    note = models.TextField()
    stated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["stated_at"]


class Look(models.Model):
    """Somebody opened an action, kept it open, or opened a piece of its evidence."""

    class Kind(models.TextChoices):
        VIEWED = "viewed"
        HEARTBEAT = "heartbeat"
        EVIDENCE = "evidence_opened"

    action = models.ForeignKey(Action, models.PROTECT, related_name="looks", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    what = models.CharField(max_length=100, blank=True)
    preview_hash = models.CharField(max_length=64, blank=True)
    template_version = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["action", "person"], name="look_action_person")]
        triggers = [APPEND_ONLY]
