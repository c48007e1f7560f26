"""A notice becomes a letter when it goes out: from the rows as they stand then, and only if it is still true."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from agents import access
from agents.lifecycle import State
from agents.models import Action, Agent, AgentRole, Person, Run, Slot
from approvals import inert
from approvals.models import Escalation, Handover, Notice, Question
from approvals.telling import audience, discreet
from approvals.telling.kinds import REVIEW
from approvals.telling.letter import Letter
from audit import redaction
from audit.models import Event

LONGEST = 300


@dataclass(frozen=True)
class Moot:
    """Why a notice isn't sent any more: what it would say isn't true now."""

    why: str


def safe(text: object) -> str:
    """Return other people's text for a place without markup: personal data and secrets masked, on one line, nothing hidden.

    Masked first: what hides inside a number must not keep it from being found. Addresses are no links.
    """
    return inert.as_subject(redaction.redact(str(text)).text, limit=LONGEST)


def headline(action: Action) -> str:
    """Return the action's headline as it leaves the house: without names and free text, masked and inert all the same."""
    return safe(discreet.headline_of(action.definition.body, json.loads(bytes(action.payload)), action.facts))


def compose(notice: Notice) -> Letter | Moot:
    """Return what a notice says to its person now, or why it says nothing any more."""
    event = Event.objects.prefetch_related("private").filter(pk=notice.event_id).first()
    if event is None:
        return Moot("the event isn't on record any more")
    if not notice.person.is_active:
        return Moot("the account is disabled")
    if event.subject_kind == "person":
        return _of_account(notice, event)
    if notice.action is None:
        return _of_agent_or_run(notice, event)
    action = _actions().get(pk=notice.action_id)
    slots = audience.slots_of(action)
    if why := _over(notice, action, slots):
        return Moot(why)
    link = access.visible_actions(notice.person).filter(pk=action.pk).exists()
    return action_letter(
        action,
        kind=notice.kind,
        event=event,
        slots=slots,
        why=_why(notice, action, slots),
        reader=notice.person,
        linked=link,
    )


def _actions():
    return Action.objects.select_related("agent", "definition", "proposer_person", "on_behalf_of").annotate(now=Now())


def action_letter(
    action: Action,
    *,
    kind: str,
    event: Event,
    slots: list[Slot],
    why: str = "",
    reader: Person | None = None,
    linked: bool = True,
) -> Letter:
    """Return the letter about an action, for one person or, without a reader, for a system."""
    open_review = action.state == State.AWAITING_REVIEW
    others = audience.candidates(action, slots) if open_review else []
    missing = [slot.label for slot in slots if slot.human is None]
    rules = dict.fromkeys(str(reason["rule"]) for reason in action.reasons if reason.get("rule"))
    asked = open_review or action.state == State.UNKNOWN
    return Letter(
        kind=kind,
        tier=action.effective_tier,
        headline=headline(action),
        link=absolute("action", action.pk) if linked else "",
        lineage=str(action.lineage),
        happened=safe(event.sentence()),
        why=why,
        rules=tuple(safe(rule) for rule in rules),
        step=_step(slots, missing) if open_review else "",
        due_at=action.due_at if asked else None,
        expires_at=action.expires_at if open_review else None,
        permit_seconds=action.permit_seconds if open_review else None,
        others=tuple(safe(person) for person in others if reader is None or person.pk != reader.pk),
        agent=safe(action.agent.slug),
        owner=_owner(action.agent),
    )


def _step(slots: list[Slot], missing: list[str]) -> str:
    if not slots:
        return ""
    needs = f"; still needs {', '.join(safe(label) for label in missing)}" if missing else ""
    return f"{len(slots) - len(missing)} of {len(slots)} signed{needs}"


# --- whether it is still true


def _over(notice: Notice, action: Action, slots: list[Slot]) -> str:
    """Say why the notice asks for nothing any more, or nothing."""
    kind, person = notice.kind, notice.person
    in_review = action.state == State.AWAITING_REVIEW and action.expires_at > action.now
    if kind in REVIEW and (not in_review or access.why_not_sign(action, slots, person)):
        return "it isn't theirs to decide any more" if in_review else "it was over before it was told"
    if kind in ("escalated", "answered", "taken_over") and not in_review:
        return "it was over before it was told"
    offered = Handover.objects.filter(action=action, taker=person, answer="", until__gt=Now())
    if kind == "handed" and not offered.exists():
        return "the hand-over is over"
    if kind == "question" and not Question.objects.filter(action=action, answered_at__isnull=True).exists():
        return "it was answered before it was told"
    if kind == "outcome_unknown" and action.state != State.UNKNOWN:
        return "somebody said what became of it"
    return ""


# --- why you


