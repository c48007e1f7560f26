from agents import lists
from agents.documents.problems import suggest
from agents.errors import Refusal
from agents.models import Agent, ListEntry
from controlplane.commandline import Noun, find_agent


class NoSuchList(Refusal):
    code, status = "not_found", 404
    sentence = "The agent's policy has no such list."


class Command(Noun):
    help = (
        "Show and change the lists that policies name. People do so in the admin, two of them; the operator alone here."
    )

    def add_verbs(self, verbs):
        show = self.verb(verbs, "show", self.show_lists, "List the keys of an agent's lists.", writes=False)
        add = self.verb(verbs, "add", self.add_key, "Let a key count at once, proposed by somebody or not.")
        remove = self.verb(verbs, "remove", self.remove_key, "Take a key out at once.")
        for parser in (show, add, remove):
            parser.add_argument("slug", metavar="SLUG")
        show.add_argument("list_name", metavar="LIST", nargs="?", default="", help="only this one")
        show.add_argument("--json", action="store_true")
        for parser in (add, remove):
            parser.add_argument("list_name", metavar="LIST")
            parser.add_argument("key", metavar="KEY")
        add.add_argument("--note", default="", help="stands beside the key")

    def show_lists(self, slug, list_name, json, **_):
        agent = find_agent(slug)
        entries = agent.list_entries.exclude(state=ListEntry.State.REMOVED).select_related(
            "proposed_by", "confirmed_by"
        )
        if list_name:
            entries = entries.filter(list_name=list_name)
        entries = list(entries.order_by("list_name", "key"))
        named = _names(agent, list_name)
        if json:
            return self.print_json([_as_json(entry) for entry in entries])
        if entries:
            rows = [(one.list_name, one.key, _standing(one), _who(one), one.note or "-") for one in entries]
            self.print_table(("LIST", "KEY", "STANDING", "BY", "NOTE"), rows)
        filled = {entry.list_name for entry in entries}
        for name in named:
            if name not in filled:
                self.note(f"{name}: no keys.")
        if not named and not filled:
            self.note(f"The policy of {slug} names no lists." if agent.policy else f"{slug} has no policy.")

    def add_key(self, slug, list_name, key, note, **_):
        lists.add(agent=find_agent(slug), list_name=list_name, key=key, note=note, by=self.by)
        self.note(f"{key} counts in {list_name} of {slug} now.")

    def remove_key(self, slug, list_name, key, **_):
        lists.remove(agent=find_agent(slug), list_name=list_name, key=key, by=self.by)
        self.note(f"{key} is out of {list_name} of {slug}.")


def _names(agent: Agent, only: str) -> list[str]:
    """Return the lists the policy names, or only the one asked for. Raises NoSuchList where that was never one."""
    named = agent.policy.body["lists"] if agent.policy else []
    if not only or only in named:
        return [only] if only else named
    if agent.list_entries.filter(list_name=only).exists():
        return [only]  # left over from an earlier version
    hint = f": {suggest(only, named)}" if named else " and names no others"
    raise NoSuchList(f"The policy of {agent.slug} has no list {only!r}{hint}.")


def _standing(entry: ListEntry) -> str:
    return {
        ListEntry.State.PROPOSED: "proposed, doesn't count yet",
        ListEntry.State.ACTIVE: "counts",
        ListEntry.State.REMOVAL_PROPOSED: "counts, removal proposed",
    }[ListEntry.State(entry.state)]


def _who(entry: ListEntry) -> str:
    people = [person.username for person in (entry.proposed_by, entry.confirmed_by) if person]
    return " and ".join(dict.fromkeys(people)) or "the operator"


def _as_json(entry: ListEntry) -> dict:
    return {
        "list": entry.list_name,
        "key": entry.key,
        "state": entry.state,
        "counts": entry.counts,
        "note": entry.note,
        "proposed_by": entry.proposed_by and entry.proposed_by.username,
        "confirmed_by": entry.confirmed_by and entry.confirmed_by.username,
        "proposed_at": entry.proposed_at.isoformat(),
        "confirmed_at": entry.confirmed_at and entry.confirmed_at.isoformat(),
    }
