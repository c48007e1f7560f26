"""Saved views: a part of the queue under a name, for one person or for everybody in a group."""

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet

from agents.errors import Invalid, Refusal
from agents.models import Person
from approvals.models import SavedView
from approvals.queue.asked import Asked

MOST = 20
NAME_LENGTH = 60


class NoSuchView(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such view here, or it isn't yours."


@dataclass(frozen=True)
class View:
    """A saved view as the page links it. `name` is somebody's text: show it inert."""

    id: int
    name: str
    query: str
    group: str
    current: bool


def of(person: Person, asked: Asked | None = None) -> list[View]:
    """Return this person's views and those of their groups, by name; the one that is asked for is `current`."""
    found = _theirs(person).select_related("group").order_by("group__name", "name")
    query = asked.query if asked else None
    return [View(one.pk, one.name, one.query, one.group.name if one.group else "", one.query == query) for one in found]


@transaction.atomic
def save(name: str, asked: Asked, *, by: Person, group: str = "") -> SavedView:
    """Save this part of the queue under a name, for the person or for a group of theirs (its name).

    Raises Invalid: a name that is empty, too long or taken, a group that isn't theirs, or twenty views there already.
    """
    name, owner = _read_name(name), _owner(group, by)
    theirs = SavedView.objects.filter(**owner)
    if theirs.count() >= MOST:
        raise Invalid(errors=[{"field": "name", "message": f"there are {MOST} views already: delete one first"}])
    if theirs.filter(name=name).exists():
        raise _taken()
    return SavedView.objects.create(**owner, name=name, query=asked.query, made_by=by)


@transaction.atomic
def rename(view_id: int, name: str, *, by: Person) -> None:
    """Give a view another name. Raises NoSuchView and Invalid."""
    view, name = _find(view_id, by), _read_name(name)
    same = {"person": view.person_id, "group": view.group_id}
    if SavedView.objects.filter(**same, name=name).exclude(pk=view.pk).exists():
        raise _taken()
    SavedView.objects.filter(pk=view.pk).update(name=name)


@transaction.atomic
def delete(view_id: int, *, by: Person) -> None:
    """Delete a view. Raises NoSuchView."""
    _find(view_id, by).delete()


def _theirs(person: Person) -> QuerySet[SavedView]:
    return SavedView.objects.filter(Q(person=person) | Q(group__in=person.groups.values("pk")))


def _find(view_id: int, by: Person) -> SavedView:
    view = _theirs(by).filter(pk=view_id).first()
    if view is None:
        raise NoSuchView()
    _lock({"person_id": view.person_id, "group_id": view.group_id})
    return view


def _owner(group: str, by: Person) -> dict:
    if not group:
        owner = {"person_id": by.pk, "group_id": None}
    else:
        found = by.groups.filter(name=group).first() if "\x00" not in group else None
        if found is None:
            raise Invalid(errors=[{"field": "group", "message": "choose one of your groups"}])
        owner = {"person_id": None, "group_id": found.pk}
    _lock(owner)
    return owner


def _lock(owner: dict) -> None:
    """Let those who save at once come one after the other: they count what is there."""
    kind, pk = (Person, owner["person_id"]) if owner["person_id"] else (Group, owner["group_id"])
    kind.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk", flat=True).get()


def _read_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        message = f"write a name of 1 to {NAME_LENGTH} characters, all of them ones that show"
        raise Invalid(errors=[{"field": "name", "message": message}])
    return name


def _taken() -> Invalid:
    return Invalid(errors=[{"field": "name", "message": "there is a view of this name already: choose another"}])
