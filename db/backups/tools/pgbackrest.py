"""Reads the state of backups from pgBackRest, by the JSON of `info`.

It ends with code 0 whatever it finds; a stanza's status says what that is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, Field, TypeAdapter

from db.backups.tools import asking
from db.backups.tools.asking import Answer, Ask
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.tool_report import BackupKind, ToolBackup, ToolReport
from db.backups.tools.wal_names import WalName

_OK: Final = 0
_MISSING_PATH: Final = 1
_NO_BACKUP: Final = 2
_MISSING_DATA: Final = 3
_KINDS: Final[dict[str, BackupKind]] = {
    "full": "full",
    "diff": "differential",
    "incr": "incremental",
}


class _Held(BaseModel):
    held: bool = False


class _Locks(BaseModel):
    backup: _Held = _Held()


class _Status(BaseModel):
    code: int
    lock: _Locks = _Locks()


class _Repository(BaseModel):
    key: int
    status: _Status


class _Id(BaseModel):
    id: int


class _Database(BaseModel):
    id: int
    system_id: int = Field(alias="system-id")


class _Archive(BaseModel):
    database: _Id
    min: WalName | None
    max: WalName | None


class _Range(BaseModel):
    start: WalName | None
    stop: WalName | None


class _Times(BaseModel):
    start: int
    stop: int


class _Size(BaseModel):
    size: int


class _Backup(BaseModel):
    label: str = Field(pattern=r"^[0-9A-Z_-]{1,64}$")
    type: str
    database: _Id
    archive: _Range
    timestamp: _Times
    info: _Size
    error: bool | None = None


class _Stanza(BaseModel):
    name: str
    status: _Status
    repo: list[_Repository] = []
    db: list[_Database]
    archive: list[_Archive]
    backup: list[_Backup]


_STANZAS: Final = TypeAdapter(list[_Stanza])


class PgBackRestReader:
    """Asks pgBackRest about one stanza."""

    def __init__(self, tool: BackupTool, ask: Ask = asking.ask) -> None:
        self._tool = tool
        self._ask = ask

    def read(self, segment_bytes: int) -> ToolReport:
        """Return pgBackRest's report; raises ToolNotRead."""
        del segment_bytes
        stanza = f"--stanza={self._tool.server}"
        return parse_info(
            self._tool, self._ask(self._tool, stanza, "--output=json", "info")
        )


def parse_info(tool: BackupTool, answer: Answer) -> ToolReport:
    """Parse the output of `pgbackrest info --output=json`; raises ToolNotRead."""
    stanzas = asking.shaped(tool, asking.read_json(tool, answer), _STANZAS)
    stanza = next((each for each in stanzas if each.name == tool.server), None)
    if stanza is None or stanza.status.code == _MISSING_PATH:
        raise asking.unknown_server(tool)
    current = max(stanza.db, key=lambda each: each.id, default=None)
    return ToolReport(
        tuple(_backups(stanza, current)),
        _last_wal(stanza, current),
        str(current.system_id) if current else "",
        stanza.status.lock.backup.held,
        tuple(_faults(tool, stanza)),
    )


def _backups(stanza: _Stanza, current: _Database | None) -> Sequence[ToolBackup]:
    """Return the backups of today's PostgreSQL, without those before an upgrade."""
    if current is None:
        return ()
    first, last = _reach(stanza, current)
    ours = [each for each in stanza.backup if each.database.id == current.id]
    return [
        _backup(each, first, last)
        for each in sorted(ours, key=lambda each: each.timestamp.stop)
    ]


def _backup(backup: _Backup, first: str, last: str) -> ToolBackup:
    start, stop = backup.archive.start or "", backup.archive.stop or ""
    is_cut_off = bool(start) and not (first <= start and stop <= last)
    problem = ""
    if is_cut_off:
        problem = (
            f"The log of backup {backup.label} is not in the archive, from {start} to "
            f"{stop}."
        )
    elif backup.error:
        problem = f"Backup {backup.label} has pages whose checksums are wrong."
    return ToolBackup(
        backup.label,
        _KINDS.get(backup.type, "full"),
        datetime.fromtimestamp(backup.timestamp.stop, UTC),
        backup.info.size,
        problem,
        is_cut_off,
    )


def _reach(stanza: _Stanza, current: _Database) -> tuple[str, str]:
    """Return the first and the last segment of the archive, over all repositories.

    A restore gets a segment from whichever repository has it.
    """
    ours = [each for each in stanza.archive if each.database.id == current.id]
    first = min((each.min for each in ours if each.min), default="")
    return first, max((each.max for each in ours if each.max), default="")


def _last_wal(stanza: _Stanza, current: _Database | None) -> str:
    return _reach(stanza, current)[1] if current else ""


def _faults(tool: BackupTool, stanza: _Stanza) -> Sequence[str]:
    code = stanza.status.code
    if code == _OK:
        return ()
    if code == _NO_BACKUP:
        return (f"{tool.label} has no backup that can be restored.",)
    if code == _MISSING_DATA:
        return (f"{tool.label} has lost what it knows of {tool.server}.",)
    broken = [each.key for each in stanza.repo if each.status.code != _OK]
    keys = ", ".join(map(str, broken)) or "1"
    sentence = (
        f"Repositories of {tool.label} are not as they should be (number {keys}): run "
        f"pgbackrest --stanza={tool.server} info by hand to see why."
    )
    return (sentence,)
