"""Versions of documents that still need something: a virus scan, or their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from db.models.document import (
    Document,
    DocumentOriginal,
    DocumentText,
    DocumentVersion,
)
from services.core import audit
from services.core.audit import Action
from services.pdf.report import PageWords
from services.pdf.scanning import Verdict

_AT_ONCE: Final = 100
# What came to nothing is tried again after as long as it had waited until then, and
# every hour at least.
_LONGEST: Final = timedelta(hours=1)
_PLACES: Final = TypeAdapter(PageWords)
_OLDEST_FIRST: Final = DocumentVersion.created_at.asc()


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that one or more versions wait for: restoring a version shares its file.

    `known` is the text of the pages that are known already, `original_id` is the
    picture that it was made from, if any.
    """

    file_id: str
    pages: int
    known: tuple[str, ...]
    original_id: str | None


def list_unscanned(session: Session) -> tuple[WaitingFile, ...]:
    """Return the files that nobody may open yet: first the oldest never tried."""
    return _waiting(session, DocumentVersion.scan == "waiting")


def list_never_scanned(session: Session) -> tuple[WaitingFile, ...]:
    """Return files that came while there was no scanner: first the newest never tried.

    They may be opened meanwhile: files in use do not become inaccessible for days.
    """
    newest_first = DocumentVersion.created_at.desc()
    return _waiting(session, DocumentVersion.scan == "off", order=newest_first)


def list_unread(session: Session) -> tuple[WaitingFile, ...]:
    """Return files without text that may be opened: first the oldest never tried."""
    return _waiting(
        session,
        DocumentVersion.reading == "waiting",
        DocumentVersion.scan.in_(["off", "clean"]),
        DocumentVersion.pages > 0,
    )


def record_attempt(session: Session, file_id: str) -> None:
    """Note that trying a file came to nothing, so that the others have their turn."""
    session.execute(
        update(DocumentVersion)
        .where(DocumentVersion.file_id == file_id)
        .values(tried_at=func.now())
        .execution_options(synchronize_session=False)
    )


def record_verdict(session: Session, file_id: str, verdict: Verdict) -> None:
    """Release the versions of a file from quarantine, or keep them there for good.

    Versions that were never scanned go into quarantine if the file is infected. Where
    the latest version opens or closes thereby, the document changes for its readers.
    """
    judged = (
        DocumentVersion.file_id == file_id,
        DocumentVersion.scan.in_(["waiting", "off"]),
    )
    changes = "waiting" if verdict == "clean" else "off"
    # Before the versions, as everywhere: whoever purges locks the document first.
    session.execute(
        update(Document)
        .where(
            *judged,
            DocumentVersion.scan == changes,
            DocumentVersion.document_id == Document.id,
            DocumentVersion.number == Document.latest,
        )
        .values(updated_at=func.now())
        .execution_options(synchronize_session=False)
    )
    for version in _changed(session, judged, {"scan": verdict, "tried_at": None}):
        _record(session, Action.DOCUMENT_SCAN, version, verdict=verdict)


def record_words(
    session: Session,
    file_id: str,
    known: Sequence[str],
    read: Sequence[PageWords | None],
    *,
    is_all: bool,
) -> None:
    """Store the text of the pages that follow the known ones; None for one without any.

    The file itself stays as it is. Of what was purged meanwhile nothing is stored.
    """
    # Until the end nobody purges what these words are about.
    session.execute(
        select(Document.id)
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .where(DocumentVersion.file_id == file_id)
        .order_by(Document.id)
        .with_for_update(of=Document, key_share=True)
    )
    pages = [*known, *(page.text if page else "" for page in read)]
    places = {
        str(number): _PLACES.dump_python(page, mode="json")
        for number, page in enumerate(read, start=len(known) + 1)
        if page and page.words
    }
    waiting = (DocumentVersion.file_id == file_id, DocumentVersion.reading == "waiting")
    versions = session.scalars(select(DocumentVersion.id).where(*waiting)).all()
    if pages and versions:
        kept = insert(DocumentText).values(
            [
                {"version_id": version, "pages": pages, "places": places}
                for version in versions
            ]
        )
        session.execute(
            kept.on_conflict_do_update(
                index_elements=[DocumentText.version_id],
                set_={
                    "pages": kept.excluded.pages,
                    "places": func.coalesce(
                        DocumentText.places, literal({}, JSONB)
                    ).concat(kept.excluded.places),
                },
            )
        )
    if is_all:
        has_words = any(page.strip() for page in pages)
        reading = "recognised" if has_words else "none"
        for version in _changed(session, waiting, {"reading": reading}):
            _record(session, Action.DOCUMENT_RECOGNISE, version, pages=len(pages))


def find_places(session: Session, version_id: UUID, page: int) -> PageWords | None:
    """Return the words of a page that were recognised in its picture, if any were."""
    places = session.scalar(
        select(DocumentText.places[str(page)]).where(
            DocumentText.version_id == version_id
        )
    )
    return _PLACES.validate_python(places) if places else None


def _waiting(
    session: Session,
    *conditions: ColumnElement[bool],
    order: ColumnElement[Any] = _OLDEST_FIRST,
) -> tuple[WaitingFile, ...]:
    tried_at = DocumentVersion.tried_at
    pause = func.least(tried_at - DocumentVersion.created_at, _LONGEST)
    is_due = tried_at < func.now() - pause
    statement = (
        select(
            DocumentVersion.file_id,
            DocumentVersion.pages,
            DocumentText.pages,
            DocumentOriginal.file_id,
        )
        .outerjoin(DocumentText, DocumentText.version_id == DocumentVersion.id)
        .outerjoin(DocumentOriginal, DocumentOriginal.version_id == DocumentVersion.id)
        .where(
            *conditions,
            # Purged, or damaged: there is nothing to look at.
            DocumentVersion.file_id.is_not(None),
            DocumentVersion.damaged_at.is_(None),
        )
        .limit(_AT_ONCE)
    )
    never_tried = statement.where(tried_at.is_(None)).order_by(order)
    rows = list(session.execute(never_tried))
    if len(rows) < _AT_ONCE:
        rows += session.execute(
            statement.where(is_due).order_by(tried_at, DocumentVersion.id)
        )
    files: dict[str, WaitingFile] = {}
    for file_id, pages, known, original_id in rows:
        if file_id is not None:
            file = WaitingFile(file_id, pages or 0, tuple(known or ()), original_id)
            files.setdefault(file_id, file)
    return tuple(files.values())


def _changed(
    session: Session,
    which: tuple[ColumnElement[bool], ...],
    values: dict[str, str | None],
) -> Sequence[Row[UUID, int, UUID | None]]:
    """Change the versions; return their documents, numbers and patients."""
    statement = (
        update(DocumentVersion)
        .where(*which, Document.id == DocumentVersion.document_id)
        .values(values)
        .returning(Document.id, DocumentVersion.number, Document.patient_id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).all()


def _record(
    session: Session,
    action: Action,
    version: Row[UUID, int, UUID | None],
    **details: object,
) -> None:
    document_id, number, patient_id = version
    audit.record(
        session,
        # Nobody's action: the clinic's own machine does it for everybody.
        None,
        action,
        patient_id=patient_id,
        subject=("document", document_id),
        details={"version": number, **details},
    )
