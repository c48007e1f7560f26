"""Do the names in an agent file exist here? People, groups, hosts and secrets, each with its place in the file."""

from django.contrib.auth.models import Group

from agents.agentfile import AgentFile, AgentFileErrors, Problem
from agents.models import Person
from agents.tools import base


def find_people(spec: AgentFile) -> dict[str, Person]:
    """Return {role: person} for the file's roles. Raises AgentFileErrors with every name that isn't known here."""
    people = {person.username: person for person in Person.objects.filter(username__in=spec.roles.values())}
    problems = [*_people(spec, people), *_groups(spec), *_connectors(spec)]
    if problems:
        raise AgentFileErrors(sorted(problems))
    return {role: people[username] for role, username in spec.roles.items()}


def _people(spec: AgentFile, people: dict[str, Person]) -> list[Problem]:
    problems = []
    for role, username in spec.roles.items():
        if username not in people:
            message = f"there is no person {username!r}: add them with `manage.py person add {username}`"
        elif not people[username].is_active:
            message = f"{username} is disabled: name somebody else"
        else:
            continue
        problems.append(spec.problem(f"roles.{role}", message))
    return problems


def _groups(spec: AgentFile) -> list[Problem]:
    named = {name for groups in spec.sign.values() for name in groups}
    known = set(Group.objects.filter(name__in=named).values_list("name", flat=True))
    return [
        spec.problem(
            f"sign.{tier}[{place}]",
            f"there is no group {name!r}: make it by adding somebody, `manage.py person add USERNAME --groups {name}`",
        )
        for tier, groups in spec.sign.items()
        for place, name in enumerate(groups)
        if name not in known
    ]


def _connectors(spec: AgentFile) -> list[Problem]:
    problems = []
    for place, tool in enumerate(spec.tools):
        path = f"tools[{place}].connector"
        if tool.host not in base.hosts:
            message = f"the operator's countersign.toml has no host {tool.host!r}: add [hosts.{tool.host}] there"
            problems.append(spec.problem(f"{path}.host", message))
        if tool.secret and (message := _why_not_secret(tool.secret, tool.host)):
            problems.append(spec.problem(f"{path}.secret", message))
    return problems


def _why_not_secret(name: str, host: str) -> str | None:
    if name in base.unusable:  # it exists; what keeps it from being used is a matter of readiness
        return None
    if name not in base.secrets:
        return f"the operator's countersign.toml has no secret {name!r}: add [secrets.{name}] there"
    bound = base.secrets[name].host
    return None if bound == host else f"the secret {name!r} is bound to the host {bound!r}, not to {host!r}"
