"""How the owner of a bulk export requests it, looks at it, and deletes it."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.models.care import BulkExport, BulkExportFile
from services.core import audit, reasons, throttling
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.fhir.bulk_exports.model import (
    MOST_KEPT,
    MOST_UNDER_WAY,
    ExportedFile,
    ExportRecord,
    ExportRequest,
    ExportState,
    NoSuchExport,
    TooManyExports,
    UnreadableGroup,
)

SUBJECT: Final = "export"
# The progress of an export that waits for a worker who can read its group. An export
# that then fails keeps it, and it shows why.
UNREADABLE: Final = "the group cannot be read yet"
_OPEN: Final = (ExportState.WAITING.value, ExportState.RUNNING.value)


def ask(session: Session, actor: Actor, request: ExportRequest) -> ExportRecord:
    """Request an export, which a worker makes; the caller commits.

    What is exported, and why, is recorded here. Raises InvalidInput, TooManyExports,
    NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    reason = reasons.read(request.reason)
    _require_room(session, actor)
    group = request.group
    # Columns that nobody may set are left out of the INSERT, rather than set to NULL.
    new = insert(BulkExport).values(
        owner_id=actor.id,
        owner_name=actor.name,
        owner_role=actor.role.value,
        scopes=None if actor.scopes is None else sorted(actor.scopes),
        request=request.address,
        types=list(request.types),
        of_patients=request.of_patients,
        changed_since=request.since,
        group_subject=group.subject if group else None,
        group_key=group.key if group else None,
        passed_over=list(request.passed_over),
        reason=reason,
    )
    row = session.scalars(new.returning(BulkExport)).one()
    details: dict[str, Any] = {"types": list(request.types), "since": request.since}
    if group is not None:
        details |= {"group": group.subject, "list": group.key}
    audit.record(
        session,
        actor,
        Action.EXPORT_BEGIN,
        subject=(SUBJECT, row.id),
        reason=reason,
        details={name: value for name, value in details.items() if value is not None},
    )
    return _record_of(row, ())


def get(session: Session, actor: Actor, export_id: UUID) -> ExportRecord:
    """Return an export of the actor's own. Raises NoSuchExport, NotAllowed."""
    row = _find(session, actor, export_id)
    files = session.scalars(
        select(BulkExportFile)
        .where(BulkExportFile.export_id == export_id)
        .order_by(BulkExportFile.number)
    )
    return _record_of(row, map(_file_of, files))


def open_file(
    session: Session, actor: Actor, export_id: UUID, number: int
) -> ExportedFile:
    """Return a file that the caller hands out, and record that.

    Raises NoSuchExport, NotAllowed.
    """
    export = get(session, actor, export_id)
    if export.state is ExportState.DONE:
        for file in export.files:
            if file.number == number:
                _record(
                    session,
                    actor,
                    Action.EXPORT_DOWNLOAD,
                    export_id,
                    type=file.kind,
                    resources=file.count,
                )
                return file
    raise NoSuchExport


def give_up(session: Session, actor: Actor, export_id: UUID) -> tuple[str, ...]:
    """Delete an export, finished or not; return its files for the caller to discard.

    The caller commits. Raises NoSuchExport, NotAllowed.
    """
    export = get(session, actor, export_id)
    session.execute(delete(BulkExport).where(BulkExport.id == export_id))
    _record(session, actor, Action.EXPORT_DELETE, export_id, state=export.state)
    return tuple(file.file_id for file in export.files)


def _find(session: Session, actor: Actor, export_id: UUID) -> BulkExport:
    actor.require(Permission.EXPORT_PATIENTS)
    row = session.scalars(
        select(BulkExport)
        .where(
            BulkExport.id == export_id,
            BulkExport.owner_id == actor.id,
            BulkExport.expires_at > func.now(),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchExport
    return row


def _require_room(session: Session, actor: Actor) -> None:
    throttling.await_turn(session, actor, "bulk_exports")
    kept, under_way = session.execute(
        select(func.count(), func.count().filter(BulkExport.state.in_(_OPEN))).where(
            BulkExport.owner_id == actor.id, BulkExport.expires_at > func.now()
        )
    ).one()
    if kept >= MOST_KEPT or under_way >= MOST_UNDER_WAY:
        raise TooManyExports


def _record(
    session: Session, actor: Actor, action: Action, export_id: UUID, **details: object
) -> None:
    audit.record(session, actor, action, subject=(SUBJECT, export_id), details=details)


def _record_of(row: BulkExport, files: Any) -> ExportRecord:
    state = ExportState(row.state)
    is_unreadable = state is ExportState.FAILED and row.progress == UNREADABLE
    return ExportRecord(
        row.id,
        row.request,
        state,
        row.progress,
        row.as_of,
        row.expires_at,
        tuple(files),
        str(UnreadableGroup()) if is_unreadable else None,
    )


def _file_of(row: BulkExportFile) -> ExportedFile:
    return ExportedFile(row.number, row.kind, row.count, row.size, row.file_id)
