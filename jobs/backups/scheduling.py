"""Backs the clinic up by plan and on request, one backup at a time.

It has a thread beside the queue: a backup takes as long as it takes, and a task of the
queue would hold up all others, and die with the connection to a lost primary.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from db.backups.backup_errors import BackupRunning, CannotBackUp
from db.backups.copies.copy_notes import read_copy_note
from db.backups.log.windows import read_position
from db.backups.notes import Failure
from db.backups.repository import Repository
from db.backups.storage.storage_meter import StorageMeter
from db.backups.storage.storage_notes import (
    NOTED_EVERY,
    StorageSample,
    add_sample,
    read_storage,
)
from db.backups.strays import FileSweep, note_sweep, read_sweep
from db.disk_reading import DiskReader, DiskSilent
from db.files import private_files
from db.files.file_keys import FileKeys
from db.postgres import SYSTEM, Database
from jobs.backups.copying.copy_keeping import CopyKeeper
from jobs.backups.drills.scheduling import RestoreDriller
from jobs.backups.log_keeping import LogKeeper
from jobs.backups.open_looks.look_keeper import LookKeeper
from jobs.backups.pending_writes import PendingWrites
from jobs.backups.polling import poll
from jobs.backups.previewing import RestorePreviewer
from jobs.backups.retention.removing import remove_expired
from jobs.backups.taking import BackupTaken
from jobs.worker.background_threads import background_threads
from services import backups
from services.backups import BackupRequest
from services.core.actors import KEEPER

_FIRST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_REMOVE_EVERY: Final = timedelta(hours=1)
_SWEEP_EVERY: Final = timedelta(days=1)
# Longer than a weekend for which the clinic was off. After that nobody knows for a day
# whether the clock is right.
_LEAP: Final = timedelta(days=4)
_DOUBT: Final = timedelta(days=1)
_LEAP_NOTE: Final = "clock-leap.json"
_LEAPS: Final = TypeAdapter(tuple[datetime, datetime])
_NICE: Final = 15
_PATIENCE_SECONDS: Final = 5.0
_UNEXPECTED: Final = "The backup ended in an unexpected error: see the worker's log."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """How often the clinic is backed up automatically, if at all.

    `kept` is for how long a backup is kept. Nothing is begun within `settling` of the
    worker's start, which is left to servers and web pages. It is shorter than the delay
    of the alert that a backup is too old, so a clinic that was off for a weekend raises
    none.
    """

    every: timedelta | None
    kept: timedelta
    settling: timedelta = timedelta(minutes=3)

    def due_at(
        self,
        started_at: datetime,
        newest_began_at: datetime | None,
        failure: Failure | None,
        *,
        is_cut_off: bool = False,
    ) -> datetime | None:
        """Return when the next backup is due; None if none is by itself.

        If the log does not continue from the newest backup, nothing later can be gone
        to until there is another: so the next is due at once.

        After a failure the pause doubles with each try, up to six hours or, if that is
        shorter, the time between two backups.
        """
        if self.every is None:
            return None
        due = started_at + self.settling
        if newest_began_at is not None:
            pause = min(_FIRST_PAUSE, self.every) if is_cut_off else self.every
            due = max(due, newest_began_at + pause)
        if failure is not None:
            longest = min(_LONGEST_PAUSE, self.every)
            # Far above the longest pause, and far below the limit of a time span.
            doublings = min(failure.tries - 1, 10)
            due = max(due, failure.at + min(_FIRST_PAUSE * 2**doublings, longest))
        return due


class BackupScheduler:
    """Checks every other second whether a backup is due or requested, and makes it.

    `take` makes a backup, `log` keeps the log between two, `previewer` makes restore
    previews, `looks` keeps earlier times open to look around in, `driller` practises
    restores, and `copy` copies everything elsewhere. `tidy` removes what killed
    restores have left. The last failure is kept here as well as in the repository, to
    which it may have been impossible to write.
    """

    def __init__(
        self,
        database: Database,
        repository: Repository,
        keys: FileKeys,
        take: Callable[[], BackupTaken],
        plan: BackupPlan,
        *,
        log: LogKeeper | None = None,
        previewer: RestorePreviewer | None = None,
        looks: LookKeeper | None = None,
        driller: RestoreDriller | None = None,
        copy: CopyKeeper | None = None,
        tidy: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._tidy = tidy
        self.log = log
        self.previewer = previewer
        self.looks = looks
        self.driller = driller
        self.copy = copy
        self._database = database
        self.repository = repository
        self.keys = keys
        self._take = take
        self.plan = plan
        self._clock = clock
        self.started_at = clock()
        self.failure: Failure | None = None
        self._removed_at: datetime | None = None
        self._measured_at: datetime | None = None
        self._looked_at: datetime | None = None
        # The two looks between which the clock leapt last.
        self._leap: tuple[datetime, datetime] | None = None
        # Read before the threads begin: one of them records at once that the log is
        # kept. If the disk does not answer, the worker has more to do than to wait for
        # it.
        with suppress(DiskSilent):
            DiskReader(_PATIENCE_SECONDS).read(self._recall)
        self._swept_at: datetime | None = None
        self._meter = StorageMeter(repository)
        # Finished work, until a primary has it.
        self._unwritten = PendingWrites(database)

    def _recall(self) -> None:
        """Read what previous workers have recorded, as far as it can be read."""
        self.failure = self.repository.last_failure()
        with suppress(OSError):
            self._looked_at = self._last_noted(self.started_at)
        note = private_files.read_as(_LEAPS, self.repository.folder / _LEAP_NOTE)
        self._leap = note or self._leap

    def run(self, stopping: Event) -> None:
        """Check until `stopping` is set, at a low priority."""
        try:
            self._tidy()
        except OSError as error:
            _log.warning("The leftovers of a restore could not be removed: %s", error)
        except Exception:
            # Backups are made whatever happened: nobody would notice a thread that
            # ended.
            _log.exception("The leftovers of a restore could not be removed.")
        poll(self.look, stopping, subject="due backups", nice=_NICE)

    def look(self) -> None:
        """Make a backup if one is due or requested; remove those that are too old."""
        now = self._clock()
        if self.repository.is_busy:
            return
        kept_since = self._kept_since(now)
        self._remove_expired(now, kept_since)
        self._note_storage(now)
        if self._is_due(now):
            self._attempt(None)
        self._unwritten.flush()
        request = self._database.read_latest(backups.open_request, identity=SYSTEM)
        if request.value is not None:
            self._answer(request.value)

    def _is_due(self, now: datetime) -> bool:
        newest = self.repository.survey().newest_by(now)
        failure = self.failure
        if newest is not None and failure and newest.as_of > failure.at:
            # One was made by hand since.
            self.failure = failure = None
        if failure is not None and failure.at > now:
            # The clock was ahead when it failed, so the pause would be too long.
            failure = None
        began = newest.began_at if newest else None
        is_cut_off = self.log is not None and self.log.is_cut_off
        self.started_at = min(self.started_at, now)
        due = self.plan.due_at(self.started_at, began, failure, is_cut_off=is_cut_off)
        return due is not None and due <= now

    def _answer(self, request: BackupRequest) -> None:
        """Make the backup that was requested, and report the result."""
        self._database.write(
            lambda session: backups.begin_request(session, request.id), identity=SYSTEM
        )
        self._attempt(request)
        self._unwritten.flush()

    def _attempt(self, request: BackupRequest | None) -> None:
        try:
            taken = self._take()
        except BackupRunning:
            # Another process was faster: the request, if there is one, waits.
            return
        except CannotBackUp as error:
            self._fail(str(error), request)
        except Exception:
            _log.exception("A backup failed with an unexpected error.")
            self.repository.note_failure(_UNEXPECTED)
            self._fail(_UNEXPECTED, request)
        else:
            self.failure = None
            _log.info("%s", taken.sentence)
            self._unwritten.add(_recording(taken, request))

    def _fail(self, sentence: str, request: BackupRequest | None) -> None:
        tries = self.failure.tries + 1 if self.failure else 1
        self.failure = Failure(self._clock(), sentence, tries)
        _log.warning("A backup failed, %d in a row: %s", tries, sentence)
        if request is not None:
            request_id = request.id
            self._unwritten.add(
                lambda session: backups.end_request(
                    session, request_id, failure=sentence
                )
            )

    def _kept_since(self, now: datetime) -> datetime:
        """Return the time from which on backups are kept.

        For a clock that has leapt ahead, all but the newest are too old. So after a
        leap, nothing goes for its age for a day.
        """
        looked_at = self._looked_at or self._last_noted(now)
        self._looked_at = now
        if looked_at is not None and now - looked_at > _LEAP:
            _log.warning(
                "The clock jumped, or no worker ran: no backup is removed for its age "
                "for a day."
            )
            self._note_leap(looked_at, now)
        if self._leap is not None:
            before, after = self._leap
            if after <= now < after + _DOUBT:
                return before - self.plan.kept
        return now - self.plan.kept

    def _note_leap(self, before: datetime, now: datetime) -> None:
        """Record a leap for later workers; of two, the time before both."""
        if self._leap is not None and before < self._leap[1] + _DOUBT:
            before = min(before, self._leap[0])
        self._leap = before, now
        with suppress(OSError):
            note = self.repository.folder / _LEAP_NOTE
            private_files.replace(note, _LEAPS.dump_json(self._leap))

    def _last_noted(self, now: datetime) -> datetime | None:
        """Return when a worker last did anything with the repository."""
        newest = self.repository.survey().newest_by(now)
        position = read_position(self.repository.folder / "log")
        times = [newest.finished_at] if newest else []
        times += [position.noted_at] if position else []
        return max((at for at in times if at <= now), default=None)

    def _remove_expired(self, now: datetime, before: datetime) -> None:
        if _is_within(_REMOVE_EVERY, self._removed_at, now):
            return
        if self.repository.system_id is None:
            return
        self._removed_at = now
        last = read_sweep(self.repository.folder)
        # Somebody who puts files back need not wait a day to see that all are there.
        is_anxious = last is not None and last.missing > 0
        is_sweeping = is_anxious or not _is_within(_SWEEP_EVERY, self._swept_at, now)
        try:
            removed = remove_expired(
                self.repository,
                self.keys,
                before,
                is_sweeping=is_sweeping,
                now=before + self.plan.kept,
            )
        except (CannotBackUp, OSError) as error:
            _log.warning("Old backups could not be removed: %s", error)
            return
        # Nothing was checked while somebody reads a backup: an hour later is soon
        # enough.
        if removed.missing_files is not None:
            self._swept_at = now
            self._note_sweep(FileSweep(now, removed.missing_files))
        if removed.set_ids or removed.files:
            self._unwritten.add(
                lambda session: backups.record_removed(
                    session, KEEPER, removed.set_ids, removed.files
                )
            )

    def _note_storage(self, now: datetime) -> None:
        """Record once an hour how much storage backups use, for its chart."""
        folder = self.repository.folder
        if _is_within(NOTED_EVERY, self._measured_at, now):
            return
        if self.repository.system_id is None:
            return
        if self.repository.survey().newest_by(now) is None:
            # The little before the first backup would otherwise be shown for an hour.
            return
        self._measured_at = now
        noted = [each.at for each in read_storage(folder) if each.at <= now]
        if noted and _is_within(NOTED_EVERY, noted[-1], now):
            # A previous worker has recorded it just now.
            self._measured_at = noted[-1]
            return
        note = read_copy_note(folder) if self.copy is not None else None
        copied = note.use if note is not None else None
        try:
            sample = StorageSample(now, self._meter.measure(), copied)
            add_sample(folder, sample)
        except OSError as error:
            _log.warning("The size of the backups could not be recorded: %s", error)

    def _note_sweep(self, sweep: FileSweep) -> None:
        if sweep.missing:
            _log.warning("%d files that backups name are missing.", sweep.missing)
        try:
            note_sweep(self.repository.folder, sweep)
        except OSError as error:
            _log.warning("The check for missing files could not be recorded: %s", error)


def _is_within(span: timedelta, at: datetime | None, now: datetime) -> bool:
    """Return whether a time is in the past, and less than a span ago."""
    return at is not None and timedelta() <= now - at < span


def _recording(
    taken: BackupTaken, request: BackupRequest | None
) -> Callable[[Session], None]:
    def record(session: Session) -> None:
        backups.record_taken(session, KEEPER, taken.manifest)
        if request is not None:
            set_id = taken.manifest.set_id
            backups.end_request(session, request.id, set_id=set_id)

    return record


@contextmanager
def backing_up(scheduler: BackupScheduler) -> Iterator[None]:
    """Back up, keep the log, open looks and run drills until the block ends."""
    threads = {"backups": scheduler.run}
    if scheduler.log is not None:
        threads["backup_log"] = scheduler.log.run
    if scheduler.previewer is not None:
        threads["restore_previews"] = scheduler.previewer.run
    if scheduler.looks is not None:
        threads["restore_looks"] = scheduler.looks.run
    if scheduler.driller is not None:
        threads["restore_drills"] = scheduler.driller.run
    if scheduler.copy is not None:
        threads["backup_copy"] = scheduler.copy.run
    with background_threads(**threads):
        yield
