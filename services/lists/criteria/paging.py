"""Sort keys, and keyset pagination: pages that begin after a row, not an offset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Label,
    String,
    Text,
    UnaryExpression,
    and_,
    bindparam,
    cast,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.lists.criteria.model import Direction
from services.lists.criteria.sql import Target, joined


@dataclass(frozen=True, slots=True)
class Key:
    """A column that a list is sorted by; the last key of every list is `id`.

    A key that `is_folded` is sorted by without regard to case and accents.
    """

    column: str
    direction: Direction = Direction.ASC
    is_nullable: bool = False
    is_folded: bool = False

    def reversed(self) -> "Key":
        """Return the key in the opposite direction."""
        return replace(self, direction=self.direction.opposite)

    def of(self, table: FromClause) -> ColumnElement[Any]:
        """Return the table's sort expression: the column, or its folded text."""
        column: ColumnElement[Any] = table.c[self.column]
        if not self.is_folded:
            return column
        is_list = isinstance(column.type, ARRAY)
        return joined(column) if is_list else Target.folded(column).column


_ID: Final = Key("id")


def ending_in_id(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Return the keys, each column once, with `id` as the tiebreaker."""
    first: dict[str, Key] = {}
    for key in keys:
        # After the day of birth, sorting by age changes nothing any more.
        first.setdefault(key.column, key)
    *_, last = first.values()
    first.setdefault("id", Key("id", last.direction))
    return tuple(first.values())


def order_by(table: FromClause, keys: Sequence[Key]) -> list[UnaryExpression[Any]]:
    """Return the ORDER BY terms; NULL counts as the greatest, as in an index."""
    return [
        key.of(table).asc() if key.direction is Direction.ASC else key.of(table).desc()
        for key in keys
    ]


def after_row(
    table: FromClause, keys: Sequence[Key], row_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return the condition for the rows that the keys sort after the given row.

    The row's own values are looked up in the same statement: one round trip, and no
    value ever has to be part of a link. No rows come after one that does not exist.
    """
    return _after_position(table, keys, _Row(table, row_id))


def after_place(table: FromClause, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Return the condition for the rows after a place, whose names are `place_names`.

    A place is what a row had when it was shown. The row itself may have moved since: a
    page that began after it would skip, or repeat, all rows in between.
    """
    return _after_position(table, keys, _Place(table, keys))


def place_columns(table: FromClause, keys: Sequence[Key]) -> tuple[Label[str], ...]:
    """Return the values of a row's place, as text that PostgreSQL can read again."""
    names = place_names(len(keys))
    return tuple(
        cast(key.of(table), Text).label(name)
        for key, name in zip(keys, names, strict=True)
    )


def place_names(count: int) -> list[str]:
    """Return the names of a place's values, in the order of the keys."""
    return [f"place_{position}" for position in range(count)]


class _Position(Protocol):
    """Where a page begins: the values of some keys."""

    def value(self, *keys: Key) -> ColumnElement[Any]: ...


def _after_position(
    table: FromClause, keys: Sequence[Key], row: _Position
) -> ColumnElement[bool]:
    is_uniform = len({key.direction for key in keys}) == 1
    if is_uniform and not any(key.is_nullable for key in keys):
        # Only with this form can an index over all keys begin at the row.
        ours = tuple_(*(key.of(table) for key in keys))
        is_up = keys[0].direction is Direction.ASC
        return ours > row.value(*keys) if is_up else ours < row.value(*keys)
    later = _later(table, keys, row)
    if keys[0].is_nullable:
        return later
    # Redundant, but lets an index over the first key begin near the row.
    return and_(_not_before(table, keys[0], row), later)


class _Row:
    """The row after which a page begins."""

    def __init__(self, table: FromClause, row_id: ColumnElement[Any]) -> None:
        self._row = table.alias("row_before")
        self._row_id = row_id

    def value(self, *keys: Key) -> ColumnElement[Any]:
        columns = (key.of(self._row) for key in keys)
        return select(*columns).where(self._row.c.id == self._row_id).scalar_subquery()


class _Place:
    """The place after which a page begins."""

    def __init__(self, table: FromClause, keys: Sequence[Key]) -> None:
        self._values = {
            key.column: cast(bindparam(name, type_=Text), _plain(key.of(table).type))
            for key, name in zip(keys, place_names(len(keys)), strict=True)
        }

    def value(self, *keys: Key) -> ColumnElement[Any]:
        values = [self._values[key.column] for key in keys]
        return values[0] if len(values) == 1 else tuple_(*values)


def _plain(kind: Any) -> Any:
    """Return the type for use in CAST, where a text type names no collation."""
    return Text() if isinstance(kind, String) else kind


def _later(
    table: FromClause, keys: Sequence[Key], row: _Position
) -> ColumnElement[bool]:
    first, *rest = keys
    if not rest:
        return _after(table, first, row)
    tied = first.of(table).is_not_distinct_from(row.value(first))
    return or_(_after(table, first, row), and_(tied, _later(table, rest, row)))


def _after(table: FromClause, key: Key, row: _Position) -> ColumnElement[bool]:
    ours, theirs = key.of(table), row.value(key)
    is_up = key.direction is Direction.ASC
    beyond = ours > theirs if is_up else ours < theirs
    if not key.is_nullable:
        return beyond
    if is_up:
        return or_(beyond, and_(ours.is_(None), theirs.is_not(None)))
    row_exists = row.value(_ID).is_not(None)
    return or_(beyond, and_(ours.is_not(None), theirs.is_(None), row_exists))


def _not_before(table: FromClause, key: Key, row: _Position) -> ColumnElement[bool]:
    ours, theirs = key.of(table), row.value(key)
    return ours >= theirs if key.direction is Direction.ASC else ours <= theirs
