"""The fields that are defined, and the values that a document has in them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from db.models.document import Document
from db.models.document_search import DocumentField as FieldRow, DocumentFieldValue
from services.core.actors import Actor, Permission, Role
from services.documents.fields.model import DocumentField, FieldKind

_VALUE: Final = func.coalesce(
    func.to_jsonb(DocumentFieldValue.text_value),
    func.to_jsonb(func.trim_scale(DocumentFieldValue.number_value)),
    func.to_jsonb(DocumentFieldValue.date_value),
    func.to_jsonb(DocumentFieldValue.flag_value),
)
# A document's values by the keys of their fields, for whoever sees the document.
SHOWN_VALUES: Final = func.coalesce(
    select(func.jsonb_object_agg(DocumentFieldValue.field, _VALUE))
    .where(DocumentFieldValue.document_id == Document.id)
    .correlate(Document)
    .scalar_subquery(),
    literal_column("'{}'::jsonb"),
    type_=JSONB,
).label("fields")
_COLUMNS: Final = (
    FieldRow.id,
    FieldRow.key,
    FieldRow.name,
    FieldRow.kind,
    FieldRow.unit,
    FieldRow.choices,
    FieldRow.document_types,
    FieldRow.is_required,
    FieldRow.archived_at,
)


def list_fields(session: Session, actor: Actor) -> tuple[DocumentField, ...]:
    """Return the fields by name, including archived ones. Raises NotAllowed."""
    if not actor.may(Permission.DEFINE_FIELDS):
        is_own = actor.role is Role.PATIENT
        actor.require(
            Permission.VIEW_OWN_DOCUMENTS if is_own else Permission.VIEW_DOCUMENTS
        )
    return read_fields(session)


def read_fields(session: Session) -> tuple[DocumentField, ...]:
    """Return the fields by name; the caller has checked the actor's permission."""
    rows = session.execute(
        select(*_COLUMNS).order_by(func.fold(FieldRow.name), FieldRow.id)
    )
    return tuple(map(field_of, rows))


def field_of(row: Sequence[Any]) -> DocumentField:
    """Return the field from a row of its columns."""
    field_id, key, name, kind, unit, choices, types, is_required, archived_at = row
    return DocumentField(
        field_id,
        key,
        name,
        FieldKind(kind),
        unit,
        tuple(choices),
        tuple(types),
        is_required,
        archived_at,
    )
