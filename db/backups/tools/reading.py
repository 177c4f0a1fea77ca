"""Which reader belongs to which tool."""

from typing import Protocol

from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.barman import BarmanReader
from db.backups.tools.pgbackrest import PgBackRestReader
from db.backups.tools.tool_report import ToolReport


class ToolReader(Protocol):
    """Asks a tool for the state of its backups."""

    def read(self, segment_bytes: int) -> ToolReport:
        """Return the report; raises ToolNotRead. `segment_bytes` is a segment's."""


def reader_of(tool: BackupTool) -> ToolReader:
    """Return the reader of a tool."""
    if tool.program == "barman":
        return BarmanReader(tool)
    return PgBackRestReader(tool)
