"""Which reader belongs to which tool."""

from typing import Protocol

from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.barman import BarmanReader
from db.backups.tools.pgbackrest import PgBackRestReader
from db.backups.tools.tool_report import ToolReport


class ToolReader(Protocol):
    """Asks a tool how its backups stand."""

    def read(self, segment_bytes: int) -> ToolReport:
        """Ask; raises ToolNotRead. `segment_bytes` is how long a segment is."""


def reader_of(tool: BackupTool) -> ToolReader:
    """Return what asks a tool."""
    if tool.program == "barman":
        return BarmanReader(tool)
    return PgBackRestReader(tool)
