"""Queries the clinic's own backup tool every minute for the state of its backups.

It has a thread of the worker: a tool may take a minute to answer, and longer over ssh.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.backups.tools.archived_marks import ArchiveMark
from db.backups.tools.asking import ToolNotRead
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.reading import ToolReader, reader_of
from db.postgres import SYSTEM, Database
from jobs.backups.polling import poll
from jobs.worker.background_threads import background_threads
from services.backups import drills, tools
from services.backups.tools import ToolState

T = TypeVar("T")

_EVERY: Final = timedelta(minutes=1)
_NICE: Final = 10
_OWN: Final = text(
    "SELECT system_identifier::text, "
    "(SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') "
    "FROM pg_control_system()"
)
# Read after the transaction whose end it marks, so at or behind that end.
_REACHED: Final = text("SELECT pg_walfile_name(pg_current_wal_flush_lsn())")
_UNEXPECTED: Final = "Asking the backup tool broke: the worker's log says why."
_log = logging.getLogger(__name__)


class ToolAsker:
    """Queries the tool once a minute; `state` is what is known since.

    Of several workers the first one asks, and the others read its record.
    """

    def __init__(
        self,
        database: Database,
        tool: BackupTool,
        reader: ToolReader | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.tool = tool
        self.state: ToolState | None = None
        # When a restore of its backups was last proven, if ever.
        self.proven_at: datetime | None = None
        self.started_at = clock()
        self._database = database
        self._reader = reader or reader_of(tool)
        self._clock = clock
        self._looked_at: datetime | None = None

    def run(self, stopping: Event) -> None:
        """Ask until `stopping` is set."""
        poll(self.look, stopping, subject="the backup tool", nice=_NICE)

    def look(self) -> None:
        """Query the tool if it is time to, and no other worker has."""
        now = self._clock()
        if _is_fresh(self._looked_at, now):
            return
        known = self._read(lambda session: tools.find_tool(session, str(self.tool)))
        self._looked_at = now
        self.proven_at = self._read(drills.last_proven_at)
        if known is not None:
            self.state = self.state or known
            if _is_fresh(known.tried_at, now):
                self.state, self._looked_at = known, known.tried_at
                return
        self.state = state = self._ask()
        if not state.tries:
            self._mark(state.tried_at)

    def _ask(self) -> ToolState:
        own_system_id, segment_bytes = self._read(_own)
        name = str(self.tool)
        try:
            report = self._reader.read(segment_bytes)
        except ToolNotRead as error:
            return self._fail(str(error))
        except Exception:
            _log.exception("Querying %s failed with an unexpected error.", name)
            return self._fail(_UNEXPECTED)

        def note(session: Session) -> ToolState:
            return tools.note_answer(session, name, report, own_system_id=own_system_id)

        state = self._database.write(note, identity=SYSTEM).value
        self._tell(state)
        return state

    def _mark(self, at: datetime) -> None:
        """Record where the log is, at or behind what was committed at a time."""
        reached = self._read(lambda session: session.scalars(_REACHED).one())
        mark, name = ArchiveMark(at, reached), str(self.tool)
        self._database.write(
            lambda session: tools.note_mark(session, name, mark), identity=SYSTEM
        )

    def _fail(self, sentence: str) -> ToolState:
        name = str(self.tool)
        _log.warning("%s could not be queried for its backups: %s", name, sentence)
        return self._database.write(
            lambda session: tools.note_failure(session, name, sentence),
            identity=SYSTEM,
        ).value

    def _tell(self, state: ToolState) -> None:
        """Log what has been wrong since this answer."""
        before = self.state.report.faults if self.state and self.state.report else ()
        for sentence in state.report.faults if state.report else ():
            if sentence not in before:
                _log.warning("%s: %s", self.tool, sentence)

    def _read(self, operation: Callable[[Session], T]) -> T:
        return self._database.read_latest(operation, identity=SYSTEM).value


def _own(session: Session) -> tuple[str, int]:
    """Return the system identifier of this PostgreSQL, and its segment size."""
    system_id, segment_bytes = session.execute(_OWN).one()
    return system_id, segment_bytes


def _is_fresh(at: datetime | None, now: datetime) -> bool:
    """Return whether a time is in the past, and less than a minute ago."""
    return at is not None and timedelta() <= now - at < _EVERY


@contextmanager
def asking(asker: ToolAsker, drill: Callable[[Event], None] | None) -> Iterator[None]:
    """Query until the block ends, and run drills of the backups, if configured."""
    threads: dict[str, Callable[[Event], None]] = {"backup_tool": asker.run}
    if drill is not None:
        threads["restore_drills"] = drill
    with background_threads(**threads):
        yield
