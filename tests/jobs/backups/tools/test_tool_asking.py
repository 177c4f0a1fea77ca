"""The worker queries a backup tool, and keeps its answer beside the rows."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db.backups.tools.asking import ToolNotRead
from db.backups.tools.backup_tool import BackupTool
from db.postgres import SYSTEM
from jobs.backups.tools.tool_asking import ToolAsker
from services.backups import tools
from tests.kit.tool_reports import NAME, report_at

TOOL = BackupTool.parse(NAME)


class Archive:
    """A tool with one backup; the test says what its archive has."""

    def __init__(self) -> None:
        self.last_wal = "000000010000000000000001"
        self.system_id = ""
        self.error: Exception | None = None
        self.questions: list[int] = []

    def read(self, segment_bytes: int):
        self.questions.append(segment_bytes)
        if self.error is not None:
            raise self.error
        newest = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        return report_at(newest, last_wal=self.last_wal, system_id=self.system_id)


@pytest.fixture
def archive(database):
    archive = Archive()
    archive.system_id = of(database, "system_identifier FROM pg_control_system()")
    return archive


def of(database, words):
    return str(
        database.read_latest(
            lambda session: session.scalars(text(f"SELECT {words}")).one(),
            identity=SYSTEM,
        ).value
    )


def kept(database):
    return database.read_latest(
        lambda session: tools.find_tool(session, NAME), identity=SYSTEM
    ).value


def test_what_the_archive_has_is_seen_minute_by_minute(database, archive):
    minutes = [datetime.now(UTC)]
    asker = ToolAsker(database, TOOL, archive, clock=lambda: minutes[0])

    def look():
        asker.look()
        # Also by the clock of rows, which dates the answers.
        minutes[0] = max(minutes[0], datetime.now(UTC)) + timedelta(minutes=1)
        return asker.state

    first = look()
    assert (first.report.faults, first.window) == ((), None)
    assert archive.questions == [16 << 20]
    assert look().archived_until is None

    archive.last_wal = of(database, "pg_walfile_name(pg_current_wal_flush_lsn())")
    third = look()

    assert third.archived_until >= first.tried_at
    assert third.window[1] < third.tried_at
    assert kept(database) == third


def test_it_is_asked_once_a_minute_by_whoever_comes_first(database, archive):
    first, second = (ToolAsker(database, TOOL, archive) for _ in range(2))

    first.look()
    first.look()
    second.look()

    assert len(archive.questions) == 1
    assert second.state == first.state


def test_a_tool_that_fails_is_told_of_and_asked_again(database, archive, caplog):
    now = [datetime.now(UTC)]
    asker = ToolAsker(database, TOOL, archive, clock=lambda: now[0])
    archive.error = ToolNotRead("Barman did not answer within 60 seconds.")
    asker.look()
    assert asker.state.failure == "Barman did not answer within 60 seconds."
    assert "could not be queried for its backups" in caplog.text

    archive.error = ZeroDivisionError("a defect of the reader's")
    now[0] = datetime.now(UTC) + timedelta(minutes=1)
    asker.look()
    assert asker.state.tries == 2
    assert kept(database).failure == (
        "Asking the backup tool broke: the worker's log says why."
    )

    archive.error = None
    now[0] += timedelta(minutes=1)
    asker.look()
    assert (asker.state.failure, asker.state.tries) == ("", 0)


def test_backups_of_another_clinic_are_seen_to_be(database, archive):
    archive.system_id = "7"
    asker = ToolAsker(database, TOOL, archive)

    asker.look()

    assert "are of another PostgreSQL (7, this one is" in asker.state.report.faults[0]
