"""Fill a company with weeks of reviews, to look at the board with believable figures and to time it with many.

    COUNTERSIGN_HOME=... DJANGO_SETTINGS_MODULE=controlplane.settings python -m tests.board_sample [days] [a day]

Rows are written as their end left them, past the triggers, as the owner: nothing here happened. Never for a real company.
"""

import json
import sys
from datetime import datetime, timedelta
from random import Random

import uuid_utils.compat

CAUSES = ("unclaimed", "unclaimed", "waiting_second_slot", "claimed_idle", "question_unanswered", "unstaffed")
MINUTE = timedelta(minutes=1)
BATCH = 2_000


class Sample:
    """A company's reviews of so many days, the same for the same seed."""

    def __init__(self, *, days: int, a_day: int, now: datetime, seed: int = 7):
        from agents.models import Action, ClockInterval, Person, Slot
        from approvals.models import Decision, Look

        self.rows = {kind: [] for kind in (Action, Slot, ClockInterval, Decision, Look)}
        self.kinds = list(self.rows)
        self.draw, self.days, self.a_day, self.now = Random(seed), days, a_day, now
        self.moulds = {tool: self._mould(tool) for tool in ("issue_refund", "send_reply")}
        self.alone = Action.objects.filter(verdict="allow").first()
        self.people = list(Person.objects.filter(is_active=True, groups__isnull=False).distinct())

    def _mould(self, tool: str):
        from agents.models import Action

        found = Action.objects.filter(tool__name=tool, verdict="review").order_by("created_at").first()
        return found, list(found.slots.select_related("group"))

    def made(self) -> dict:
        for back in range(self.days, -1, -1):
            day = self.now - timedelta(days=back)
            share = 0.25 if day.weekday() >= 5 else self.draw.uniform(0.8, 1.25)
            for _ in range(int(self.a_day * share)):
                hour = min(max(self.draw.gauss(13, 3.2), 0), 23.9)
                begun = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour)
                if begun < self.now:
                    self._one(begun)
        for minutes in (4, 9, 16, 25, 31, 49, 52, 71):  # and what waits now: on time, at risk, late
            self._review(*self.moulds["issue_refund"], self.now - minutes * MINUTE, 60, 300)
        return self.rows

    def _one(self, begun: datetime) -> None:
        if self.draw.random() < 0.62 and self.alone is not None:
            self._copy(self.alone, created_at=begun, state="succeeded", finished_at=begun + MINUTE, decided_at=None,
                       decision="", sampled=self.draw.random() < 0.15)  # fmt: skip
            return
        tool = "issue_refund" if self.draw.random() < 0.45 else "send_reply"
        mould, slots = self.moulds[tool]
        given = 60 if tool == "issue_refund" else 240
        took = self.draw.lognormvariate(2.7 if given == 60 else 3.6, 0.75)
        if self.draw.random() < 0.03:
            took *= 8
        self._review(mould, slots, begun, given, took)

    def _review(self, mould, slots, begun: datetime, given: float, took: float) -> None:
        rules = self.draw.choices((["over_limit"], ["new_customer"], ["over_limit", "new_customer"], ["tone"], []),
                                  (6, 3, 1, 4, 2))[0]  # fmt: skip
        reasons = [{"code": "policy_review", "rule": rule, "outcome": "review", "text": rule} for rule in rules]
        due, expires = begun + given * MINUTE, begun + given * 6 * MINUTE
        at = begun + took * MINUTE
        ended = min(at, expires)
        word = "expired" if at > expires else "rejected" if self.draw.random() < 0.09 else "approved"
        late = self.draw.choice(CAUSES) if ended > due else ""
        common = {
            "created_at": begun, "reasons": reasons, "at_risk_at": begun + given * 0.75 * MINUTE, "due_at": due,
            "expires_at": expires, "breach_cause": late, "breached_at": due if late else None,
            "revision": 2 if self.draw.random() < 0.05 else 1,
        }  # fmt: skip
        if ended > self.now:
            made = self._copy(mould, state="awaiting_review", wake_at=due, decision="", decided_at=None,
                              finished_at=None, **common)  # fmt: skip
            self._slots(made, slots, None)
            self._clock(made, None)
            return
        state = "succeeded" if word == "approved" else word
        made = self._copy(mould, state=state, decision=word, decided_at=ended, finished_at=ended, wake_at=None,
                          reason_code=self._code(word), **common)  # fmt: skip
        self._slots(made, slots, ended)
        self._clock(made, ended)
        if word != "expired":
            self._words(made, slots, ended, word)

    def _code(self, word: str) -> str:
        return self.draw.choice(("wrong_value", "tone", "missing_evidence")) if word == "rejected" else ""

    def _copy(self, mould, **columns):
        from agents.models import Action

        made = Action(**{f.attname: getattr(mould, f.attname) for f in Action._meta.concrete_fields})
        made.pk = uuid_utils.compat.uuid7()
        made.lineage = made.pk
        made.permit_until = made.lease_until = None
        for name, value in columns.items():
            setattr(made, name, value)
        made.wake_at = columns.get("wake_at")
        self.rows[self.kinds[0]].append(made)
        return made

    def _slots(self, made, slots, ended) -> None:
        kind = self.kinds[1]
        for slot in slots:
            bucket = int(made.due_at.timestamp() // 900)
            self.rows[kind].append(kind(action=made, position=slot.position, group=slot.group, label=slot.label,
                                        bucket=bucket, tier=slot.tier, impact=slot.impact, excluded=made.self_humans,
                                        eligible=[], is_open=ended is None))  # fmt: skip

    def _clock(self, made, ended) -> None:
        kind = self.kinds[2]
        self.rows[kind].append(kind(action=made, kind="running", started_at=made.created_at, ended_at=ended))

    def _words(self, made, slots, ended, word: str) -> None:
        decision, look = self.kinds[3], self.kinds[4]
        said = "approve" if word == "approved" else "reject"
        for person in self.draw.sample(self.people, min(len(slots) if said == "approve" else 1, len(self.people))):
            opened = max(made.created_at, ended - self.draw.lognormvariate(1.2, 0.7) * MINUTE)
            self.rows[look].append(look(action=made, person=person, kind="viewed", at=opened))
            self.rows[decision].append(
                decision(action=made, revision=made.revision, digest=made.digest, person=person, human=person.human_id,
                         word=said, reason_code=made.reason_code if said == "reject" else "", decided_at=ended,
                         event_id=0, leaf_hash="")
            )  # fmt: skip

    def write(self) -> dict[str, int]:
        """Write everything; return how many rows of each kind."""
        from django.db import connections, transaction

        self.made()
        with transaction.atomic(using="owner"):
            with connections["owner"].cursor() as cursor:
                cursor.execute("SET LOCAL ROLE NONE; SET LOCAL session_replication_role = replica")
            for kind, rows in self.rows.items():
                kind.objects.using("owner").bulk_create(rows, batch_size=BATCH)
        return {kind.__name__: len(rows) for kind, rows in self.rows.items()}


def main(days: str = "30", a_day: str = "70") -> None:
    import django

    django.setup()
    from django.utils import timezone

    print(json.dumps(Sample(days=int(days), a_day=int(a_day), now=timezone.now()).write()))


if __name__ == "__main__":
    main(*sys.argv[1:])
