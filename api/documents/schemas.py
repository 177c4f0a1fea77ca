"""The JSON of documents, and its description in OpenAPI."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.core import problems
from api.core.answers import FromAttribute, Shown
from services.documents.fields import FieldValue
from services.documents.records.errors import StaleRevision
from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord

_SHA256 = Field(pattern="^[0-9a-f]{64}$")


def document_path(document_id: UUID) -> str:
    """Return the path at which a document's file is served."""
    return f"/api/documents/{document_id}"


def _metadata(record: DocumentRecord) -> orjson.Fragment:
    # json writes numbers of any size; orjson itself writes none beyond 64 bits.
    return orjson.Fragment(json.dumps(record.metadata))


def _is_served(record: DocumentRecord) -> bool:
    return record.version.is_served and not record.is_deleted


class VersionShown(Shown):
    """One file of a document; `findings` is what its inspection found."""

    number: int
    filename: str
    filesize: int
    sha256: str = _SHA256
    pages: int | None
    findings: list[str]
    origin: Literal["upload", "form", "restored"]
    template: str | None
    scan: Literal["off", "waiting", "clean", "infected"]
    text: Annotated[
        Literal["waiting", "embedded", "recognised", "none"], FromAttribute("reading")
    ]
    author: Annotated[UUID, FromAttribute("author_id")]
    author_name: str
    stated_by_patient: bool = Field(
        description="Stated by the patient in a form, not by the clinic."
    )
    created_at: datetime
    damaged_at: datetime | None


class DocumentShown(Shown):
    """A document with the file of one version: the latest, or the one asked for."""

    id: UUID
    filename: Annotated[str, FromAttribute("version.filename")]
    filesize: Annotated[int, FromAttribute("version.filesize")]
    sha256: Annotated[str, FromAttribute("version.sha256")] = _SHA256
    pages: Annotated[int | None, FromAttribute("version.pages")]
    version: Annotated[int, FromAttribute("version.number")]
    latest: int
    patient_id: UUID | None = Field(description="Null while the document is unfiled.")
    patient_name: str | None
    title: str
    document_type: DocumentType
    retention_class: Annotated[Classification, FromAttribute("classification")] = Field(
        description="How long the document is kept."
    )
    classification: Classification = Field(
        description="The retention class, under its name until 0.5.", deprecated=True
    )
    urgent: bool
    confidential: bool = Field(
        description="Only the person who filed it, those who treat the "
        "patient, those who are named, and the patient may open it."
    )
    withheld: bool = Field(description="Confidential, and not shown to the patient.")
    description: str
    dated_on: date | None = Field(description="The date on the paper itself.")
    tags: list[str] = Field(description="Patients get only the tags meant for them.")
    custom_fields: Annotated[dict[str, FieldValue], FromAttribute("fields")] = Field(
        description="Values of the clinic's own fields, by key; a date as its "
        "day. See /api/document-fields."
    )
    metadata: Annotated[dict[str, Any], FromAttribute(_metadata)]
    stated_by_patient: Annotated[bool, FromAttribute("version.stated_by_patient")] = (
        Field(description="Stated by the patient in a form, not by the clinic.")
    )
    findings: Annotated[list[str], FromAttribute("version.findings")]
    scan: Annotated[
        Literal["off", "waiting", "clean", "infected"], FromAttribute("version.scan")
    ]
    is_served: Annotated[bool, FromAttribute(_is_served)] = Field(
        description="Whether the file can be downloaded."
    )
    revision: int
    created_by: UUID
    created_by_name: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    url: Annotated[str, FromAttribute(lambda record: document_path(record.id))] = Field(
        description="Path of the file."
    )


class OriginalShown(Shown):
    """The picture that the latest version was made from."""

    filename: str
    media_type: str
    filesize: int
    sha256: str = _SHA256


class DocumentDetails(DocumentShown):
    """A document with all its versions, the newest first."""

    held_at: datetime | None = Field(
        description="When a hold was placed on it; always null for patients."
    )
    original: OriginalShown | None = Field(
        description="Null if the latest version was received as a PDF."
    )
    versions: list[VersionShown]


class SegmentShown(Shown):
    """A piece of a passage; `is_hit` where it matches the search."""

    text: str
    is_hit: bool


class PassageShown(Shown):
    """A passage with matches of the search."""

    place: Literal["title", "description", "patient", "text"]
    page: int | None
    segments: list[SegmentShown]


class ListedDocumentShown(DocumentShown):
    """A document of a list, with what a search found in it."""

    passages: Annotated[
        list[PassageShown],
        FromAttribute(lambda document: list(map(PassageShown.of, document.passages))),
    ]


class DocumentsPage(Shown):
    """A page of a list: with cursors, or with its number and a total."""

    documents: list[ListedDocumentShown]
    per_page: int
    next: UUID | None = None
    previous: UUID | None = None
    page: int | None = None
    total: int | None = None
    total_is_exact: bool | None = None


class DocumentAnswer(Shown):
    """A message about what was done, and the document as it is now."""

    message: str
    document: DocumentShown


class DocumentFiled(DocumentAnswer):
    """The filed document; `already_filed` is another one with the same content."""

    already_filed: UUID | None


class Message(Shown):
    """A message about what was done."""

    message: str


class ShareShown(Shown):
    """A link to a version, and how often it was opened."""

    id: UUID
    version: Annotated[int, FromAttribute("number")]
    created_by: UUID
    created_by_name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    opened: int
    last_opened_at: datetime | None
    is_live: bool


class ShareMade(ShareShown):
    """A new link; its address is returned only this once."""

    url: str


class SharesShown(Shown):
    """The links to a document, the newest first."""

    shares: list[ShareShown]


class WordShown(Shown):
    """A word, its box in fractions of the page as displayed, and what follows it."""

    text: str
    left: float
    top: float
    width: float
    height: float
    after: Literal["", " ", "\n"]


class WordsShown(Shown):
    """The size of a page in points, and its words in the order of the file."""

    width: float
    height: float
    words: Annotated[
        list[WordShown], FromAttribute(lambda page: list(map(WordShown.of, page.words)))
    ]


class TextShown(Shown):
    """The text of a version page by page; empty if it has none, or none yet."""

    pages: list[str]


def document_etag(record: DocumentRecord) -> str:
    """Return the ETag of a document's description, which every change changes."""
    return f'"{record.revision}"'


def stale_document(request: Request, error: Exception) -> Response:
    """Answer an edit of an outdated version with the document as it is now."""
    assert isinstance(error, StaleRevision)  # noqa: S101 (registered so)
    return problems.stale(
        request, str(error), {"current": DocumentShown.of(error.current)}
    )
