"""Rows told as lines that PostgreSQL makes: each by the template of its shape.

To read a row into Python, make something of it and write that takes longer by far than
to find it. So whoever knows how a line reads says so once for each shape.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice, repeat
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    cast,
    column,
    func,
    values,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.postgres import DatabaseRole, assume_role
from db.postgres.sending import sent_lines
from services.lists.streaming.rows import ROWS_AT_ONCE

_ISO_8601: Final = 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'
_DAY: Final = "YYYY-MM-DD"
_BETWEEN: Final = "|"
# It stands in no JSON.
SEPARATOR: Final = "\x1f"


class LineFieldKind(StrEnum):
    """How a field gets into a line.

    A fact decides with its value how the line reads. Of all others the shape says only
    whether they are there. A text is JSON's, in its quotes; words and numbers are as
    they are, so that they may stand within a text.
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
    def printed(self) -> ColumnElement[Any]:
        """What is put into a line. PostgreSQL writes JSON's texts as orjson does."""
        match self.column.type:
            case String() if self.kind is LineFieldKind.TEXT:
                return cast(func.to_json(self.column), Text)
            case DateTime():
                return func.to_char(self.column, _ISO_8601)
            case Date():
                return func.to_char(self.column, _DAY)
            case _:
                return cast(self.column, Text)

    @property
    def of_shape(self) -> ColumnElement[Any] | None:
        """What of it decides how a line reads: nothing, if it is always there."""
        match self.kind:
            case LineFieldKind.FACT:
                return self.column
            case LineFieldKind.TEXT:
                return self.column == ""
            case _ if getattr(self.column, "nullable", True):
                return self.column.is_(None)
            case _:
                return None

    def seen_in(self, shape: Any) -> Any:
        """Return what a shape tells of it: a fact, its kind, None, or an empty text."""
        match self.kind:
            case LineFieldKind.FACT:
                return shape
            case LineFieldKind.TEXT if shape is None:
                return None
            case LineFieldKind.TEXT:
                return "" if shape else LineFieldKind.TEXT
            case kind:
                return None if shape else kind


# What is known of a row by its shape, by the fields' names: see LineField.seen_in.
Shape = Mapping[str, Any]
# What a line reads, and in between which of the fields stand there.
Template = Sequence[str | int]
TemplateOf = Callable[[Shape], Template]


class LinesMissing(Exception):
    """A row of some shape had no template, or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSource:
    """Rows of which lines tell: a statement of any columns, the fields, and whose.

    What is `beside` follows each line, behind a SEPARATOR each: it is of no shape, and
    for whoever completes the line.
    """

    rows: Select[*tuple[Any, ...]]
    fields: Sequence[LineField]
    patient_id: ColumnElement[UUID] | InstrumentedAttribute[Any]
    beside: Sequence[ColumnElement[Any]] = ()


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


def stream_lines(
    session: Session,
    source: LineSource,
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    role: DatabaseRole | None = None,
) -> Generator[bytes]:
    """Yield lines of the rows of everybody, or of these patients: some at a time.

    The session must have a snapshot, stay open, and be asked nothing else until the
    last piece. `role` is as for `stream_rows`. Raises LinesMissing, psycopg2.Error.
    """
    known: dict[str, _Known] = {}
    with assume_role(session, role) if role else nullcontext():
        for rows in _in_pieces(source, patient_ids):
            yield from _lines(session, source, rows, template_of, known)


@dataclass(frozen=True, slots=True)
class _Known:
    """A template as PostgreSQL's format reads it, and of which shape it is."""

    shape: Sequence[Any]
    reads: str


def _in_pieces(
    source: LineSource, patient_ids: Sequence[UUID] | None
) -> Iterator[Select[*tuple[Any, ...]]]:
    if patient_ids is None:
        yield source.rows
        return
    for first in range(0, len(patient_ids), ROWS_AT_ONCE):
        some = list(patient_ids[first : first + ROWS_AT_ONCE])
        yield source.rows.where(source.patient_id == func.any(bindparam(None, some)))


def _lines(
    session: Session,
    source: LineSource,
    rows: Select[*tuple[Any, ...]],
    template_of: TemplateOf,
    known: "dict[str, _Known]",
) -> Generator[bytes]:
    deciding = _deciding(source)
    expected = 0
    shapes = rows.with_only_columns(
        func.count(), *deciding.values(), maintain_column_froms=True
    ).group_by(*deciding.values())
    for count, *shape in session.connection().execute(shapes):
        expected += count
        key = _BETWEEN.join(map(_as_text, shape))
        if key not in known:
            seen = dict(zip(deciding, shape, strict=True))
            template = template_of(_shape_of(source, seen))
            known[key] = _Known(shape, _format_of(source, template))
        elif known[key].shape != shape:
            raise LinesMissing
    if not expected:
        return
    there = 0
    with closing(sent_lines(session, _statement(source, rows, known))) as pieces:
        for piece in pieces:
            there += piece.count(b"\n")
            yield piece
    if there != expected:
        raise LinesMissing


def _deciding(source: LineSource) -> dict[str, ColumnElement[Any]]:
    """Return what decides how a line reads, by the names of the fields."""
    return {
        field.name: field.of_shape
        for field in source.fields
        if field.of_shape is not None
    }


def _shape_of(source: LineSource, seen: Mapping[str, Any]) -> Shape:
    return {field.name: field.seen_in(seen.get(field.name)) for field in source.fields}


def _as_text(value: Any) -> str:
    """Return part of a shape as PostgreSQL's concat writes it."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return "" if value is None else str(value)


def _format_of(source: LineSource, template: Template) -> str:
    """Return a template as PostgreSQL's format reads it."""
    places = {
        position: place
        for place, position in enumerate(_printed_positions(source), start=1)
    }
    return "".join(
        piece.replace("%", "%%") if isinstance(piece, str) else f"%{places[piece]}$s"
        for piece in template
    )


def _printed_positions(source: LineSource) -> Sequence[int]:
    return [
        position
        for position, field in enumerate(source.fields)
        if field.kind is not LineFieldKind.FACT
    ]


def _statement(
    source: LineSource, rows: Select[*tuple[Any, ...]], known: "Mapping[str, _Known]"
) -> Select[*tuple[str]]:
    templates = values(
        column("shape", Text), column("reads", Text), name="templates"
    ).data([(key, template.reads) for key, template in known.items()])
    printed = (
        source.fields[position].printed for position in _printed_positions(source)
    )
    line = func.format(templates.c.reads, *printed)
    if source.beside:
        more = chain.from_iterable((SEPARATOR, text) for text in source.beside)
        line = func.concat(line, *more)
    between = repeat(_BETWEEN)
    deciding = chain.from_iterable(
        zip(between, _deciding(source).values(), strict=False)
    )
    shape = func.concat(*islice(deciding, 1, None))
    return rows.with_only_columns(line, maintain_column_froms=True).join(
        templates, templates.c.shape == shape
    )
