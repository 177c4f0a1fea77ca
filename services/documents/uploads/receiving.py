"""Uploads in parts: their rows, which only the sender sees.

Any web server can continue an upload: no part is kept by a process.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models.incoming import Upload as UploadRow, UploadPart
from services.core import audit, throttling
from services.core.actors import KEEPER, Actor
from services.core.audit import Action
from services.core.sentences import Sentence
from services.documents.records.errors import MAX_BYTES, TooLarge
from services.documents.records.visibility import require_file
from services.documents.uploads.model import (
    LONGEST_METADATA,
    MOST_MEGABYTES,
    MOST_PARTS,
    MOST_UPLOADS,
    InvalidUpload,
    NoSuchUpload,
    OffsetMismatch,
    StoredPart,
    TooManyUploads,
    UploadExpired,
    UploadIdTaken,
    UploadIncomplete,
    UploadRecord,
    read_metadata,
)

SUBJECT: Final = "upload"


def begin(
    session: Session,
    actor: Actor,
    *,
    length: int,
    metadata: str = "",
    upload_id: UUID | None = None,
) -> UploadRecord:
    """Begin an upload of `length` bytes; the caller commits.

    One that was begun with this id before is returned as it is now. Raises TooLarge,
    InvalidUpload, TooManyUploads, UploadIdTaken, UploadExpired, NotAllowed.
    """
    require_file(actor)
    if length > MAX_BYTES:
        raise TooLarge
    if length < 0:
        raise InvalidUpload("Upload-Length", "Upload-Length must be a number of bytes.")
    if len(metadata) > LONGEST_METADATA:
        raise InvalidUpload(
            "Upload-Metadata",
            Sentence(
                "Upload-Metadata can have at most {most} characters.",
                most=LONGEST_METADATA,
            ),
        )
    read_metadata(metadata)
    throttling.await_turn(session, actor, "uploads")
    if upload_id is not None:
        with suppress(NoSuchUpload):
            begun = get(session, actor, upload_id)
            if (begun.length, begun.metadata) != (length, metadata):
                raise UploadIdTaken
            return begun
    _require_room(session, actor, length)
    row = UploadRow(
        id=upload_id, length=length, metadata_=metadata, created_by=actor.id
    )
    session.add(row)
    session.flush()
    _record(session, actor, Action.UPLOAD_BEGIN, row.id, size=length)
    return _record_of(row)


def get(session: Session, actor: Actor, upload_id: UUID) -> UploadRecord:
    """Return an upload of the actor's own; ask the primary, which has the newest.

    Raises NoSuchUpload, UploadExpired, NotAllowed.
    """
    require_file(actor)
    return _record_of(_find(session, actor, upload_id))


def list_parts(
    session: Session, actor: Actor, upload_id: UUID
) -> tuple[UploadRecord, tuple[StoredPart, ...]]:
    """Return a complete upload and its parts in their order; ask the primary.

    Raises UploadIncomplete, NoSuchUpload, UploadExpired, NotAllowed.
    """
    upload = get(session, actor, upload_id)
    if not upload.is_complete:
        raise UploadIncomplete(upload)
    rows = session.scalars(
        select(UploadPart)
        .where(UploadPart.upload_id == upload_id)
        .order_by(UploadPart.first_byte)
    )
    parts = (StoredPart(row.first_byte, row.size, row.file_id) for row in rows)
    return upload, tuple(parts)


def add_parts(
    session: Session, actor: Actor, upload_id: UUID, parts: Sequence[StoredPart]
) -> UploadRecord:
    """Continue an upload where it has got to; the caller commits.

    If the same bytes are sent twice at once, the first are kept. Raises OffsetMismatch,
    InvalidUpload, NoSuchUpload, UploadExpired, NotAllowed.
    """
    require_file(actor)
    row = _find(session, actor, upload_id, locks=True)
    if row.received != parts[0].first_byte:
        raise OffsetMismatch(row.received)
    received = row.received + sum(part.size for part in parts)
    if received > row.length:
        raise InvalidUpload(
            "Upload-Length",
            Sentence(
                "This upload has {length} bytes, and more were sent. Start it again.",
                length=row.length,
            ),
        )
    _require_few(session, row.id, len(parts))
    session.add_all(
        UploadPart(
            upload_id=row.id,
            first_byte=part.first_byte,
            size=part.size,
            file_id=part.file_id,
        )
        for part in parts
    )
    session.execute(
        update(UploadRow).where(UploadRow.id == row.id).values(received=received)
    )
    session.refresh(row)
    upload = _record_of(row)
    if upload.is_complete:
        _record(session, actor, Action.UPLOAD_RECEIVE, row.id, size=row.length)
    return upload


def cancel(session: Session, actor: Actor, upload_id: UUID) -> tuple[str, ...]:
    """Cancel an upload, and return the files of its parts; the caller commits.

    Raises NoSuchUpload, UploadExpired, NotAllowed.
    """
    require_file(actor)
    row = _find(session, actor, upload_id, locks=True)
    _record(session, actor, Action.UPLOAD_CANCEL, row.id, received=row.received)
    return _delete(session, (row.id,))


def take(session: Session, actor: Actor, upload_id: UUID) -> tuple[str, ...]:
    """End an upload in the transaction that files it; return the files of its parts.

    Raises NoSuchUpload, UploadExpired, NotAllowed.
    """
    require_file(actor)
    return _delete(session, (_find(session, actor, upload_id, locks=True).id,))


def expire(session: Session) -> tuple[str, ...]:
    """End the uploads whose time is over, and return the files of their parts.

    For the background, which commits.
    """
    over = select(UploadRow.id).where(UploadRow.expires_at <= func.now())
    ids = tuple(session.scalars(over.with_for_update(skip_locked=True)))
    if not ids:
        return ()
    audit.record(session, KEEPER, Action.UPLOAD_EXPIRE, details={"uploads": len(ids)})
    return _delete(session, ids)


def _find(
    session: Session, actor: Actor, upload_id: UUID, *, locks: bool = False
) -> UploadRow:
    statement = select(UploadRow, UploadRow.expires_at <= func.now()).where(
        UploadRow.id == upload_id, UploadRow.created_by == actor.id
    )
    if locks:
        statement = statement.with_for_update()
    row = session.execute(
        statement.execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchUpload
    upload, is_over = row
    if is_over:
        raise UploadExpired
    return upload


def _require_room(session: Session, actor: Actor, length: int) -> None:
    count, promised = session.execute(
        select(func.count(), func.coalesce(func.sum(UploadRow.length), 0)).where(
            UploadRow.created_by == actor.id
        )
    ).one()
    if count >= MOST_UPLOADS or promised + length > MOST_MEGABYTES << 20:
        raise TooManyUploads


def _require_few(session: Session, upload_id: UUID, more: int) -> None:
    there = session.scalar(
        select(func.count()).where(UploadPart.upload_id == upload_id)
    )
    if (there or 0) + more > MOST_PARTS:
        raise InvalidUpload(
            "Upload-Offset",
            Sentence(
                "An upload can have at most {most} parts. Delete this one, and send "
                "larger parts.",
                most=MOST_PARTS,
            ),
        )


def _delete(session: Session, upload_ids: Sequence[UUID]) -> tuple[str, ...]:
    parts = select(UploadPart.file_id).where(UploadPart.upload_id.in_(upload_ids))
    files = tuple(session.scalars(parts))
    session.execute(delete(UploadRow).where(UploadRow.id.in_(upload_ids)))
    return files


def _record(
    session: Session, actor: Actor, action: Action, upload_id: UUID, **details: int
) -> None:
    """Record what became of an upload, but not its file name, which may be personal."""
    audit.record(session, actor, action, subject=(SUBJECT, upload_id), details=details)


def _record_of(row: UploadRow) -> UploadRecord:
    return UploadRecord(row.id, row.length, row.received, row.metadata_, row.expires_at)
