"""Reads the state of backups from Barman, by the JSON of its commands.

`check` and `list-backups` are run each time, `show-backup` for the newest two and for
unknown ones: the others change only by somebody's hand, which is noticed within a day.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, TypeVar

from pydantic import BaseModel, Field, TypeAdapter

from db.backups.tools import asking
from db.backups.tools.asking import Answer, Ask
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.tool_report import BackupKind, ToolBackup, ToolReport
from db.backups.tools.wal_names import WalName, count_segments

_JSON: Final = ("-f", "json")
_ANY: Final = TypeAdapter(dict[str, Any])
_UNKNOWN: Final = "Unknown server"
# An id goes back to the tool as an argument, and by ssh through a shell.
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
_DONE: Final = "DONE"
_RUNNING: Final = frozenset({"EMPTY", "STARTED"})
_OFTEN: Final = 2
_SHOWN_AGAIN_AFTER: Final = timedelta(days=1)
T = TypeVar("T")
_NO_WORD: Final = re.compile(r"[^a-z0-9_]")
_LONGEST_NAME: Final = 80


class _Check(BaseModel):
    status: str


class _Listed(BaseModel):
    backup_id: str = Field(pattern=_ID)
    status: str
    backup_type: str | None = None
    end_time_timestamp: int | None = None
    size_bytes: int = 0


class _Base(BaseModel):
    begin_wal: WalName
    end_wal: WalName
    wal_num: int | None


class _Log(BaseModel):
    no_of_files: int
    last_available: WalName | None
    timelines: list[str] = []


class _Shown(BaseModel):
    system_id: str = ""
    base_backup_information: _Base
    wal_information: _Log


_CHECKS: Final = TypeAdapter(dict[str, _Check])
_LIST: Final = TypeAdapter(list[_Listed])
_SHOWN: Final = TypeAdapter(_Shown)


@dataclass(frozen=True, slots=True)
class ShownBackup:
    """What Barman shows of a backup's log: up to the next backup, or to the end.

    `segments` is how many there are from the backup's first to `last_wal`.
    """

    system_id: str
    first_wal: str
    last_wal: str
    segments: int
    has_later_timelines: bool


class BarmanReader:
    """Asks Barman about one server; remembers what does not change."""

    def __init__(
        self,
        tool: BackupTool,
        ask: Ask = asking.ask,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._tool = tool
        self._ask = ask
        self._clock = clock
        self._shown: dict[str, tuple[datetime, ShownBackup]] = {}

    def read(self, segment_bytes: int) -> ToolReport:
        """Return Barman's report; raises ToolNotRead."""
        failed = parse_checks(self._tool, self._answer_of("check"))
        listed = parse_list(self._tool, self._answer_of("list-backups"))
        names = [each.backup_id for each in _done(listed)]
        shown = {name: self._show(name, names[-_OFTEN:]) for name in names}
        self._shown = {name: self._shown[name] for name in names}
        return report_of(self._tool, failed, listed, shown, segment_bytes)

    def _show(self, name: str, newest: Sequence[str]) -> ShownBackup:
        now = self._clock()
        if name in self._shown and name not in newest:
            at, shown = self._shown[name]
            if timedelta() <= now - at < _SHOWN_AGAIN_AFTER:
                return shown
        shown = parse_shown(self._tool, self._answer_of("show-backup", name))
        self._shown[name] = now, shown
        return shown

    def _answer_of(self, command: str, *more: str) -> Answer:
        return self._ask(self._tool, *_JSON, command, self._tool.server, *more)


def parse_checks(tool: BackupTool, answer: Answer) -> tuple[str, ...]:
    """Return the names of the failing checks of `barman check`.

    It ends with an exit code if one fails. Raises ToolNotRead.
    """
    checks = _of_server(tool, answer, _CHECKS)
    return tuple(
        # Only what can be one of the tool's own words is repeated.
        _NO_WORD.sub("_", name.lower())[:_LONGEST_NAME]
        for name, check in sorted(checks.items())
        if check.status != "OK"
    )


