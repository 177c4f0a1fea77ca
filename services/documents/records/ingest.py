"""Files taken in: measured, examined, scanned, encrypted and stored, before any row."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import partial
from io import SEEK_END, UnsupportedOperation
from typing import Any, BinaryIO, Final, Protocol
from uuid import UUID

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable, PutFile
from services.core import bytes_first
from services.core.errors import Unavailable
from services.documents.records.content import translate_violations
from services.documents.records.drafts import Origin, Scan, StoredContent
from services.documents.records.errors import (
    MAX_BYTES,
    ActiveContent,
    NoFile,
    NotAPdf,
    TooLarge,
)
from services.pdf.report import ACTIVE, PdfReport

CONTENT_TYPE: Final = "application/pdf"
_HEADER_WITHIN: Final = 1024


class Inspector(Protocol):
    """Whoever reads a PDF that others made."""

    def examine(self, source: BinaryIO, *, person: UUID | None) -> PdfReport:
        """Return what the file is; raises NotAPdf, Unreadable.

        Others read the source meanwhile: its position stays as it is.
        """


class VirusScanner(Protocol):
    """Whoever looks for viruses."""

    def scan(self, source: BinaryIO) -> str:
        """Return "clean" or "infected", in the same way; raises Unavailable."""


class DocumentIngest:
    """The way of a file into the store; without a scanner nothing is scanned."""

    def __init__(
        self,
        files: FileStore,
        inspector: Inspector,
        scanner: VirusScanner | None,
        *,
        refuse_active: bool,
    ) -> None:
        self._files = files
        self._inspector = inspector
        self._scanner = scanner
        self._refuse_active = refuse_active

    def receive(
        self,
        source: BinaryIO,
        filename: str,
        *,
        person: UUID | None = None,
        origin: Origin = "upload",
        template: str | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> StoredContent:
        """Judge a file by its content and store it, encrypted.

        The source is an open file or an io.BytesIO and is left open. `person` files it:
        among people the reading of files is shared. Of what is refused nothing stays.
        Raises NoFile, TooLarge, NotAPdf, Unreadable, ActiveContent,
        FilesUnavailable.
        """
        _measure(source, filename)
        # Judging a file takes about as long as storing it, mostly elsewhere.
        with ThreadPoolExecutor(1) as aside:
            judging = aside.submit(self._judge, source, person)
            put = self._store(source)
        try:
            report, scan = judging.result()
        except BaseException:
            self._delete(put.file_id)
            raise
        return StoredContent(
            file_id=put.file_id,
            filename=filename,
            filesize=put.size,
            sha256=put.sha256,
            report=report,
            origin=origin,
            template=template,
            form=form,
            scan=scan,
        )

    def row_of(self, content: StoredContent) -> AbstractContextManager[None]:
        """Write the row of stored content inside: see services.core.bytes_first."""
        return bytes_first.row_of(partial(self.discard, content))

    def discard(self, content: StoredContent) -> None:
        """Delete what no row was written for; if that fails it is swept later."""
        self._delete(content.file_id)

    def _judge(self, source: BinaryIO, person: UUID | None) -> tuple[PdfReport, Scan]:
        report = self._inspector.examine(source, person=person)
        if self._refuse_active and ACTIVE.intersection(report.findings):
            raise ActiveContent(report.findings)
        return report, self._scan(source)

    def _scan(self, source: BinaryIO) -> Scan:
        if self._scanner is None:
            return "off"
        try:
            is_clean = self._scanner.scan(source) == "clean"
        except Unavailable:
            # Kept in quarantine until a job has had it scanned.
            return "waiting"
        return "clean" if is_clean else "infected"

    def _store(self, source: BinaryIO) -> PutFile:
        with translate_violations():
            return self._files.put_stream(
                Bucket.DOCUMENTS, source, content_type=CONTENT_TYPE
            )

    def _delete(self, file_id: str) -> None:
        with suppress(FileStoreUnavailable):
            self._files.delete(Bucket.DOCUMENTS, file_id)


def _measure(source: BinaryIO, filename: str) -> None:
    """Refuse what need not be looked at, and leave the file at its beginning."""
    with suppress(UnsupportedOperation):
        # What is spooled in memory goes into an unnamed file now: not while two read.
        source.fileno()
    size = source.seek(0, SEEK_END)
    if size > MAX_BYTES:
        raise TooLarge
    source.seek(0)
    begins = source.read(_HEADER_WITHIN)
    source.seek(0)
    if size == 0 and not filename.strip():
        raise NoFile
    if b"%PDF-" not in begins:
        raise NotAPdf
