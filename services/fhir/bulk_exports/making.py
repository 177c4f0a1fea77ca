"""How a worker makes bulk exports: taking, progress, finishing and removing them.

For the background, which commits. What a worker that died has left unfinished, another
one starts again.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable
from db.models.care import BulkExport, BulkExportFile, SystemGroup
from db.models.user import ConnectedSystem, User
from services.core import audit
from services.core.actors import KEEPER, Actor, Role, Scope
from services.core.audit import Action
from services.fhir.bulk_exports.asking import SUBJECT, UNREADABLE
from services.fhir.bulk_exports.model import (
    HOURS,
    ExportedFile,
    ExportGiven,
    ExportState,
    ExportTask,
)
from services.people.connected_systems import SystemExports

# A worker notes its progress every few seconds.
_SILENT: Final = timedelta(seconds=60)
# For this long, a worker of another version may be able to read a group that this one
# cannot.
_READABLE_WITHIN: Final = timedelta(hours=1)
# A newer file may be about to get its row.
_YOUNG: Final = timedelta(hours=1)
# The longest progress that fits a header of the answer: see Bulk Data Access.
_LONGEST_PROGRESS: Final = 100


def is_any_waiting(session: Session) -> bool:
    """Return whether an export waits to be made."""
    return session.scalar(select(_waiting().exists())) or False


def take(session: Session, worker: UUID) -> ExportTask | None:
    """Take the export that has waited longest; return None if none waits."""
    next_id = (
        _waiting()
        .order_by(BulkExport.created_at, BulkExport.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = session.scalars(
        update(BulkExport)
        .where(BulkExport.id == next_id)
        .values(
            state=ExportState.RUNNING.value,
            # It starts again: the progress of an earlier try no longer counts.
            progress="",
            worker=worker,
            worked_at=func.now(),
        )
        .returning(BulkExport)
    ).one_or_none()
    return None if row is None else _task_of(row, worker)


def note_progress(session: Session, task: ExportTask, progress: str) -> None:
    """Note how far the export is. Raises ExportGiven."""
    _change(session, task, progress=progress[:_LONGEST_PROGRESS])


def finish(
    session: Session, task: ExportTask, as_of: datetime, files: Sequence[ExportedFile]
) -> None:
    """Mark the export as done, with the files to fetch. Raises ExportGiven."""
    _change(session, task, state=ExportState.DONE.value, as_of=as_of)
    session.add_all(
        BulkExportFile(
            export_id=task.id,
            number=file.number,
            kind=file.kind,
            count=file.count,
            size=file.size,
            file_id=file.file_id,
        )
        for file in files
    )
    counted: dict[str, int] = {}
    for file in files:
        counted[file.kind] = counted.get(file.kind, 0) + file.count
    _record(session, task.actor, Action.EXPORT_MAKE, task, {"resources": counted})


def put_off(session: Session, task: ExportTask) -> bool:
    """Leave an export whose group cannot be read to a worker of another version.

    One that was requested more than an hour ago fails: perhaps no version can read it.
    Returns whether it waits. Raises ExportGiven.
    """
    long_ago = BulkExport.created_at < func.now() - _READABLE_WITHIN
    is_over = session.scalar(select(long_ago).where(BulkExport.id == task.id))
    _change(session, task, progress=UNREADABLE)
    if is_over:
        fail(session, task)
    return not is_over


def fail(session: Session, task: ExportTask) -> None:
    """Mark the export as failed. Raises ExportGiven."""
    _change(session, task, state=ExportState.FAILED.value)
    _record(session, task.actor, Action.EXPORT_MAKE, task, {}, is_failed=True)


def expire(session: Session) -> tuple[str, ...]:
    """Delete the exports whose time is over, and return their files.

    This includes exports that their owners may no longer have.
    """
    is_over = or_(BulkExport.expires_at <= func.now(), _is_without_owner())
    over = select(BulkExport.id).where(is_over)
    ids = tuple(session.scalars(over.with_for_update(skip_locked=True)))
    if not ids:
        return ()
    of_them = BulkExportFile.export_id.in_(ids)
    files = tuple(session.scalars(select(BulkExportFile.file_id).where(of_them)))
    session.execute(delete(BulkExport).where(BulkExport.id.in_(ids)))
    audit.record(session, KEEPER, Action.EXPORT_EXPIRE, details={"exports": len(ids)})
    return files


def discard(files: FileStore, file_ids: Iterable[str]) -> None:
    """Delete files that no row names any more; if that fails they are swept later."""
    with suppress(FileStoreUnavailable):
        for file_id in file_ids:
            files.delete(Bucket.BULK_EXPORTS, file_id)


def remove_leftovers(files: FileStore, now: datetime) -> int:
    """Remove files that no export can need any more; return their number.

    No file outlives its export, so its age is enough to know, and a crash leaves
    nothing for good. Raises FileStoreUnavailable.
    """
    bucket = Bucket.BULK_EXPORTS
    over = files.list_older_than(bucket, now - timedelta(hours=HOURS) - _YOUNG)
    unfinished = files.list_fragments(bucket, now - timedelta(hours=HOURS))
    leftovers = tuple(chain(over, unfinished))
    for file_id in leftovers:
        files.delete(bucket, file_id)
    return len(leftovers)


def _waiting() -> Select[UUID]:
    is_left = and_(
        BulkExport.state == ExportState.RUNNING.value,
        BulkExport.worked_at < func.now() - _SILENT,
    )
    waits = or_(BulkExport.state == ExportState.WAITING.value, is_left)
    return select(BulkExport.id).where(
        waits, BulkExport.expires_at > func.now(), ~_is_without_owner()
    )


def _is_without_owner() -> ColumnElement[bool]:
    """Select exports whose owner is deactivated, or may no longer have them.

    Whatever ends an owner's right also ends the exports that exist then. A token is
    accepted for up to a second after that, and for longer where a replica lags: an
    export requested in that time comes too late to be ended with them.
    """
    is_out = exists().where(
        User.id == BulkExport.owner_id,
        or_(User.deactivated_at.is_not(None), User.role != BulkExport.owner_role),
    )
    is_for_nothing = exists().where(
        ConnectedSystem.id == BulkExport.owner_id,
        or_(
            ConnectedSystem.export_purpose.is_distinct_from(BulkExport.reason),
            ConnectedSystem.exports == SystemExports.NOTHING.value,
            and_(
                ConnectedSystem.exports == SystemExports.GROUPS.value,
                BulkExport.group_key.is_(None),
            ),
        ),
    )
    is_withdrawn = and_(
        BulkExport.group_key.is_not(None),
        exists().where(ConnectedSystem.id == BulkExport.owner_id),
        ~exists().where(
            SystemGroup.system_id == BulkExport.owner_id,
            SystemGroup.criteria_key == BulkExport.group_key,
        ),
    )
    return or_(is_out, is_for_nothing, is_withdrawn)


def _change(session: Session, task: ExportTask, **values: object) -> None:
    """Change the row of an export that this worker has, and that is still wanted."""
    changed = session.execute(
        update(BulkExport)
        .where(
            BulkExport.id == task.id,
            BulkExport.worker == task.worker,
            BulkExport.state == ExportState.RUNNING.value,
            BulkExport.expires_at > func.now(),
        )
        .values(worked_at=func.now(), **values)
        .returning(BulkExport.id)
    ).one_or_none()
    if changed is None:
        raise ExportGiven


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    task: ExportTask,
    details: Mapping[str, object],
    *,
    is_failed: bool = False,
) -> None:
    audit.record(
        session,
        actor,
        action,
        subject=(SUBJECT, task.id),
        reason=task.reason,
        outcome="failed" if is_failed else "done",
        details=details,
    )


def _scopes_of(row: BulkExport) -> frozenset[Scope] | None:
    # A scope that only a later release knows, which may be running beside this one,
    # grants nothing.
    if row.scopes is None:
        return None
    return frozenset(scope for scope in Scope if scope.value in row.scopes)


def _task_of(row: BulkExport, worker: UUID) -> ExportTask:
    actor = Actor(
        row.owner_id,
        row.owner_name,
        Role(row.owner_role),
        scopes=_scopes_of(row),
    )
    return ExportTask(
        row.id,
        worker,
        actor,
        tuple(row.types),
        row.of_patients,
        row.changed_since,
        row.group_subject,
        row.group_key,
        tuple(row.passed_over),
        row.reason,
    )
