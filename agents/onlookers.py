"""Who sees an agent, by what, and sight as it is given: by its owner, to a person or to everybody in a group.

Sight is to read, and gives no voice: who signs, stops or answers is asked of roles and groups alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Prefetch, Q
from guardian.shortcuts import assign_perm, remove_perm

from agents import access
from agents.errors import AlreadyDecided, Invalid, NotAllowed, Refusal
from agents.models import Agent, AgentGroupObjectPermission, AgentRole, AgentUserObjectPermission, Person
from agents.readiness.signing import members_of
from agents.sight import SIGNED_TIERS
from agents.stops.words import require_reason
from audit import log
from audit.models import Event

VIEW = "agents.view_agent"
GIVEN, TAKEN = "sight.given", "sight.taken"


class AlreadyGiven(AlreadyDecided):
    code = "sight_given"
    sentence = "They were given sight of this agent already."


class NotGiven(Refusal):
    code, status = "sight_not_given", 404
    sentence = "They weren't given sight of this agent, so there is none to take."


@dataclass(frozen=True)
class Through:
    """One way by which people see the agent: `what` names it, `why` says how it leads here."""

    what: str
    why: str
    people: list[Person]


@dataclass(frozen=True)
class Given:
    """Sight that was given. `since`, `by` and `reason` come from the record: empty where it tells nothing.

    `people` are those who see the agent by it. `key` names it in a form.
    """

    to: Person | Group
    people: list[Person]
    since: datetime | None
    by: str
    reason: str

    @property
    def key(self) -> str:
        return f"{_kind(self.to)}:{self.to.pk}"

    @property
    def name(self) -> str:
        return _named(self.to)


@dataclass(frozen=True)
class Onlookers:
    """Everybody who sees an agent. Somebody may stand here by several ways; each alone is enough."""

    through: list[Through]
    given: list[Given]


# --- reading


def of(agent: Agent) -> Onlookers:
    """Return who sees the agent and by what, in as many queries for a hundred people as for one."""
    return Onlookers(through=[*_roles(agent), *_asked(agent), *_read_all()], given=_given(agent))


def _roles(agent: Agent) -> list[Through]:
    held = agent.roles.select_related("person").order_by("pk")
    return [Through(f"role {role.get_role_display().lower()}", "", _active([role.person])) for role in held]


def _asked(agent: Agent) -> list[Through]:
    """Return the groups that the agent asks, by tier or by a rule of its policy."""
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for tier in SIGNED_TIERS:
        for name in agent.sign.get(tier, ()):
            asked[name][f"signs at tier {tier}"] = None
    for rule in agent.policy.body["rules"] if agent.policy else ():
        for name in {*rule["slots"], rule["queue"]} - {None}:
            asked[name][f"rule {rule['id']} asks it"] = None
    members = members_of(set(asked))
    return [Through(f"group {name}", ", ".join(whys), members[name]) for name, whys in sorted(asked.items())]


def _read_all() -> list[Through]:
    holds = Q(user_permissions__codename="read_all") | Q(groups__permissions__codename="read_all")
    people = Person.objects.filter(holds | Q(is_superuser=True), is_active=True).order_by("username").distinct()
    return [Through("superusers and auditors", "they see every agent", list(people))]


def _given(agent: Agent) -> list[Given]:
    """Return the sight that was given. What the owner holds came with the role, and goes with it."""
    owners = {role.person_id for role in agent.roles.all() if role.role == AgentRole.Role.OWNER}
    told = _told(agent)
    people = _rows(AgentUserObjectPermission, agent).exclude(user__in=owners).select_related("user")
    active = Prefetch("group__user_set", Person.objects.filter(is_active=True).order_by("username"))
    groups = _rows(AgentGroupObjectPermission, agent).prefetch_related(active)
    return [
        *(_one(row.user, _active([row.user]), told) for row in people.order_by("user__username")),
        *(_one(row.group, list(row.group.user_set.all()), told) for row in groups.order_by("group__name")),
    ]


def _one(to: Person | Group, people: list[Person], told: dict[tuple[str, int], Event]) -> Given:
    event = told.get((_kind(to), to.pk))
    words = event.private_values() if event else {}
    return Given(to, people, event and event.at, str(words.get("display", "")), str(words.get("reason", "")))


def _told(agent: Agent) -> dict[tuple[str, int], Event]:
    """Return by whom it was given to the latest event of giving."""
    about = Event.objects.filter(subject_kind="agent", subject_id=str(agent.pk), verb=GIVEN)
    return {(one.data["kind"], one.data["id"]): one for one in about.order_by("id").prefetch_related("private")}


def _active(people: Iterable[Person]) -> list[Person]:
    return [person for person in people if person.is_active]


# --- giving and taking


@transaction.atomic
def give(*, agent: Agent, to: Person | Group, reason: str, by: Person) -> None:
    """Let a person, or everybody in a group, see the agent from now on. Raises NotAllowed, Invalid, AlreadyGiven."""
    agent, reason = _begin(agent, reason, by)
    if isinstance(to, Person) and not to.is_active:
        raise Invalid("This account is disabled.", errors=[{"field": "person", "message": "the account is disabled"}])
    if _held(agent, to):
        raise AlreadyGiven()
    assign_perm(VIEW, to, agent)
    _record(GIVEN, agent, to, reason, by)


@transaction.atomic
def take(*, agent: Agent, to: Person | Group, reason: str, by: Person) -> list[str]:
    """Take sight back that was given, at once; return by what else they see the agent still, [] when by nothing.

    Raises NotAllowed (also for the owner's own, which goes with the role), Invalid, NotGiven.
    """
    agent, reason = _begin(agent, reason, by)
    if not _held(agent, to):
        raise NotGiven()
    if isinstance(to, Person) and agent.roles.filter(person=to, role=AgentRole.Role.OWNER).exists():
        raise NotAllowed("The owner's sight comes with the role: it goes when the operator gives the role to another.")
    remove_perm(VIEW, to, agent)
    _record(TAKEN, agent, to, reason, by)
    return _still(agent, to) if isinstance(to, Person) else []


def _begin(agent: Agent, reason: str, by: Person) -> tuple[Agent, str]:
    """Return the agent, locked so that two people can't give at once, and the reason as it is kept."""
    agent = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    if why_not := access.why_not_show(by, agent):
        raise NotAllowed(why_not)
    return agent, require_reason(reason)


def _still(agent: Agent, person: Person) -> list[str]:
    seen = of(agent)
    others = [one.what for one in seen.through if person in one.people]
    return others + [one.name for one in seen.given if person in one.people]


def _held(agent: Agent, to: Person | Group) -> bool:
    if isinstance(to, Person):
        return _rows(AgentUserObjectPermission, agent).filter(user=to).exists()
    return _rows(AgentGroupObjectPermission, agent).filter(group=to).exists()


def _rows(model: type, agent: Agent):
    return model.objects.filter(content_object=agent, permission__codename="view_agent")


def _record(verb: str, agent: Agent, to: Person | Group, reason: str, by: Person) -> None:
    log.record(
        verb,
        by=by.actor(),
        subject=("agent", str(agent.pk)),
        data={"kind": _kind(to), "id": to.pk},
        private={"to": _named(to), "reason": reason},
    )


def _kind(to: Person | Group) -> str:
    return "person" if isinstance(to, Person) else "group"


def _named(to: Person | Group) -> str:
    return to.username if isinstance(to, Person) else f"the group {to.name}"
