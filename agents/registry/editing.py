"""Editing an agent in place: what bears risk can't be, once the agent has been enabled for the first time."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from agents import headline
from agents.documents.problems import ask_or
from agents.errors import Invalid, RiskBearing
from agents.models import Agent
from audit import log
from audit.actors import Actor

PLAIN = ("name", "purpose")
RISK_BEARING = ("sign",)
#: Written by verbs of their own, never by an edit.
NEVER_EDITED = (
    "slug", "ladder", "runtime", "runtime_body", "budget", "verify", "delegates", "team", "policy", "sources", "enabled",
    "first_enabled_at", "stopped_at", "stopped_by", "stop_reason", "stop_epoch", "standstill",
)  # fmt: skip
FEWEST_SIGNERS = {2: 1, 3: 2, 4: 2}


@transaction.atomic
def edit(agent_id: int, *, by: Actor, **fields: Any) -> Agent:
    """Change name, purpose or `sign` of an agent and return it. Raises RiskBearing and Invalid, as `check_edit` does.

    The agent is locked first: it may have been enabled since somebody opened the page.
    """
    agent = Agent.objects.select_for_update(no_key=True).get(pk=agent_id)
    check_edit(agent, fields)
    changed = [name for name, value in fields.items() if value != getattr(agent, name)]
    if changed:
        for name in changed:
            setattr(agent, name, fields[name])
        agent.save(update_fields=changed)
        log.record(
            "agent.changed",
            by=by,
            subject=("agent", str(agent.pk)),
            data={"fields": ", ".join(changed)} | ({"sign": agent.sign} if "sign" in changed else {}),
            private={name: fields[name] for name in changed if name in PLAIN},
        )
    return agent


def check_edit(agent: Agent, asked: Mapping[str, Any]) -> None:
    """Return when these fields may be set in place. Raises RiskBearing or Invalid, whose errors name the fields."""
    refused = [
        _say(name, "this isn't edited in place: the operator imports a new agent file")
        for name in asked
        if name in NEVER_EDITED
    ]
    changed = [name for name in RISK_BEARING if name in asked and asked[name] != getattr(agent, name)]
    if not agent.is_draft:
        why = "the agent has been enabled, and this bears risk: the operator imports a new agent file"
        refused += [_say(name, why) for name in changed]
    if refused:
        raise RiskBearing(errors=refused)
    wrong = [_say("sign", problem) for problem in (sign_problems(asked["sign"]) if "sign" in changed else ())]
    wrong += [
        _say(name, "hidden characters: write what people can see") for name in PLAIN if _hides(asked.get(name, ""))
    ]
    if wrong:
        raise Invalid(errors=wrong)


def sign_problems(sign: Any) -> list[str]:
    """Return what is wrong with a map from tier to groups, as sentences; [] when each tier could be signed."""
    if not isinstance(sign, dict):
        return ['write tiers and their groups: {"2": ["support-leads"]}']
    problems, known = [], set(Group.objects.values_list("name", flat=True))
    for tier, names in sign.items():
        if tier not in ("2", "3", "4"):
            problems.append(f"tier {tier!r}: groups sign at tiers 2, 3 and 4")
        elif not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            problems.append(f"tier {tier}: write a list of group names")
        elif len(names) < FEWEST_SIGNERS[int(tier)]:
            problems.append(f"tier {tier}: name {FEWEST_SIGNERS[int(tier)]} groups or more, one a signature")
        else:
            problems += [f"tier {tier}: {_no_group(name, known)}" for name in names if name not in known]
    return problems


def _no_group(name: str, known: set[str]) -> str:
    return f"there is no group {name!r}: {ask_or('name one that is there', name, sorted(known))}"


def _hides(text: str) -> bool:
    return headline.reveal(text.replace("\r\n", "").replace("\n", "")) != text.replace("\r\n", "").replace("\n", "")


def _say(field: str, message: str) -> dict:
    return {"field": field, "message": message}
