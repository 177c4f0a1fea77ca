"""What a document is to be: typed facts, and content whose bytes are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from uuid import UUID

from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord
from services.pdf.report import PdfReport

Origin = Literal["upload", "form"]
Scan = Literal["off", "waiting", "clean", "infected"]


@dataclass(frozen=True, slots=True)
class DraftDocument:
    """A document as somebody wants it filed; what is left open is filled in.

    Without a title the file's name becomes one, without a classification the type
    decides. Whoever chooses the id may call again with the same content.
    """

    title: str = ""
    document_type: DocumentType = DocumentType.OTHER
    classification: Classification | None = None
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    patient_id: UUID | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file whose encrypted bytes are in the store already, waiting for its row.

    `filesize` and `sha256` are those of the plain file. `form` is what was typed when
    it was made from a `template`.
    """

    file_id: str
    filename: str
    filesize: int
    sha256: bytes
    report: PdfReport
    origin: Origin = "upload"
    template: str | None = None
    form: Mapping[str, Any] | None = None
    scan: Scan = "off"


@dataclass(frozen=True, slots=True)
class ChangedDocument:
    """All facts of a document that can be changed, as they shall be."""

    title: str
    document_type: DocumentType
    classification: Classification
    description: str
    metadata: Mapping[str, Any]
    patient_id: UUID | None

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        """Return the facts as they are, for `dataclasses.replace`."""
        return cls(
            title=record.title,
            document_type=record.document_type,
            classification=record.classification,
            description=record.description,
            metadata=record.metadata,
            patient_id=record.patient_id,
        )
