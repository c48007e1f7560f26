"""Whom a dossier doesn't name yet: signatures are given independently, so whoever may still decide isn't told who signed."""

from collections.abc import Collection
from functools import cache

from agents.models import Action, Person
from approvals.action import controls
from approvals.figures.history_list import in_review
from audit.dossier import Veil


def for_action(action: Action, reader: Person) -> Veil:
    """Return the veil of an action's own dossier: down while this reader may still decide, as on its page."""

    @cache
    def is_blind() -> bool:
        slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
        return controls.is_blind(action, slots, reader)

    return Veil(str(reader.pk), lambda actions: actions if is_blind() else ())


def for_many(reader: Person) -> Veil:
    """Return the veil where several actions are told of: down over each that is still in review, whoever reads."""
    return Veil(str(reader.pk), _in_review)


def _in_review(actions: Collection[str]) -> set[str]:
    return {str(pk) for pk in in_review(Action.objects.filter(pk__in=actions)).values_list("pk", flat=True)}
