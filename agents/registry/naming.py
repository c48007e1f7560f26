"""Do the names in an agent file exist here? People, groups, other agents and the operator's nouns, each with its place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import Group

from agents.agentfile import AgentFile, AgentFileErrors, Problem
from agents.agentfile.grammar import EXTERNAL, RUNTIME_KINDS
from agents.documents.problems import ask_or, suggest
from agents.models import Agent, Person
from agents.policy.reading import Reading
from agents.registry import beside
from agents.registry.beside import is_source, known_groups, no_group, no_source
from agents.tools import base


@dataclass(frozen=True)
class Known:
    """What a file stands for here: {role: person}, and the policy beside it, as it was read."""

    people: dict[str, Person]
    policy: Reading | None


def look_up(spec: AgentFile) -> Known:
    """Return what the file's names stand for. Raises AgentFileErrors with everything that isn't known here, and with
    every problem of the policy beside it."""
    people = {person.username: person for person in Person.objects.filter(username__in=spec.roles.values())}
    problems = [*_people(spec, people), *_groups(spec), *_told(spec), *_connectors(spec), *_sources(spec)]
    problems += [*_agents(spec), *_runtime(spec)]
    policy, partial = None, False
    try:
        policy = beside.read(spec)
    except AgentFileErrors as errors:
        problems += errors.problems
        partial = errors.partial
    if policy is not None:
        problems += beside.unknown_facts(spec, policy.policy) + beside.unknown_names(spec, policy.policy)
    if problems:
        raise AgentFileErrors(sorted(problems), partial=partial)
    return Known({role: people[username] for role, username in spec.roles.items()}, policy)


def _people(spec: AgentFile, people: dict[str, Person]) -> list[Problem]:
    problems = []
    for role, username in spec.roles.items():
        if username not in people:
            message = f"there is no person {username!r}: {_who_instead(username)}"
        elif not people[username].is_active:
            message = f"{username} is disabled: name somebody else"
        else:
            continue
        problems.append(spec.problem(f"roles.{role}", message))
    return problems


def _who_instead(username: str) -> str:
    active = Person.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
    return ask_or(f"add them with `manage.py person add {username}`", username, active)


def _groups(spec: AgentFile) -> list[Problem]:
    known = known_groups(name for groups in spec.sign.values() for name in groups)
    return [
        spec.problem(f"sign.{tier}[{place}]", no_group(name))
        for tier, groups in spec.sign.items()
        for place, name in enumerate(groups)
        if name not in known
    ]


def _told(spec: AgentFile) -> Iterator[Problem]:
    """Yield who is to be told when a review is late and isn't anybody here."""
    places = [
        (f"escalate.{tier}[{number}].tell[{place}]", name)
        for tier, rungs in spec.ladder.items()
        for number, rung in enumerate(rungs)
        for place, name in enumerate(rung["tell"])
    ]
    known = known_groups(name for _, name in places)
    people = Person.objects.filter(username__in={name for _, name in places} - known)
    active = dict(people.values_list("username", "is_active"))
    for path, name in places:
        if name in active and not active[name]:
            yield spec.problem(path, f"{name} is disabled: name somebody else")
        elif name not in active and name not in known:
            hint = suggest(name, _group_and_user_names())
            # There may be thousands: too many to list.
            hint = hint if len(hint) < 80 else "name one that `manage.py person list` shows"
            yield spec.problem(path, f"there is neither a group nor a person {name!r}: {hint}")


def _group_and_user_names() -> list[str]:
    groups = Group.objects.order_by("name").values_list("name", flat=True)
    return [*groups, *Person.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)]


def _connectors(spec: AgentFile) -> list[Problem]:
    problems = []
    for place, tool in enumerate(spec.tools):
        path = f"tools[{place}].connector"
        if tool.host not in base.hosts:
            problems.append(spec.problem(f"{path}.host", _no_noun("host", tool.host, base.hosts)))
        if tool.secret and (message := _why_not_secret(tool.secret, tool.host)):
            problems.append(spec.problem(f"{path}.secret", message))
    return problems


def _why_not_secret(name: str, host: str) -> str | None:
    if name in base.unusable:  # it exists; what keeps it from being used is a matter of readiness
        return None
    if name not in base.secrets:
        return _no_noun("secret", name, [*base.secrets, *base.unusable])
    bound = base.secrets[name].host
    return None if bound == host else f"the secret {name!r} is bound to the host {bound!r}, not to {host!r}"


def _sources(spec: AgentFile) -> list[Problem]:
    return [
        spec.problem(f"sources[{place}]", no_source(name))
        for place, name in enumerate(spec.sources)
        if not is_source(name)
    ]


def _agents(spec: AgentFile) -> Iterator[Problem]:
    """Yield what is wrong with the other agents it names: each must be one that can carry a run."""
    places = {f"delegates[{place}]": slug for place, slug in enumerate(spec.delegates)}
    if verifier := spec.verify.get("agent"):
        places["verify.agent"] = verifier
    known = dict(Agent.objects.filter(slug__in=places.values()).values_list("slug", "runtime")) if places else {}
    for path, slug in places.items():
        if slug not in known:
            slugs = Agent.objects.order_by("slug").values_list("slug", flat=True)
            yield spec.problem(path, f"there is no agent {slug!r}: {ask_or('import its file first', slug, slugs)}")
        elif known[slug] == EXTERNAL:
            yield spec.problem(path, f"{slug} lives elsewhere and can't be given a task: name an agent that we run")


def _runtime(spec: AgentFile) -> Iterator[Problem]:
    body = spec.runtime_body
    if spec.runtime not in RUNTIME_KINDS and not _is_named(spec.runtime, base.runtimes, base.unusable_runtimes):
        hint = suggest(spec.runtime, [*RUNTIME_KINDS, *sorted(base.runtimes)])
        yield spec.problem("runtime.kind", f"{_no_noun('runtime', spec.runtime, ())}; {hint}")
    if "script" in body and not _is_named(body["script"], base.scripts, base.unusable_scripts):
        yield spec.problem(
            "runtime.script", _no_noun("script", body["script"], [*base.scripts, *base.unusable_scripts])
        )
    if "pool" in body and body["pool"] not in base.pools:
        yield spec.problem("runtime.pool", _no_noun("pool", body["pool"], base.pools))
    if spec.team and spec.team not in base.teams:
        yield spec.problem("team", _no_noun("team", spec.team, base.teams))


def _is_named(name: str, usable: dict, unusable: dict) -> bool:
    return name in usable or name in unusable  # what keeps one from being used: see readiness


def _no_noun(noun: str, name: str, known: Iterable[str]) -> str:
    hint = ask_or(f"add [{noun}s.{name}] there", name, known)
    return f"the operator's countersign.toml has no {noun} {name!r}: {hint}"
