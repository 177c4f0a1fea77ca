"""Looking at earlier documents; sessions come from a server with the past state."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.document import Document
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.documents import records
from services.documents.point_in_time.definitions import Definitions, read_definitions
from services.documents.records.model import DocumentRecord, VersionRecord
from services.documents.records.rows import documents as rows
from services.documents.records.visibility import is_visible_to, require_view
from services.patients.point_in_time import replayed_until

# More than a record usually has; if there are more, the newest are shown.
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class DocumentsSnapshot:
    """The documents of a patient as of then, the newest first.

    `defined` has the tags and fields that the clinic had.
    """

    documents: tuple[DocumentRecord, ...]
    defined: Definitions


def list_documents(
    session: Session, actor: Actor, patient_id: UUID, *, as_of: datetime | None = None
) -> DocumentsSnapshot:
    """Return the documents of a patient as of then, at most 500.

    Those that were in the trash then are left out. Raises NotAllowed.
    """
    actor.require(Permission.COPY_BACK, patient_id)
    require_view(actor)
    wanted = (
        rows.records()
        .where(
            is_visible_to(actor),
            Document.patient_id == patient_id,
            Document.deleted_at.is_(None),
        )
        .order_by(Document.created_at.desc(), Document.id.desc())
        .limit(_MOST)
    )
    documents = tuple(map(rows.record_of, session.execute(wanted)))
    timestamp = as_of or replayed_until(session)
    audit.record(
        session,
        actor,
        Action.DOCUMENT_LIST,
        patient_id=patient_id,
        details={
            "documents": len(documents),
            "as_of": timestamp and timestamp.isoformat(),
        },
    )
    return DocumentsSnapshot(documents, read_definitions(session))


def open_version(
    session: Session, actor: Actor, document_id: UUID, *, as_of: datetime | None = None
) -> VersionRecord:
    """Return the earlier version whose file the caller hands out; record that.

    Raises NoSuchDocument, Quarantined, Damaged, FileGone, NotAllowed.
    """
    actor.require(Permission.COPY_BACK)
    document = records.look_up(session, actor, document_id)
    version = records.require_served(document.version)
    timestamp = as_of or replayed_until(session)
    records.record_event(
        session,
        actor,
        Action.DOCUMENT_VIEW,
        document,
        as_of=timestamp and timestamp.isoformat(),
    )
    return version
