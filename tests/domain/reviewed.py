"""Small worlds of reviews whose times are known to the minute, for the figures of a board."""

from datetime import datetime, timedelta

import uuid_utils.compat
from django.contrib.auth.models import Group
from django.utils import timezone

from agents.models import Action, ClockInterval, Person, Slot
from approvals.figures import measures, periods
from approvals.models import Decision, Look, Question
from tests.factories import make_action, make_company


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


class World:
    """An agent, its team `support-leads`, and a clock that stands still at `now`. Times are minutes before it.

    Reviews are written as the product leaves them, with the times a test asks for: proposing takes no other way back.
    """

    def __init__(self, slug: str = "", now: datetime | None = None):
        self.company = make_company(slug)
        self.agent = self.company.agent
        self.now = now or timezone.now()
        # Whoever is newer than a request can't sign it, and these began before today.
        Person.objects.update(signer_since=self.now - timedelta(days=400))
        self.team = Group.objects.get(name="support-leads")
        self._mould = {name: make_action(self.agent, name) for name in ("send_reply", "look_up")}
        Action.objects.filter(pk=self._mould["send_reply"].pk).update(state="withdrawn", wake_at=None)

    def ago(self, count: float) -> datetime:
        return self.now - minutes(count)

    def ask(self, begun: float, *, given: float = 60, tier: int = 2, rules=(), agent=None, **columns) -> Action:
        """Return a review that began so many minutes ago and was given so many to decide."""
        created = self.ago(begun)
        reasons = [{"code": "policy_review", "rule": rule, "outcome": "review"} for rule in rules]
        made = self._copy(
            "send_reply",
            agent=agent or self.agent,
            created_at=created,
            effective_tier=tier,
            state="awaiting_review",
            reasons=reasons,
            at_risk_at=created + minutes(given * 0.75),
            due_at=created + minutes(given),
            expires_at=created + minutes(given * 6),
            wake_at=self.now,
            **columns,
        )
        ClockInterval.objects.create(action=made, kind="running", started_at=created)
        Slot.objects.create(
            action=made, position=1, group=self.team, label="support-leads", bucket=0, tier=-tier, impact=0,
            excluded=made.self_humans, eligible=[],
        )  # fmt: skip
        return made

    def let_run(self, begun: float, **columns) -> Action:
        """Return an action that policy let run, so many minutes ago."""
        until = self.now + minutes(60)
        return self._copy("look_up", created_at=self.ago(begun), state="approved", permit_until=until, **columns)

    def _copy(self, name: str, **columns) -> Action:
        made = Action.objects.get(pk=self._mould[name].pk)
        made.pk, made._state.adding = uuid_utils.compat.uuid7(), True
        revision = columns.get("revision", 1)
        for field, value in {"lineage": made.pk, "state_since": self.now, "revision": revision, **columns}.items():
            setattr(made, field, value)
        made.save(force_insert=True)
        return made

    def end(self, action: Action, after: float, word: str = "rejected", by: Person | None = None) -> Action:
        """Let people decide so many minutes after it began, or let it expire."""
        by, at = by or self.company.lea, action.created_at + minutes(after)
        if word == "approved":
            human = {"filled_by": by, "human": by.human_id, "filled_at": at}
            Slot.objects.filter(action=action).update(**human)
            self._vote(action, by, "approve", at, slot=Slot.objects.get(action=action))
            self._move(action, state="approved", permit_until=self.now + minutes(60), decision=word, decided_at=at)
        else:
            ends = {"state": word, "finished_at": at, "wake_at": None}
            self._move(action, decision=word, decided_at=at, **ends)
        Slot.objects.filter(action=action).update(is_open=False)
        ClockInterval.objects.filter(action=action, ended_at=None).update(ended_at=at)
        return action

    def _move(self, action: Action, **columns) -> None:
        Action.objects.filter(pk=action.pk).update(**columns)
        action.refresh_from_db()

    def pause(self, action: Action, begins: float, ends: float, *, shifts: bool = True) -> None:
        """Let the clock stand still between two minutes of a review; a pause that ended has moved the deadline."""
        at, back = action.created_at + minutes(begins), action.created_at + minutes(ends)
        ClockInterval.objects.filter(action=action, ended_at=None).update(ended_at=at)
        ClockInterval.objects.create(action=action, kind="paused", reason="hold", started_at=at, ended_at=back)
        if shifts:
            self._move(action, due_at=action.due_at + (back - at))

    def question(self, action: Action) -> None:
        """Let somebody have asked for changes, and an answer have come."""
        Question.objects.create(
            action=action, round=1, asked_by=self.company.lea, until=self.now, answered_at=self.now, ended_as="answered"
        )

    def word_of(self, action: Action, by: Person, opened: float, decided: float, word: str = "reject") -> Decision:
        """Store what somebody decided, so many minutes after the review began, and when they had opened it."""
        begun = action.created_at
        Look.objects.create(action=action, person=by, kind="viewed", at=begun + minutes(opened))
        return self._vote(action, by, word, begun + minutes(decided))

    def _vote(self, action: Action, by: Person, word: str, at: datetime, **more) -> Decision:
        code = "wrong_value" if word == "reject" else ""
        return Decision.objects.create(
            action=action, revision=action.revision, digest=action.digest, person=by, human=by.human_id, word=word,
            reason_code=code, decided_at=at, event_id=0, leaf_hash="", **more,
        )  # fmt: skip

    # -- what is told

    def period(self, name: str = "7d", zone: str = "UTC") -> periods.Period:
        return periods.period(name, self.now, periods.ZoneInfo(zone))

    def of_team(self, name: str = "7d") -> measures.Figures:
        return measures.of(measures.Scope("team", self.team.pk, self.team.name, (self.team.pk,)), self.period(name))

    def of_agent(self, name: str = "7d") -> measures.Figures:
        scope = measures.Scope("agent", self.agent.pk, self.agent.slug, (self.team.pk,))
        return measures.of(scope, self.period(name))
