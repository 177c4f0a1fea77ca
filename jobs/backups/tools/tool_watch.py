"""The condition of a tool's backups, for callers that ask every second."""

from datetime import datetime, timedelta

from db.backups.tools.tool_report import ToolReport
from jobs.backups.tools.tool_asking import ToolAsker
from services.cluster.alerts import BackupCondition


class ToolWatch:
    """The condition for alerts, from the last answer that the worker knows."""

    def __init__(self, asker: ToolAsker, *, is_practised: bool) -> None:
        self._asker = asker
        self._is_practised = is_practised

    def at(self, now: datetime) -> BackupCondition:
        """Return the condition of the backups at a time."""
        state, tool = self._asker.state, self._asker.tool.label
        if state is None:
            # Not known yet: an open alert stays open.
            return BackupCondition(age=None, has_any=False, tool=tool)
        report = state.report or ToolReport()
        newest_second = state.newest_second
        newest, oldest = report.newest, report.valid[0] if report.valid else None
        proven_at = self._asker.proven_at if self._is_practised else None
        unproven_since = proven_at or (oldest.stopped_at if oldest else None)
        return BackupCondition(
            age=_since(newest.stopped_at if newest else self._asker.started_at, now),
            has_any=newest is not None,
            failed_tries=state.failed_tries,
            failure=state.trouble,
            log_behind=_since(newest_second, now) if newest_second else None,
            has_proof=proven_at is not None,
            unproven=_since(unproven_since, now) if unproven_since else None,
            is_practised=self._is_practised,
            unusable_sets=len(report.problems) if state.report else None,
            tool=tool,
        )


def _since(at: datetime, now: datetime) -> timedelta:
    return max(timedelta(), now - at)
