"""Passkeys of people, and every touch of one that was found good."""

from django.db import models
from django.db.models.functions import Now

from agents.models import Action, Person
from approvals.models.decisions import APPEND_ONLY


class Passkey(models.Model):
    """One key pair on a device of one person. The private half never leaves it; a row is gone when its owner removes it."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField(help_text="attested credential data: Web Authentication, section 6.5.1")
    sign_count = models.BigIntegerField()
    added_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(null=True)
    suspected_at = models.DateTimeField(null=True, help_text="its count went back: there may be a copy")

    class Meta:
        ordering = ["added_at", "pk"]


class Touch(models.Model):
    """What a device signed for one revision, whole: whoever doubts an approval verifies it from this row alone."""

    action = models.ForeignKey(Action, models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    nonce = models.CharField(max_length=64, unique=True, help_text="ours, used once")
    credential = models.BinaryField(help_text="attested credential data, kept when the passkey is removed")
    client_data = models.BinaryField()
    authenticator_data = models.BinaryField()
    signature = models.BinaryField()
    touched_at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [APPEND_ONLY]
