"""Files taken in: measured, examined, scanned, encrypted and stored, before any row."""

from collections.abc import Mapping
from contextlib import suppress
from io import SEEK_END
from typing import Any, BinaryIO, Final, Protocol

from db.gridfs import Bucket, FileStore, FileStoreUnavailable
from services.documents.content import explained
from services.documents.drafts import Origin, Scan, StoredContent
from services.documents.errors import (
    MAX_BYTES,
    ActiveContent,
    NoFile,
    NotAPdf,
    TooLarge,
)
from services.errors import Unavailable
from services.pdf.examination import Examination

CONTENT_TYPE: Final = "application/pdf"
_ACTIVE: Final = frozenset({"scripts", "launch", "attachments"})


class Examiner(Protocol):
    """Whoever reads a PDF that others made."""

    def examine(self, source: BinaryIO) -> Examination:
        """Return what it is; raises NotAPdf, Unreadable."""


class Scanner(Protocol):
    """Whoever looks for viruses."""

    def scan(self, source: BinaryIO) -> str:
        """Return "clean" or "infected"; raises Unavailable."""


class Intake:
    """The way of a file into the store; without a scanner nothing is scanned."""

    def __init__(
        self,
        files: FileStore,
        examiner: Examiner,
        scanner: Scanner | None,
        *,
        refuse_active: bool,
    ) -> None:
        self._files = files
        self._examiner = examiner
        self._scanner = scanner
        self._refuse_active = refuse_active

    def receive(
        self,
        source: BinaryIO,
        filename: str,
        *,
        origin: Origin = "upload",
        template: str | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> StoredContent:
        """Judge a file by its content and store it, encrypted.

        The source can be read more than once and is left open. Of what is refused
        nothing stays. Raises NoFile, TooLarge, NotAPdf, Unreadable, ActiveContent,
        FilesUnavailable.
        """
        self._measure(source, filename)
        examination = self._examine(source)
        scan = self._scan(source)
        source.seek(0)
        with explained():
            put = self._files.put_stream(
                Bucket.DOCUMENTS, source, content_type=CONTENT_TYPE
            )
        return StoredContent(
            file_id=put.file_id,
            filename=filename,
            filesize=put.size,
            sha256=put.sha256,
            examination=examination,
            origin=origin,
            template=template,
            form=form,
            scan=scan,
        )

    def discard(self, content: StoredContent) -> None:
        """Delete what no row was written for; if that fails it is swept later."""
        with suppress(FileStoreUnavailable):
            self._files.delete(Bucket.DOCUMENTS, content.file_id)

    def _measure(self, source: BinaryIO, filename: str) -> None:
        size = source.seek(0, SEEK_END)
        if size > MAX_BYTES:
            raise TooLarge
        if size == 0:
            raise NotAPdf if filename.strip() else NoFile

    def _examine(self, source: BinaryIO) -> Examination:
        source.seek(0)
        examination = self._examiner.examine(source)
        if self._refuse_active and _ACTIVE.intersection(examination.findings):
            raise ActiveContent(examination.findings)
        return examination

    def _scan(self, source: BinaryIO) -> Scan:
        if self._scanner is None:
            return "off"
        source.seek(0)
        try:
            is_clean = self._scanner.scan(source) == "clean"
        except Unavailable:
            # Kept in quarantine until a job has had it scanned.
            return "waiting"
        return "clean" if is_clean else "infected"
