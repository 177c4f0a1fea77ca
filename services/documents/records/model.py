"""Documents and their versions as everybody outside the database knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.documents.fields import FieldValue
from services.documents.records.kinds import Classification, DocumentType

# A scan that has not come to an end yet, or found something.
QUARANTINED: Final = ("waiting", "infected")


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One file of a document; `sha256` and `filesize` are those of the plain file.

    What is `stated_by_patient` is their word in a form, and not the clinic's.
    """

    id: UUID
    document_id: UUID
    number: int
    file_id: str | None
    filename: str
    filesize: int
    sha256: str
    pages: int | None
    findings: tuple[str, ...]
    origin: str
    template: str | None
    form: Mapping[str, Any] | None
    scan: str
    reading: str
    author_id: UUID
    author_name: str
    created_at: datetime
    damaged_at: datetime | None
    stated_by_patient: bool

    @property
    def is_quarantined(self) -> bool:
        """Whether a virus scan has not found the file clean."""
        return self.scan in QUARANTINED

    @property
    def is_served(self) -> bool:
        """Whether the file can be viewed, downloaded and shared."""
        is_whole = self.file_id is not None and self.damaged_at is None
        return is_whole and not self.is_quarantined


@dataclass(frozen=True, slots=True)
class OriginalRecord:
    """The picture that a version was made from, as it came; `filesize` in bytes."""

    file_id: str
    filename: str
    media_type: str
    filesize: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document and one of its versions: the latest, unless another was asked for.

    `listed_name` is the patient's name with the family's first.
    `confidential` ones open for few; of these, `withheld` ones not for the patient.
    `fields` has what stands in those that the clinic has defined, by their keys.
    """

    id: UUID
    patient_id: UUID | None
    patient_name: str | None
    listed_name: str | None
    title: str
    document_type: DocumentType
    classification: Classification
    description: str
    metadata: Mapping[str, Any]
    latest: int
    revision: int
    created_by: UUID
    created_by_name: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    held_at: datetime | None
    held_because: str | None
    dated_on: date | None
    tags: tuple[str, ...]
    urgent: bool
    confidential: bool
    withheld: bool
    fields: Mapping[str, FieldValue]
    version: VersionRecord

    @property
    def is_deleted(self) -> bool:
        """Whether the document waits for its purge and can be restored until then."""
        return self.deleted_at is not None

    @property
    def is_held(self) -> bool:
        """Whether the document must be kept whatever anybody wants."""
        return self.held_at is not None
