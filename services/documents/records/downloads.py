"""Downloads: files as they are handed out, each recorded in the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore, PlainStream
from db.models.document import DocumentOriginal, DocumentText
from services.core.actors import Actor
from services.core.audit import Action
from services.documents.records.errors import (
    Damaged,
    FileGone,
    NoOriginal,
    Quarantined,
    translate_file_errors,
)
from services.documents.records.model import OriginalRecord, VersionRecord
from services.documents.records.reading import look_up, record_event

Purpose = Literal["view", "print", "download", "compare"]

_ACTIONS: Final[dict[Purpose, Action]] = {
    "view": Action.DOCUMENT_VIEW,
    "print": Action.DOCUMENT_PRINT,
    "download": Action.DOCUMENT_DOWNLOAD,
    "compare": Action.DOCUMENT_COMPARE,
}


def open_version(
    session: Session,
    actor: Actor,
    document_id: UUID,
    number: int | None = None,
    *,
    purpose: Purpose,
    page: int | None = None,
) -> VersionRecord:
    """Return the version whose file the caller hands out, and record that.

    Raises NoSuchDocument, NoSuchVersion, Quarantined, Damaged, FileGone, NotAllowed.
    """
    document = look_up(session, actor, document_id, number=number)
    version = require_served(document.version)
    details: dict[str, Any] = {} if page is None else {"page": page}
    record_event(session, actor, _ACTIONS[purpose], document, **details)
    return version


def find_original(session: Session, version: VersionRecord) -> OriginalRecord | None:
    """Return the picture that a version was made from, or None.

    For callers that have found the version: it checks no permission, and the database's
    own rules hide what the actor may not see.
    """
    row = session.execute(
        select(
            DocumentOriginal.file_id,
            DocumentOriginal.filename,
            DocumentOriginal.media_type,
            DocumentOriginal.filesize,
            DocumentOriginal.sha256,
        ).where(DocumentOriginal.version_id == version.id)
    ).one_or_none()
    return None if row is None else OriginalRecord(*row[:4], bytes(row[4]).hex())


def open_original(
    session: Session, actor: Actor, document_id: UUID, number: int | None = None
) -> OriginalRecord:
    """Return the original whose file the caller hands out, and record that.

    Raises NoSuchDocument, NoSuchVersion, NoOriginal, Quarantined, Damaged, FileGone,
    NotAllowed.
    """
    document = look_up(session, actor, document_id, number=number)
    original = find_original(session, require_served(document.version))
    if original is None:
        raise NoOriginal
    record_event(session, actor, Action.DOCUMENT_DOWNLOAD, document, original=True)
    return original


def text_of(
    session: Session,
    actor: Actor,
    document_id: UUID,
    number: int | None = None,
    *,
    purpose: Purpose = "compare",
) -> tuple[str, ...]:
    """Return the text of a version page by page; empty if it has none.

    Raises NoSuchDocument, NoSuchVersion, Quarantined, NotAllowed.
    """
    document = look_up(session, actor, document_id, number=number)
    if document.version.is_quarantined:
        raise Quarantined(document.version)
    text = select(DocumentText.pages).where(
        DocumentText.version_id == document.version.id
    )
    pages = session.scalar(text)
    record_event(session, actor, _ACTIONS[purpose], document, text=True)
    return tuple(pages or ())


def require_served(version: VersionRecord) -> VersionRecord:
    """Return the version if its file may be handed out; for other services.

    Raises Quarantined, Damaged, FileGone.
    """
    if version.is_quarantined:
        raise Quarantined(version)
    if version.file_id is None:
        raise FileGone
    if version.damaged_at is not None:
        raise Damaged
    return version


@contextmanager
def open_file(files: FileStore, version: VersionRecord) -> Iterator[PlainStream]:
    """Open a version's file; call `open_version` for the version first.

    Errors of the store inside are raised as FileGone, Damaged or FilesUnavailable.
    """
    if version.file_id is None:
        raise FileGone
    with (
        translate_file_errors(),
        files.open(Bucket.DOCUMENTS, version.file_id) as stream,
    ):
        yield stream


@contextmanager
def open_original_file(
    files: FileStore, original: OriginalRecord
) -> Iterator[PlainStream]:
    """Open the picture that a version was made from; call `open_original` first.

    Errors of the store inside are raised as FileGone, Damaged or FilesUnavailable.
    """
    with (
        translate_file_errors(),
        files.open(Bucket.DOCUMENT_ORIGINALS, original.file_id) as stream,
    ):
        yield stream
