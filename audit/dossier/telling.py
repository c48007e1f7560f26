"""`of()`: three answers first, then the events, then what is missing."""

from audit.dossier import actions, agents, people, reading, runs
from audit.dossier.shapes import Asked, Dossier, Subject, Told, Veil, open_veil

_ANSWERS = {"action": actions.answers, "run": runs.answers, "agent": agents.answers, "person": people.answers}
#: What tells who else was at an action: it is left unnamed, and whoever merely looked isn't told at all.
_SIGNING, _LOOKING = frozenset({"action.signed", "action.vote_withdrawn"}), frozenset({"evidence.opened"})


def of(subject: Subject, *, asked: Asked | None = None, veil: Veil | None = None) -> Dossier:
    """Return the dossier of a subject from events alone, with the window of them that is asked for.

    `veil` keeps back who signed what still waits. Reads only; a fixed number of statements for each kind of subject.
    """
    asked, veil = asked or Asked(), veil or Veil("", open_veil)
    summary = reading.summary(subject)
    answers = _ANSWERS[subject.kind](subject, summary, lambda told: _behind(veil, told))
    shown, more = reading.window(subject, asked)
    events = _behind(veil, shown)
    return Dossier(
        subject=subject,
        answers=answers,
        events=tuple(events),
        count=summary.count,
        is_counted=summary.is_whole,
        start=asked.start,
        following=shown[-1].id if more else 0,
        newest_first=subject.kind in reading.NEWEST_FIRST,
        held_back=len(shown) - len(events),
        as_of=summary.last,
    )


def _behind(veil: Veil, told: list[Told]) -> list[Told]:
    """Return the events as the veil lets them be told."""
    kept = [one for one in told if _tells_who(one, veil.reader)]
    covered = set(veil.covers({one.event.subject_id for one in kept})) if kept else set()
    hidden = {one.id: one.verb for one in kept if one.event.subject_id in covered}
    return [
        one.veiled() if one.id in hidden else one for one in told if not (one.id in hidden and one.verb in _LOOKING)
    ]


def _tells_who(told: Told, reader: str) -> bool:
    event = told.event
    if event.subject_kind != "action" or event.actor_kind != "person" or event.actor_id == reader:
        return False
    return told.verb in _SIGNING | _LOOKING
