"""What the clinic's own backup tool reported, by the names that our backups have."""

from datetime import datetime

from api.cluster.backup_metrics import BackupGauge, seconds_since, written
from services.backups.tools import ToolState


def tool_gauges(state: ToolState, now: datetime) -> bytes:
    """Return what a tool reported of its backups, by the names that ours have."""
    values: list[BackupGauge] = []
    if (tries := state.failed_tries) is not None:
        words = (
            "What is wrong with the backup tool's backups, or its answers that failed."
        )
        values.append(("failed_tries", words, float(tries)))
    if (report := state.report) is not None and state.answered_at is not None:
        values += [
            (
                "tool_answer_age_seconds",
                "How long ago the backup tool said how its backups stand.",
                seconds_since(state.answered_at, now),
            ),
            (
                "tool_faults",
                "What is wrong with its backups, as the backup tool says.",
                float(len(report.faults)),
            ),
            ("sets", "Backups that count.", float(len(report.valid))),
            (
                "incomplete_sets",
                "Backups that lack log, or have damaged pages.",
                float(len(report.problems)),
            ),
        ]
        if (newest := report.newest) is not None:
            age, size = seconds_since(newest.stopped_at, now), float(newest.size_bytes)
            until = state.newest_second or newest.stopped_at
            words = "How long ago the newest second was that backups and log lead to."
            values += [
                ("age_seconds", "Age of the newest backup.", age),
                ("bytes", "Size of the newest backup.", size),
                ("log_behind_seconds", words, seconds_since(until, now)),
            ]
    return written(values)
