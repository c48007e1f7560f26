"""Who could fill the slots a verdict asks for, at the moment an action enters review."""

from django.contrib.auth.models import Group

from agents.errors import NotReady
from agents.models import Person
from agents.policy.verdict import Verdict


def staff(verdict: Verdict) -> tuple[tuple[Group, ...], dict[int, list[int]]]:
    """Return the groups in the verdict's order and, by group, the accounts that could sign at this moment."""
    if not verdict.groups:
        return (), {}
    by_name = {group.name: group for group in Group.objects.filter(name__in=verdict.groups)}
    if missing := [name for name in verdict.groups if name not in by_name]:
        raise NotReady(f"The signing group {missing[0]!r} doesn't exist any more. The agent's owner must name another.")
    groups = tuple(by_name[name] for name in verdict.groups)
    eligible: dict[int, list[int]] = {group.pk: [] for group in groups}
    members = Person.objects.filter(groups__in=groups, is_active=True).values_list("groups", "pk").order_by("pk")
    for group, person in members:
        eligible[group].append(person)
    return groups, eligible
