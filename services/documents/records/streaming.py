"""All documents, a piece at a time, for who makes something else of all of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.document import Document
from services.core.actors import Actor, Permission
from services.documents.records.model import DocumentRecord
from services.documents.records.rows.documents import record_of, records
from services.documents.records.visibility import is_visible_to, require_view
from services.lists.streaming import stream_rows


def stream_all(
    session: Session,
    actor: Actor,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None = None,
    with_unfiled: bool = True,
) -> Iterator[Sequence[DocumentRecord]]:
    """Yield what is not deleted, of anybody or of these patients, each with its latest.

    With `since` what changed after it; what is in nobody's record `with_unfiled` ones.
    The caller writes down that it is exported. Raises NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    require_view(actor)
    statement = records().where(is_visible_to(actor), Document.deleted_at.is_(None))
    if since is not None:
        statement = statement.where(Document.updated_at > since)
    if not with_unfiled:
        statement = statement.where(Document.patient_id.is_not(None))
    pieces = stream_rows(session, statement, Document.patient_id, patient_ids)
    return (list(map(record_of, rows)) for rows in pieces)
