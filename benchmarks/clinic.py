"""A clinic of its own for one benchmark: filled, backed up, stopped and started."""

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psycopg2
from sqlalchemy.orm import Session

from db import embedded, schema
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.embedded import Cluster
from db.embedded.servers import database_roles
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.files.seal_keys import SealKeyFile
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups.going_back.restoring import LiveClinic
from jobs.backups.log_keeping import LogKeeper
from jobs.backups.taking import BackupSource
from services.audit import chain
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.pdf.report import PdfReport
from tests.kit import cast

# Rows of 1 kB, seven to a page, with room to change one of them in place.
FILL: Final = """
CREATE TABLE filled (id int PRIMARY KEY, changes int, words text)
    WITH (fillfactor = 90);
ALTER TABLE filled ALTER COLUMN words SET STORAGE plain;
INSERT INTO filled
SELECT id, 0, (SELECT string_agg(md5(id::text || part::text), '')
               FROM generate_series(1, 31) part)
FROM generate_series(1, {rows}) id;
"""
# One row in each 200th page, which are 0.5 % of them.
CHANGE: Final = """
UPDATE filled SET changes = changes + 1
WHERE (ctid::text::point)[0]::int % 200 = 0 AND (ctid::text::point)[1]::int = 1
"""
# A scanned letter.
LETTER_BYTES: Final = 360_000

_KEPT: Final = timedelta(days=35)
_LONGEST_WAIT_SECONDS: Final = 180.0
_FILED_BY: Final = 4
_AT_ONCE: Final = 200
_TIMELINE: Final = "SELECT timeline_id FROM pg_control_checkpoint()"


class LogSilent(Exception):
    """The log was not kept as far as necessary."""


@dataclass
class Clinic:
    """A clinic in a folder that stops and starts as under a launcher."""

    folder: Path
    keys: FileKeys
    seal_keys: SealKeyFile
    repository: Repository
    held: ExitStack = field(default_factory=ExitStack)
    opened_seconds: float = 0.0

    def start(self) -> None:
        """Start the servers, and connect once one leads."""
        began = time.monotonic()
        self.cluster: Cluster = embedded.start(self.folder / "data")
        self.held.callback(self.cluster.stop)
        endpoints = self.cluster.endpoints
        schema.bring_up_to_date(endpoints)
        self.database = self.held.enter_context(closing(Database(endpoints)))
        url = self.cluster.addresses.mongo.url
        self.files = self.held.enter_context(closing(FileStore(url, keys=self.keys)))
        self.audit = self.held.enter_context(closing(AuditStore(endpoints.audit_url)))
        self.opened_seconds = time.monotonic() - began

    @classmethod
    def below(cls, folder: Path) -> "Clinic":
        """Return a clinic that does not exist yet, with keys and backups of its own."""
        return cls(
            folder,
            FileKeys(folder / "file.keys", may_be_made=True),
            SealKeyFile(folder / "audit.key", may_be_made=True),
            Repository(folder / "backups"),
        )

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Stop the servers after the block, and start them again."""
        yield
        self.stop()
        self.start()

    def stop(self) -> None:
        """Stop the servers."""
        self.held.close()

    def source(self) -> BackupSource:
        """Return the source of its backups."""
        return BackupSource(
            self.cluster.folder,
            self.cluster.addresses,
            database_roles.NAME,
            self.files,
            self.audit,
            self.keys,
        )

    def live(self) -> LiveClinic:
        """Return the clinic as one that goes back."""
        return LiveClinic(
            self.cluster.folder,
            self.repository,
            self.keys,
            self.seal_keys.read_or_make(),
            self.database,
            self.files,
            self.audit,
            _KEPT,
        )

    def file(self, *files: bytes) -> None:
        """File documents, and ship their events to the audit log."""
        with ThreadPoolExecutor(_FILED_BY) as threads:
            filed = list(threads.map(self._store, files))
        clerk, draft = cast.act_as(cast.CLEO), DraftDocument(title="Letter")

        def file(session: Session) -> None:
            for content in filed:
                records.file(session, clerk, draft, content)

        self.database.write(file, identity=SYSTEM)
        self.ship()

    def _store(self, data: bytes) -> StoredContent:
        kind = "application/pdf"
        file_id = self.files.put(Bucket.DOCUMENTS, data, content_type=kind)
        digest, report = hashlib.sha256(data).digest(), PdfReport(pages=1)
        return StoredContent(file_id, "Letter.pdf", len(data), digest, report)

    def fill(self, *, megabytes: int, file_megabytes: int = 0) -> None:
        """Fill it with rows of this size, and with documents."""
        self.ask(FILL.format(rows=megabytes * 1000 * 7 // 8))
        # VACUUM cannot run in a transaction, so it runs by itself.
        self.ask("VACUUM ANALYZE filled")
        self.ask("CHECKPOINT")
        left = file_megabytes * 1_000_000 // LETTER_BYTES
        while left > 0:
            some = min(left, _AT_ONCE)
            self.file(*(b"%PDF" + os.urandom(LETTER_BYTES - 4) for _ in range(some)))
            left -= some

    def ship(self) -> None:
        """Ship waiting events to the audit log."""
        while self.database.write(
            lambda session: chain.ship(session, self.audit), identity=SYSTEM
        ).value:
            pass

    def ask(self, statement: str) -> tuple[object, ...]:
        """Run a statement by hand, as with psql; return its first row."""
        url = self.cluster.addresses.primary_url("postgres", database_roles.NAME)
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return (cursor.fetchone() if cursor.description else None) or ()

    @contextmanager
    def keeping(self) -> Iterator[LogKeeper]:
        """Keep the log as the worker does."""
        keeper = LogKeeper(
            self.folder / "data",
            self.files,
            self.repository,
            self.keys,
            audit=self.audit,
            settling=timedelta(),
        )
        stopping = Event()
        thread = Thread(target=keeper.run, args=[stopping])
        thread.start()
        try:
            yield keeper
        finally:
            stopping.set()
            thread.join()

    @property
    def archive(self) -> LogArchive:
        """The sealed log of its backups."""
        number = self.repository.system_id or ""
        return LogArchive(self.repository.folder, number, self.keys)

    def await_log(self, keeper: LogKeeper, at: datetime) -> None:
        """Wait until the log leads to a time, on the current timeline."""
        (timeline,) = self.ask(_TIMELINE)
        archive = self.archive
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while time.monotonic() < until:
            position = keeper.position
            if (
                position is not None
                and (position.leads_to or datetime.min.replace(tzinfo=UTC)) > at
                and archive.listing().timeline == timeline
            ):
                return
            time.sleep(0.2)
        raise LogSilent(f"The log does not come: {keeper.failure or 'it is silent'}")
