"""Pure: what a message says. One letter, written as mail, as a line of a digest, as a line in the browser, or as JSON.

Every text in a letter is masked and inert already (`composing.safe`): nothing here makes it so.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from approvals.attending import clockface
from approvals.telling import times
from approvals.telling.kinds import LEADS

NOT_FROM_HERE = "You sign in first. Opening it decides nothing, and nothing can be decided from this message."
NO_SIGHT = "You can't open it yourself: ask the agent's owner. Being told gives no right to decide."
MOST_OTHERS = 5


@dataclass(frozen=True)
class Letter:
    """What one message says. `happened` is the event's own sentence; `link` is empty for who can't see the thing."""

    kind: str
    headline: str
    link: str
    tier: int | None = None
    lineage: str = ""
    happened: str = ""
    why: str = ""
    rules: tuple[str, ...] = ()
    step: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    permit_seconds: int | None = None
    others: tuple[str, ...] = ()
    agent: str = ""
    owner: str = ""


def subject(letter: Letter) -> str:
    """Return the subject: the same for all that is said about one thing, so that mail programs keep it in one thread."""
    return f"[T{letter.tier}] {letter.headline}" if letter.tier is not None else letter.headline


def body(letter: Letter, zone: str) -> str:
    """Return the text of a mail to somebody in this zone."""
    facts = [f"{name}: {value}" for name, value in _facts(letter, zone) if value]
    where = [f"Open it: {letter.link}", NOT_FROM_HERE] if letter.link else [NO_SIGHT]
    return "\n".join([LEADS[letter.kind], "", letter.headline, "", *facts, "", *where]) + "\n"


def _facts(letter: Letter, zone: str) -> list[tuple[str, str]]:
    permit = letter.permit_seconds and f"runs once, within {clockface.span(timedelta(seconds=letter.permit_seconds))}"
    return [
        ("What happened", letter.happened),
        ("Why you", letter.why),
        ("Rules", ", ".join(letter.rules)),
        ("Step", letter.step),
        ("Due", times.both(letter.due_at, zone) if letter.due_at else ""),
        ("Expires", f"{times.both(letter.expires_at, zone)}, then it is rejected" if letter.expires_at else ""),
        ("If approved", permit or ""),
        ("Who else can decide", named(letter.others)),
        ("Agent", letter.agent and letter.agent + (f", owner {letter.owner}" if letter.owner else "")),
    ]


def named(people: tuple[str, ...]) -> str:
    """Return names as a line, the last of a long list as a number; "nobody" is for the caller to say."""
    more = f" and {len(people) - MOST_OTHERS} more" if len(people) > MOST_OTHERS else ""
    return ", ".join(people[:MOST_OTHERS]) + more


def digest_subject(letters: list[Letter]) -> str:
    """Return the subject of a digest: how many wait, and nothing of what."""
    waiting = sum(letter.kind != "resolved" for letter in letters)
    if not waiting:
        return "[T2] Nothing waits for you any more"
    return f"[T2] {waiting} action{' waits' if waiting == 1 else 's wait'} for you"


def digest_body(letters: list[Letter], zone: str, queue_link: str) -> str:
    """Return the text of a digest: what waits, soonest due first, then what is over."""
    waiting = [letter for letter in letters if letter.kind != "resolved"]
    over = [letter for letter in letters if letter.kind == "resolved"]
    latest = datetime.max.replace(tzinfo=UTC)
    parts = [_item(letter, zone) for letter in sorted(waiting, key=lambda letter: letter.due_at or latest)]
    if over:
        parts += ["Over since you were told:", *(f"- {letter.headline}\n  {letter.happened}" for letter in over)]
    return "\n\n".join([*parts, f"Your queue: {queue_link}\n{NOT_FROM_HERE}"]) + "\n"


def _item(letter: Letter, zone: str) -> str:
    lines = [f"- {letter.headline}", f"  {LEADS[letter.kind]} {letter.why}".rstrip()]
    if letter.due_at:
        lines.append(f"  Due: {times.both(letter.due_at, zone)}")
    if letter.expires_at:
        lines.append(f"  Expires: {times.both(letter.expires_at, zone)}, then it is rejected")
    lines.append(f"  {letter.link}" if letter.link else f"  {NO_SIGHT}")
    return "\n".join(lines)


def as_json(letter: Letter) -> dict:
    """Return the fields of a letter for machines; times in UTC."""
    return {
        "headline": letter.headline,
        "tier": letter.tier,
        "lineage": letter.lineage or None,
        "rules": list(letter.rules),
        "step": letter.step,
        "due_at": _iso(letter.due_at),
        "expires_at": _iso(letter.expires_at),
        "permit_seconds": letter.permit_seconds,
        "who_can_decide": list(letter.others),
        "agent": letter.agent,
        "owner": letter.owner,
        "url": letter.link,
    }


def as_text(letter: Letter) -> str:
    """Return the letter as one short text for a chat: what happened, what it is about, by when, where."""
    due = f"Due {times.both(letter.due_at, 'UTC')}." if letter.due_at else ""
    return "\n".join(part for part in (letter.happened, subject(letter), due, letter.link) if part)


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
