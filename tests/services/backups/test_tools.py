"""A backup tool's answers: what is stored of them, and what one can go back to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.backups.tools.archived_marks import ArchiveMark
from db.backups.tools.tool_report import ToolReport
from db.models.integrity import ToolAnswer
from services.backups import tools
from services.core.errors import NotAllowed
from tests.kit.tool_reports import NAME, SYSTEM_ID, WAL, report_at

LATER = "00000001000000000000000B"


@pytest.fixture
def now(session):
    """The time by PostgreSQL's clock, in whole seconds as tools date."""
    return session.scalars(select(func.now())).one().replace(microsecond=0)


def note(session, report, mark=None, own=SYSTEM_ID):
    if mark is not None:
        tools.note_mark(session, NAME, mark)
    return tools.note_answer(session, NAME, report, own_system_id=own)


def test_what_was_told_is_read_by_administrators(session, admin, clerk, now):
    assert tools.read_tool(session, admin, NAME) is None
    report = report_at(now)

    noted = note(session, report)

    assert tools.read_tool(session, admin, NAME) == noted
    assert (noted.report, noted.failure, noted.tries) == (report, "", 0)
    assert noted.answered_at == noted.tried_at >= now
    assert tools.read_tool(session, admin, "barman:another") is None
    with pytest.raises(NotAllowed):
        tools.read_tool(session, clerk, NAME)


def test_one_can_go_back_to_a_mark_once_its_segment_is_there(session, now):
    first = note(session, report_at(now))
    assert (first.archived_until, first.window) == (None, None)

    second = note(session, report_at(now), ArchiveMark(first.tried_at, LATER))
    assert second.archived_until is None
    there = report_at(now, last_wal=LATER)
    third = note(session, there, ArchiveMark(second.tried_at, LATER + "F"))

    assert third.archived_until == first.tried_at
    oldest_ended = now - timedelta(days=2)
    assert third.window == (oldest_ended + timedelta(seconds=1), first.tried_at)


def test_a_mark_that_the_rows_do_not_know_of_is_void(session, now):
    first = note(session, report_at(now))
    # A server that led for a moment, and was then lost, has dated it.
    elsewhere = ArchiveMark(first.tried_at + timedelta(seconds=1), WAL)

    assert note(session, report_at(now), elsewhere).archived_until is None
    known = note(session, report_at(now))
    assert note(session, report_at(now), ArchiveMark(known.tried_at, WAL)).window


def test_an_archive_that_lost_its_newest_log_leads_no_further(session, now):
    first = note(session, report_at(now))
    second = note(session, report_at(now), ArchiveMark(first.tried_at, WAL))
    assert second.archived_until == first.tried_at

    # The earlier marks are gone, and still it reaches as far as before.
    session.execute(update(ToolAnswer).values(marks=[]))
    assert note(session, report_at(now)).archived_until == first.tried_at
    less = report_at(now, last_wal="000000010000000000000009")
    assert note(session, less).archived_until is None


def test_a_tool_that_does_not_answer_leaves_what_it_told(session, now):
    answered = note(session, report_at(now))

    tools.note_failure(session, NAME, "Barman did not answer.")
    failed = tools.note_failure(session, NAME, "Barman did not answer.")

    assert (failed.failure, failed.tries) == ("Barman did not answer.", 2)
    assert (failed.report, failed.answered_at) == (
        answered.report,
        answered.answered_at,
    )
    assert failed.tried_at > answered.tried_at
    again = note(session, report_at(now))
    assert (again.failure, again.tries) == ("", 0)


def test_backups_of_another_postgresql_count_for_nothing(session, now):
    first = note(session, report_at(now))

    state = note(session, report_at(now), ArchiveMark(first.tried_at, WAL), own="42")

    assert state.report.backups == ()
    assert (state.archived_until, state.window) == (None, None)
    assert state.report.faults == (
        (
            f"The backups are of another PostgreSQL ({SYSTEM_ID}, this one is 42): "
            "correct CHARTROOM_BACKUP_TOOL, which is barman:clinic."
        ),
    )
    session.expire_all()
    row = session.scalars(select(ToolAnswer)).one()
    assert row.marks == []


def test_a_backup_that_is_to_come_is_told_of_and_not_counted(session, now):
    ahead = report_at(now + timedelta(seconds=90))

    state = note(session, ahead)

    assert [each.name for each in state.report.valid] == ["F1"]
    (fault,) = state.report.faults
    assert fault.startswith(f"Backup I2 is of {ahead.newest.stopped_at:%Y-%m-%d}")
    assert fault.endswith("which is to come: set the clock of the tool's machine.")
    # Synchronized clocks differ by less.
    assert note(session, report_at(now + timedelta(seconds=20))).report.faults == ()


def test_what_is_wrong_with_backups_is_said_with_what_the_tool_says(session, now):
    report = report_at(now)
    broken = replace(report.backups[0], problem="The log is missing.", is_cut_off=True)
    report = replace(
        report, backups=(broken, report.backups[1]), faults=("Checks fail.",)
    )

    state = note(session, report)

    assert state.report.faults == ("The log is missing.", "Checks fail.")
    assert state.report.unbroken_since == now + timedelta(seconds=1)


def test_what_another_version_has_kept_is_no_answer(session, now):
    note(session, report_at(now))
    session.execute(update(ToolAnswer).values(report={"backups": "many"}))
    session.expire_all()

    assert tools.find_tool(session, NAME).report is None
    assert note(session, ToolReport()).report == ToolReport()
