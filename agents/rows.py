"""Rows of models out of SQL of our own: their columns in one order, and the instances that these make.

For the few statements that every call of an agent waits for. Django builds its SQL anew each time, and that takes longer
than PostgreSQL takes to answer.
"""

from collections.abc import Collection, Sequence
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

Row = TypeVar("Row", bound=Model)


class Columns(Generic[Row]):
    """The columns of one model in a statement, under the name that its table has there.

    `without` are fields that are read only when somebody asks for them, `only` the few that are read.
    """

    def __init__(self, model: type[Row], table: str, *, without: Collection[str] = (), only: Collection[str] = ()):
        self._model, self._table, self._without, self._only = model, table, without, only

    @cached_property
    def _fields(self) -> list:
        fields = [field for field in self._model._meta.concrete_fields if field.name not in self._without]
        return [field for field in fields if field.name in self._only] if self._only else fields

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def _converters(self) -> list[tuple[int, object]]:
        """What Django makes of a value that the database driver gives: documents out of JSON, say."""
        return [
            (at, converter)
            for at, field in enumerate(self._fields)
            for converter in field.get_db_converters(connection)
        ]

    @cached_property
    def _key(self) -> int:
        return self._names.index(self._model._meta.pk.attname)

    def __str__(self) -> str:
        """The columns as a statement selects them."""
        return ", ".join(f'{self._table}."{field.column}"' for field in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def read(self, values: Sequence) -> Row | None:
        """Return the instance these values make, in the order of the columns; None where an outer join found no row."""
        if values[self._key] is None:
            return None
        values = list(values)
        for at, converter in self._converters:
            values[at] = converter(values[at], None, connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values)


def cut(row: Sequence, *widths: int) -> list[Sequence]:
    """Cut a row into pieces of these widths, and one of what is left."""
    pieces, at = [], 0
    for width in widths:
        pieces.append(row[at : at + width])
        at += width
    return [*pieces, row[at:]]


def insert(row: Model) -> None:
    """Write a new row, its key among its values, and read back what the database says of it. None is left out."""
    values = [(field, getattr(row, field.attname)) for field in row._meta.concrete_fields]
    theirs = [field for field, value in values if isinstance(value, DatabaseDefault)]
    ours = [(field, value) for field, value in values if value is not None and field not in theirs]
    statement = _inserting(
        row._meta.db_table, tuple(field.column for field, _ in ours), tuple(field.column for field in theirs)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [field.get_db_prep_save(value, connection) for field, value in ours])
        for field, value in zip(theirs, cursor.fetchone() if theirs else (), strict=True):
            setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@lru_cache
def _inserting(table: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    names, values = ", ".join(f'"{column}"' for column in ours), ", ".join(["%s"] * len(ours))
    returning = ", ".join(f'"{column}"' for column in theirs)
    statement = f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608
    return f"{statement} RETURNING {returning}" if theirs else statement
