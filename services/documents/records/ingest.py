"""How files are taken in: measured, examined, scanned and stored, before any row."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from io import SEEK_END, BytesIO, UnsupportedOperation
from typing import Any, BinaryIO, Final, Protocol
from uuid import UUID

from prometheus_client import Histogram

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable, PutFile
from services.core import stored_bytes
from services.core.errors import Unavailable
from services.core.typed_text import tidy_line
from services.documents.records.drafts import (
    Origin,
    Scan,
    StoredContent,
    StoredOriginal,
)
from services.documents.records.errors import (
    MAX_BYTES,
    ActiveContent,
    NoFile,
    TooLarge,
    translate_file_errors,
)
from services.documents.records.rules import LONGEST_FILENAME, stem_of
from services.pdf.report import (
    ACTIVE,
    EmptyFile,
    Finding,
    NotAPdf,
    OfficeFile,
    PdfReport,
)
from services.pdf.sources import (
    HEADER_WITHIN,
    OFFICE_TYPES,
    begins_like_office,
    has_macros,
    office_type,
    picture_type,
)

CONTENT_TYPE: Final = "application/pdf"
# The file name endings of what PDFs are made from.
ORIGINAL_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/tiff": (".tiff", ".tif"),
    "image/heic": (".heic", ".heif"),
    **{media_type: (ending,) for media_type, (ending, _) in OFFICE_TYPES.items()},
}
_STORED_AT_ONCE: Final = 16
_WORST_LAST: Final[tuple[Scan, ...]] = ("off", "clean", "waiting", "infected")

UPLOAD_SECONDS: Final = Histogram(
    "chartroom_upload_seconds",
    "Time to inspect and store a received document in seconds, refused ones included.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)


class Inspector(Protocol):
    """Something that reads PDFs that others made."""

    def examine(self, source: BinaryIO, *, person: UUID | None) -> PdfReport:
        """Return the report on a file. Raises NotAPdf, Unreadable.

        The source is read by others at the same time: its position must not change.
        """

    def convert(self, source: BinaryIO, *, person: UUID | None) -> bytes:
        """Return a PDF made from a picture. Raises NotAPdf, Unreadable."""


class Converter(Protocol):
    """Something that makes PDFs from office files, such as services.pdf.office."""

    def convert(
        self, source: BinaryIO, media_type: str, *, person: UUID | None
    ) -> bytes:
        """Return a PDF made from the file. Raises Unreadable, Busy."""


class VirusScanner(Protocol):
    """Something that scans files for viruses."""

    def scan(self, source: BinaryIO) -> str:
        """Return "clean" or "infected", keeping the position. Raises Unavailable."""


class DocumentIngest:
    """The way of a file into the store.

    Without a scanner nothing is scanned, and without `office` no office file is
    accepted.
    """

    def __init__(
        self,
        files: FileStore,
        inspector: Inspector,
        scanner: VirusScanner | None,
        *,
        refuse_active: bool,
        office: Converter | None = None,
    ) -> None:
        self._files = files
        self._inspector = inspector
        self._scanner = scanner
        self._refuse_active = refuse_active
        self._office = office
        self._aside = ThreadPoolExecutor(_STORED_AT_ONCE, "file-storing")

    @UPLOAD_SECONDS.time()
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
        the capacity for reading files is shared fairly among people. Nothing remains of
        a refused file. A picture or an office file becomes a PDF and is kept beside it.
        Raises NoFile, EmptyFile, TooLarge, NotAPdf, OfficeFile, Unreadable,
        ActiveContent, FilesUnavailable.
        """
        media_type = _measure(source, filename)
        if media_type in OFFICE_TYPES:
            return self._receive_office_file(source, filename, media_type, person)
        if media_type != CONTENT_TYPE:
            pdf = self._inspector.convert(source, person=person)
            return self._receive_original(source, filename, media_type, pdf, person)
        content = self._receive_pdf(source, filename, person)
        return replace(content, origin=origin, template=template, form=form)

    def _receive_pdf(
        self, source: BinaryIO, filename: str, person: UUID | None
    ) -> StoredContent:
        # Judging a file takes about as long as storing it, mostly in other processes.
        # Storing is what runs in a small pool of threads shared by all, because no file
        # is slow to store.
        storing = self._aside.submit(self._store, source, Bucket.DOCUMENTS)
        try:
            report, scan = self._judge(source, person)
        except BaseException:
            with suppress(Exception):
                self._delete(storing.result().file_id)
            raise
        put = storing.result()
        return StoredContent(
            file_id=put.file_id,
            filename=filename,
            filesize=put.size,
            sha256=put.sha256,
            report=report,
            scan=scan,
        )

    @property
    def takes_office_files(self) -> bool:
        """Whether office files are converted to PDFs here."""
        return self._office is not None

    def discarding_on_refusal(
        self, content: StoredContent
    ) -> AbstractContextManager[None]:
        """Write the row of stored content inside: see services.core.stored_bytes."""
        return stored_bytes.discarding_on_refusal(partial(self.discard, content))

    def discard(self, content: StoredContent) -> None:
        """Delete content that got no row; if that fails it is swept later."""
        self._delete(content.file_id)
        if content.original is not None:
            self._delete(content.original.file_id, Bucket.DOCUMENT_ORIGINALS)

    def _receive_office_file(
        self, source: BinaryIO, filename: str, media_type: str, person: UUID | None
    ) -> StoredContent:
        if self._office is None:
            raise OfficeFile
        # Macros do not run here; but the original is handed out, and opened elsewhere.
        macros: tuple[Finding, ...] = ("scripts",) if has_macros(source) else ()
        source.seek(0)
        if macros and self._refuse_active:
            raise ActiveContent(macros)
        pdf = self._office.convert(source, media_type, person=person)
        content = self._receive_original(source, filename, media_type, pdf, person)
        findings = tuple(sorted({*content.report.findings, *macros}))
        return replace(content, report=replace(content.report, findings=findings))

    def _receive_original(
        self,
        source: BinaryIO,
        filename: str,
        media_type: str,
        made: bytes,
        person: UUID | None,
    ) -> StoredContent:
        pdf = BytesIO(made)
        scan = self._scan(source)
        source.seek(0)
        put = self._store(source, Bucket.DOCUMENT_ORIGINALS, media_type)
        try:
            stem = stem_of(filename)
            _measure(pdf, f"{stem}.pdf")
            content = self._receive_pdf(pdf, f"{stem}.pdf", person)
        except BaseException:
            self._delete(put.file_id, Bucket.DOCUMENT_ORIGINALS)
            raise
        original = StoredOriginal(
            put.file_id,
            tidy_original_name(filename, media_type),
            media_type,
            put.size,
            put.sha256,
        )
        # The original can be downloaded too: neither is handed out before both are
        # clean.
        worst = max(content.scan, scan, key=_WORST_LAST.index)
        return replace(content, original=original, scan=worst)

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
            # In quarantine until a job has had it scanned.
            return "waiting"
        return "clean" if is_clean else "infected"

    def _store(
        self, source: BinaryIO, bucket: Bucket, media_type: str = CONTENT_TYPE
    ) -> PutFile:
        with translate_file_errors():
            return self._files.put_stream(bucket, source, content_type=media_type)

    def _delete(self, file_id: str, bucket: Bucket = Bucket.DOCUMENTS) -> None:
        with suppress(FileStoreUnavailable):
            self._files.delete(bucket, file_id)


