"""Whom an event concerns. Who may sign is asked of `agents.access` alone; whoever is away, or has no account, isn't told."""

from collections.abc import Callable, Iterable

from django.db.models import Q
from django.db.models.functions import Now

from agents import access
from agents.lifecycle import State
from agents.models import Action, AgentRole, Person, Slot
from approvals.attending import escalating
from approvals.models import Absence, Claim, Escalation, Handover, Notice, Question
from approvals.telling.kinds import CALLS, ENDS_UNKNOWN
from audit.models import Event


def of(kind: str, event: Event, action: Action) -> list[Person]:
    """Return the people to tell about what happened to an action, each once."""
    return list(dict.fromkeys(_AUDIENCES[kind](event, action)))


def present(people: Iterable[Person]) -> list[Person]:
    """Return those of them whose account is open and who aren't away now."""
    people = [person for person in people if person.is_active]
    away = Absence.objects.filter(person__in=people, ended_at__isnull=True, since__lte=Now(), until__gt=Now())
    gone = set(away.values_list("person", flat=True))
    return [person for person in people if person.pk not in gone]


# --- who may sign


def slots_of(action: Action) -> list[Slot]:
    """Return the action's slots with whoever signed, as the matching wants them."""
    return list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))


def candidates(action: Action, slots: Iterable[Slot]) -> list[Person]:
    """Return whoever is in a group that is still asked, has signed nothing and isn't newer than the action: in one query.

    Whether one of them may sign is for `access` to say.
    """
    open_slots = [slot for slot in slots if slot.filled_by_id is None]
    signed = [slot.human for slot in slots if slot.human is not None]
    asked = Q(groups__in={slot.group_id for slot in open_slots if slot.group_id})
    held = {slot.role for slot in open_slots if slot.role}
    asked |= Q(agent_roles__role__in=held, agent_roles__agent=action.agent_id)
    never = {*signed, *action.self_humans}
    people = Person.objects.filter(asked, is_active=True, signer_since__lte=action.created_at).exclude(human__in=never)
    return list(people.distinct().order_by("username").prefetch_related("groups"))


def eligible(action: Action) -> list[Person]:
    """Return who may sign the action now, away or not; nobody when it isn't in review. A fixed number of queries."""
    if action.state != State.AWAITING_REVIEW:
        return []
    slots = slots_of(action)
    return access.who_may_sign(action, slots, candidates(action, slots))


# --- the audiences, one a kind


def _asked(_event: Event, action: Action) -> list[Person]:
    return present(eligible(action))


def _at_risk(_event: Event, action: Action) -> list[Person]:
    """Whoever has taken a slot is told alone; for the slots that nobody took, all who may fill them."""
    asked = _asked(_event, action)
    free = [slot for slot in action.slots.all() if slot.filled_by_id is None]
    claims = Claim.objects.filter(slot__in=free, until__gt=Now()).values_list("slot", "person")
    taken = {slot: person for slot, person in claims if person in {one.pk for one in asked}}
    groups = {slot.group_id for slot in free if slot.pk not in taken}
    return [
        person
        for person in asked
        if person.pk in taken.values() or groups & {group.pk for group in person.groups.all()}
    ]


def _escalated(event: Event, action: Action) -> list[Person]:
    """Whom the ladder names. When all of them are away they are told all the same: the rung must reach somebody."""
    rungs = Escalation.objects.filter(action=action)
    if isinstance(rung := event.data.get("rung"), int):
        rungs = rungs.filter(rung=rung)
    last = rungs.order_by("-rung").first()
    told = escalating.told_people(last.told) if last else []
    return present(told) or told


def _handed(event: Event, _action: Action) -> list[Person]:
    handover = Handover.objects.filter(pk=event.data.get("handover")).select_related("taker").first()
    return [handover.taker] if handover and handover.taker.is_active else []


def _handed_back(event: Event, _action: Action) -> list[Person]:
    """Whoever gave it away hears that it came back, but not that it was taken as they wished."""
    ended = Handover.objects.filter(pk=event.data.get("handover")).select_related("giver").first()
    back = ended is not None and ended.answer not in ("", Handover.Answer.ACCEPTED)
    return present([ended.giver]) if back else []


def _taken_over(event: Event, _action: Action) -> list[Person]:
    return present(Person.objects.filter(pk=event.data.get("from")))


def _answered(event: Event, action: Action) -> list[Person]:
    """Whoever asked; while they are away, whoever else may sign."""
    question = Question.objects.filter(action=action).select_related("asked_by").order_by("-round").first()
    return (present([question.asked_by]) if question else []) or _asked(event, action)


def _owners(_event: Event, action: Action) -> list[Person]:
    return owners(action.agent_id)


def _resolved(event: Event, action: Action) -> list[Person]:
    """Everybody who was asked for something that is over now, but for whoever did it.

    Of a lineage: a new revision takes the place of what people were told about.
    """
    open_calls: dict[int, Person] = {}
    told = Notice.objects.filter(action__lineage=action.lineage, person__isnull=False).select_related("person")
    for notice in told.order_by("pk"):
        if notice.kind == "resolved":
            open_calls.pop(notice.person_id, None)
        elif _asks(notice, event.verb) and (notice.sent_at or notice.tries):  # one that is under way may arrive yet
            open_calls[notice.person_id] = notice.person
    again = _asked_again(event, action)
    return [
        person
        for person in open_calls.values()
        if person.is_active and person.pk not in again and not did_it(event, person)
    ]


def _asked_again(event: Event, action: Action) -> set[int]:
    """Return who is asked about the revision that took this one's place: for them nothing is over."""
    if event.verb != "action.superseded":
        return set()
    newer = Action.objects.filter(lineage=action.lineage, revision__gt=action.revision).order_by("-revision").first()
    return {person.pk for person in eligible(newer)} if newer else set()


def _asks(notice: Notice, verb: str) -> bool:
    """Whether a notice asked for what this event ends: a decision, or a look at what became of it."""
    return notice.kind in CALLS and (notice.kind == "outcome_unknown") == (verb in ENDS_UNKNOWN)


_AUDIENCES: dict[str, Callable[[Event, Action], list[Person]]] = {
    "your_turn": _asked,
    "look_overdue": _asked,
    "at_risk": _at_risk,
    "overdue": _asked,
    "escalated": _escalated,
    "handed": _handed,
    "handed_back": _handed_back,
    "taken_over": _taken_over,
    "question": _owners,
    "answered": _answered,
    "resolved": _resolved,
    "outcome_unknown": _owners,
}


# --- agents and runs


def owners(agent_id: int) -> list[Person]:
    """Return who owns the agent, away or not: nobody else is there to be told."""
    return [person for person in _holders(agent_id, AgentRole.Role.OWNER) if person.is_active]


def role_holders(agent_id: int) -> list[Person]:
    """Return everybody who answers for the agent."""
    return [person for person in _holders(agent_id) if person.is_active]


def _holders(agent_id: int, *roles: str) -> list[Person]:
    held = Q(agent_roles__agent=agent_id) & (Q(agent_roles__role__in=roles) if roles else Q())
    return list(Person.objects.filter(held).distinct().order_by("username"))


def did_it(event: Event, person: Person) -> bool:
    """Whether this very person is the event's actor."""
    return event.actor_kind == "person" and event.actor_id == str(person.pk)
