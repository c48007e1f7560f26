"""One hostile text, and what must come of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """`chips` are code points that must stand as chips, `visible` pieces that must be read as they are, in this order,
    `flags` the codes of findings that must be there, `absent` pieces that must be nowhere as such.

    `formula` tells whether a spreadsheet would take it for one, `bulky` whether it is too much for a page of many.
    """

    id: str
    text: str
    chips: tuple[int, ...] = ()
    visible: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    formula: bool = False
    bulky: bool = False

    @property
    def storable(self) -> bool:
        """Whether a database and a JSON body can hold it: neither takes NUL or half a character."""
        return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in self.text)


def table(family: str, *rows: tuple, **common) -> list[Case]:
    """Return a case for each row of (name, text, more), `more` and `common` being fields of Case."""
    return [Case(f"{family}/{name}", text, **{**common, **dict(*more)}) for name, text, *more in rows]
