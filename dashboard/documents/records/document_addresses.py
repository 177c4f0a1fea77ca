"""Addresses of documents: their pages, and the routes that send their bytes."""

from typing import Final
from uuid import UUID

from services.documents.records.model import VersionRecord

# Several files at once, each named as `document`.
SEVERAL: Final = "/files/documents.zip"


def document_page(document_id: UUID) -> str:
    """Return the address of a document's page."""
    return f"document?document={document_id}"


def download(document_id: UUID, number: int) -> str:
    """Return the address to download a version; the route checks who is signed in."""
    return f"/api/documents/{document_id}?version={number}"


def original(document_id: UUID, number: int) -> str:
    """Return the address to download the picture that a version was made from."""
    return f"/api/documents/{document_id}/original?version={number}"


def thumbnail(version: VersionRecord) -> str:
    """Return the address of a small picture of a version's first page."""
    return (
        f"/files/documents/{version.document_id}/versions/{version.number}"
        "/thumbnail.png"
    )
