"""Helpers for tests about telling: events become notices, time comes, letters are read."""

from django.db.models.functions import Now

from agents.models import Action, Person
from approvals.models import Notice, Preference
from approvals.telling import reading, sending
from audit.models import Event


def tell(subject: Action | None = None, verb: str = "") -> list[Notice]:
    """Make the notices of every event so far (or of one verb), as the reader would once they are committed; return all."""
    found = Event.objects.order_by("id").prefetch_related("private")
    if subject is not None:
        found = found.filter(subject_id=str(subject.pk))
    for event in found.filter(verb=verb) if verb else found:
        reading.tell(event)
    return list(Notice.objects.order_by("pk"))


def told(kind: str, channel: str = "mail") -> set[str]:
    """Return the usernames that have a notice of this kind by this channel."""
    return set(Notice.objects.filter(kind=kind, channel=channel).values_list("person__username", flat=True))


def now_due() -> None:
    Notice.objects.filter(next_at__isnull=False).update(next_at=Now())


def send() -> int:
    """Let every notice be due, and send."""
    now_due()
    return sending.send_mails() + sending.send_webhooks()


def prefer(person: Person, **columns) -> None:
    Preference.objects.update_or_create(person=person, defaults=columns)


def give_address(*people: Person) -> None:
    for person in people:
        person.email = f"{person.username}@example.com"
        Person.objects.filter(pk=person.pk).update(email=person.email)
