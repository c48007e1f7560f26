"""Rows as models, for what is asked at every action: the statement stands as written, and nobody builds it each time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, connections, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import UpdateQuery

from audit import prepared

M = TypeVar("M", bound=models.Model)


@cache
def columns(model: type[models.Model], alias: str) -> str:
    """Return all columns of a model for a SELECT, as those of the table's alias, in the order that `made_of` reads."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


@cache
def width(model: type[models.Model]) -> int:
    """Return how many columns a model has."""
    return len(model._meta.concrete_fields)


def made_of(model: type[M], values: Sequence) -> M:
    """Return the model of a row that begins with its `columns`, as the ORM would have read it."""
    read = list(values[: width(model)])
    for place in _json_places(model):
        read[place] = None if read[place] is None else json.loads(read[place])
    return model.from_db(connection.alias, _names(model), read)


def apart(row: Sequence, *kinds: type[models.Model]) -> tuple:
    """Take a row of the columns of several models apart: each of them (None where an outer join found none), then the rest."""
    found = []
    for model in kinds:
        found.append(None if row[0] is None else made_of(model, row))
        row = row[width(model) :]
    return (*found, row)


def asked(sql: str, parameters: Sequence | Mapping) -> list[tuple]:
    """Return the rows of one statement, whose text is the same each time."""
    with prepared.cursor(connection) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def changed(rows: models.QuerySet[M], **values: object) -> Iterator[M]:
    """Update these rows and yield them as they are now: one statement, where an update and a reading would be two."""
    query = rows.query.chain(UpdateQuery)
    query.add_update_values(values)
    try:
        sql, parameters = query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:  # none can fit: nothing needs to be asked
        return
    model = rows.model
    for row in asked(f"{sql} RETURNING {columns(model, model._meta.db_table)}", parameters):
        yield made_of(model, row)


def insert(row: models.Model) -> None:
    """Write a new row, its key among its values, and read back what the database says of it. None is left out."""
    values = [(field, getattr(row, field.attname)) for field in row._meta.concrete_fields]
    theirs = [field for field, value in values if isinstance(value, DatabaseDefault)]
    ours = [(field, value) for field, value in values if value is not None and field not in theirs]
    statement = _inserting(
        row._meta.db_table, tuple(field.column for field, _ in ours), tuple(field.column for field in theirs)
    )
    database = connections[connection.alias]
    with prepared.cursor(database) as cursor:
        cursor.execute(statement, [field.get_db_prep_save(value, database) for field, value in ours])
        for field, value in zip(theirs, cursor.fetchone() if theirs else (), strict=True):
            setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, database.alias


def take_over(row: M, fresh: M) -> None:
    """Bring a row that was read before up to date with one read now, as `refresh_from_db` does: what hangs on it is read anew."""
    for field in row._meta.concrete_fields:
        setattr(row, field.attname, getattr(fresh, field.attname))
    for relation in (*row._meta.concrete_fields, *row._meta.related_objects):
        if relation.is_relation and relation.is_cached(row):
            relation.delete_cached_value(row)
    row._prefetched_objects_cache = {}


@cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _json_places(model: type[models.Model]) -> list[int]:
    fields = model._meta.concrete_fields
    return [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]


@lru_cache
def _inserting(table: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    names, values = ", ".join(f'"{column}"' for column in ours), ", ".join(["%s"] * len(ours))
    returning = ", ".join(f'"{column}"' for column in theirs)
    statement = f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608
    return f"{statement} RETURNING {returning}" if theirs else statement
