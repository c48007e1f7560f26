"""Rows as models, for what is asked at every action: the statement stands as written, and nobody builds it each time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeVar

import pgtrigger
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
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
        read[place] = _parsed(read[place])
    return model.from_db(DEFAULT_DB_ALIAS, _names(model), read)


def apart(row: Sequence, *kinds: type[models.Model]) -> tuple:
    """Take a row of the columns of several models apart: each of them (None where an outer join found none), then the rest."""
    found = []
    for model in kinds:
        found.append(None if row[0] is None else made_of(model, row))
        row = row[width(model) :]
    return (*found, row)


def asked(sql: str, parameters: Sequence | Mapping) -> list[tuple]:
    """Return the rows of one statement, whose text is the same each time."""
    with prepared.cursor(connections[DEFAULT_DB_ALIAS]) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@dataclass(frozen=True)
class Sql:
    """A value as it stands in a statement, or what a column is held against: `Sql("> statement_timestamp()")`."""

    text: str
    parameters: tuple = ()


NOW = Sql("statement_timestamp()")


def change(
    row: models.Model, *, where: Mapping[str, object], values: Mapping[str, object], beside: Sql | None = None
) -> bool:
    """Change this row if it stands as `where` says, and bring the object up to date; False when it doesn't.

    One statement, its text the same each time for the same names. `where` holds a column against a value, one of a list of
    them, or `Sql`; `values` are what the ORM would take, or `Sql`, for which nothing needs to be built. What hangs on the
    object is read anew when it is asked for, as after `refresh_from_db`.
    """
    known, model = row._meta, type(row)
    sets = [_set(known.get_field(name), value) for name, value in values.items()]
    guards = [_held(known.get_field(name), value) for name, value in {known.pk.name: row.pk, **where}.items()]
    statement = _updating(model, tuple(one.text for one in sets), tuple(one.text for one in guards))
    if beside is not None:
        statement = f"WITH beside AS ({beside.text}) {statement}"
    written = (*([beside] if beside else ()), *sets, *guards)
    found = asked(statement, [value for one in written for value in one.parameters])
    for field, value in zip(_changing(model), *found, strict=True) if found else ():
        setattr(row, field.attname, _read(field, value))
    if found:
        row._state.fields_cache.clear()
        row._prefetched_objects_cache = {}
    return bool(found)


def insert(row: models.Model) -> None:
    """Write a new row, its key among its values, and read back what the database says of it. None is left out."""
    values = [(field, getattr(row, field.attname)) for field in row._meta.concrete_fields]
    theirs = [field for field, value in values if isinstance(value, DatabaseDefault)]
    ours = [(field, value) for field, value in values if value is not None and field not in theirs]
    statement = _inserting(
        row._meta.db_table, tuple(field.column for field, _ in ours), tuple(field.column for field in theirs)
    )
    database = connections[DEFAULT_DB_ALIAS]
    with prepared.cursor(database) as cursor:
        cursor.execute(statement, [field.get_db_prep_save(value, database) for field, value in ours])
        for field, value in zip(theirs, cursor.fetchone() if theirs else (), strict=True):
            setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, database.alias


@cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _json_places(model: type[models.Model]) -> list[int]:
    fields = model._meta.concrete_fields
    return [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]


def _parsed(value: str | None) -> object:
    return None if value is None else json.loads(value)


def _read(field: models.Field, value: object) -> object:
    return _parsed(value) if isinstance(field, models.JSONField) else value


@cache
def _changing(model: type[models.Model]) -> list[models.Field]:
    """Return the columns to read back after a change: all but those that a trigger keeps as they were written."""
    triggers = getattr(model._meta, "triggers", ())
    kept = {name for one in triggers if isinstance(one, pgtrigger.ReadOnly) for name in one.fields or ()}
    return [field for field in model._meta.concrete_fields if field.name not in kept]


def _set(field: models.Field, value: object) -> Sql:
    """Return `column = value` of an update."""
    if isinstance(value, Sql):
        return Sql(f'"{field.column}" = {value.text}', value.parameters)
    if hasattr(value, "resolve_expression"):
        query = UpdateQuery(field.model)
        text, parameters = query.get_compiler(connection=connection).compile(
            value.resolve_expression(query, allow_joins=False, for_save=True)
        )
        return Sql(f'"{field.column}" = {text}', tuple(parameters))
    given = value.pk if isinstance(value, models.Model) else value
    return Sql(f'"{field.column}" = %s', (field.get_db_prep_save(given, connection),))


def _held(field: models.Field, value: object) -> Sql:
    """Return what a column is held against."""
    if isinstance(value, Sql):
        return Sql(f'"{field.column}" {value.text}', value.parameters)
    return Sql(f'"{field.column}" = {"ANY(%s)" if isinstance(value, list) else "%s"}', (value,))


@lru_cache
def _updating(model: type[models.Model], sets: tuple[str, ...], guards: tuple[str, ...]) -> str:
    returning = ", ".join(f'"{field.column}"' for field in _changing(model))
    return f'UPDATE "{model._meta.db_table}" SET {", ".join(sets)} WHERE {" AND ".join(guards)} RETURNING {returning}'  # noqa: S608


@lru_cache
def _inserting(table: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    names, values = ", ".join(f'"{column}"' for column in ours), ", ".join(["%s"] * len(ours))
    returning = ", ".join(f'"{column}"' for column in theirs)
    statement = f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608
    return f"{statement} RETURNING {returning}" if theirs else statement
