"""Who stopped something, by name. Without a person it was the operator or the product itself: only the record tells which."""

from collections.abc import Sequence

from django.db.models.fields.json import KeyTextTransform

from agents.models import Agent, Person, Standstill, Tool
from audit.actors import Actor
from audit.models import Event

OPERATOR = "the operator"
Stopped = Agent | Tool | Standstill
#: An event's verb, its subject, and the tool it names.
_Key = tuple[str, str, str | None]


def names_of(stopped: Sequence[Stopped]) -> list[str]:
    """Return who stopped each of these, in their order: a person's name, `the operator`, or Countersign for a breaker.

    At most one query, however many there are, when they were read with whoever stopped them.
    """
    ours = _stopped_by_the_product([_key(one) for one in stopped if _person(one) is None])
    return [_name(_person(one), _key(one) in ours) for one in stopped]


def _name(person: Person | None, by_the_product: bool) -> str:
    return str(person or (Actor.SYSTEM.display if by_the_product else OPERATOR))


def _person(stopped: Stopped) -> Person | None:
    return stopped.started_by if isinstance(stopped, Standstill) else stopped.stopped_by


def _key(stopped: Stopped) -> _Key:
    if isinstance(stopped, Standstill):
        return "standstill.began", str(stopped.pk), None
    if isinstance(stopped, Tool):
        return "tool.stopped", str(stopped.agent_id), str(stopped.pk)
    return "agent.stopped", str(stopped.pk), None


def _stopped_by_the_product(keys: list[_Key]) -> set[_Key]:
    """Return those of which the latest event that tells of the stop is the product's own."""
    if not keys:
        return set()
    verbs, subjects, _ = zip(*keys, strict=True)
    latest = (
        Event.objects.filter(subject_kind__in=("agent", "standstill"), subject_id__in=subjects, verb__in=verbs)
        .annotate(tool=KeyTextTransform("id", "data"))
        .order_by("verb", "subject_id", "tool", "-id")
        .distinct("verb", "subject_id", "tool")
        .values_list("verb", "subject_id", "tool", "actor_kind")
    )
    return {(verb, subject, tool) for verb, subject, tool, kind in latest if kind == Actor.SYSTEM.kind}
