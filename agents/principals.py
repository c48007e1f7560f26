"""What principals are called now: `agent:7` is Refund desk. For whoever kept the id alone."""

from collections.abc import Collection, Iterator
from operator import attrgetter

from agents.models import Agent, Client, Person

_CALLED = {"person": (Person, str), "agent": (Agent, attrgetter("name")), "client": (Client, str)}


def names_of(principals: Collection[str]) -> dict[str, str]:
    """Return the names of those that are here (`person:7`, `agent:7`, `client:7`), as events name who acts.

    One statement for each kind among them.
    """
    found = {}
    for kind, (model, called) in _CALLED.items():
        if ids := list(_ids(kind, principals)):
            found |= {f"{kind}:{pk}": called(one) for pk, one in model.objects.in_bulk(ids).items()}
    return found


def _ids(kind: str, principals: Collection[str]) -> Iterator[int]:
    for principal in principals:
        of, _, identity = principal.partition(":")
        if of == kind and identity.isdecimal():
            yield int(identity)
