"""What would I get? The messages of one imagined action, planned and written by the code that sends; nothing is written."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agents.models import Person
from approvals.telling import composing, letter, mail, times
from approvals.telling.kinds import LEADS
from approvals.telling.letter import Letter
from approvals.telling.times import Habits, Sending

#: By tier, as the tiers alone decide without a policy: minutes to at risk, due and expired.
_CLOCKS = {2: (180, 240, 1440), 3: (45, 60, 480), 4: (22, 30, 120)}
TIERS = tuple(_CLOCKS)
_CHANNELS = {"mail": "Mail", "digest": "Digest by mail", "browser": "Browser, while the desk is open in a tab"}


@dataclass(frozen=True)
class Told:
    """One message of the preview: what it is about, when and how it comes, and its text; `channel` is empty for nothing."""

    lead: str
    happens: str
    channel: str
    when: str
    subject: str
    text: str


def of(person: Person, habits: Habits, *, tier: int, at: datetime) -> list[Told]:
    """Return what this person would get about an action of this tier that comes in at this instant and expires."""
    risk, due, expires = (at + timedelta(minutes=minutes) for minutes in _CLOCKS[tier])
    sample = _sample(person, tier, due, expires)
    story = [("your_turn", at, "An agent proposed it"), ("at_risk", risk, "Nobody has decided")]
    story += [("overdue", due, "Still nobody"), ("resolved", expires, "It expired")]
    told: list[tuple[datetime, Told]] = []
    digests: list[datetime] = []
    for kind, happens, happened in story:
        sendings = times.plan(
            kind,
            tier,
            habits,
            now=happens,
            last_digest=digests[-1] if digests else None,
            digested=kind == "resolved" and bool(digests),
        )
        one = replace(sample, kind=kind, happened=happened)
        told += [(happens, _told(one, sending, happens, habits.zone)) for sending in sendings]
        told += [] if sendings else [(happens, _nothing(kind, happens, habits))]
        digests += [sending.at for sending in sendings if sending.channel == "digest"]
    told += _reminders(sample, digests[0], expires, habits) if digests else []
    return [one for _, one in sorted(told, key=lambda pair: pair[0])]


def _reminders(sample: Letter, first: datetime, expires: datetime, habits: Habits) -> list[tuple[datetime, Told]]:
    """Return what is said again each morning while it waits."""
    found, at = [], times.next_reminder(first, habits)
    while at < expires:
        again = _told(replace(sample, happened="Nobody has decided"), Sending("digest", at), at, habits.zone)
        found.append((at, replace(again, lead="It still waits for you.")))
        at = times.next_reminder(at, habits)
    return found


def _told(one: Letter, sending: Sending, happens: datetime, zone: str) -> Told:
    subject, text = _written(one, sending.channel, zone)
    return Told(
        lead=LEADS[one.kind],
        happens=times.both(happens, zone),
        channel=_CHANNELS[sending.channel],
        when=times.both(sending.at, zone),
        subject=subject,
        text=text,
    )


def _written(one: Letter, channel: str, zone: str) -> tuple[str, str]:
    if channel == "digest":
        return letter.digest_subject([one]), letter.digest_body([one], zone, composing.absolute("queue"))
    if channel == "browser":
        return f"T{one.tier}: {LEADS[one.kind]}", one.headline
    return letter.subject(one), letter.body(one, zone)


def _nothing(kind: str, happens: datetime, habits: Habits) -> Told:
    return Told(LEADS[kind], times.both(happens, habits.zone), "", "", "", "")


def _sample(person: Person, tier: int, due: datetime, expires: datetime) -> Letter:
    return Letter(
        kind="your_turn",
        tier=tier,
        headline=composing.safe("Refund USD 120.00 for order 88213"),
        link=composing.absolute("queue"),
        lineage="sample",
        why="you sign for one of the groups it asks",
        step="0 of 1 signed" if tier == 2 else "0 of 2 signed",
        due_at=due,
        expires_at=expires,
        permit_seconds={2: 3600, 3: 900, 4: 300}[tier],
        others=("Somebody else of your group",),
        agent="refund-desk",
        owner=composing.safe(person),
    )


def why_no_mail(person: Person) -> str:
    """Say why no mail reaches this person whatever they choose, or nothing."""
    return mail.why_not(person)
