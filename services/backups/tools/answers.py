"""What the clinic's own backup tool reported, when, and what follows from it.

The worker asks the tool and keeps its answers; pages and metrics read these, and nobody
else asks the tool. Callers commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.backups.tools.archived_marks import (
    ArchiveMark,
    archived_until,
    marks_to_keep,
)
from db.backups.tools.tool_report import ToolReport
from db.backups.tools.wal_names import is_before_end
from db.models.integrity import ToolAnswer as ToolRow
from services.core.actors import Actor, Permission

_REPORTS: Final = TypeAdapter(ToolReport)
_MARKS: Final = TypeAdapter(tuple[ArchiveMark, ...])
# A tool dates in whole seconds, and synchronized clocks differ by less than this.
_APART: Final = timedelta(seconds=30)
_BORNE: Final = 3


@dataclass(frozen=True, slots=True)
class ToolState:
    """The state of a tool's backups, as reported at `answered_at`.

    `failure` is why it did not answer when it was last asked, `tries` times in a row.
    `archived_until` is the newest time to which one can go back by its archive, if that
    is known.
    """

    name: str
    tried_at: datetime
    tries: int = 0
    failure: str = ""
    answered_at: datetime | None = None
    report: ToolReport | None = None
    archived_until: datetime | None = None

    @property
    def failed_tries(self) -> int | None:
        """The number of faults, or of failed tries in a row; None if not known yet.

        A single missing answer may be due to the network, or to an update of the tool.
        """
        if self.tries >= _BORNE:
            return self.tries
        return None if self.report is None else len(self.report.faults)

    @property
    def trouble(self) -> str:
        """The first fault, or the failure, as a sentence; empty if nothing is wrong."""
        if self.tries >= _BORNE:
            return self.failure
        return self.report.faults[0] if self.report and self.report.faults else ""

    @property
    def newest_second(self) -> datetime | None:
        """The newest time that one can go back to; None without a backup."""
        newest = self.report.newest if self.report else None
        if newest is None:
            return None
        return max(self.archived_until or newest.stopped_at, newest.stopped_at)

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """From when to when one can go back to any second, if that is known."""
        since = self.report.unbroken_since if self.report else None
        until = self.archived_until
        return (since, until) if since and until and since < until else None


def read_tool(session: Session, actor: Actor, name: str) -> ToolState | None:
    """Return a tool's last answer, None if it was never asked; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    return find_tool(session, name)


def find_tool(session: Session, name: str) -> ToolState | None:
    """Return a tool's last answer, for the worker and for metrics."""
    row = session.get(ToolRow, name)
    return None if row is None else _state(row)


def note_answer(
    session: Session,
    name: str,
    report: ToolReport,
    *,
    own_system_id: str,
) -> ToolState:
    """Keep what a tool reported, and until when its archive then has the log."""
    row = _row(session, name)
    at = _now(session)
    marks = [*_MARKS.validate_python(row.marks)]
    if is_of_others := bool(report.system_id) and report.system_id != own_system_id:
        marks = []
    until = archived_until(marks, report.last_wal)
    if until is None and not is_of_others and _still_reaches(row, report):
        until = row.archived_until
    row.report = _REPORTS.dump_python(
        with_own_faults(name, report, own_system_id, at), mode="json"
    )
    row.marks = _dumped(marks_to_keep(marks, report.last_wal))
    row.archived_until = until
    row.tried_at = row.answered_at = at
    row.tries, row.failure = 0, None
    session.flush()
    return _state(row)


def note_mark(session: Session, name: str, mark: ArchiveMark) -> None:
    """Keep where the log was after the answer at the mark's time.

    If the rows do not know of that answer, it was given to a server that was lost, and
    what the mark says about the log is void.
    """
    row = _row(session, name)
    if row.answered_at == mark.at:
        row.marks = _dumped([*_MARKS.validate_python(row.marks), mark])
        session.flush()


def note_failure(session: Session, name: str, sentence: str) -> ToolState:
    """Record that a tool did not answer; its last report is kept."""
    row = _row(session, name)
    row.tried_at = _now(session)
    row.tries, row.failure = row.tries + 1, sentence
    session.flush()
    return _state(row)


def with_own_faults(
    name: str, report: ToolReport, own_system_id: str, now: datetime
) -> ToolReport:
    """Return a report with the faults that only Chartroom can see."""
    faults = [*report.problems, *report.faults]
    ahead = [each for each in report.backups if each.stopped_at > now + _APART]
    if ahead:
        faults.insert(
            0,
            f"Backup {ahead[-1].name} is of {ahead[-1].stopped_at:%Y-%m-%d %H:%M:%S} "
            "UTC, which is to come: set the clock of the tool's machine.",
        )
    if report.system_id and report.system_id != own_system_id:
        faults.insert(
            0,
            f"The backups are of another PostgreSQL ({report.system_id}, this one is "
            f"{own_system_id}): correct CHARTROOM_BACKUP_TOOL, which is {name}.",
        )
        # It has no backups of ours.
        return ToolReport(faults=tuple(faults), is_busy=report.is_busy)
    return ToolReport(
        tuple(each for each in report.backups if each not in ahead),
        report.last_wal,
        report.system_id,
        report.is_busy,
        tuple(faults),
    )


def _still_reaches(row: ToolRow, report: ToolReport) -> bool:
    """Return whether an archive reaches at least as far as when it was last asked."""
    before = _report(row)
    if before is None or not before.last_wal or not report.last_wal:
        return False
    return is_before_end(before.last_wal, report.last_wal)


def _row(session: Session, name: str) -> ToolRow:
    """Return a tool's row, locked: two workers may have asked at the same time."""
    session.execute(
        insert(ToolRow)
        .values(name=name, tried_at=func.clock_timestamp())
        .on_conflict_do_nothing()
    )
    locked = select(ToolRow).where(ToolRow.name == name).with_for_update()
    return session.scalars(locked).one()


def _now(session: Session) -> datetime:
    """Return the time by the clock that also dates commits."""
    at: datetime = session.scalars(select(func.clock_timestamp())).one()
    return at


def _report(row: ToolRow) -> ToolReport | None:
    """Return the last report; None if another version has written it."""
    if row.report is None:
        return None
    try:
        return _REPORTS.validate_python(row.report)
    except ValidationError:
        return None


def _dumped(marks: Sequence[ArchiveMark]) -> list[Any]:
    dumped: list[Any] = _MARKS.dump_python(tuple(marks), mode="json")
    return dumped


def _state(row: ToolRow) -> ToolState:
    return ToolState(
        row.name,
        row.tried_at,
        row.tries,
        row.failure or "",
        row.answered_at,
        _report(row),
        row.archived_until,
    )
