"""Events as Django reads them. The tables are the database's own (migrations `0001`, `0002`): no ORM code writes here."""

from django.db import models
from django.db.models.expressions import RawSQL

from audit import merkle, verbs
from audit.actors import Actor


def _database_value(name: str, field: models.Field) -> models.GeneratedField:
    """A column only the database fills: left out of INSERT, read back afterwards."""
    return models.GeneratedField(expression=RawSQL(name, ()), output_field=field, db_persist=True)


class Event(models.Model):
    """One thing that happened. `leaf_data` is the record; the other columns say the same for queries.

    `data` isn't stored: the database reads it out of `leaf_data`.
    """

    id = models.BigAutoField(primary_key=True)
    at = _database_value("at", models.DateTimeField())
    verb = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    subject_kind = models.TextField()
    subject_id = models.TextField()
    leaf_data = models.TextField()
    data = _database_value("data", models.JSONField())
    retention = models.TextField()

    class Meta:
        managed = False
        db_table = 'audit"."event'
        ordering = ["id"]

    @property
    def leaf_hash(self) -> str:
        return merkle.leaf_hash(event_id=self.id, at=self.at, data=self.leaf_data.encode())

    def private_values(self) -> dict:
        """The fields kept apart (names, free text), as far as they haven't been erased; the product's own name always."""
        kept = {private.field: private.value for private in self.private.all()}
        return {"display": Actor.SYSTEM.display} | kept if self.actor_kind == Actor.SYSTEM.kind else kept

    def sentence(self) -> str:
        private = self.private_values()
        return verbs.sentence(self.verb, who=private.get("display", "somebody"), data={**self.data, **private})


class Private(models.Model):
    """A personal or free-text field of an event: the leaf holds only its salted hash, so it can be erased."""

    pk = models.CompositePrimaryKey("event", "field")
    event = models.ForeignKey(Event, models.DO_NOTHING, related_name="private", db_constraint=False)
    field = models.TextField()
    salt = models.BinaryField()
    value = models.JSONField()

    class Meta:
        managed = False
        db_table = 'audit"."private'


class RefusalTally(models.Model):
    """Refusals of one principal with one code in one minute: upserted by the outer door, written as one event afterwards."""

    principal = models.TextField()
    code = models.TextField()
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    where = models.TextField(help_text="the door: method and path without its query, of the first refusal")
    subject_kind = models.TextField(default="door")
    subject_id = models.TextField(default="-")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "code", "minute", "subject_id"], name="one_tally_a_minute")
        ]
