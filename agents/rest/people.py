"""What people alone read: dossiers, the queue, the record. A token that asks for it tried to read, and not to decide."""

from rest_framework.request import Request

from agents.errors import ForPeopleOnly
from agents.models import Person


def reader_of(request: Request) -> Person:
    """Return the person who reads. Raises ForPeopleOnly for whoever shows a token."""
    if not isinstance(request.user, Person):
        raise ForPeopleOnly()
    return request.user
