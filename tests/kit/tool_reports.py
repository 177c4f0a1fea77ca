"""Reports of a backup tool, as services and pages get them."""

from datetime import datetime, timedelta
from typing import Final

from db.backups.tools.tool_report import ToolBackup, ToolReport

NAME: Final = "barman:clinic"
SYSTEM_ID: Final = "7312345678901234567"
WAL: Final = "00000001000000000000000A"


def report_at(
    newest: datetime, *, last_wal: str = WAL, system_id: str = SYSTEM_ID
) -> ToolReport:
    """Return a report with a full backup of two days before, and an incremental one."""
    return ToolReport(
        (
            ToolBackup("F1", "full", newest - timedelta(days=2), 9_000_000),
            ToolBackup("I2", "incremental", newest, 1_000_000),
        ),
        last_wal,
        system_id,
    )
