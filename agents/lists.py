"""The lists that a policy names, kept by people. A key in a list may let money run: on an agent that was ever enabled
one human proposes and another confirms, or the operator says so. Before that the owner is still drafting, alone.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models.functions import Now

from agents import access
from agents.documents.problems import suggest
from agents.errors import AlreadyDecided, Invalid, NotAllowed, Refusal
from agents.headline import reveal
from agents.models import Agent, ListEntry, Person
from audit import log
from audit.actors import Actor

MAX_KEYS = 10_000
MAX_KEY = 300
MAX_NOTE = 300
State = ListEntry.State
#: What policy sees: proposing to take a key out changes nothing yet.
COUNTING = (State.ACTIVE, State.REMOVAL_PROPOSED)


class AlreadyListed(AlreadyDecided):
    code = "already_listed"
    sentence = "This key is in the list already, or proposed for it."


class NotListed(Refusal):
    code, status = "not_listed", 404
    sentence = "There is no such key in the list."


class EntryMoved(AlreadyDecided):
    code = "entry_moved"
    sentence = "The key isn't where you saw it: somebody was faster. Look again."


def keys(agent: Agent, names: Iterable[str]) -> dict[str, list[str]]:
    """Return the keys that count now, sorted, for each of these lists; a list nobody filled has none. One query."""
    found: dict[str, list[str]] = {name: [] for name in names}
    if found:
        counting = ListEntry.objects.filter(agent=agent, list_name__in=found, state__in=COUNTING)
        for name, key in counting.values_list("list_name", "key"):
            found[name].append(key)
    return {name: sorted(listed) for name, listed in found.items()}


def check(agent: Agent, list_name: str, key: str, note: str, *, by: Person) -> None:
    """Return when this person may propose this key. Raises NotAllowed, AlreadyListed, and Invalid naming the fields."""
    _require_voice(by, agent)
    _check_words(agent, list_name, key, note)
    if entry := _standing(agent, list_name, key):
        raise AlreadyListed(f"{key!r} is in {list_name} already ({entry.get_state_display().lower()}).")
    _require_room(agent, list_name)


# --- people


@transaction.atomic
def propose(*, agent: Agent, list_name: str, key: str, note: str = "", by: Person) -> ListEntry:
    """Propose a key for a list of the agent's policy and return its entry; on a draft it counts at once.

    Raises what `check` raises.
    """
    agent = _lock(agent.pk)
    check(agent, list_name, key, note, by=by)
    entry = ListEntry(agent=agent, list_name=list_name, key=key, note=note, proposed_by=by)
    if agent.is_draft:
        return _write(entry, State.ACTIVE, "list.confirmed", by=by.actor(), confirmed_at=Now())
    return _write(entry, State.PROPOSED, "list.proposed", by=by.actor())


@transaction.atomic
def confirm(*, entry: ListEntry, by: Person) -> ListEntry:
    """Let a proposed key count: another human than who proposed it says so. Raises NotAllowed, EntryMoved."""
    entry = _take(entry, State.PROPOSED)
    _require_second(by, entry)
    return _write(entry, State.ACTIVE, "list.confirmed", by=by.actor(), confirmed_by=by, confirmed_at=Now())


@transaction.atomic
def drop(*, entry: ListEntry, by: Person) -> ListEntry:
    """Take a proposed key back before it counts; whoever may propose may do so. Raises NotAllowed, EntryMoved."""
    entry = _take(entry, State.PROPOSED)
    _require_voice(by, entry.agent)
    return _write(entry, State.REMOVED, "list.dropped", by=by.actor())


@transaction.atomic
def propose_removal(*, entry: ListEntry, by: Person) -> ListEntry:
    """Propose to take a key out; it counts until another human confirms that. On a draft it is gone at once.

    Raises NotAllowed, EntryMoved.
    """
    entry = _take(entry, State.ACTIVE)
    _require_voice(by, entry.agent)
    if entry.agent.is_draft:
        return _write(entry, State.REMOVED, "list.removed", by=by.actor(), confirmed_at=Now())
    asked = {"proposed_by": by, "proposed_at": Now(), "confirmed_by": None, "confirmed_at": None}
    return _write(entry, State.REMOVAL_PROPOSED, "list.removal_proposed", by=by.actor(), **asked)


@transaction.atomic
def keep(*, entry: ListEntry, by: Person) -> ListEntry:
    """Leave a key in that somebody proposed to take out; whoever may propose may do so. Raises NotAllowed, EntryMoved."""
    entry = _take(entry, State.REMOVAL_PROPOSED)
    _require_voice(by, entry.agent)
    return _write(entry, State.ACTIVE, "list.kept", by=by.actor(), confirmed_at=Now())


@transaction.atomic
def confirm_removal(*, entry: ListEntry, by: Person) -> ListEntry:
    """Take a key out that somebody else proposed to take out. Raises NotAllowed, EntryMoved."""
    entry = _take(entry, State.REMOVAL_PROPOSED)
    _require_second(by, entry)
    return _write(entry, State.REMOVED, "list.removed", by=by.actor(), confirmed_by=by, confirmed_at=Now())


# --- the operator


@transaction.atomic
def add(*, agent: Agent, list_name: str, key: str, note: str = "", by: Actor) -> ListEntry:
    """Let a key count at once, whether or not somebody proposed it. Raises NotAllowed, Invalid, AlreadyListed."""
    _require_operator(by)
    agent = _lock(agent.pk)
    _check_words(agent, list_name, key, note)
    entry = _standing(agent, list_name, key)
    if entry is None:
        _require_room(agent, list_name)
        entry = ListEntry(agent=agent, list_name=list_name, key=key)
    elif entry.state == State.ACTIVE:
        raise AlreadyListed(f"{key!r} counts in {list_name} already.")
    said = {"note": note or entry.note, "proposed_by": None, "confirmed_by": None, "confirmed_at": Now()}
    return _write(entry, State.ACTIVE, "list.confirmed", by=by, **said)


@transaction.atomic
def remove(*, agent: Agent, list_name: str, key: str, by: Actor) -> ListEntry:
    """Take a key out at once, or drop it if it was only proposed. Raises NotAllowed, NotListed.

    The list needn't be in the policy any more: what is left of it can be cleared away.
    """
    _require_operator(by)
    entry = _standing(_lock(agent.pk), list_name, key)
    if entry is None:
        raise NotListed(f"{key!r} isn't in the list {list_name} of {agent}.")
    verb = "list.dropped" if entry.state == State.PROPOSED else "list.removed"
    return _write(entry, State.REMOVED, verb, by=by, proposed_by=None, confirmed_by=None, confirmed_at=Now())


# --- what is asked first


def _lock(agent_id: int) -> Agent:
    """Return the agent, locked: it may be enabled for the first time this very moment, and keys are counted."""
    return Agent.objects.select_for_update(no_key=True, of=("self",)).select_related("policy").get(pk=agent_id)


def _take(entry: ListEntry, state: str) -> ListEntry:
    """Return the entry with its agent, both locked, in the state it is to leave. Raises EntryMoved."""
    agent = _lock(entry.agent_id)
    rows = ListEntry.objects.select_for_update(no_key=True, of=("self",)).select_related("proposed_by")
    taken = rows.filter(pk=entry.pk, state=state).first()
    if taken is None:
        raise EntryMoved()
    taken.agent = agent
    return taken


def _standing(agent: Agent, list_name: str, key: str) -> ListEntry | None:
    entries = ListEntry.objects.filter(agent=agent, list_name=list_name, key=key)
    return entries.exclude(state=State.REMOVED).first()


def _require_voice(person: Person, agent: Agent) -> None:
    if not (access.answers_for(person, agent) or access.may_edit(person, agent)):
        raise NotAllowed("Only people who hold a role of this agent keep its lists.")


def _require_second(person: Person, entry: ListEntry) -> None:
    if not access.answers_for(person, entry.agent):
        raise NotAllowed("Only somebody who holds a role of this agent confirms what its lists say.")
    if person.human_id == entry.proposed_by.human_id:
        raise NotAllowed("You proposed this: another person who holds a role of the agent confirms it.")
    if person.signer_since > entry.proposed_at:
        raise NotAllowed("Your account, password or groups changed after this was proposed: somebody else confirms it.")


def _require_operator(by: Actor) -> None:
    if by.kind != "operator":
        raise NotAllowed("Only the operator changes a list alone; people propose, and another person confirms.")


def _require_room(agent: Agent, list_name: str) -> None:
    listed = ListEntry.objects.filter(agent=agent, list_name=list_name).exclude(state=State.REMOVED).count()
    if listed >= MAX_KEYS:
        raise Invalid(errors=[_say("list_name", f"the list has {MAX_KEYS:,} keys: take some out first")])


def _check_words(agent: Agent, list_name: str, key: str, note: str) -> None:
    errors = []
    declared = agent.policy.body["lists"] if agent.policy else []
    if not declared:
        errors.append(_say("list_name", "the agent's policy names no lists: declare one there first"))
    elif list_name not in declared:
        errors.append(_say("list_name", f"the agent's policy has no such list: {suggest(list_name, declared)}"))
    if not 0 < len(key) <= MAX_KEY or _hides(key):
        errors.append(_say("key", f"a key is 1 to {MAX_KEY} characters on one line, all of them visible"))
    if len(note) > MAX_NOTE or _hides(note):
        errors.append(_say("note", f"a note is at most {MAX_NOTE} characters on one line, all of them visible"))
    if errors:
        raise Invalid(errors=errors)


def _hides(text: str) -> bool:
    # A blank at either end is as invisible as any other character, and would never equal an argument.
    return reveal(text) != text or text.strip() != text


def _say(field: str, message: str) -> dict:
    return {"field": field, "message": message}


# --- what is written


def _write(entry: ListEntry, state: str, verb: str, *, by: Actor, **fields) -> ListEntry:
    for name, value in {**fields, "state": state}.items():
        setattr(entry, name, value)
    entry.save()
    log.record(
        verb,
        by=by,
        subject=("agent", str(entry.agent_id)),
        data={"list": entry.list_name, "entry": entry.pk, "state": state},
        private={"key": entry.key, "note": entry.note},
    )
    entry.refresh_from_db(fields=["proposed_at", "confirmed_at"])
    return entry
