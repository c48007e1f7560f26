"""Who attends to what at the desk: claims, snoozes, hand-overs, and how each person likes to work. None of it is a right."""

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.models import Action, Person, Slot


class Claim(models.Model):
    """Somebody is at one slot: a lease that others see and may take over. It never keeps anybody from signing."""

    slot = models.OneToOneField(Slot, models.CASCADE, primary_key=True, related_name="claim")
    person = models.ForeignKey(Person, models.CASCADE, related_name="claims")
    taken_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()


class Snooze(models.Model):
    """One person doesn't want to see an action in *Your turn* for a while. Its clock goes on."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="snoozes")
    person = models.ForeignKey(Person, models.CASCADE, related_name="snoozes")
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "person"], name="one_snooze_a_person")]


class Handover(models.Model):
    """One action handed to one person who may sign it anyway: they accept, or it bounces."""

    class Answer(models.TextChoices):
        ACCEPTED = "accepted"
        DECLINED = "declined"
        BOUNCED = "bounced"  # nobody answered in time

    action = models.ForeignKey(Action, models.PROTECT, related_name="handovers")
    giver = models.ForeignKey(Person, models.PROTECT, related_name="+")
    taker = models.ForeignKey(Person, models.PROTECT, related_name="handed")
    note = models.TextField(blank=True)
    given_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(help_text="it bounces then")
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action"], condition=Q(answer=""), name="one_open_handover_an_action"),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(answer=""), name="handover_open")]


class SavedView(models.Model):
    """A queue that somebody, or a group, wants to find again: the query of its address, under a name."""

    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="views")
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, help_text="the query string of the queue's address, in canonical order")
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True) ^ Q(group__isnull=True), name="view_of_a_person_or_a_group"
            ),
            models.UniqueConstraint(fields=["person", "group", "name"], name="view_name_once", nulls_distinct=False),
        ]


class Draft(models.Model):
    """A decision half filled in, kept while its author proves who they are. Bound to the digest they read."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="drafts")
    person = models.ForeignKey(Person, models.CASCADE, related_name="drafts")
    digest = models.CharField(max_length=64)
    fields = models.JSONField(default=dict, help_text="what was typed, by the name of the field")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "person"], name="one_draft_a_person")]


class Preference(models.Model):
    """How one person likes to work. No row is the defaults."""

    class Theme(models.TextChoices):
        AUTO = "auto", "As the device"
        LIGHT = "light"
        DARK = "dark"

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="preference")
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA zone in which they read times")
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO)
    shortcuts = models.BooleanField(default=True, help_text="single keys do something")
    opens_next = models.BooleanField(default=False, help_text="after a decision the next item opens")
    mails = models.BooleanField(default=True)
    notifies = models.BooleanField(
        default=False, help_text="the browser says when something is at risk, late or tier 4"
    )
    digest_minutes = models.PositiveSmallIntegerField(default=60, help_text="tier 2 is told of in a digest; 0 is none")
    quiet_from = models.TimeField(null=True, help_text="in their zone; tier 4 is told of all the same")
    quiet_until = models.TimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~(Q(quiet_from__isnull=True) ^ Q(quiet_until__isnull=True)), name="quiet_hours_wholly"
            )
        ]
