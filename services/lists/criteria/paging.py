"""Sort keys, and pages that begin behind a row instead of counting rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    UnaryExpression,
    and_,
    or_,
    select,
    tuple_,
)

from services.lists.criteria.model import Direction


@dataclass(frozen=True, slots=True)
class Key:
    """A column that a list is sorted by; the last key of every list is `id`."""

    column: str
    direction: Direction = Direction.ASC
    is_nullable: bool = False

    def turned(self) -> "Key":
        """Return the key for reading the list from its end."""
        return Key(self.column, self.direction.opposite, self.is_nullable)


def ending_in_id(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Return the keys, each column once; `id` decides in the end."""
    first: dict[str, Key] = {}
    for key in keys:
        # Once sorted by the day of birth, age changes nothing any more.
        first.setdefault(key.column, key)
    *_, last = first.values()
    return (*first.values(), Key("id", last.direction))


def order_by(table: FromClause, keys: Sequence[Key]) -> list[UnaryExpression[Any]]:
    """Return the sort keys; what is empty counts as the greatest, as in an index."""
    return [
        table.c[key.column].asc()
        if key.direction is Direction.ASC
        else table.c[key.column].desc()
        for key in keys
    ]


def behind(
    table: FromClause, keys: Sequence[Key], row_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return the condition for the rows that the keys sort behind the given row.

    The row's own values are looked up in the same statement: one round trip, and no
    value ever has to travel in a link. No rows are behind one that does not exist.
    """
    row = _Row(table, row_id)
    is_uniform = len({key.direction for key in keys}) == 1
    if is_uniform and not any(key.is_nullable for key in keys):
        # Only this form lets an index over all keys begin at the row.
        names = [key.column for key in keys]
        ours = tuple_(*(table.c[name] for name in names))
        is_up = keys[0].direction is Direction.ASC
        return ours > row.value(*names) if is_up else ours < row.value(*names)
    later = _later(table, keys, row)
    if keys[0].is_nullable:
        return later
    # Says nothing new, but lets an index over the first key begin near the row.
    return and_(_not_before(table, keys[0], row), later)


class _Row:
    """The row that a page begins behind."""

    def __init__(self, table: FromClause, row_id: ColumnElement[Any]) -> None:
        self._row = table.alias("row_before")
        self._row_id = row_id

    def value(self, *names: str) -> ScalarSelect[Any]:
        columns = (self._row.c[name] for name in names)
        return select(*columns).where(self._row.c.id == self._row_id).scalar_subquery()


def _later(table: FromClause, keys: Sequence[Key], row: _Row) -> ColumnElement[bool]:
    first, *rest = keys
    if not rest:
        return _after(table, first, row)
    tied = table.c[first.column].is_not_distinct_from(row.value(first.column))
    return or_(_after(table, first, row), and_(tied, _later(table, rest, row)))


def _after(table: FromClause, key: Key, row: _Row) -> ColumnElement[bool]:
    ours, theirs = table.c[key.column], row.value(key.column)
    is_up = key.direction is Direction.ASC
    beyond = ours > theirs if is_up else ours < theirs
    if not key.is_nullable:
        return beyond
    if is_up:
        return or_(beyond, and_(ours.is_(None), theirs.is_not(None)))
    row_exists = row.value("id").is_not(None)
    return or_(beyond, and_(ours.is_not(None), theirs.is_(None), row_exists))


def _not_before(table: FromClause, key: Key, row: _Row) -> ColumnElement[bool]:
    ours, theirs = table.c[key.column], row.value(key.column)
    return ours >= theirs if key.direction is Direction.ASC else ours <= theirs
