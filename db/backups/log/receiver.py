"""Keeps pg_receivewal running against the leader, and repairs what would stop it.

The program receives the log as soon as the leader has it on its disk, which may be
before any replica has. If that leader dies, its last log is on no timeline of the next
one: the program then asks for a position that the new leader never had, and would do so
for ever. So everything past the fork of the timelines is moved aside before it is
started again.
"""

import logging
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.backups.backup_errors import CannotBackUp
from db.backups.base_backup import Leader, last_line, tied
from db.backups.log import log_slot
from db.backups.log.log_slot import SLOT
from db.backups.log.segments import (
    SEGMENT_BYTES,
    LogSegment,
    TimelineHistory,
    history_name,
    timeline_of_history,
)
from db.files import private_files
from db.postgres import Lsn

_PARTIAL: Final = ".partial"
_END_SECONDS: Final = 10.0
# This much waits while the repository is away; beyond it the leader's slot keeps the
# log.
MOST_WAITING: Final = 64
_FREE_BYTES: Final = 1_000_000_000
_STALLED_SECONDS: Final = 15.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceivedSegment:
    """A file of the log as the program has written it; complete, or still partial."""

    segment: LogSegment
    path: Path

    @property
    def is_whole(self) -> bool:
        """Whether the program has finished it."""
        return self.path.suffix != _PARTIAL


@dataclass(frozen=True, slots=True)
class ReceivedLog:
    """The folder in which the log is stored unencrypted until it is sealed."""

    folder: Path

    @property
    def aside(self) -> Path:
        """The folder for log that no timeline continues, until it is sealed."""
        return self.folder / "aside"

    def segments(self) -> list[ReceivedSegment]:
        """Return the files after which the program continues, oldest first."""
        return sorted(_segments_in(self.folder), key=_place_of)

    def left_over(self) -> list[ReceivedSegment]:
        """Return what was moved aside."""
        return sorted(_segments_in(self.aside), key=_place_of)

    def histories(self) -> list[tuple[int, Path]]:
        """Return the history files, by their timelines."""
        return sorted(
            (timeline, path)
            for path in self.folder.glob("*.history")
            if (timeline := timeline_of_history(path.name)) is not None
        )

    def prepare(self) -> None:
        """Make the folder, and delete a killed program's files that have no log."""
        private_files.make_folder(self.aside)
        self.folder.chmod(0o700)
        for each in self.segments():
            # The program fills a new file with zeros first, and refuses one that is
            # neither empty nor complete.
            if each.path.stat().st_size not in {0, SEGMENT_BYTES}:
                each.path.unlink()

    def put_aside(self, some: Sequence[ReceivedSegment]) -> None:
        """Move files away so that the program does not continue from them."""
        for each in some:
            each.path.replace(self.aside / each.path.name)


def after_the_fork(
    received: Sequence[ReceivedSegment], history: TimelineHistory
) -> list[ReceivedSegment]:
    """Return the files after which the program would request what no server ever had.

    A timeline may be requested up to the position where it was left. The program
    requests the beginning of a partial segment, and the end of a complete one.
    """

    def is_after_fork(each: ReceivedSegment) -> bool:
        position = each.segment.start + (SEGMENT_BYTES if each.is_whole else 0)
        return not history.has(each.segment.timeline, Lsn(position))

    return [each for each in received if is_after_fork(each)]


class SupervisedReceiver:
    """pg_receivewal, started again whenever it has ended; no error is permanent.

    It ends with the thread that starts it. Servers come and go: the leader is looked up
    each time.
    """

    def __init__(self, find_leader: Callable[[], Leader], log: ReceivedLog) -> None:
        self.log = log
        self._find_leader = find_leader
        self._process: subprocess.Popen[bytes] | None = None
        self._output = log.folder.with_suffix(".out")
        self._started_at = time.time()
        # Whether the leader no longer has the log at the slot's own position: a server
        # that was started, or rewound, after that log was removed counts it as kept.
        self._is_behind = False

    @property
    def process_id(self) -> int | None:
        """The process id of the program while it runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def see_to(self) -> None:
        """Start the program unless it runs; raises CannotBackUp and OSError."""
        is_full = self._is_full()
        if self.process_id is not None:
            if is_full:
                self.end()
            return
        if self._process is not None:
            self._learn_why()
        if is_full:
            raise CannotBackUp(
                "The log waits for the backup folder: no more is received until some "
                "of it is sealed."
            )
        self._begin()

    def require_growth(self) -> None:
        """Stop the program if no log has come for long; called when some should."""
        written = [each.path.stat().st_mtime for each in self.log.segments()[-1:]]
        if time.time() - max([self._started_at, *written]) > _STALLED_SECONDS:
            _log.warning("The log's receiver stands still: it is started again.")
            self.end()

    def end(self) -> None:
        """Stop the program; what it has received stays."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _is_full(self) -> bool:
        folder = self.log.folder
        if not folder.exists():
            return False
        waiting = len(self.log.segments()) + len(self.log.left_over())
        return (
            waiting > MOST_WAITING or shutil.disk_usage(folder).free < _FREE_BYTES // 2
        )

    def _learn_why(self) -> None:
        """Log the program's last message; make room if it asked in vain."""
        self._process = None
        words = self._output.read_text(errors="replace")
        _log.info("The log's receiver ended: %s", last_line(words))
        if "has already been removed" in words:
            _log.warning("The leader has no log any more where the receiver stopped.")
            # Without files of its own it continues from the slot's position.
            self._is_behind = not self.log.segments()
            self.log.put_aside(self.log.segments())

    def _begin(self) -> None:
        self.log.prepare()
        leader = self._find_leader()
        self._require_slot(leader)
        history = self._history(leader)
        diverged = after_the_fork(self.log.segments(), history)
        if diverged:
            _log.warning(
                "%d segments of the log are not in the history of the leader's "
                "timeline %d: they are moved aside.",
                len(diverged),
                history.timeline,
            )
            self.log.put_aside(diverged)
        command = tied(
            leader.python,
            signal.SIGINT,
            leader.programs.of_postgres("pg_receivewal"),
            f"--dbname={leader.replication_url}&tcp_user_timeout=10000",
            *(f"--directory={self.log.folder}", f"--slot={SLOT}"),
            *("--no-loop", "--synchronous", "--no-password", "--status-interval=1"),
        )
        self._started_at = time.time()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                env=leader.environment(SLOT),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _require_slot(self, leader: Leader) -> None:
        """Make sure that Patroni keeps our slot everywhere; raises CannotBackUp."""
        status = log_slot.status_of(leader)
        if status is not None and (status == log_slot.LOST or self._is_behind):
            log_slot.begin_anew(leader)
            self.log.put_aside(self.log.segments())
            status = None
        self._is_behind = False
        if status is None:
            log_slot.ask_for(leader)
            raise CannotBackUp("The log is received once Patroni has made its slot.")

    def _history(self, leader: Leader) -> TimelineHistory:
        timeline, text = leader.history_file()
        if text:
            # The program itself writes it only when it changes from one timeline to the
            # next.
            path = self.log.folder / history_name(timeline)
            if not path.exists() or path.read_bytes() != text.encode():
                private_files.replace(path, text.encode())
        return TimelineHistory.parse(timeline, text)


def _segments_in(folder: Path) -> Iterator[ReceivedSegment]:
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            segment = LogSegment.parse(path.name.removesuffix(_PARTIAL))
            if segment is not None:
                yield ReceivedSegment(segment, path)


def _place_of(each: ReceivedSegment) -> tuple[int, int]:
    return each.segment.number, each.segment.timeline
