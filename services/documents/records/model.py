"""Documents and their versions, as code outside the database knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.documents.fields import FieldValue
from services.documents.records.kinds import Classification, DocumentType

# The virus scan is not finished yet, or found something.
QUARANTINED: Final = ("waiting", "infected")


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One file of a document; `sha256` and `filesize` are those of the plain file.

    A version that is `stated_by_patient` is the patient's statement, not the clinic's.
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
        """Whether the virus scan is not finished, or found something."""
        return self.scan in QUARANTINED

    @property
    def is_served(self) -> bool:
        """Whether the file can be viewed, downloaded and shared."""
        is_whole = self.file_id is not None and self.damaged_at is None
        return is_whole and not self.is_quarantined


@dataclass(frozen=True, slots=True)
class OriginalRecord:
    """The picture that a version was made from, unchanged; `filesize` is in bytes."""

    file_id: str
    filename: str
    media_type: str
    filesize: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document and one of its versions: the latest, unless another was requested.

    `listed_name` is the patient's name with the last name first. `confidential`
    documents can be opened by few; if also `withheld`, not by the patient. `fields` has
    the values of the fields that the clinic has defined, by their keys.
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
    deleted_by: UUID | None
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
        """Whether the document is in the trash, to be restored or purged."""
        return self.deleted_at is not None

    @property
    def is_held(self) -> bool:
        """Whether the document is on legal hold."""
        return self.held_at is not None
