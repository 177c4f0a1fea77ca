"""Fields of lines, and what lines of one shape have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    String,
    Text,
    Uuid,
    cast,
)
from sqlalchemy.orm import InstrumentedAttribute


class LineFieldKind(StrEnum):
    """How a field is put into a line.

    A fact, which is a text or a boolean, decides by its value how the line reads. For
    all others the shape only has whether they are there. A text is put in as JSON, in
    its quotes; words and numbers are unchanged, so that they may be part of a text.
    """

    FACT = "fact"
    TEXT = "text"
    WORD = "word"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class LineField:
    """A field of rows, under the name by which templates know it."""

    name: str
    column: ColumnElement[Any]
    kind: LineFieldKind

    @property
    def sent(self) -> ColumnElement[Any]:
        """The expression that PostgreSQL sends: the column, or a cast of it to text.

        Times and dates are sent as by psycopg2, in ISO 8601. Having them formatted in
        another way (`to_char`) takes longer than finding their row.
        """
        match self.column.type:
            case _ if self.kind is LineFieldKind.FACT:
                return self.column
            case DateTime() | Date() | String() | Uuid() | Integer():
                return self.column
            case _:
                return cast(self.column, Text)


# What the shape of a row says, by field name: a fact's value; for other fields the
# kind, None, or an empty text.
Shape = Mapping[str, Any]
# The text of a line, with the positions of fields in between.
Template = Sequence[str | int]
TemplateOf = Callable[[Shape], Template]


def field_of(
    attribute: InstrumentedAttribute[Any],
    kind: LineFieldKind | None = None,
    *,
    name: str | None = None,
) -> LineField:
    """Return a column of a table as a field, of the kind that matches its type."""
    column: ColumnElement[Any] = attribute.expression
    return LineField(name or attribute.key, column, kind or _kind_of(column))


def _kind_of(column: ColumnElement[Any]) -> LineFieldKind:
    match column.type:
        case String():
            return LineFieldKind.TEXT
        case Integer():
            return LineFieldKind.NUMBER
        case _:
            return LineFieldKind.WORD
