"""Where documents are found: their pages, and the routes that send their bytes."""

from uuid import UUID


def document_page(document_id: UUID, number: int | None = None) -> str:
    """Return the address of a document's page, and of one version on it."""
    version = f"&version={number}" if number is not None else ""
    return f"document?document={document_id}{version}"


def download(document_id: UUID, number: int) -> str:
    """Return where one version is downloaded; the route asks who is there."""
    return f"/api/documents/{document_id}?version={number}"
