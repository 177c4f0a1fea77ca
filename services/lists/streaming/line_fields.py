"""Fields that get into lines, and what lines of one shape have in common."""

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
    """How a field gets into a line.

    A fact, which is a text or whether something holds, decides with its value how the
    line reads. Of all others the shape says only whether they are there. A text is
    JSON's, in its quotes; words and numbers are as they are, so that they may stand
    within a text.
    """

    FACT = "fact"
    TEXT = "text"
    WORD = "word"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class LineField:
    """A field of rows under the name by which whoever tells of them knows it."""

    name: str
    column: ColumnElement[Any]
    kind: LineFieldKind

    @property
    def sent(self) -> ColumnElement[Any]:
        """What PostgreSQL sends of it: as it writes the type, or a cast would.

        Moments and days are as psycopg2 has them sent, by ISO 8601. To have them
        written in another way (`to_char`) takes longer than to find their row.
        """
        match self.column.type:
            case _ if self.kind is LineFieldKind.FACT:
                return self.column
            case DateTime() | Date() | String() | Uuid() | Integer():
                return self.column
            case _:
                return cast(self.column, Text)


# What is known of a row by its shape, by the fields' names: a fact as it is; of all
# else its kind, None, or an empty text.
Shape = Mapping[str, Any]
# What a line reads, and in between which of the fields stand there.
Template = Sequence[str | int]
TemplateOf = Callable[[Shape], Template]


def field_of(
    attribute: InstrumentedAttribute[Any],
    kind: LineFieldKind | None = None,
    *,
    name: str | None = None,
) -> LineField:
    """Return a column of a table as a field, of the kind that goes with its type."""
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
