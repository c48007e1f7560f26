"""What is for people alone: a token that reads dossiers, the queue or the record is told so otherwise than one that decides."""

from rest_framework.request import Request

from agents.errors import ForPeopleOnly, Refusal, TokenCannotDecide
from agents.models import Person


def reader_of(request: Request) -> Person:
    """Return the person who reads. Raises ForPeopleOnly for whoever shows a token."""
    return _person(request, ForPeopleOnly())


def decider_of(request: Request, why: str) -> Person:
    """Return the person who decides. Raises TokenCannotDecide, which says `why`, for whoever shows a token."""
    return _person(request, TokenCannotDecide(why))


def _person(request: Request, refusal: Refusal) -> Person:
    if not isinstance(request.user, Person):
        raise refusal
    return request.user
