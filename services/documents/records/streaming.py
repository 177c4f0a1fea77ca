"""All documents as lines, for exports of everything."""

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Text, func
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentVersion
from services.core.actors import Actor, Permission
from services.documents.records.rows.documents import records
from services.documents.records.visibility import is_visible_to, require_view
from services.lists.streaming.line_fields import (
    LineField,
    LineFieldKind,
    TemplateOf,
    field_of,
)
from services.lists.streaming.line_pieces import LinePiece
from services.lists.streaming.lines import LineSource, stream_lines

# Fields of a DocumentRecord and of its latest version, under the names used there.
DOCUMENT_FIELDS: Final = (
    field_of(Document.document_type, LineFieldKind.FACT),
    field_of(Document.confidential, LineFieldKind.FACT),
    field_of(Document.id),
    field_of(Document.patient_id),
    field_of(Document.title),
    field_of(Document.revision),
    field_of(Document.created_at),
    field_of(Document.updated_at),
    field_of(Document.dated_on),
)
OF_VERSION: Final = "version."
VERSION_FIELDS: Final = (
    field_of(DocumentVersion.scan, LineFieldKind.FACT, name=f"{OF_VERSION}scan"),
    field_of(
        DocumentVersion.stated_by_patient,
        LineFieldKind.FACT,
        name=f"{OF_VERSION}stated_by_patient",
    ),
    *(
        field_of(attribute, name=f"{OF_VERSION}{attribute.key}")
        for attribute in (
            DocumentVersion.document_id,
            DocumentVersion.number,
            DocumentVersion.file_id,
            DocumentVersion.filename,
            DocumentVersion.filesize,
            DocumentVersion.author_name,
            DocumentVersion.created_at,
            DocumentVersion.damaged_at,
        )
    ),
    LineField(
        f"{OF_VERSION}sha256",
        func.encode(DocumentVersion.sha256, "hex", type_=Text),
        LineFieldKind.WORD,
    ),
)


def stream_documents(
    session: Session,
    actor: Actor,
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None,
    with_unfiled: bool,
) -> Generator[LinePiece]:
    """Yield lines of documents that are not deleted, of all or of these patients.

    `since` limits them to those changed after it; unfiled ones are included only
    `with_unfiled`. The caller records the export. Raises NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    require_view(actor)
    rows = records().where(is_visible_to(actor), Document.deleted_at.is_(None))
    if since is not None:
        rows = rows.where(Document.updated_at > since)
    if not with_unfiled:
        rows = rows.where(Document.patient_id.is_not(None))
    source = LineSource(
        rows=rows,
        fields=(*DOCUMENT_FIELDS, *VERSION_FIELDS),
        patient_id=Document.patient_id,
    )
    return stream_lines(session, source, template_of, patient_ids)
