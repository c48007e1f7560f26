"""Bringing an agent in from its file: all of it or nothing, and nothing at all the second time."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from guardian.shortcuts import assign_perm, remove_perm

from agents import actions, canonical, policies, readiness, stops
from agents.agentfile import AgentFile, ToolSpec
from agents.agentfile.ladder import in_words
from agents.checklist import Item
from agents.counting import count
from agents.errors import RiskBearing
from agents.models import Agent, AgentRole, Grant, Person, Tool, ToolDefinition
from agents.registry.differences import budget_changes, differences, loosens, policy_changes, shown
from agents.registry.naming import look_up
from audit import log
from audit.actors import Actor

RISKY_FIELDS = ("runtime", "runtime_body", "verify", "delegates", "team", "sign", "ladder", "sources")
OWNER_MAY = ("agents.view_agent", "agents.change_agent")


@dataclass(frozen=True)
class Report:
    """What an import did: a line a change, notes, and what keeps the agent from being enabled (with the next step)."""

    slug: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    enabled: bool
    blocked_by: tuple[str, ...]


@dataclass
class _Changes:
    """Where an import writes down what it changes, while it does."""

    agent: Agent
    by: Actor
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    risky: list[str] = field(default_factory=list)

    def add(self, line: str, *, risk: str = "") -> None:
        self.lines.append(line)
        if risk:
            self.risky.append(risk)

    def record(self, verb: str, data: dict) -> None:
        log.record(verb, by=self.by, subject=("agent", str(self.agent.pk)), data=data)


@transaction.atomic
def import_agent(spec: AgentFile, *, by: Actor) -> Report:
    """Make the registered agent be what the file says, and enable it if the file says so and its readiness allows.

    In order: names are looked up and the policy beside the file is read, the agent is locked, fields, roles, tools and
    grants are brought in line (open actions of a redefined tool end `superseded`), the policy is published, then the
    agent is enabled or disabled. Raises AgentFileErrors with places, and RiskBearing when somebody else than the
    operator would change what bears risk on an agent that was ever enabled.
    """
    known = look_up(spec)
    made = Agent.objects.get_or_create(slug=spec.slug, defaults={"name": spec.name})[1]
    agent = Agent.objects.select_for_update(no_key=True).get(slug=spec.slug)
    notes = (*spec.notes, *(known.policy.notes if known.policy else ()))
    changes = _Changes(agent, by, notes=[str(note) for note in notes])
    if made:
        changes.add(f"+ agent {spec.slug}")
    _set_fields(changes, spec)
    _set_roles(changes, known.people)
    _set_tools(changes, spec)
    _revoke_others(changes, spec)
    _set_policy(changes, spec)
    enabled = agent.enabled
    blocked = _set_standing(changes, spec)
    if changes.risky and not agent.is_draft and by.kind != "operator":
        why = "it bears risk and the agent has been enabled: the operator imports the file"
        raise RiskBearing(errors=[{"field": name, "message": why} for name in changes.risky])
    if changes.lines:
        _record_import(changes, known.people)
    _record_standing(changes, was=enabled)
    return Report(spec.slug, tuple(changes.lines), tuple(changes.notes), agent.enabled, tuple(map(str, blocked)))


def _set_fields(changes: _Changes, spec: AgentFile) -> None:
    agent, changed = changes.agent, []
    wanted = {
        "name": spec.name,
        "purpose": spec.purpose,
        "runtime": spec.runtime,
        "runtime_body": spec.runtime_body,
        "budget": spec.budget,
        "verify": spec.verify,
        "delegates": list(spec.delegates),
        "team": spec.team,
        "sign": {str(tier): list(groups) for tier, groups in sorted(spec.sign.items())},
        "ladder": spec.ladder,
        "sources": list(spec.sources),
    }
    for name, value in wanted.items():
        before = getattr(agent, name)
        if before != value:
            risky = name in RISKY_FIELDS or (name == "budget" and loosens(before, value))
            changes.add(f"~ {name}: {_what_changed(name, before, value)}", risk=name if risky else "")
            setattr(agent, name, value)
            changed.append(name)
    if changed:
        agent.save(update_fields=changed)


def _set_roles(changes: _Changes, people: dict[str, Person]) -> None:
    held = {role.role: role for role in changes.agent.roles.select_related("person")}
    for role, person in people.items():
        before = held.pop(role, None)
        if before is None:
            AgentRole.objects.create(agent=changes.agent, role=role, person=person)
            changes.add(f"+ {role}: {person.username}", risk=f"roles.{role}")
        elif before.person != person:
            AgentRole.objects.filter(pk=before.pk).update(person=person)
            changes.add(f"~ {role}: {before.person.username} -> {person.username}", risk=f"roles.{role}")
        if role == AgentRole.Role.OWNER:
            _set_owner(changes.agent, before.person if before else None, person)
    for role, before in held.items():
        before.delete()
        changes.add(f"- {role}: {before.person.username}", risk=f"roles.{role}")


def _set_owner(agent: Agent, before: Person | None, owner: Person) -> None:
    """Give the owner the right to see and edit the agent in the admin; who owned it until now loses it."""
    if before == owner:
        return
    for permission in OWNER_MAY:
        if before is not None:
            remove_perm(permission, before, agent)
        assign_perm(permission, owner, agent)


def _set_tools(changes: _Changes, spec: AgentFile) -> None:
    """Bring each tool of the file to its definition, and grant it."""
    tools = {tool.name: tool for tool in changes.agent.tools.select_related("definition")}
    granted = set(changes.agent.grants.filter(revoked_at=None).values_list("tool_name", flat=True))
    for wanted in spec.tools:
        tool = tools.get(wanted.name) or Tool.objects.create(agent=changes.agent, name=wanted.name, tier=wanted.tier)
        _define(changes, tool, wanted)
        if wanted.name not in granted:
            Grant.objects.create(agent=changes.agent, tool=tool, tool_name=tool.name)
            changes.add(f"+ grant {tool.name}", risk=f"tools.{tool.name}")
            changes.record("grant.given", {"tool": tool.name})


def _define(changes: _Changes, tool: Tool, wanted: ToolSpec) -> None:
    digest, before = canonical.digest_of(wanted.definition), tool.definition
    if before is not None and before.digest == digest:
        return
    definition, _ = ToolDefinition.objects.get_or_create(tool=tool, digest=digest, defaults={"body": wanted.definition})
    tool.definition, tool.tier = definition, wanted.tier
    tool.save(update_fields=["definition", "tier"])
    if before is None:
        line = f"+ tool {tool.name} (tier {tool.tier})"
    else:
        line = f"~ tool {tool.name}: {differences(before.body, wanted.definition)}"
    changes.add(line, risk=f"tools.{tool.name}")
    changes.record("tool.defined", {"tool": tool.name, "tier": tool.tier, "digest": digest})
    # What people saw, or are looking at, isn't what would run any more.
    if before is not None and (ended := actions.supersede_definition(tool, by=changes.by)):
        changes.notes.append(f"{count(ended, 'open action')} of {tool.name} ended: superseded")


def _revoke_others(changes: _Changes, spec: AgentFile) -> None:
    """Take back the grants of tools that left the file, and end what waits of them: reviewers needn't sign for nothing."""
    named = [tool.name for tool in spec.tools]
    left = changes.agent.grants.filter(revoked_at=None).exclude(tool_name__in=named)
    for grant in left.select_related("tool").order_by("tool_name"):
        Grant.objects.filter(pk=grant.pk).update(revoked_at=Now())
        changes.add(f"- grant {grant.tool_name}", risk=f"tools.{grant.tool_name}")
        changes.record("grant.revoked", {"tool": grant.tool_name})
        if ended := actions.supersede_ungranted(grant.tool, by=changes.by):
            changes.notes.append(f"{count(ended, 'open action')} of {grant.tool_name} ended: superseded")


