"""The people of a drill: they write, read and store files until it is over."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Final, Self
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable
from db.models.patient import Patient
from db.models.replication import WriteProbe
from db.postgres import SYSTEM, Database
from services.cluster.operations.probing import Prober, Write

WRITERS: Final = 3
READERS: Final = 2
_BREATH_SECONDS: Final = 0.03
_FILE_BREATH_SECONDS: Final = 0.2
_A_PAGE: Final = 50
# Eight messages of a megabyte, which no replica acts on.
_BALLAST: Final = text(
    "SELECT count(pg_logical_emit_message(false, 'drill', repeat(md5(n::text), 32768)))"
    " FROM generate_series(1, 8) AS n"
)
_FILE: Final = b"Kept during a drill."


@dataclass(slots=True)
class Files:
    """The stored files by id, each with the time at which it was acknowledged."""

    kept: dict[str, float] = field(default_factory=dict)
    errors: int = 0


class Users:
    """The people who work during a drill, inside the block.

    Writers record what was acknowledged to them. Readers open a list, and look for what
    was written a moment ago: what they do not find counts as `unseen`.
    """

    def __init__(self, database: Database, files: FileStore, run_id: UUID) -> None:
        self.files = Files()
        self.reads = 0
        self.unseen = 0
        self.read_errors = 0
        self._database = database
        self._store = files
        self._run_id = run_id
        self._probers = [
            Prober(database, run_id, writer=number, pause_seconds=_BREATH_SECONDS)
            for number in range(WRITERS)
        ]
        self._stopping = Event()
        self._held = ExitStack()

    def __enter__(self) -> Self:
        """Start the users."""
        threads = self._held.enter_context(
            ThreadPoolExecutor(READERS + 1, thread_name_prefix="drill")
        )
        self._held.callback(self._stopping.set)
        for number in range(READERS):
            threads.submit(self._repeat, self._reader(number), _BREATH_SECONDS)
        threads.submit(self._repeat, self._keep_file, _FILE_BREATH_SECONDS)
        for prober in self._probers:
            self._held.enter_context(prober)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the users."""
        self._held.close()

    @property
    def writes(self) -> list[Write]:
        """All acknowledged writes, in the order of their acknowledgement."""
        every = [write for prober in self._probers for write in prober.writes]
        return sorted(every, key=lambda write: write.answered_at)

    @property
    def write_errors(self) -> int:
        """The number of writes that ended in an error."""
        return sum(prober.failures for prober in self._probers)

    def acknowledged(self) -> dict[tuple[int, int], Write]:
        """Return the acknowledged writes by writer and number."""
        return {
            (writer, write.number): write
            for writer, prober in enumerate(self._probers)
            for write in prober.writes
        }

    def has_written_since(self, timestamp: float) -> bool:
        """Return whether a write was both sent and acknowledged since (monotonic)."""
        lasts = (prober.last for prober in self._probers)
        return any(last is not None and last.sent_at > timestamp for last in lasts)

    def timeline(self) -> int | None:
        """Return the timeline of the newest acknowledged write."""
        writes = [prober.last for prober in self._probers if prober.last]
        return max((write.timeline for write in writes), default=None)

    def write_ballast(self) -> bool:
        """Write some megabytes of meaningless log; report when it is done."""
        self._database.write(lambda session: session.execute(_BALLAST), identity=SYSTEM)
        return True

    def lost_files(self) -> int:
        """Return how many stored files are missing, and clean up."""
        ids = set(self.files.kept)
        there = self._store.existing(Bucket.DOCUMENTS, ids)
        for file_id in there:
            with suppress(FileStoreUnavailable):
                self._store.delete(Bucket.DOCUMENTS, file_id)
        return len(ids - there)

    def _repeat(self, job: Callable[[], None], pause_seconds: float) -> None:
        while not self._stopping.wait(pause_seconds):
            job()

    def _reader(self, number: int) -> Callable[[], None]:
        prober = self._probers[number]

        def read() -> None:
            last = prober.last
            try:
                self._database.read(_open_list, identity=SYSTEM)
                if last is not None:
                    self._check_visible(number, last)
            except Exception:
                # Whatever the error, a person would have seen it.
                self.read_errors += 1
            self.reads += 1

        return read

    def _check_visible(self, writer: int, write: Write) -> None:
        def is_there(session: Session) -> bool:
            row = exists().where(
                WriteProbe.run_id == self._run_id,
                WriteProbe.writer == writer,
                WriteProbe.number == write.number,
            )
            return bool(session.scalar(select(row)))

        is_visible = self._database.read(is_there, after=write.lsn, identity=SYSTEM)
        self.unseen += not is_visible.value

    def _keep_file(self) -> None:
        try:
            kept = self._store.put(Bucket.DOCUMENTS, _FILE, content_type="text/plain")
        except Exception:
            self.files.errors += 1
        else:
            self.files.kept[kept] = monotonic()


def _open_list(session: Session) -> None:
    session.scalars(select(Patient.id).limit(_A_PAGE)).all()
