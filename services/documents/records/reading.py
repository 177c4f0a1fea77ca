"""Reading documents, with their facts and versions; each reading is recorded."""

from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Select, Uuid, bindparam, func, select, update
from sqlalchemy.orm import Session

from db.models.document import (
    Document,
    DocumentVersion,
)
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.documents.records.errors import (
    NoSuchDocument,
    NoSuchVersion,
)
from services.documents.records.model import (
    DocumentRecord,
    VersionRecord,
)
from services.documents.records.rows.documents import (
    VERSION_COLUMNS,
    record_of,
    records,
    version_of,
)
from services.documents.records.visibility import (
    IS_KEPT,
    is_visible_to,
    is_visible_to_patient,
    require_view,
)

# Records what was done with one version of a document; for other services, too.
record_event: Final[audit.Recorder[DocumentRecord]] = audit.Recorder(
    "document", lambda document: {"version": document.version.number}
)


def get(
    session: Session,
    actor: Actor,
    document_id: UUID,
    *,
    number: int | None = None,
    even_deleted: bool = False,
) -> DocumentRecord:
    """Return the document with its latest version, or with version `number`.

    Raises NoSuchDocument, NoSuchVersion, NotAllowed.
    """
    document = look_up(
        session, actor, document_id, number=number, even_deleted=even_deleted
    )
    record_event(session, actor, Action.DOCUMENT_READ, document)
    return document


def look_up(
    session: Session,
    actor: Actor,
    document_id: UUID,
    *,
    number: int | None = None,
    even_deleted: bool = False,
) -> DocumentRecord:
    """Return the document to another service, which records what it does with it."""
    require_view(actor)
    document = _find(session, actor, document_id, number)
    if document is None and number is not None:
        document = _find(session, actor, document_id, None)
        if document is not None and not document.is_deleted:
            raise NoSuchVersion(number)
    if document is None or (document.is_deleted and not even_deleted):
        raise NoSuchDocument
    return document


def versions(
    session: Session, actor: Actor, document_id: UUID
) -> tuple[VersionRecord, ...]:
    """Return the versions of a document, the newest first.

    Raises NoSuchDocument, NotAllowed.
    """
    document = look_up(session, actor, document_id, even_deleted=True)
    statement = (
        select(*VERSION_COLUMNS)
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(DocumentVersion.document_id == document_id, is_visible_to(actor))
        .order_by(DocumentVersion.number.desc())
    )
    shown = tuple(map(version_of, session.execute(statement)))
    record_event(session, actor, Action.DOCUMENT_READ, document, versions=len(shown))
    return shown


def note_damage(
    session: Session, actor: Actor | None, document_id: UUID, number: int
) -> None:
    """Mark a version whose bytes are not those that were stored.

    For code that reads files: it checks no permission, because whoever finds the damage
    need not be allowed to change anything. Every version that shares the file is
    marked.
    """
    with assume_role(session, "system"):
        file_id = (
            select(DocumentVersion.file_id)
            .where(
                DocumentVersion.document_id == document_id,
                DocumentVersion.number == number,
            )
            .scalar_subquery()
        )
        marked = session.scalars(
            update(DocumentVersion)
            .where(
                DocumentVersion.file_id == file_id, DocumentVersion.damaged_at.is_(None)
            )
            .values(damaged_at=func.now())
            .returning(DocumentVersion.id)
            .execution_options(synchronize_session=False)
        ).all()
        patient_id = session.scalar(
            select(Document.patient_id).where(Document.id == document_id)
        )
    if marked:
        audit.record(
            session,
            actor,
            Action.DOCUMENT_DAMAGED,
            patient_id=patient_id,
            subject=("document", document_id),
            details={"version": number},
        )


def _find(
    session: Session, actor: Actor, document_id: UUID, number: int | None
) -> DocumentRecord | None:
    statement = _wanted(
        is_by_patient=actor.role is Role.PATIENT, is_latest=number is None
    )
    parameters = {
        "document_id": document_id,
        "number": number,
        "patient_id": actor.patient_id,
        "actor_id": actor.id,
    }
    row = session.execute(statement, parameters).one_or_none()
    return None if row is None else record_of(row)


@cache
def _wanted(*, is_by_patient: bool, is_latest: bool) -> Select[*tuple[Any, ...]]:
    """Return the statement that finds a document, which is slow to build.

    Building it takes as long as running it. Patients without a record of their own are
    shown nothing: nothing equals NULL.
    """
    number = None if is_latest else bindparam("number", type_=Integer)
    shown = (
        is_visible_to_patient(
            bindparam("patient_id", type_=Uuid), bindparam("actor_id", type_=Uuid)
        )
        if is_by_patient
        else IS_KEPT
    )
    document_id = bindparam("document_id", type_=Uuid)
    return records(number).where(Document.id == document_id, shown)
