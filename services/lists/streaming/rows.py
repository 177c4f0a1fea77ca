"""All rows of a statement, read a piece at a time, however many there are."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, func
from sqlalchemy.orm import InstrumentedAttribute, Session

ROWS_AT_ONCE: Final = 2_000
Rows = Sequence[Row[*tuple[Any, ...]]]


def stream_rows(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    patient_id: ColumnElement[UUID] | InstrumentedAttribute[Any],
    patient_ids: Sequence[UUID] | None,
) -> Iterator[Rows]:
    """Yield the rows in pieces: of all patients, or of these.

    The session must stay open until the last piece.
    """
    if patient_ids is None:
        yield from _read(session, statement, {})
        return
    of_some = statement.where(patient_id == func.any(bindparam("patient_ids")))
    for first in range(0, len(patient_ids), ROWS_AT_ONCE):
        some = list(patient_ids[first : first + ROWS_AT_ONCE])
        yield from _read(session, of_some, {"patient_ids": some})


def _read(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    parameters: dict[str, Any],
) -> Iterator[Rows]:
    # Not through the session, whose bookkeeping costs as much as the rows.
    result = session.connection().execute(
        statement,
        parameters,
        execution_options={"stream_results": True, "max_row_buffer": ROWS_AT_ONCE},
    )
    with result:
        yield from result.partitions(ROWS_AT_ONCE)
