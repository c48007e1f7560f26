"""Who answered for an agent at an event, as that event and those before it tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.dossier import reading
from audit.dossier.shapes import NOT_ON_RECORD, Point, Told, listed

OWNER = "owner"


@dataclass(frozen=True)
class Holders:
    """People by role: ids as recorded, and names as far as they are on record and not erased."""

    roles: Mapping[str, str]
    names: Mapping[str, str]

    def in_words(self) -> str:
        """Say who the owner was, and who held the other roles: `its owner then was Rosa (rosa)`."""
        if OWNER not in self.roles:
            return f"who owned it then is {NOT_ON_RECORD}"
        others = [f"{_words(role)} {self._name(role)}" for role in self.roles if role != OWNER]
        return f"its owner then was {self._name(OWNER)}" + (f", its {listed(others)}" if others else "")

    def points(self, event: int | None) -> list[Point]:
        return [Point(_words(role).capitalize(), self._name(role), event) for role in self.roles]

    def missing(self, when: str) -> tuple[str, ...]:
        if OWNER not in self.roles:
            return (f"Who owned it when {when} isn't on record.",)
        unnamed = [role for role in self.roles if role not in self.names]
        return (
            (f"Of the {listed([_words(role) for role in unnamed])} only the id is on record, no name.",)
            if unnamed
            else ()
        )

    def _name(self, role: str) -> str:
        return self.names.get(role) or f"person {self.roles[role]} (name {NOT_ON_RECORD})"


def holders_of(told: Told | None, roles: Mapping[str, object]) -> Holders:
    """Return who held these roles (ids) at an event: by the names kept with it, else as their own events named them.

    One statement.
    """
    kept = told.private.get("holders", {}) if told else {}
    earlier = reading.names_of(roles.values(), until=told.id if told else 0)
    names = {}
    for role, person in roles.items():
        if named := kept.get(role):
            names[role] = f"{named['name']} ({named['username']})" if named.get("name") else named["username"]
        elif str(person) in earlier:
            names[role] = earlier[str(person)]
    return Holders({role: str(person) for role, person in roles.items()}, names)


def _words(role: str) -> str:
    return role.replace("_", " ")
