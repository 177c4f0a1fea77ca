"""Rows as lines, each by the template of its shape.

A template is defined once for each shape: reading every row into Python, processing and
writing it takes far longer than finding it.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.postgres import DatabaseRole, assume_role
from db.postgres.sending import sent_rows
from services.lists.streaming.line_fields import LineField, TemplateOf
from services.lists.streaming.line_pieces import LinePiece
from services.lists.streaming.rows import ROWS_AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSource:
    """The rows to make lines of: a statement of any columns, the fields, and whose."""

    rows: Select[*tuple[Any, ...]]
    fields: Sequence[LineField]
    patient_id: ColumnElement[UUID] | InstrumentedAttribute[Any]


def stream_lines(
    session: Session,
    source: LineSource,
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    role: DatabaseRole | None = None,
) -> Generator[LinePiece]:
    """Yield lines of the rows of all patients, or of these: some at a time.

    The session must have a snapshot, stay open, and be used for nothing else until the
    last piece. A `role` other than the actor's own is for callers that have checked
    that it is allowed. Raises LinesMissing, psycopg2.Error.
    """
    # Arrow, for the few who export: half a second, and the memory of a database pool.
    from services.lists.streaming.line_filling import LineFiller  # noqa: PLC0415

    filler = LineFiller(source.fields, template_of)
    sent = [each.sent for each in source.fields]
    with assume_role(session, role) if role else nullcontext():
        for some in _in_pieces(source, patient_ids):
            statement = some.with_only_columns(*sent, maintain_column_froms=True)
            with closing(sent_rows(session, statement)) as pieces:
                for piece in pieces:
                    yield from filler.fill(piece)


def _in_pieces(
    source: LineSource, patient_ids: Sequence[UUID] | None
) -> Iterator[Select[*tuple[Any, ...]]]:
    if patient_ids is None:
        yield source.rows
        return
    for first in range(0, len(patient_ids), ROWS_AT_ONCE):
        some = list(patient_ids[first : first + ROWS_AT_ONCE])
        yield source.rows.where(source.patient_id == func.any(bindparam(None, some)))
