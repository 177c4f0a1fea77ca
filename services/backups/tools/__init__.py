"""The clinic's own backup tool: what it reported about its backups, and when."""

from db.backups.tools.backup_tool import BackupTool as BackupTool
from db.backups.tools.tool_report import (
    ToolBackup as ToolBackup,
    ToolReport as ToolReport,
)
from services.backups.tools.answers import (
    ToolState as ToolState,
    find_tool as find_tool,
    note_answer as note_answer,
    note_failure as note_failure,
    note_mark as note_mark,
    read_tool as read_tool,
)
