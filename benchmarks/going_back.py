"""Whether going back in place opens the clinic of then, many times in a row.

    python -m benchmarks.going_back [TIMES]

Starts a clinic of its own, files documents, backs it up and keeps its log. Then, TIMES
times (20 if nothing is said), more is filed and a table is dropped; the clinic goes
back to the second before, is started as the launcher does, and is looked at. It has to
be the same PostgreSQL with the rows and files of then, three servers that follow one
leader, and an audit log that goes on. A clinic that opens empty ends the run.
"""

import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psycopg2

from db import embedded, schema
from db.backups.log.archive import LogArchive
from db.backups.replaced_data import remove_before
from db.backups.repository import Repository
from db.embedded import Cluster
from db.embedded.servers import database_roles
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.files.seal_keys import SealKeyFile
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.going_back.restoring import LiveClinic, go_back
from jobs.backups.log_keeping import LogKeeper
from jobs.backups.taking import BackupSource, take
from services.audit import chain
from services.core.actors import CONSOLE
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.pdf.report import PdfReport
from tests.kit import cast

_KEPT: Final = timedelta(days=35)
_LONGEST_WAIT_SECONDS: Final = 180.0
_TIMELINE: Final = "SELECT timeline_id FROM pg_control_checkpoint()"
_COUNTS: Final = """
SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM numbers),
    pg_control_system.system_identifier::text
FROM pg_control_system()
"""


class WentWrong(Exception):
    """The clinic that opened is not the one of then."""


@dataclass
class _Clinic:
    """A clinic that stops and starts as under a launcher."""

    folder: Path
    keys: FileKeys
    seal_keys: SealKeyFile
    repository: Repository
    held: ExitStack = field(default_factory=ExitStack)
    opened_seconds: float = 0.0

    def start(self) -> None:
        """Start the servers, and connect once somebody leads."""
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

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Stop the servers after the block, and start them again."""
        yield
        self.held.close()
        self.start()

    def source(self) -> BackupSource:
        """Return what is backed up."""
        return BackupSource(
            self.cluster.folder,
            self.cluster.addresses,
            database_roles.NAME,
            self.files,
            self.audit,
            self.keys,
        )

    def live(self) -> LiveClinic:
        """Return what goes back."""
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

    def file(self, data: bytes) -> None:
        """File a document, and carry that into the audit log."""
        kind = "application/pdf"
        file_id = self.files.put(Bucket.DOCUMENTS, data, content_type=kind)
        digest, report = hashlib.sha256(data).digest(), PdfReport(pages=1)
        holding = StoredContent(file_id, "Letter.pdf", len(data), digest, report)
        clerk, draft = cast.act_as(cast.CLEO), DraftDocument(title="Letter")
        self.database.write(
            lambda session: records.file(session, clerk, draft, holding),
            identity=SYSTEM,
        )
        self.ship()

    def ship(self) -> None:
        """Carry what happened into the audit log."""
        while self.database.write(
            lambda session: chain.ship(session, self.audit), identity=SYSTEM
        ).value:
            pass

    def ask(self, statement: str) -> tuple[object, ...]:
        """Do something by hand, as with psql; return the first row that it gives."""
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

    def await_log(self, keeper: LogKeeper, at: datetime) -> None:
        """Wait until the log leads to a time, on the timeline that there is now."""
        (timeline,) = self.ask(_TIMELINE)
        archive = LogArchive(
            self.repository.folder, self.repository.system_id or "", self.keys
        )
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
        raise WentWrong(f"The log does not come: {keeper.failure or 'it is silent'}")


def _prepared(clinic: _Clinic) -> datetime:
    """Open a clinic and back it up; return the second to go back to."""
    clinic.start()
    for number in range(5):
        clinic.file(f"%PDF {number}".encode() * 2000)
    clinic.ask("CREATE TABLE numbers AS SELECT generate_series(1, 20000) AS n")
    with clinic.keeping() as keeper:
        take(clinic.source(), clinic.repository)
        clinic.ship()
        to = datetime.now(UTC)
        clinic.await_log(keeper, to + timedelta(seconds=1))
    return to


def _round(clinic: _Clinic, to: datetime) -> dict[str, float]:
    """Change the clinic, go back, and look at it; return what each part took."""
    before = clinic.ask(_COUNTS)
    clinic.file(b"%PDF later" * 500)
    clinic.ask("DROP TABLE numbers")
    with clinic.keeping() as keeper:
        clinic.await_log(keeper, datetime.now(UTC))
    began = time.monotonic()
    went = go_back(
        clinic.live(),
        GoingBackOrder(to, "A table was dropped by hand", CONSOLE),
        confirm=lambda _: None,
        closed=clinic.closed,
    )
    whole = time.monotonic() - began
    if (now := clinic.ask(_COUNTS)) != before:
        raise WentWrong(f"It opened with {now}, and should have with {before}.")
    clinic.cluster.wait_until_whole()
    clinic.ship()
    verification = chain.verify(
        clinic.database, clinic.audit, clinic.seal_keys.read_or_make()
    )
    if not verification.is_whole:
        raise WentWrong(verification.sentence)
    remove_before(clinic.folder / "data", datetime.now(UTC))
    return {
        "restored and proven": went.proof.seconds,
        "servers started": clinic.opened_seconds,
        "from the order until it is open": whole,
        "until three servers follow": time.monotonic() - began,
    }


def main() -> None:
    """Print how each round went, and what they took together."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clinic = _Clinic(
            folder,
            FileKeys(folder / "file.keys", may_be_made=True),
            SealKeyFile(folder / "audit.key", may_be_made=True),
            Repository(folder / "backups"),
        )
        with clinic.held:
            to = _prepared(clinic)
            for number in range(1, times + 1):
                rounds.append(_round(clinic, to))
                parts = ", ".join(f"{k} {v:.1f} s" for k, v in rounds[-1].items())
                print(f"{number:3}: as it was; {parts}", flush=True)
    for what in rounds[0]:
        took = sorted(each[what] for each in rounds)
        print(
            f"{what}: median {statistics.median(took):.1f} s, worst {took[-1]:.1f} s, "
            f"{len(took)} of {times} times"
        )


if __name__ == "__main__":
    main()
