"""Ten readers and five writers who notice everything that goes wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from uuid import UUID, uuid4

from sqlalchemy import text

from db.postgres import Database, Lsn
from tests.db.postgres.notes import add_note, has_note
from tests.kit.waiting import eventually

READERS, WRITERS = 10, 5
_BREATH_SECONDS = 0.02


@dataclass
class Load:
    """What happened while the clinic kept working."""

    database: Database
    acknowledged: dict[UUID, Lsn] = field(default_factory=dict)
    unseen: list[UUID] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    reads: int = 0

    @contextmanager
    def working(self) -> Iterator["Load"]:
        """Read and write from before the block until after it."""
        done = Event()
        jobs = [self._read] * READERS + [self._write] * WRITERS
        threads = [Thread(target=self._repeat, args=(job, done)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            self.await_more()
            yield self
            self.await_more()
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def await_more(self) -> None:
        """Wait until everybody has had a turn, or something went wrong."""
        reads, writes = self.reads, len(self.acknowledged)

        def has_gone_on() -> bool:
            all_read = self.reads - reads >= READERS
            return all_read and len(self.acknowledged) - writes >= 3 * WRITERS

        eventually(lambda: self.errors or has_gone_on())

    def lost(self) -> set[UUID]:
        """Return what was acknowledged and is not on the primary."""
        return set(self.acknowledged) - self._stored()

    def unacknowledged(self) -> set[UUID]:
        """Return what is on the primary without having been acknowledged."""
        return self._stored() - set(self.acknowledged)

    def _stored(self) -> set[UUID]:
        with self.database.connect_primary() as connection:
            return set(connection.execute(text("SELECT id FROM notes")).scalars())

    def _repeat(self, job: Callable[[], None], done: Event) -> None:
        while not done.wait(_BREATH_SECONDS):
            try:
                job()
            except Exception as error:
                self.errors.append(error)

    def _write(self) -> None:
        note_id = uuid4()
        written = self.database.write(lambda session: add_note(session, note_id))
        self.acknowledged[note_id] = written.lsn
        self._look_for(note_id, written.lsn)

    def _read(self) -> None:
        if self.acknowledged:
            self._look_for(*list(self.acknowledged.items())[-1])
        self.database.read(lambda session: session.execute(text("SELECT 1")).all())

    def _look_for(self, note_id: UUID, lsn: Lsn) -> None:
        if not self.database.read(has_note(note_id), after=lsn).value:
            self.unseen.append(note_id)
        self.reads += 1
