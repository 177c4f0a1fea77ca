"""How the backups of a tool stand, for whoever asks every second."""

from datetime import datetime, timedelta
from typing import Final

from db.backups.tools.tool_report import ToolReport
from jobs.backups.tools.tool_asking import ToolAsker
from services.backups.tools import ToolState
from services.cluster.alerts import BackupCondition

# One answer that fails to come is a network's, or a tool's that is being updated.
_BORNE: Final = 3


class ToolWatch:
    """What alerts go by, from the last answer that the worker knows."""

    def __init__(self, asker: ToolAsker) -> None:
        self._asker = asker

    def at(self, now: datetime) -> BackupCondition:
        """Return how backups stand at a time."""
        state, title = self._asker.state, self._asker.tool.label
        if state is None:
            return BackupCondition(
                age=_since(self._asker.started_at, now), has_any=False, tool=title
            )
        report = state.report or ToolReport()
        newest, oldest = report.newest, report.valid[0] if report.valid else None
        return BackupCondition(
            age=_since(newest.stopped_at if newest else self._asker.started_at, now),
            has_any=newest is not None,
            failed_tries=_tries(state),
            failure=_failure(state),
            log_behind=_log_behind(state, now),
            has_proof=False,
            unproven=_since(oldest.stopped_at, now) if oldest else None,
            unusable_sets=len(report.problems) if state.report else None,
            tool=title,
        )


def _tries(state: ToolState) -> int | None:
    if state.tries >= _BORNE:
        return state.tries
    if state.report is None:
        return None
    return len(state.report.faults)


def _failure(state: ToolState) -> str:
    if state.tries >= _BORNE:
        return state.failure
    return state.report.faults[0] if state.report and state.report.faults else ""


def _log_behind(state: ToolState, now: datetime) -> timedelta | None:
    """Return how long ago the newest second was; None while nothing leads back."""
    newest = state.report.newest if state.report else None
    if newest is None:
        return None
    until = state.archived_until or newest.stopped_at
    return _since(max(until, newest.stopped_at), now)


def _since(at: datetime, now: datetime) -> timedelta:
    return max(timedelta(), now - at)
