"""How documents are told of: as JSON, and what OpenAPI says of it."""

import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.core import problems
from api.core.answers import Shown
from services.documents.records import (
    Classification,
    DocumentRecord,
    DocumentType,
    StaleRevision,
)
from services.documents.records.model import VersionRecord
from services.documents.search import FoundDocument
from services.documents.sharing.shares import Share

_SHA256 = Field(pattern="^[0-9a-f]{64}$")


class VersionShown(Shown):
    """One file of a document; `findings` is what an examination found in it."""

    number: int
    filename: str
    filesize: int
    sha256: str = _SHA256
    pages: int | None
    findings: list[str]
    origin: Literal["upload", "form", "restored"]
    template: str | None
    scan: Literal["off", "waiting", "clean", "infected"]
    text: Literal["waiting", "embedded", "recognised", "none"]
    author: UUID
    author_name: str
    created_at: datetime
    damaged_at: datetime | None


class DocumentShown(Shown):
    """A document, with the file of one of its versions: the latest, or as asked."""

    id: UUID
    filename: str
    filesize: int
    sha256: str = _SHA256
    pages: int | None
    version: int
    latest: int
    patient_id: UUID | None = Field(description="Null while it is unfiled.")
    patient_name: str | None
    title: str
    document_type: DocumentType
    classification: Classification
    description: str
    metadata: dict[str, Any]
    findings: list[str]
    scan: Literal["off", "waiting", "clean", "infected"]
    is_served: bool = Field(description="Whether the file can be had.")
    revision: int
    created_by: UUID
    created_by_name: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    url: str = Field(description="Where the file is.")


class DocumentDetails(DocumentShown):
    """A document with all its versions, the newest first."""

    held_at: datetime | None = Field(description="Null for patients.")
    versions: list[VersionShown]


class SegmentShown(Shown):
    """A piece of a passage; `is_hit` where the search was met."""

    text: str
    is_hit: bool


class PassageShown(Shown):
    """Words around what was searched for."""

    place: Literal["title", "description", "patient", "text"]
    page: int | None
    segments: list[SegmentShown]


class FoundShown(DocumentShown):
    """A document of a list, with what a search found in it."""

    passages: list[PassageShown]


class DocumentsPage(Shown):
    """A page of a list: with cursors, or with its number and a total."""

    documents: list[FoundShown]
    per_page: int
    next: UUID | None = None
    previous: UUID | None = None
    page: int | None = None
    total: int | None = None
    total_is_exact: bool | None = None


class DocumentAnswer(Shown):
    """What was done, and the document as it is now."""

    message: str
    document: DocumentShown


class DocumentFiled(DocumentAnswer):
    """What was filed; `already_filed` is another document with the same content."""

    already_filed: UUID | None


class Message(Shown):
    """What was done."""

    message: str


class ShareShown(Shown):
    """A link to a version, and how often it was opened."""

    id: UUID
    version: int
    created_by: UUID
    created_by_name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    opened: int
    last_opened_at: datetime | None
    is_live: bool


class ShareMade(ShareShown):
    """A link just made; its address is told this once."""

    url: str


class SharesShown(Shown):
    """The links to a document, the newest first."""

    shares: list[ShareShown]


def document_path(document_id: UUID) -> str:
    """Return where a document's file is served."""
    return f"/api/documents/{document_id}"


def document_etag(record: DocumentRecord) -> str:
    """Return the tag of what is said about a document, which any change changes."""
    return f'"{record.revision}"'


def file_etag(sha256: str) -> str:
    """Return the tag of a file: the same bytes have the same one."""
    return f'"{sha256}"'


def document_json(record: DocumentRecord) -> dict[str, Any]:
    """Return the document as the API shows it."""
    version = record.version
    return {
        "id": record.id,
        "filename": version.filename,
        "filesize": version.filesize,
        "sha256": version.sha256,
        "pages": version.pages,
        "version": version.number,
        "latest": record.latest,
        "patient_id": record.patient_id,
        "patient_name": record.patient_name,
        "title": record.title,
        "document_type": record.document_type,
        "classification": record.classification,
        "description": record.description,
        # Numbers of any size: orjson itself writes none beyond 64 bits.
        "metadata": orjson.Fragment(json.dumps(record.metadata)),
        "findings": version.findings,
        "scan": version.scan,
        "is_served": version.is_served and not record.is_deleted,
        "revision": record.revision,
        "created_by": record.created_by,
        "created_by_name": record.created_by_name,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "deleted_at": record.deleted_at,
        "url": document_path(record.id),
    }


def found_json(found: FoundDocument) -> dict[str, Any]:
    """Return a document of a list as the API shows it."""
    passages = [
        {"place": one.place, "page": one.page, "segments": one.segments}
        for one in found.passages
    ]
    return document_json(found) | {"passages": passages}


def version_json(version: VersionRecord) -> dict[str, Any]:
    """Return a version as the API shows it."""
    return {
        "number": version.number,
        "filename": version.filename,
        "filesize": version.filesize,
        "sha256": version.sha256,
        "pages": version.pages,
        "findings": version.findings,
        "origin": version.origin,
        "template": version.template,
        "scan": version.scan,
        "text": version.reading,
        "author": version.author_id,
        "author_name": version.author_name,
        "created_at": version.created_at,
        "damaged_at": version.damaged_at,
    }


def share_json(share: Share) -> dict[str, Any]:
    """Return a link as the API shows it, without what opens it."""
    return {
        "id": share.id,
        "version": share.number,
        "created_by": share.created_by,
        "created_by_name": share.created_by_name,
        "created_at": share.created_at,
        "expires_at": share.expires_at,
        "revoked_at": share.revoked_at,
        "opened": share.opened,
        "last_opened_at": share.last_opened_at,
        "is_live": share.is_live,
    }


def stale_document(request: Request, error: Exception) -> Response:
    """Answer an edit of an older version with the document as it is now."""
    assert isinstance(error, StaleRevision)  # noqa: S101 (registered so)
    return problems.stale(
        request, str(error), {"current": document_json(error.current)}
    )
