"""A document to be filed: its typed facts, and content whose bytes are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import UUID

from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord

if TYPE_CHECKING:
    # Pages that list documents do not read PDFs.
    from services.pdf.report import PdfReport

Origin = Literal["upload", "form"]
Scan = Literal["off", "waiting", "clean", "infected"]


@dataclass(frozen=True, slots=True)
class DraftDocument:
    """A document as somebody wants it filed; what is left out gets a default.

    The title defaults to the file's name, the classification depends on the type.
    `dated_on` is the date on the paper itself. A `confidential` document needs a
    patient, who may see it unless it is `withheld`. If `fields` is None, nobody was
    asked to fill any in, and none is required. A caller who chooses the id may call
    again with the same content.
    """

    title: str = ""
    document_type: DocumentType = DocumentType.OTHER
    classification: Classification | None = None
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    patient_id: UUID | None = None
    id: UUID | None = None
    dated_on: date | None = None
    urgent: bool = False
    confidential: bool = False
    withheld: bool = False
    fields: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredOriginal:
    """The picture that a PDF was made from; its encrypted bytes are in the store."""

    file_id: str
    filename: str
    media_type: str
    filesize: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file whose encrypted bytes are already in the store, waiting for its row.

    `filesize` and `sha256` are those of the plain file. `form` is what was typed if it
    was made from a `template`.
    """

    file_id: str
    filename: str
    filesize: int
    sha256: bytes
    report: "PdfReport"
    origin: Origin = "upload"
    template: str | None = None
    form: Mapping[str, Any] | None = None
    scan: Scan = "off"
    original: StoredOriginal | None = None


@dataclass(frozen=True, slots=True)
class ChangedDocument:
    """All facts of a document that can be changed, as they are to be."""

    title: str
    document_type: DocumentType
    classification: Classification
    description: str
    metadata: Mapping[str, Any]
    patient_id: UUID | None
    dated_on: date | None
    tags: tuple[str, ...] = ()
    urgent: bool = False
    confidential: bool = False
    withheld: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        """Return the facts as they are now, for `dataclasses.replace`."""
        return cls(
            title=record.title,
            document_type=record.document_type,
            classification=record.classification,
            description=record.description,
            metadata=record.metadata,
            patient_id=record.patient_id,
            dated_on=record.dated_on,
            tags=record.tags,
            urgent=record.urgent,
            confidential=record.confidential,
            withheld=record.withheld,
            fields=record.fields,
        )