def _set_policy(changes: _Changes, spec: AgentFile) -> None:
    """Publish the policy beside the file, or take away the one the agent had. What waits keeps the slots it has."""
    agent, before = changes.agent, changes.agent.policy
    if spec.policy is None:
        if policies.remove(agent, by=changes.by):
            changes.add(f"- policy {before.label}", risk="policy")
        return
    published = policies.publish(agent, spec.policy, tools=policies.shapes(spec), by=changes.by)
    if published is None:
        return
    if before is None:
        changes.add(f"+ policy {published.label}", risk="policy")
    else:
        what = policy_changes(policies.stored(before), policies.stored(published))
        changes.add(f"~ policy {before.label} -> {published.label}: {what}", risk="policy")


def _set_standing(changes: _Changes, spec: AgentFile) -> list[Item]:
    """Enable or disable the agent; return what keeps it from being enabled."""
    agent = changes.agent
    lacking = [item for item in readiness.check(agent) if not item.ok] if spec.enabled else []
    missing = [item for item in lacking if item.blocks]
    changes.notes += [str(item) for item in lacking if not item.blocks]
    if missing and agent.enabled and not changes.lines:
        # Nothing was asked to change: an expired token, say, is no reason to drop what was approved.
        changes.notes += [f"enabled, but no longer ready: {item}" for item in missing]
        return []
    enable = spec.enabled and not missing
    if enable != agent.enabled:
        if enable:
            stops.require_no_standstill()
        Agent.objects.filter(pk=agent.pk).update(
            enabled=enable, first_enabled_at=Coalesce("first_enabled_at", Now()) if enable else agent.first_enabled_at
        )
        changes.add("~ enabled" if enable else "~ disabled", risk="enabled" if enable else "")
        agent.enabled = enable
    return missing


def _record_import(changes: _Changes, people: dict[str, Person]) -> None:
    agent = changes.agent
    tools = Tool.objects.filter(agent=agent, grants__revoked_at=None, grants__isnull=False).distinct()
    log.record(
        "agent.imported",
        by=changes.by,
        subject=("agent", str(agent.pk)),
        data={
            "slug": agent.slug,
            "roles": {role: str(person.pk) for role, person in people.items()},
            "sign": agent.sign,
            "ladder": agent.ladder,
            "tools": {tool.name: tool.definition.digest for tool in tools.select_related("definition")},
            "sources": agent.sources,
            "runtime": agent.runtime,
            "runtime_digest": canonical.digest_of(agent.runtime_body),
            "budget": agent.budget,
            "verify_digest": canonical.digest_of(agent.verify),
            "delegates": agent.delegates,
            "team": agent.team,
            "policy": agent.policy.digest if agent.policy else None,
        },
        private={
            "changes": changes.lines,
            "holders": {role: person.as_named() for role, person in people.items()},
        },
    )


def _record_standing(changes: _Changes, *, was: bool) -> None:
    if changes.agent.enabled != was:
        changes.record("agent.enabled" if changes.agent.enabled else "agent.disabled", {})


def _what_changed(name: str, before, value) -> str:
    if name == "budget":
        return budget_changes(before, value)
    if name == "ladder":
        before, value = in_words(before), in_words(value)
    return differences(before, value) if isinstance(value, dict) and before else _from_to(before, value)


def _from_to(before, value) -> str:
    after = ", ".join(f"{tier} {shown(groups)}" for tier, groups in value.items()) if isinstance(value, dict) else value
    return f"{shown(before)} -> {shown(after)}" if before else shown(after)
