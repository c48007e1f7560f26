"""Why somebody doesn't see an action in *Your turn*, said only of what they may see."""

import re
from dataclasses import dataclass
from uuid import UUID

from agents import access
from agents.errors import Invalid
from agents.lifecycle import State
from agents.models import Action, Person
from approvals.attending import clockface
from approvals.models import Decision
from approvals.queue import items, sieve, turns
from approvals.queue.asked import NAMES, Asked, read
from approvals.queue.rows import is_closing, state_words

MOST = 10
#: Said of what isn't there and of what isn't theirs to see alike.
NOTHING = (
    "Nothing that you may see is this. Either it doesn't exist, or it isn't yours to see: both read the same here."
)
_ID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """One action that was meant, and why it isn't in *Your turn*. `headline` is other people's text: show it inert."""

    id: str
    headline: str
    state_words: str
    whys: list[str]


@dataclass(frozen=True)
class Answers:
    """What was found. `nothing` says that nothing was, `more` that there are more than are shown."""

    found: list[Answer]
    nothing: str
    more: bool


def explain(person: Person, text: str, asked: Asked | None = None) -> Answers:
    """Say why what the text means (an id, an address, words of a headline) isn't in this person's queue as asked for.

    Words look among what is open; an id finds what has ended too. Raises Invalid for a text that can't be searched.
    """
    asked = asked or Asked()
    ids = _meant(person, text)
    actions = list(access.visible_actions(person).filter(pk__in=ids[:MOST]).select_related("agent"))
    before = items.before(person, Asked())
    here = {item.id: item for item in before.items}
    found = [_answer(action, person, asked, before, here.get(action.pk)) for action in actions]
    return Answers(found, "" if found else NOTHING, len(ids) > MOST)


def _meant(person: Person, text: str) -> list[UUID]:
    if found := _ID.search(text):
        return [UUID(found[0])]
    asked = read([("q", text)])
    if not asked.q:
        raise Invalid(errors=[{"field": "x", "message": "write an action's id or address, or words of its headline"}])
    found = [*items.before(person, asked).items]
    return [item.id for item in sorted(found, key=lambda item: item.created, reverse=True)]


def _answer(action: Action, person: Person, asked: Asked, before: items.Before, item: items.Item | None) -> Answer:
    whys = _whys(action, person, before.turns)
    if item is not None and (out := sieve.failing(item, asked, me=person.pk, now=before.turns.now)):
        whys.append(f"The filters leave it out: {', '.join(NAMES[name].lower() for name in sorted(out))}.")
    if item is not None and asked.q and not _has_words(action, asked):
        whys.append("The search leaves it out: not all its words stand there.")
    return Answer(str(action.pk), action.headline, state_words(action), whys or [_place(action, before.turns)])


def _has_words(action: Action, asked: Asked) -> bool:
    text = f"{action.headline} {bytes(action.payload).decode()}".lower()
    return all(word in text for word in asked.words)


def _whys(action: Action, person: Person, mine: turns.Turns) -> list[str]:
    """Return why the action isn't this person's turn; [] when it is."""
    if action.state != State.AWAITING_REVIEW or is_closing(action):
        return [_over(action)]
    for turn in mine.snoozed:
        if turn.id == action.pk:
            until = action.snoozes.get(person=person).until
            return [f"You put it aside until {clockface.instant(until)}; it stands under Snoozed."]
    slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
    why = access.why_not_sign(action, slots, person)
    return [why] if why else []


def _over(action: Action) -> str:
    """Say how it stands, once nobody is asked: who decided is no secret then."""
    if action.state == State.ON_HOLD:
        return "It is on hold: it comes back when what is stopped goes on."
    if action.state == State.CHANGES_REQUESTED:
        return "Somebody asked for changes: it comes back with an answer."
    if action.state == State.UNKNOWN:
        return "Its outcome is unknown: it stands under that heading until people say what happened."
    if is_closing(action) or action.state == State.EXPIRED:
        return "It expired: nobody decided in time, which counts as rejected."
    last = Decision.objects.filter(action=action, revision=action.revision).select_related("person").last()
    decided = f" {last.person} decided, {clockface.instant(last.decided_at)}." if last else ""
    return f"It is over: {state_words(action).lower()}.{decided}"


def _place(action: Action, mine: turns.Turns) -> str:
    place = next((place for place, turn in enumerate(mine.waiting, 1) if turn.id == action.pk), None)
    if place is None:
        return "It waits for you, behind more than the queue reads at once. It comes up as others are decided; open it here."
    page = "" if place <= turns.PAGE else f" The page shows the first {turns.PAGE}: filters show others."
    return f"It is in your turn, at place {place}.{page}"