def parse_list(tool: BackupTool, answer: Answer) -> list[_Listed]:
    """Return the backups of `barman list-backups`, oldest first; raises ToolNotRead."""
    listed = _of_server(tool, answer, _LIST)
    for each in listed:
        if each.status == _DONE and each.end_time_timestamp is None:
            raise asking.unknown_answer(tool, "end_time_timestamp")
    return sorted(listed, key=lambda each: each.backup_id)


def parse_shown(tool: BackupTool, answer: Answer) -> ShownBackup:
    """Return the content of `barman show-backup` for a backup; raises ToolNotRead."""
    shown = _of_server(tool, answer, _SHOWN)
    base, log = shown.base_backup_information, shown.wal_information
    return ShownBackup(
        shown.system_id,
        base.begin_wal,
        log.last_available or base.end_wal,
        (base.wal_num or 0) + log.no_of_files,
        bool(log.timelines),
    )


def report_of(
    tool: BackupTool,
    failed_checks: Sequence[str],
    listed: Sequence[_Listed],
    shown: Mapping[str, ShownBackup],
    segment_bytes: int,
) -> ToolReport:
    """Assemble the report from Barman's answers."""
    done = _done(listed)
    faults = []
    if failed_checks:
        names = ", ".join(failed_checks)
        faults.append(f"Checks of {tool.label} fail: {names}.")
    if not done:
        faults.append(f"{tool.label} has no backup that can be restored.")
        return ToolReport(is_busy=_is_busy(listed), faults=tuple(faults))
    newest = shown[done[-1].backup_id]
    if newest.has_later_timelines:
        faults.append(
            f"Another server leads than when the newest backup was made, and "
            f"{tool.label} does not tell how far the log goes since: make a backup."
        )
    return ToolReport(
        tuple(
            _backup(each, shown[each.backup_id], is_last, segment_bytes)
            for each, is_last in _with_last(done)
        ),
        newest.last_wal,
        newest.system_id,
        _is_busy(listed),
        tuple(faults),
    )


def _with_last(done: Sequence[_Listed]) -> list[tuple[_Listed, bool]]:
    return [*((each, False) for each, _ in pairwise(done)), (done[-1], True)]


def _backup(
    listed: _Listed, shown: ShownBackup, is_last: bool, segment_bytes: int
) -> ToolBackup:
    """Return a backup; if segments are missing, `problem` says so."""
    expected = count_segments(shown.first_wal, shown.last_wal, segment_bytes)
    missing = 0 if expected is None else expected - shown.segments
    problem = ""
    if missing > 0:
        until = "the end" if is_last else "the next backup"
        problem = (
            f"Of the log from backup {listed.backup_id} to {until}, segments are "
            f"missing: {missing}."
        )
    return ToolBackup(
        listed.backup_id,
        _kind(listed.backup_type),
        datetime.fromtimestamp(listed.end_time_timestamp or 0, UTC),
        listed.size_bytes,
        problem,
        is_cut_off=bool(problem),
    )


def _kind(backup_type: str | None) -> BackupKind:
    # Barman's other methods, rsync and disk snapshots, all make full copies.
    return "incremental" if backup_type == "incremental" else "full"


def _done(listed: Sequence[_Listed]) -> list[_Listed]:
    return [each for each in listed if each.status == _DONE]


def _is_busy(listed: Sequence[_Listed]) -> bool:
    return any(each.status in _RUNNING for each in listed)


def _of_server(tool: BackupTool, answer: Answer, shape: TypeAdapter[T]) -> T:
    """Return an answer's part on the server; raises ToolNotRead."""
    whole = asking.shaped(tool, asking.read_json(tool, answer), _ANY)
    if tool.server in whole:
        return asking.shaped(tool, whole[tool.server], shape)
    errors = whole.get("_ERROR") or [""]
    if str(errors[0]).startswith(_UNKNOWN):
        raise asking.unknown_server(tool)
    if answer.code:
        raise asking.ended(tool, answer)
    raise asking.unknown_answer(tool, tool.server)
