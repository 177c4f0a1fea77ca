"""How rows of the documents' tables become records."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from db.models.document import Document, DocumentVersion
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.documents.fields import SHOWN_VALUES
from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord, VersionRecord
from services.documents.tags import SHOWN_TAGS

# In the order of VersionRecord's fields; version_of relies on it.
VERSION_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    DocumentVersion.id,
    DocumentVersion.document_id,
    DocumentVersion.number,
    DocumentVersion.file_id,
    DocumentVersion.filename,
    DocumentVersion.filesize,
    DocumentVersion.sha256,
    DocumentVersion.pages,
    DocumentVersion.findings,
    DocumentVersion.origin,
    DocumentVersion.template,
    DocumentVersion.form,
    DocumentVersion.scan,
    DocumentVersion.reading,
    DocumentVersion.author_id,
    DocumentVersion.author_name,
    DocumentVersion.created_at,
    DocumentVersion.damaged_at,
    DocumentVersion.stated_by_patient,
)
_PATIENT_NAME: Final = PATIENT_NAME.label("patient_name")
_LISTED_NAME: Final = LISTED_NAME.label("listed_name")
# In the order of DocumentRecord's fields up to its version; record_of relies on it.
DOCUMENT_COLUMNS: Final[tuple[Any, ...]] = (
    Document.id,
    Document.patient_id,
    _PATIENT_NAME,
    _LISTED_NAME,
    Document.title,
    Document.document_type,
    Document.classification,
    Document.description,
    Document.metadata_,
    Document.latest,
    Document.revision,
    Document.created_by,
    Document.created_by_name,
    Document.created_at,
    Document.updated_at,
    Document.deleted_at,
    Document.deleted_by,
    Document.held_at,
    Document.held_because,
    Document.dated_on,
    SHOWN_TAGS,
    Document.urgent,
    Document.confidential,
    Document.withheld,
    SHOWN_VALUES,
)
COLUMNS: Final = (*DOCUMENT_COLUMNS, *VERSION_COLUMNS)
_NAMES: Final = tuple(map(DOCUMENT_COLUMNS.index, (_PATIENT_NAME, _LISTED_NAME)))
_TYPE: Final = DOCUMENT_COLUMNS.index(Document.document_type)
_CLASS: Final = DOCUMENT_COLUMNS.index(Document.classification)
_TAGS: Final = DOCUMENT_COLUMNS.index(SHOWN_TAGS)
_SHA256: Final = VERSION_COLUMNS.index(DocumentVersion.sha256)
_FINDINGS: Final = VERSION_COLUMNS.index(DocumentVersion.findings)


def records(number: ColumnElement[int] | None = None) -> Select[*tuple[Any, ...]]:
    """Select documents with one version each: number `number`, or the latest."""
    wanted = Document.latest if number is None else number
    return (
        select(*COLUMNS)
        .join(
            DocumentVersion,
            (DocumentVersion.document_id == Document.id)
            & (DocumentVersion.number == wanted),
        )
        .outerjoin(Patient, Patient.id == Document.patient_id)
    )


def record_of(row: Sequence[Any]) -> DocumentRecord:
    """Return the document from a row of exactly COLUMNS."""
    count = len(DOCUMENT_COLUMNS)
    values = list(row[:count])
    for name in _NAMES:
        values[name] = values[name] or None  # of nobody a concatenation makes ""
    values[_TYPE] = DocumentType(values[_TYPE])
    values[_CLASS] = Classification(values[_CLASS])
    values[_TAGS] = tuple(values[_TAGS])
    return DocumentRecord(*(*values, version_of(row[count:])))


def version_of(row: Sequence[Any]) -> VersionRecord:
    """Return the version from a row of exactly VERSION_COLUMNS."""
    values = list(row)
    values[_SHA256] = bytes(values[_SHA256]).hex()
    values[_FINDINGS] = tuple(values[_FINDINGS])
    return VersionRecord(*values)