def tidy_original_name(name: str, media_type: str) -> str:
    """Return an original's name without folders, with an ending of its type."""
    last = re.split(r"[/\\]", name)[-1]
    unnamed = "picture" if media_type.startswith("image/") else "document"
    tidied = tidy_line(last).strip(". ") or unnamed
    endings = ORIGINAL_ENDINGS[media_type]
    if not tidied.lower().endswith(endings):
        tidied += endings[0]
    return tidied[-LONGEST_FILENAME:]


def _measure(source: BinaryIO, filename: str) -> str:
    """Refuse what need not be examined, and leave the file at its beginning.

    Returns the media type of a file that is to be examined.
    """
    with suppress(UnsupportedOperation):
        # Moves a file spooled in memory to an unnamed one now, rather than while two
        # read it.
        source.fileno()
    size = source.seek(0, SEEK_END)
    if size > MAX_BYTES:
        raise TooLarge
    source.seek(0)
    begins = source.read(HEADER_WITHIN)
    source.seek(0)
    if size == 0:
        raise EmptyFile if filename.strip() else NoFile
    if b"%PDF-" in begins:
        return CONTENT_TYPE
    media_type = picture_type(begins)
    if media_type is None and begins_like_office(begins):
        media_type = office_type(source)
        source.seek(0)
        if media_type is None:
            raise OfficeFile
    if media_type is None:
        raise NotAPdf
    return media_type
