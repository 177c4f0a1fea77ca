"""What the clinic's own backup tool reported, by the names that our backups have."""

from datetime import datetime

from api.cluster.backup_metrics import BackupGauge, seconds_since, written
from services.backups.tools import ToolState


def tool_gauges(state: ToolState, now: datetime) -> bytes:
    """Return what a tool reported of its backups, by the names that ours have."""
    values: list[BackupGauge] = []
    if (tries := state.failed_tries) is not None:
        words = (
            "Number of faults in the backup tool's backups, or of its failed "
            "answers in a row."
        )
        values.append(("failed_tries", words, float(tries)))
    if (report := state.report) is not None and state.answered_at is not None:
        values += [
            (
                "tool_answer_age_seconds",
                "Time since the backup tool last reported on its backups, in seconds.",
                seconds_since(state.answered_at, now),
            ),
            (
                "tool_faults",
                "Number of faults that the backup tool reports in its backups.",
                float(len(report.faults)),
            ),
            ("sets", "Number of valid backups.", float(len(report.valid))),
            (
                "incomplete_sets",
                "Number of backups with missing WAL or damaged pages.",
                float(len(report.problems)),
            ),
        ]
        if (newest := report.newest) is not None:
            age, size = seconds_since(newest.stopped_at, now), float(newest.size_bytes)
            until = state.newest_second or newest.stopped_at
            words = "Time since the newest second that backups and WAL can restore."
            values += [
                ("age_seconds", "Age of the newest backup in seconds.", age),
                ("bytes", "Size of the newest backup in bytes.", size),
                ("log_behind_seconds", words, seconds_since(until, now)),
            ]
    return written(values)
