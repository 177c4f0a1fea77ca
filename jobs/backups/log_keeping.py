"""Keeps the log between two backups: received, sealed, and with its files.

Threads of the worker do it. Received log lies open in the data folder for less than a
second, or for as long as the repository is away.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Final

from db import embedded
from db.backups.backup_errors import CannotBackUp, CannotRestore
from db.backups.base_backup import Leader
from db.backups.known_repository import claim
from db.backups.log import log_slot
from db.backups.log.archive import LogArchive
from db.backups.log.marks import TimeMarker
from db.backups.log.receiver import ReceivedLog, SupervisedReceiver
from db.backups.log.sealer import LogSealer
from db.backups.log.segments import TimelineHistory
from db.backups.log.windows import is_cut_off
from db.backups.manifest import Manifest
from db.backups.notes import LogPosition
from db.backups.repository import Repository
from db.embedded import DataFolder
from db.embedded.processes import programs
from db.embedded.processes.programs import Programs
from db.files.file_keys import FileKeys, UnusableFileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from jobs.backups.audit_following import AuditFollower
from jobs.backups.file_following import FileFollower
from jobs.worker.background_threads import background_threads

_SEAL_SECONDS: Final = 0.4
_SUPERVISE_SECONDS: Final = 0.3
_MARK_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 2.0
_SURVEY_SECONDS: Final = 5.0
_NICE: Final = 10
# Shorter than the wait for the first backup, which needs its log to be received.
_SETTLING: Final = timedelta(minutes=2)
_UNEXPECTED: Final = "The log is not kept: the worker's log says why."
_log = logging.getLogger(__name__)


class LogKeeper:
    """Keeps the log of the clinic in a data folder; `run` is the target of a thread.

    Nothing is begun before there is a backup, or `settling` is over: log from before
    the first backup leads nowhere.
    """

    def __init__(
        self,
        data: Path,
        files: FileStore,
        repository: Repository,
        keys: FileKeys,
        *,
        audit: AuditStore,
        is_wanted: bool = True,
        settling: timedelta = _SETTLING,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.position: LogPosition | None = None
        self.began_at: datetime | None = None
        self._folder = DataFolder(data)
        self._files = files
        self._audit = audit
        self._repository = repository
        self._keys = keys
        self._is_wanted = is_wanted
        self._clock = clock
        self._begins_at = clock() + settling
        self._programs: Programs | None = None
        self._failures: dict[str, str] = {}
        self._surveyed_at = 0.0
        # The newest backup, if the log does not continue from it.
        self._cut_off: Manifest | None = None

    @property
    def data(self) -> Path:
        """The data folder of the clinic."""
        return self._folder.path

    @property
    def failure(self) -> str:
        """What is wrong, as a sentence; empty if nothing is."""
        return next((words for words in self._failures.values() if words), "")

    @property
    def is_cut_off(self) -> bool:
        """Whether a new backup is needed for the log to lead anywhere."""
        return self._cut_off is not None

    def behind(self, now: datetime) -> timedelta | None:
        """Return for how long nothing was added; None while the log leads nowhere."""
        if self.began_at is None:
            return None
        since = self.began_at
        leads_to = self.position.leads_to if self.position else None
        if self._cut_off is not None:
            since = self._cut_off.as_of
        elif leads_to is not None:
            since = max(since, leads_to)
        return max(timedelta(), now - since)

    def run(self, stopping: Event) -> None:
        """Keep the log until `stopping` is set."""
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not stopping.wait(_SUPERVISE_SECONDS):
            try:
                if not self._is_wanted:
                    log_slot.give_up(self._find_leader())
                    return
                if self._is_time():
                    self._keep(stopping)
            except (CannotBackUp, CannotRestore, embedded.CannotStart) as error:
                self._tell("receiving", str(error))
            except (OSError, UnusableFileKeys) as error:
                self._tell("receiving", f"The log cannot be kept: {error}")
            except Exception:
                self._tell("receiving", _UNEXPECTED)
                _log.exception("Keeping the log failed; starting again.")
            stopping.wait(_PAUSE_SECONDS)

    def _is_time(self) -> bool:
        return (
            self._repository.survey().newest is not None
            or self._clock() >= self._begins_at
        )

    def _find_leader(self) -> Leader:
        path = self._folder.path
        if self._programs is None:
            self._programs = programs.find(path)
        return Leader(embedded.attach(path), self._programs, sys.executable)

    def _keep(self, stopping: Event) -> None:
        """Receive and seal until something raises or `stopping` is set."""
        leader = self._find_leader()
        system = leader.system()
        history = TimelineHistory.parse(*leader.history_file())
        claim(self._repository, system.system_id, self._folder.path)
        archive = LogArchive(self._repository.folder, system.system_id, self._keys)
        with ExitStack() as held:
            held.enter_context(archive.kept())
            archive.forget_not_left(history)
            if self._repository.survey().newest is not None:
                self.began_at = self.began_at or self._clock()
            received = ReceivedLog(self._folder.run / "log")
            receiver = SupervisedReceiver(self._find_leader, received)
            held.callback(receiver.end)

            def require() -> None:
                self._require_repository(system.system_id)

            follower = FileFollower(
                self._files, self._repository, archive, self._keys, require
            )
            entries = AuditFollower(self._audit, self._repository, archive, require)
            sealer = LogSealer(archive, received)

            def seal(ending: Event) -> None:
                self._seal(sealer, (follower, entries), require, ending)

            held.enter_context(
                background_threads(
                    log_sealing=seal, log_files=follower.run, log_audit=entries.run
                )
            )
            self._supervise(receiver, sealer, stopping)

    def _supervise(
        self, receiver: SupervisedReceiver, sealer: LogSealer, stopping: Event
    ) -> None:
        """Keep the log arriving, and mark the time in it."""
        marker, marked_at = TimeMarker(), 0.0
        while not stopping.wait(_SUPERVISE_SECONDS):
            try:
                receiver.see_to()
            except (CannotBackUp, embedded.CannotStart) as error:
                self._tell("receiving", str(error))
                stopping.wait(_MARK_SECONDS)
                continue
            self._tell("receiving", "")
            if time.monotonic() - marked_at < _MARK_SECONDS:
                continue
            marked_at = time.monotonic()
            if (mark := marker.mark(self._find_leader())) is not None:
                sealer.mark(mark)
                receiver.require_growth()
        marker.close()

    def _seal(
        self,
        sealer: LogSealer,
        followers: tuple[FileFollower, AuditFollower],
        require_repository: Callable[[], None],
        stopping: Event,
    ) -> None:
        """Seal what arrives, and record how far that leads."""
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not stopping.wait(_SEAL_SECONDS):
            try:
                require_repository()
                sealer.look()
                self._note(sealer, *followers)
            except (CannotBackUp, CannotRestore, UnusableFileKeys) as error:
                self._tell("sealing", str(error))
            except OSError as error:
                self._tell(
                    "sealing",
                    "The log could not be written into the backup folder "
                    f"({error.strerror or error}): see how full its disk is.",
                )
            except Exception:
                self._tell("sealing", _UNEXPECTED)
                _log.exception("Sealing the log failed; trying again.")
            else:
                self._tell("sealing", "")
                continue
            stopping.wait(_PAUSE_SECONDS)

    def _require_repository(self, system_id: str) -> None:
        """Raise CannotBackUp if the folder is not this clinic's, or not mounted."""
        repository = self._repository
        if repository.system_id is None:
            raise CannotBackUp(
                f"The backup folder {repository.folder} is not there: mount its disk."
            )
        if repository.system_id != system_id:
            repository.claim(system_id)

    def _note(
        self, sealer: LogSealer, files: FileFollower, entries: AuditFollower
    ) -> None:
        self._failures["files"] = files.failure
        self._failures["audit"] = entries.failure
        timeline, place = sealer.reached
        position = LogPosition(
            timeline,
            str(place),
            sealer.until,
            files.until,
            self._clock(),
            self.failure,
            self.is_cut_off,
            entries.until,
        )
        sealer.archive.note(position)
        self.position = position
        if time.monotonic() - self._surveyed_at > _SURVEY_SECONDS:
            self._surveyed_at = time.monotonic()
            newest = self._repository.survey().newest
            if newest is not None:
                self.began_at = self.began_at or self._clock()
            is_lost = newest is not None and is_cut_off(newest, sealer.archive)
            if is_lost and self._cut_off is None:
                _log.warning("The log does not go on from the newest backup.")
            self._cut_off = newest if is_lost else None

    def _tell(self, part: str, sentence: str) -> None:
        """Record what is wrong with a part, or that nothing is any more."""
        if sentence and sentence != self._failures.get(part):
            _log.warning("%s", sentence)
        self._failures[part] = sentence
