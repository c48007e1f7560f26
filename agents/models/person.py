from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Now

from audit.actors import Actor


class Human(models.Model):
    """A natural person behind one or more accounts. Signatures count humans, not accounts."""

    created_at = models.DateTimeField(db_default=Now())


class PersonManager(UserManager):
    def _create_user_object(self, username, email, password, **fields):
        fields.setdefault("human", None)
        fields["human"] = fields["human"] or Human.objects.create()
        return super()._create_user_object(username, email, password, **fields)


class Person(AbstractUser):
    """An account somebody signs in with. Written only by `agents.people`; the admin shows it read-only."""

    human = models.ForeignKey(Human, models.PROTECT, related_name="accounts")
    signer_since = models.DateTimeField(
        db_default=Now(),
        help_text="when this account or its credentials were last made: it can't sign what was proposed before",
    )

    objects = PersonManager()

    class Meta:
        verbose_name_plural = "people"
        permissions = [("read_all", "Can read every agent and action (auditors)")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def actor(self) -> Actor:
        """This person, as the record keeps whoever acts."""
        return Actor(kind="person", id=str(self.pk), display=str(self), human=self.human_id)

    def as_named(self) -> dict[str, str]:
        """The names of this person, as an event keeps them apart from the record: there they can be erased."""
        return {"username": self.username, "name": self.get_full_name()}
