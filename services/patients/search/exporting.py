"""A list of patients as a file: CSV, or an Excel workbook."""

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Unavailable
from services.lists.criteria import Criteria
from services.lists.criteria.paging import order_by
from services.lists.csv_cells import escape_formula
from services.lists.queries import prepare
from services.lists.recording import record
from services.lists.statements import compiled, is_timeout
from services.patients.records import patients
from services.patients.search.list_groups import ListGroup, group_of
from services.patients.search.pages import PATIENT_LISTS
from services.patients.search.queries import (
    PATIENTS,
    PatientListQuery,
    PatientListShape,
)
from services.patients.search.visibility import NAMED, PSEUDONYMISED

_ROWS_AT_ONCE: Final = 1_000
_LIMIT_SECONDS: Final = 60
_TIMESTAMPS: Final = frozenset({"created_at", "updated_at"})
_DIGITS: Final[ColumnElement[int]] = literal_column("16")


def export_csv(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    now: datetime | None = None,
    named_because: str | None = None,
    smallest_group: int = 5,
    disclosed: ListGroup | None = None,
) -> Iterator[str]:
    """Return the whole list as pieces of CSV, a header first, in the list's order.

    `named_because` is the reason of a grant that was used up: with it, an actor who
    otherwise sees no names gets them. Without names no file has fewer rows than the
    smallest group, and each has pseudonyms and an order of its own, so that two files
    cannot be joined; if the list no longer has the patients of the `disclosed` group,
    there is no file. Rows are read as they are written, never all at once: the session
    must stay open until the last piece. Refusals are raised at once: InvalidInput,
    NotAllowed; Unavailable also while reading.
    """
    query = _prepare_export(
        session,
        actor,
        criteria,
        now=now,
        named_because=named_because,
        smallest_group=smallest_group,
        disclosed=disclosed,
    )
    return _written(session, query, is_named=named_because is not None)


def export_workbook(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    now: datetime | None = None,
    named_because: str | None = None,
    smallest_group: int = 5,
    disclosed: ListGroup | None = None,
) -> Iterator[bytes]:
    """Return the same list as an Excel workbook, in one piece.

    Raises as `export_csv` does, and InvalidInput also while reading if there are more
    rows than a workbook may have.
    """
    # The registration page also imports this package and makes no workbook.
    from services.lists.workbooks import workbook_of  # noqa: PLC0415

    query = _prepare_export(
        session,
        actor,
        criteria,
        now=now,
        named_because=named_because,
        smallest_group=smallest_group,
        disclosed=disclosed,
    )
    read = _read(session, query, is_named=named_because is not None)
    rows = ([_typed(value) for value in row] for rows in read for row in rows)
    return iter([workbook_of(_header(query), rows)])


def list_exported_ids(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None
) -> tuple[UUID, ...]:
    """Return the ids of the patients on a list, as `stream_patients` takes them.

    For a caller that records the export with its reason. Raises InvalidInput,
    NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(patients.permission_to_stream(actor))
    query = prepare(session, actor, PATIENT_LISTS, criteria, now, scope=NAMED)
    is_pseudonymised = not actor.may(Permission.VIEW_NAMES)
    with assume_role(session, "staff") if is_pseudonymised else nullcontext():
        rows = session.connection().exec_driver_sql(query.text(_ids), query.parameters)
        return tuple(UUID(str(row[0])) for row in rows)


def _prepare_export(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    now: datetime | None,
    named_because: str | None,
    smallest_group: int,
    disclosed: ListGroup | None,
) -> PatientListQuery:
    """Return the query to export if the actor may export it, and record the export."""
    actor.require(Permission.EXPORT_PATIENTS)
    if named_because is None:
        query = prepare(session, actor, PATIENT_LISTS, criteria, now)
        if query.shape.scope is PSEUDONYMISED:
            group = group_of(session, query)
            group.require_many(smallest_group)
            if disclosed is not None and not group.is_same(disclosed):
                raise Unavailable(
                    "The list has changed while its file was prepared. Download it "
                    "again."
                )
        record(session, actor, Action.PATIENT_EXPORT, criteria)
    else:
        actor.require(Permission.EXPORT_NAMES)
        query = prepare(session, actor, PATIENT_LISTS, criteria, now, scope=NAMED)
        record(
            session,
            actor,
            Action.PATIENT_EXPORT_IDENTIFIED,
            criteria,
            reason=named_because,
        )
    session.flush()
    limit = f"SET LOCAL statement_timeout = '{_LIMIT_SECONDS}s'"
    session.connection().exec_driver_sql(limit)
    return query


def _header(query: PatientListQuery) -> tuple[str, ...]:
    exported = tuple(query.shape.scope.exported)
    return ("pseudonym", *exported) if query.shape.scope is PSEUDONYMISED else exported


def _written(
    session: Session, query: PatientListQuery, *, is_named: bool
) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_header(query))
    for rows in _read(session, query, is_named=is_named):
        writer.writerows(map(_cells, rows))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _read(
    session: Session, query: PatientListQuery, *, is_named: bool
) -> Iterator[Sequence[Sequence[Any]]]:
    try:
        with _streamed(session, query, is_named=is_named) as result:
            yield from result.partitions(_ROWS_AT_ONCE)
    except OperationalError as error:
        if not is_timeout(error):
            raise
        raise Unavailable(
            "This list takes too long to export; add a filter to narrow it."
        ) from None


def _streamed(
    session: Session, query: PatientListQuery, *, is_named: bool
) -> CursorResult[Any]:
    # The role at the time a cursor is opened decides what it may read.
    with assume_role(session, "staff") if is_named else nullcontext():
        return session.connection().exec_driver_sql(
            query.text(_export),
            query.parameters | {"salt": secrets.token_hex(32)},
            execution_options={"stream_results": True, "max_row_buffer": _ROWS_AT_ONCE},
        )


@lru_cache(maxsize=256)
def _ids(shape: PatientListShape) -> str:
    return compiled(select(PATIENTS.c.id).where(shape.membership()))


@lru_cache(maxsize=256)
def _export(shape: PatientListShape) -> str:
    if shape.scope is PSEUDONYMISED:
        return compiled(_select_pseudonymised(shape))
    columns = (PATIENTS.c[name] for name in shape.scope.exported)
    statement = select(*columns).where(shape.membership())
    return compiled(statement.order_by(*order_by(PATIENTS, shape.keys)))


def _select_pseudonymised(shape: PatientListShape) -> Select[Any]:
    """Select rows under pseudonyms for this file, which are also their order.

    The salt is this file's own and stored nowhere, so a pseudonym leads to no patient.
    """
    salted = func.concat(bindparam("salt", type_=Text), PATIENTS.c.id)
    digest = func.sha256(func.convert_to(salted, literal_column("'UTF8'")))
    pseudonym = func.left(func.encode(digest, literal_column("'hex'")), _DIGITS)
    # Timestamps by month: the exact minute at which somebody came would identify them.
    shown = (
        func.to_char(PATIENTS.c[name], literal_column("'YYYY-MM'"))
        if name in _TIMESTAMPS
        else PATIENTS.c[name]
        for name in shape.scope.exported
    )
    rows = select(pseudonym.label("pseudonym"), *shown).where(shape.membership())
    return rows.order_by(literal_column("pseudonym"))


def _cells(row: Sequence[Any]) -> list[str]:
    return [escape_formula(_cell(value)) for value in row]


def _typed(value: object) -> str | date:
    """Return a value as a workbook's cell: a date stays one, all else is text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _cell(value)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return "; ".join(value)
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value)
