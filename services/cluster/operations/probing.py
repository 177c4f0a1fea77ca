"""Writes again and again, and so measures for how long nobody could write.

It writes as pages do, through `Database`: what it waits for, they wait for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from db.models.replication import WriteProbe
from db.postgres import SYSTEM, Database, Lsn

PAUSE_SECONDS: Final = 0.02
# Long enough for comparisons; the history keeps the findings.
_KEPT: Final = text("interval '7 days'")
_WRITE: Final = text(
    "INSERT INTO write_probes (run_id, writer, number) "
    "VALUES (:run_id, :writer, :number) "
    # A segment's name begins with its timeline.
    "RETURNING ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))"
    "::bit(32)::int"
)


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was acknowledged, in monotonic seconds; its commit ends at `lsn`."""

    number: int
    sent_at: float
    answered_at: float
    timeline: int
    lsn: Lsn


@dataclass(frozen=True, slots=True)
class Pause:
    """The longest time in which nothing was acknowledged, and the writes around it.

    `last` and `first` are the writes before and after it.
    """

    last: Write
    first: Write

    @property
    def seconds(self) -> float:
        """How long the pause was, from one acknowledgement to the next."""
        return self.first.answered_at - self.last.answered_at


class Prober:
    """Writes about every `pause_seconds` in a thread of its own, inside its block.

    `run_id` is the operation's or the drill's; `writer` distinguishes several probers.
    """

    def __init__(
        self,
        database: Database,
        run_id: UUID,
        *,
        writer: int = 0,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.failures = 0
        self._database = database
        self._run_id = run_id
        self._writer = writer
        self._pause_seconds = pause_seconds
        self._writes: list[Write] = []
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="prober", daemon=True)

    def __enter__(self) -> Self:
        """Begin writing."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop writing; a write that waits for an answer is abandoned."""
        self._stopping.set()
        self._thread.join(timeout=5)

    @property
    def writes(self) -> tuple[Write, ...]:
        """What has been acknowledged so far."""
        return tuple(self._writes)

    @property
    def last(self) -> Write | None:
        """The newest acknowledged write."""
        return self._writes[-1] if self._writes else None

    def lost(self) -> int:
        """Return how many of the acknowledged writes the primary does not have."""
        acknowledged = {write.number for write in self.writes}
        kept = self._database.read_latest(self._kept, identity=SYSTEM).value
        return len(acknowledged - kept)

    def _kept(self, session: Session) -> set[int]:
        return set(
            session.scalars(
                select(WriteProbe.number).where(
                    WriteProbe.run_id == self._run_id,
                    WriteProbe.writer == self._writer,
                )
            )
        )

    def _run(self) -> None:
        number = 0
        while not self._stopping.wait(self._pause_seconds):
            number += 1
            try:
                self._write(number)
            except Exception:
                # Whatever the error is, a person would have seen it, and tried again.
                self.failures += 1

    def _write(self, number: int) -> None:
        parameters = {"run_id": self._run_id, "writer": self._writer, "number": number}
        sent_at = monotonic()
        written = self._database.write(
            lambda session: int(session.execute(_WRITE, parameters).scalar_one()),
            identity=SYSTEM,
        )
        answered_at = monotonic()
        self._writes.append(
            Write(number, sent_at, answered_at, written.value, written.lsn)
        )


def longest_pause(writes: Sequence[Write]) -> Pause | None:
    """Return the longest time between two acknowledgements.

    It is not the one between two timelines: a commit whose answer was lost is confirmed
    after the pause, although it began on the former timeline.
    """
    pauses = [Pause(*pair) for pair in pairwise(writes)]
    return max(pauses, key=lambda pause: pause.seconds, default=None)


def forget_old(session: Session) -> None:
    """Delete what earlier probes wrote; the caller, the system, commits."""
    session.execute(
        delete(WriteProbe).where(WriteProbe.written_at < func.now() - _KEPT)
    )
