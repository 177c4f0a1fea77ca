"""Makes bulk exports: everything of some types, as of one time, from a replica.

It is a thread beside the queue: an export takes as long as it takes, and a task of the
queue would hold up all others.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from time import monotonic, sleep
from typing import Final
from uuid import uuid4

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable
from db.postgres import SYSTEM, Database, DatabaseUnavailable, Lsn
from jobs.backups.polling import poll
from jobs.fhir.reading_ahead import read_ahead
from jobs.worker.background_threads import background_threads
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import (
    BulkSelection,
    BulkSource,
    ExportedFile,
    ExportGiven,
    ExportTask,
    UnreadableGroup,
)
from services.fhir.bulk_exports.packing import PACKED, PackedStream
from services.lists.streaming.line_pieces import LinePiece

# Changes of a transaction that is still open have the time of its beginning, and are in
# the next export if that asks for changes since this one. So an export states a time
# that is this long ago, and changes since then are exported twice.
_OVERLAP: Final = timedelta(minutes=5)
_AS_OF: Final = """
SELECT CASE WHEN pg_is_in_recovery()
            THEN coalesce(pg_last_xact_replay_timestamp(), now()) ELSE now() END
"""
# A client that loses a file fetches that one again.
_LINES_IN_A_FILE: Final = 250_000
_TELL_EVERY_SECONDS: Final = 5.0
_REPLICA_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05
_NICE: Final = 10
_OUTCOME: Final = "OperationOutcome"
_NOTHING: Final = LinePiece(b"", 0)
_log = logging.getLogger(__name__)


class BulkExporter:
    """Checks every other second whether an export is requested, and makes it.

    `sources` returns how the resources of each type are read. It is called when an
    export is made: loading what it needs takes as much memory as a database pool, and
    most workers never make one.
    """

    def __init__(
        self,
        database: Database,
        files: FileStore,
        sources: Callable[[], Mapping[str, BulkSource]],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._files = files
        self._sources = sources
        self._now = now

    def run(self, stopping: Event) -> None:
        """Check until `stopping` is set, at a low priority."""
        poll(self.look, stopping, subject="requested bulk exports", nice=_NICE)

    def look(self) -> None:
        """Make all exports that wait, one after the other."""
        while self._database.read_latest(
            bulk_exports.is_any_waiting, identity=SYSTEM
        ).value:
            take = partial(bulk_exports.take, worker=uuid4())
            taken = self._database.write(take, identity=SYSTEM)
            if taken.value is None:
                break
            self._make(taken.value, taken.lsn)

    def _make(self, task: ExportTask, lsn: Lsn) -> None:
        making = _Making(self._database, self._files, task)
        try:
            as_of = self._read(task, lsn, making)
            self._database.write(
                lambda session: bulk_exports.finish(session, task, as_of, making.files),
                identity=SYSTEM,
            )
        except ExportGiven:
            making.discard()
            _log.info(
                "An export was dropped: it was cancelled, or another worker has it."
            )
        except (DatabaseUnavailable, FileStoreUnavailable) as error:
            # Another worker takes it up again once this one has been silent.
            making.discard()
            _log.warning("An export is postponed: %s.", type(error).__name__)
        except UnreadableGroup:
            making.discard()
            self._put_off(task)
        except Exception as error:
            making.discard()
            # Only the kind of error: its message may quote a record.
            _log.error("An export failed: %s.", type(error).__name__)
            with suppress(ExportGiven):
                self._database.write(
                    lambda session: bulk_exports.fail(session, task), identity=SYSTEM
                )

    def _put_off(self, task: ExportTask) -> None:
        """Leave a group that a newer version has stored to a worker of that version."""
        put_off = partial(bulk_exports.put_off, task=task)
        with suppress(ExportGiven):
            if self._database.write(put_off, identity=SYSTEM).value:
                _log.warning("An export is postponed: its group cannot be read here.")
            else:
                _log.error("An export failed: its group could not be read for an hour.")

    def _read(self, task: ExportTask, lsn: Lsn, making: "_Making") -> datetime:
        """Export everything as of one time, and return that time."""
        sources = self._sources()
        self._wait_for_replica(lsn)
        with self._database.reading(
            lsn, identity=task.actor.database_identity, is_snapshot=True
        ) as session:
            as_of: datetime = session.execute(text(_AS_OF)).scalar_one() - _OVERLAP
            selection = self._select(session, task)
            for kind in task.types:
                read = sources[kind].read(session, task.actor, selection)
                # This closes them: a cursor that is left open would be closed at some
                # later time, within whatever transaction has the connection then.
                with read_ahead(read) as pieces:
                    making.export(kind, pieces)
        if task.passed_over:
            making.export(_OUTCOME, map(_passed_over, task.passed_over))
        return as_of

    def _select(self, session: Session, task: ExportTask) -> BulkSelection:
        members = None
        if task.group_subject is not None and task.group_key is not None:
            members = bulk_exports.find_members(
                session, task.actor, task.group_subject, task.group_key, self._now()
            )
        return BulkSelection(members, task.since, task.of_patients)

    def _wait_for_replica(self, lsn: Lsn) -> None:
        """Wait a little for a replica to catch up: the primary has other work."""
        until = monotonic() + _REPLICA_SECONDS
        while monotonic() < until:
            # This asks the replica itself: the known positions are half a second old.
            read = self._database.read(_ask_nothing, after=lsn, identity=SYSTEM)
            if read.served.role == "replica":
                return
            sleep(_LOOK_SECONDS)


def _ask_nothing(_: Session) -> None:
    """Do nothing: being served is enough."""


class _Making:
    """The files of one export, as far as they are made."""

    def __init__(self, database: Database, files: FileStore, task: ExportTask) -> None:
        self._database = database
        self._store = files
        self._task = task
        self._progress_at = monotonic()
        self.files: list[ExportedFile] = []

    def export(self, kind: str, pieces: Iterable[LinePiece]) -> None:
        """Store all lines of a type, in as many files as they need.

        Raises ExportGiven, FileStoreUnavailable.
        """
        lines = LineStream(pieces, partial(self._tell_at_times, kind))
        while lines.begin_file(_LINES_IN_A_FILE):
            put = self._store.put_stream(
                Bucket.BULK_EXPORTS,
                PackedStream(lines),  # type: ignore[arg-type] # it has what is asked
                content_type=PACKED,
            )
            number = len(self.files) + 1
            self.files.append(
                ExportedFile(number, kind, lines.count, lines.size, put.file_id)
            )

    def discard(self) -> None:
        """Delete what was stored."""
        bulk_exports.discard(self._store, [file.file_id for file in self.files])

    def _tell_at_times(self, kind: str, count: int) -> None:
        """Report every few seconds how many lines of a type there are."""
        if monotonic() - self._progress_at > _TELL_EVERY_SECONDS:
            self._tell(f"{kind}: {count:,}")

    def _tell(self, progress: str) -> None:
        self._database.write(
            lambda session: bulk_exports.note_progress(session, self._task, progress),
            identity=SYSTEM,
        )
        self._progress_at = monotonic()


class LineStream:
    """Lines as files to be read, with a limit of lines each; holds one piece at a time.

    `tell` is called with the number of lines read so far, of all files.
    """

    def __init__(
        self, pieces: Iterable[LinePiece], tell: Callable[[int], None]
    ) -> None:
        self._pieces = iter(pieces)
        self._tell = tell
        self._total = 0
        self._next = _NOTHING
        self._left = 0
        self.count = 0
        self.size = 0

    def begin_file(self, most: int) -> bool:
        """Begin a file with a limit of lines; return False if no lines are left."""
        self._left, self.count, self.size = most, 0, 0
        self._fetch()
        return bool(self._next.count)

    def read(self) -> bytes | memoryview:
        """Return some whole lines, however many bytes; none at a file's end."""
        self._fetch()
        piece, self._next = self._next, _NOTHING
        if piece.count > self._left:
            piece, self._next = _cut(piece, self._left)
        self._left -= piece.count
        self.count += piece.count
        self.size += len(piece.lines)
        if piece.count:
            self._total += piece.count
            self._tell(self._total)
        return piece.lines

    def _fetch(self) -> None:
        while not self._next.count:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._next = piece


def _cut(piece: LinePiece, count: int) -> tuple[LinePiece, LinePiece]:
    """Return the first lines up to a number, and the rest."""
    whole = sum(map(len, bytes(piece.lines).splitlines(keepends=True)[:count]))
    return (
        LinePiece(piece.lines[:whole], count),
        LinePiece(piece.lines[whole:], piece.count - count),
    )


def _passed_over(name: str) -> LinePiece:
    outcome = {
        "resourceType": _OUTCOME,
        "issue": [
            {
                "severity": "warning",
                "code": "not-supported",
                "diagnostics": f'The parameter "{name}" was passed over.',
            }
        ],
    }
    return LinePiece(orjson.dumps(outcome) + b"\n", 1)


@contextmanager
def exporting(exporter: BulkExporter) -> Iterator[None]:
    """Make the exports that are asked for until the block ends."""
    with background_threads(bulk_exports=exporter.run):
        yield
