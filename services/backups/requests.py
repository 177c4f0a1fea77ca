"""Backups that administrators ask for, and the worker makes; callers commit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.integrity import BackupRequest as RequestRow
from services.backups import rows
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict

SUBJECT: Final = "backup request"


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """A backup that was asked for; it ends with a set, or with why there is none."""

    id: UUID
    requested_at: datetime
    requested_by_name: str
    begun_at: datetime | None
    ended_at: datetime | None
    set_id: str | None
    failure: str | None

    @property
    def is_open(self) -> bool:
        """Whether the request has not ended."""
        return self.ended_at is None


class BackupRequested(Conflict):
    """A backup was asked for already; one at a time is enough."""

    def __init__(self) -> None:
        super().__init__(
            "A backup has already been asked for and is about to be made: wait for it."
        )


def request_backup(session: Session, actor: Actor) -> BackupRequest:
    """Ask the worker for a backup; raises NotAllowed and BackupRequested."""
    actor.require(Permission.ACT_ON_CLUSTER)
    asking = {"requested_by": actor.id, "requested_by_name": actor.name}
    row = rows.add(session, RequestRow, **asking)
    if row is None:
        raise BackupRequested
    audit.record(session, actor, Action.BACKUP_REQUEST, subject=(SUBJECT, row.id))
    return _request(row)


def newest_request(session: Session, actor: Actor) -> BackupRequest | None:
    """Return the latest request, ended or not; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    row = rows.newest(session, RequestRow)
    return _request(row) if row else None


def open_request(session: Session) -> BackupRequest | None:
    """Return the request that has not ended, if any; for the worker.

    It may have begun: then the worker that began it has died.
    """
    row = rows.unended(session, RequestRow)
    return _request(row) if row else None


def begin_request(session: Session, request_id: UUID) -> None:
    """Record that the worker is making the backup."""
    rows.begin(session, RequestRow, request_id)


def end_request(
    session: Session,
    request_id: UUID,
    *,
    set_id: str | None = None,
    failure: str | None = None,
) -> None:
    """Record which backup was made, or why none was."""
    session.execute(
        update(RequestRow)
        .where(RequestRow.id == request_id, RequestRow.ended_at.is_(None))
        .values(ended_at=func.now(), set_id=set_id, failure=failure)
    )


def _request(row: RequestRow) -> BackupRequest:
    return BackupRequest(
        row.id,
        row.requested_at,
        row.requested_by_name,
        row.begun_at,
        row.ended_at,
        row.set_id,
        row.failure,
    )