def _why(notice: Notice, action: Action, slots: list[Slot]) -> str:
    if notice.kind in REVIEW:
        mine = {group.pk for group in notice.person.groups.all()}
        labels = dict.fromkeys(safe(s.label) for s in slots if s.filled_by_id is None and s.group_id in mine)
        return f"you sign for {' or '.join(labels)}" if labels else "you may sign it"
    if notice.kind == "escalated":
        return _why_escalated(action)
    return _WHY.get(notice.kind, "")


def _why_escalated(action: Action) -> str:
    last = Escalation.objects.filter(action=action).order_by("-rung").first()
    place = f"rung {last.rung} of the agent's ladder names you" if last else "the agent's ladder names you"
    return f"{place}; being told gives no right to sign"


_WHY = {
    "handed": "somebody who may sign it chose you, who may sign it too",
    "handed_back": "you handed it on, and it wasn't taken",
    "taken_over": "you had claimed it; you may sign it all the same",
    "question": "you own the agent",
    "answered": "you asked, or sign for it",
    "resolved": "you were asked before",
    "outcome_unknown": "you own the agent",
    "agent_stopped": "you answer for the agent",
    "run_attention": "you own the agent",
    "account_changed": "it is your account; if you know nothing of it, tell your operator now",
}


# --- one's own account


def _of_account(notice: Notice, event: Event) -> Letter:
    return Letter(
        kind=notice.kind,
        headline="Your account",
        link=absolute("own-sessions" if event.verb.startswith("session.") else "passkeys"),
        lineage=f"person-{notice.person_id}",
        happened=safe(event.sentence()),
        why=_WHY[notice.kind],
    )


# --- agents and runs


def _of_agent_or_run(notice: Notice, event: Event) -> Letter | Moot:
    if event.subject_kind == "run":
        return _of_run(notice, event)
    agent = Agent.objects.filter(pk=event.subject_id).first()
    stopped = agent is not None and (agent.is_stopped or agent.tools.filter(stopped_at__isnull=False).exists())
    if not stopped:
        return Moot("it goes on again")
    headline = f"{agent.slug} is stopped" if agent.is_stopped else f"a tool of {agent.slug} is stopped"
    return agent_letter(agent, kind=notice.kind, event=event, headline=headline, why=_WHY[notice.kind])


def agent_letter(agent: Agent, *, kind: str, event: Event, headline: str, why: str = "") -> Letter:
    """Return the letter about an agent."""
    return Letter(
        kind=kind,
        headline=safe(headline),
        link=absolute("agent", agent.slug),
        lineage=f"agent-{agent.pk}",
        happened=safe(_with_reason(event)),
        why=why,
        agent=safe(agent.slug),
        owner=_owner(agent),
    )


def _with_reason(event: Event) -> str:
    """Return the event's sentence with the reason that was given, where the sentence leaves it out."""
    sentence, reason = event.sentence(), event.private_values().get("reason", "")
    return sentence if not reason or str(reason) in sentence else f"{sentence}: {reason}"


def _of_run(notice: Notice, event: Event) -> Letter | Moot:
    run = Run.objects.select_related("agent").filter(pk=event.subject_id).first()
    if run is None or not run.attention or run.seen_at is not None:
        return Moot("somebody has looked at it")
    return run_letter(run, kind=notice.kind, event=event, why=_WHY[notice.kind])


def run_letter(run: Run, *, kind: str, event: Event, why: str = "") -> Letter:
    """Return the letter about a run: never its input, which is the customer's."""
    return Letter(
        kind=kind,
        headline=safe(f"Run {str(run.pk)[-12:]} of {run.agent.slug}"),
        link=absolute("run", run.pk),
        lineage=str(run.pk),
        happened=safe(event.sentence()),
        why=why,
        agent=safe(run.agent.slug),
        owner=_owner(run.agent),
    )


# --- for systems


def for_system(event: Event) -> Letter:
    """Return the letter about any event, as a webhook gets it: the subject as it stands when it is sent."""
    if event.subject_kind == "action" and (action := _actions().filter(pk=event.subject_id).first()):
        return action_letter(action, kind="", event=event, slots=audience.slots_of(action))
    if event.subject_kind == "run" and (run := Run.objects.select_related("agent").filter(pk=event.subject_id).first()):
        return run_letter(run, kind="", event=event)
    if event.subject_kind == "agent" and (agent := Agent.objects.filter(pk=event.subject_id).first()):
        return agent_letter(agent, kind="", event=event, headline=f"Agent {agent.slug}")
    return Letter(kind="", headline=safe(event.sentence()), link=absolute("queue"), happened=safe(event.sentence()))


def _owner(agent: Agent) -> str:
    owners = AgentRole.objects.filter(Q(agent=agent), role=AgentRole.Role.OWNER).select_related("person")
    return ", ".join(safe(role.person) for role in owners)


def absolute(name: str, *args) -> str:
    """Return the full address of a page, as people reach it."""
    return settings.PUBLIC_URL + reverse(name, args=args)


def domain() -> str:
    """Return what stands behind the @ of our message ids."""
    return urlsplit(settings.PUBLIC_URL).hostname or "countersign.invalid"
