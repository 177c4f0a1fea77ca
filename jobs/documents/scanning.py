"""Background work on documents: virus scans, and text recognition on pages."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from time import monotonic
from typing import Final

from sqlalchemy.orm import Session

from db.files.gridfs import (
    Bucket,
    FileDamaged,
    FileKeyMissing,
    FileMissing,
    FileStore,
    FileStoreUnavailable,
)
from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, every
from services.core.errors import Unavailable
from services.documents import records
from services.documents.sharing import notifying
from services.pdf import waiting
from services.pdf.inspecting import NoSuchPage, PdfInspector
from services.pdf.report import PageWords, Unreadable
from services.pdf.scanning import ClamdScanner, NoVerdict, Verdict
from services.pdf.sources import handed_over
from services.pdf.waiting import WaitingFile

# The worker does one thing at a time: what is left is done a minute later.
_SECONDS: Final = 20.0
# The rest of a file with more pages can be viewed and not searched: an hour is enough.
MOST_PAGES: Final = 500
# Errors of one file, and not of the store; the others do not wait for it.
_UNREADABLE: Final = (FileMissing, FileDamaged, FileKeyMissing)
_log = logging.getLogger(__name__)


@every("* * * * *", is_alone=True)
def scan_documents(stores: Stores) -> None:
    """Scan what came while the scanner was away, or while there was none."""
    if stores.scanner is not None:
        scan(stores.database, stores.files, stores.scanner)


@every("* * * * *", is_alone=True)
def recognise_documents(stores: Stores) -> None:
    """Recognise the words on pages that are pictures, unless that is switched off."""
    if stores.inspector is not None and stores.inspector.reads_scans:
        recognise(stores.database, stores.files, stores.inspector, today=stores.today())
        stores.inspector.end_recognising()


def scan(
    database: Database,
    files: FileStore,
    scanner: ClamdScanner,
    *,
    seconds: float = _SECONDS,
) -> None:
    """Ask for verdicts until time is up, or until a server is away."""
    until = monotonic() + seconds
    # Somebody wants to open what waits.
    due = chain.from_iterable(
        database.read_latest(wanted, identity=SYSTEM).value
        for wanted in (waiting.list_unscanned, waiting.list_never_scanned)
    )
    with suppress(FileStoreUnavailable, Unavailable):
        for file in due:
            _scan(database, files, scanner, file)
            if monotonic() > until:
                break


def recognise(
    database: Database,
    files: FileStore,
    inspector: PdfInspector,
    *,
    today: date | None = None,
    seconds: float = _SECONDS,
) -> None:
    """Recognise page after page until time is up; the next run continues from there.

    No paper is dated later than `today` by the clinic's clock; without it, by UTC.
    """
    today = today or datetime.now(UTC).date()
    until = monotonic() + seconds
    unread = database.read_latest(waiting.list_unread, identity=SYSTEM).value
    with suppress(FileStoreUnavailable, Unavailable):
        for file in unread:
            _recognise(database, files, inspector, file, until, today=today)
            if monotonic() > until:
                break


def _scan(
    database: Database, files: FileStore, scanner: ClamdScanner, file: WaitingFile
) -> None:
    # Without a verdict it stays quarantined; another job handles broken files.
    with _given_up(database, file, NoVerdict):
        with files.open(Bucket.DOCUMENTS, file.file_id) as stream:
            verdict = scanner.scan(stream)
        # Both can be downloaded, so both have to be clean.
        if verdict == "clean" and file.original_id is not None:
            with files.open(Bucket.DOCUMENT_ORIGINALS, file.original_id) as stream:
                verdict = scanner.scan(stream)
        record = partial(_settle, file_id=file.file_id, verdict=verdict)
        database.write(record, identity=SYSTEM)


@contextmanager
def _given_up(
    database: Database, file: WaitingFile, *errors: type[Exception]
) -> Iterator[None]:
    """Leave a file with such errors, or one that cannot be read, for a later turn."""
    expected: tuple[type[Exception], ...] = (*errors, *_UNREADABLE)
    try:
        yield
    except expected:
        record = partial(waiting.record_attempt, file_id=file.file_id)
        database.write(record, identity=SYSTEM)


def _settle(session: Session, file_id: str, verdict: Verdict) -> None:
    waiting.record_verdict(session, file_id, verdict)
    if verdict == "clean":
        notifying.notify_of_clean_file(session, file_id)


def _recognise(
    database: Database,
    files: FileStore,
    inspector: PdfInspector,
    file: WaitingFile,
    until: float,
    *,
    today: date,
) -> None:
    read: list[PageWords | None] = []
    most = min(file.pages, MOST_PAGES)
    with (
        _given_up(database, file),
        files.open(Bucket.DOCUMENTS, file.file_id) as stream,
        handed_over(stream) as opened,
    ):
        while (number := len(file.known) + len(read) + 1) <= most:
            read.append(_words_on(inspector, opened, number))
            if monotonic() > until:
                break
        record = partial(
            _keep,
            file=file,
            read=read,
            is_all=number >= most,
            today=today,
        )
        database.write(record, identity=SYSTEM)


def _words_on(inspector: PdfInspector, opened: int, page: int) -> PageWords | None:
    """Return the words on a page of an open file; None if the page cannot be read.

    Raises Busy.
    """
    try:
        return inspector.recognise(opened, page)
    except (NoSuchPage, Unreadable) as error:
        _log.warning(
            "The text of a page could not be recognised: %s.", type(error).__name__
        )
        return None


def _keep(
    session: Session,
    file: WaitingFile,
    read: list[PageWords | None],
    *,
    is_all: bool,
    today: date,
) -> None:
    waiting.record_words(session, file.file_id, file.known, read, is_all=is_all)
    if is_all:
        pages = [*file.known, *(page.text if page else "" for page in read)]
        records.apply_guess(session, file.file_id, pages, today=today)
