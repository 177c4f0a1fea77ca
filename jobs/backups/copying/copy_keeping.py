"""Keeps the copy of the repository up to date: a thread of the worker.

A store that is unreachable is tried again after longer and longer pauses. What comes in
the meantime waits in the repository, and is copied once the store is back.
"""

import logging
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Final

from db.backups.backup_errors import CannotBackUp, CannotRestore
from db.backups.copies.copy_notes import CopyNote, read_copy_note, write_copy_note
from db.backups.copies.object_store import StoreFailed
from db.files import private_files
from db.files.file_keys import UnusableFileKeys
from jobs.backups.copying.uploading import RepositoryCopy

_ROUND_SECONDS: Final = 20.0
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
_NICE: Final = 12
_UNEXPECTED: Final = "The backups are not copied: the worker's log says why."
_log = logging.getLogger(__name__)


@contextmanager
def _alone(repository: Path) -> Iterator[None]:
    with (repository / "copy.lock").open("a") as lock:
        if not private_files.try_lock(lock):
            raise CannotBackUp("Another worker copies the backups.")
        yield


class CopyKeeper:
    """Copies the repository until it is stopped, whatever goes wrong meanwhile."""

    def __init__(
        self,
        copy: RepositoryCopy,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        round_seconds: float = _ROUND_SECONDS,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self.failure = ""
        self.note: CopyNote | None = None
        self._copy = copy
        self._clock = clock
        self._round_seconds = round_seconds
        self._first_pause = first_pause
        self._began_at: datetime | None = None
        self._failures = 0

    def behind(self, now: datetime) -> timedelta | None:
        """Return for how long the copy has not progressed; None before a backup."""
        if self._began_at is None:
            return None
        until = self.note.whole_until if self.note else None
        since = max(self._began_at, until) if until else self._began_at
        return max(timedelta(), now - since)

    def run(self, stopping: Event) -> None:
        """Copy until `stopping` is set."""
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not stopping.wait(self._pause()):
            self.look()

    def look(self) -> None:
        """Copy what is new, once there is a backup; record what went wrong."""
        repository = self._copy.repository
        try:
            if repository.survey().newest is None:
                return
            self._began_at = self._began_at or self._clock()
            with _alone(repository.folder):
                note = self._copy.round()
        except (StoreFailed, CannotBackUp, CannotRestore, UnusableFileKeys) as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"The backups cannot be read: {error.strerror or error}.")
        except Exception:
            self._fail(_UNEXPECTED)
            _log.exception("Copying the backups failed; starting again.")
        else:
            self.note, self._failures, self.failure = note, 0, note.failure

    def _fail(self, sentence: str) -> None:
        self._failures += 1
        if sentence != self.failure:
            _log.warning("%s", sentence)
        self.failure = sentence
        repository, place = self._copy.repository, self._copy.store.address.shown
        note = read_copy_note(repository.folder)
        if note is None or note.place != place:
            note = CopyNote(place, self._clock())
        with suppress(OSError):
            write_copy_note(
                repository.folder,
                replace(note, noted_at=self._clock(), failure=sentence),
            )

    def _pause(self) -> float:
        """Return the pause: longer after each failure, and with some randomness."""
        if not self._failures:
            return self._round_seconds
        longest = self._first_pause * 2.0 ** min(self._failures - 1, 10)
        return min(longest, _LONGEST_PAUSE) * random.uniform(0.75, 1.0)  # noqa: S311
