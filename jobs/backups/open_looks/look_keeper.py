"""Opens the clinic of an earlier time on request from the page, and closes it again.

It has a thread of its own: what is open is held open for an hour after the last look.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from threading import Event
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from db.backups.backup_errors import CannotBackUp, CannotRestore
from db.files.file_keys import UnusableFileKeys
from db.files.seal_keys import UnusableKey
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.backups.pending_writes import PendingWrites
from jobs.backups.polling import poll
from services.backups import looks
from services.backups.looks import RestoreLook

T = TypeVar("T")

_NICE: Final = 15
_WATCH_SECONDS: Final = 2.0
_UNEXPECTED: Final = "Opening ended in an unexpected error: see the worker's log."
_log = logging.getLogger(__name__)


class LookKeeper:
    """Checks every other second whether a look is requested, and opens it.

    `opened` opens what is asked for during a block, and yields its port.
    """

    def __init__(
        self,
        database: Database,
        opened: Callable[[RestoreLook], AbstractContextManager[int]],
        *,
        watch_seconds: float = _WATCH_SECONDS,
    ) -> None:
        self._database = database
        self._opened = opened
        self._watch_seconds = watch_seconds
        # How a look ended, until a primary has it.
        self._unwritten = PendingWrites(database)

    def run(self, stopping: Event) -> None:
        """Check until `stopping` is set, at a low priority."""
        poll(
            lambda: self.look(stopping), stopping, subject="requested looks", nice=_NICE
        )

    def look(self, stopping: Event) -> None:
        """Open what was requested, and hold it open until it has to end."""
        self._unwritten.flush()
        look = self._unended()
        if look is None:
            return
        failure = None
        # The worker that had opened it has died, and the sandbox with it.
        if not look.is_open:
            failure = self._open(look, stopping)
        self._unwritten.add(
            lambda session: looks.end_look(session, look.id, failure=failure)
        )
        self._unwritten.flush()

    def _open(self, look: RestoreLook, stopping: Event) -> str | None:
        """Open a look until it has to end; return why it could not be opened."""
        self._write(lambda session: looks.begin_look(session, look.id))
        failure = None
        try:
            with self._opened(look) as port:
                if self._write(lambda session: looks.note_open(session, look.id, port)):
                    self._hold(look, stopping)
        except (CannotBackUp, CannotRestore, UnusableFileKeys, UnusableKey) as error:
            failure = str(error)
        except DatabaseUnavailable:
            failure = "No server led the database while it was opened: ask again."
        except OSError as error:
            failure = f"The backups cannot be read ({error.strerror or error})."
        except Exception:
            _log.exception("Opening an earlier time failed with an unexpected error.")
            failure = _UNEXPECTED
        if failure is not None:
            _log.warning("An earlier time could not be opened: %s", failure)
        return failure

    def _hold(self, look: RestoreLook, stopping: Event) -> None:
        """Wait until nobody has looked for long, or somebody ends it."""
        closes_at = datetime.now(UTC) + looks.KEPT_FOR
        while datetime.now(UTC) < closes_at and not stopping.wait(self._watch_seconds):
            try:
                now = self._unended()
            except DatabaseUnavailable:
                # Pages cannot read either; the look stays open until its time is over.
                continue
            if now is None or now.id != look.id:
                return
            closes_at = now.closes_at or closes_at

    def _unended(self) -> RestoreLook | None:
        return self._database.read_latest(looks.unended_look, identity=SYSTEM).value

    def _write(self, operation: Callable[[Session], T]) -> T:
        return self._database.write(operation, identity=SYSTEM).value
