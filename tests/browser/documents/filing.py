"""Documents filed in advance, without the page for uploads."""

import io
from contextlib import closing
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from services.core.actors import Role
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.pdf.report import PdfReport
from tests.browser.conftest import Site
from tests.kit import cast
from tests.services.pdf.samples import letter


def file_letter(
    site: Site,
    title: str,
    *pages: str,
    of: UUID | None = None,
    by: Role = Role.STAFF,
) -> UUID:
    """File a PDF with a text on each page as somebody of a role, and return its id.

    It is in the server's store, under its keys. That takes a tenth of the processor
    time of an upload; the page for uploads has tests of its own.
    """
    data = letter(*pages)
    with closing(_store(site)) as files:
        put = files.put_stream(
            Bucket.DOCUMENTS, io.BytesIO(data), content_type="application/pdf"
        )
    content = StoredContent(
        file_id=put.file_id,
        filename=f"{title}.pdf",
        filesize=put.size,
        sha256=put.sha256,
        report=PdfReport(pages=len(pages) or 1, text=pages),
    )

    def file(session: Session) -> UUID:
        draft = DraftDocument(patient_id=of, title=title)
        return records.file(session, cast.get_demo(session)[by], draft, content).id

    return site.write(file)


def _store(site: Site) -> FileStore:
    keys: Path = site.logs / "secrets" / "file.keys"
    url = site.database.endpoints.mongo_url
    return FileStore(url, keys=FileKeys(keys, may_be_made=True))


def address_of(document_id: UUID) -> str:
    """Return the address of a document's page."""
    return f"/document?document={document_id}"
