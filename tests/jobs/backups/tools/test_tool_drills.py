"""When a drill of a tool's backups may begin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from db.backups.tools.backup_tool import BackupTool
from jobs.backups.tools.tool_asking import ToolAsker
from jobs.backups.tools.tool_drills import ToolBackups
from services.backups.tools import ToolState
from tests.kit.tool_reports import NAME, report_at

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NEWEST = NOW - timedelta(hours=3)


def backups_of(folder, state):
    asker = ToolAsker(None, BackupTool.parse(NAME), object(), clock=lambda: NOW)
    asker.state = state
    return ToolBackups(asker, folder)


def test_none_is_due_before_a_second_is_known_to_go_to(tmp_path):
    """By plan it would count as broken although nothing is wrong."""
    unknown = ToolState(NAME, NOW, answered_at=NOW, report=report_at(NEWEST))
    known = replace(unknown, archived_until=NOW)

    assert backups_of(tmp_path, None).oldest_at() is None
    assert backups_of(tmp_path, unknown).oldest_at() is None
    oldest = NEWEST - timedelta(days=2)
    assert backups_of(tmp_path, known).oldest_at() == oldest + timedelta(seconds=1)


def test_it_waits_for_a_backup_that_is_being_made(tmp_path):
    idle = ToolState(NAME, NOW, answered_at=NOW, report=report_at(NEWEST))
    busy = replace(idle, report=replace(idle.report, is_busy=True))

    states = (None, idle, busy)
    assert [backups_of(tmp_path, state).is_busy for state in states] == [
        False,
        False,
        True,
    ]


def test_one_at_a_time_of_however_many_workers(tmp_path):
    backups = backups_of(tmp_path / "drills", None)

    with backups.drilling() as first, backups.drilling() as second:
        assert (first, second) == (True, False)
    with backups.drilling() as again:
        assert again
