"""Alerts and metrics use a backup tool's answers as they use our own backups."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.cluster.tool_metrics import tool_gauges
from db.backups.tools.backup_tool import BackupTool
from jobs.backups.tools.tool_asking import ToolAsker
from jobs.backups.tools.tool_watch import ToolWatch
from services.backups.tools import ToolState
from services.cluster.alerts import AlertKind, measure
from tests.db.cluster.observing.snapshots import primary, snapshot
from tests.kit.tool_reports import NAME, report_at

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATE = ToolState(
    NAME,
    NOW,
    answered_at=NOW,
    report=report_at(NOW - 3 * HOUR),
    archived_until=NOW - timedelta(seconds=90),
)


def condition_of(state, proven_at=None, *, is_practised=False):
    asker = ToolAsker(None, BackupTool.parse(NAME), object(), clock=lambda: NOW)
    asker.state, asker.proven_at = state, proven_at
    return ToolWatch(asker, is_practised=is_practised).at(NOW)


def measured(state, *proven_at, **practised):
    condition = condition_of(state, *proven_at, **practised)
    measures = measure(snapshot(primary()), None, backups=condition)
    return {each.kind: (each.value, each.sentence) for each in measures}


def faulty(*faults, problem=""):
    report = STATE.report
    oldest = replace(report.backups[0], problem=problem)
    backups = (oldest, report.backups[1])
    return replace(STATE, report=replace(report, backups=backups, faults=faults))


def test_a_tool_that_was_not_asked_yet_has_no_backup_yet():
    condition = condition_of(None)

    assert (condition.age, condition.has_any) == (None, False)
    assert (condition.failed_tries, condition.log_behind) == (None, None)


def test_its_newest_backup_and_its_archive_have_an_age():
    values = measured(STATE)

    assert values[AlertKind.BACKUP_TOO_OLD][0] == 3 * 3600
    assert values[AlertKind.BACKUP_FAILED][0] == 0
    assert values[AlertKind.ARCHIVE_BEHIND][0] == 90
    assert values[AlertKind.BACKUP_DAMAGED][0] == 0
    assert values[AlertKind.KEY_KIT_OLD][0] is None
    assert values[AlertKind.RESTORE_UNPROVEN] == (
        51 * 3600,
        "Barman has backups for 2 days, and Chartroom practises no restore of them.",
    )


def test_where_restores_are_practised_the_last_that_was_proven_counts():
    never = measured(STATE, is_practised=True)
    proven = measured(STATE, NOW - 24 * HOUR, is_practised=True)

    assert never[AlertKind.RESTORE_UNPROVEN] == (
        51 * 3600,
        "There are backups for 2 days, and no proven restore.",
    )
    assert proven[AlertKind.RESTORE_UNPROVEN] == (
        24 * 3600,
        "A restore was last proven 1 days ago.",
    )


def test_until_the_archive_is_known_the_newest_backup_is_the_newest_second():
    values = measured(replace(STATE, archived_until=None))

    assert values[AlertKind.ARCHIVE_BEHIND][0] == 3 * 3600


@pytest.mark.parametrize(
    ("state", "value", "words"),
    [
        (replace(STATE, tries=2, failure="It hangs."), 0, ""),
        (replace(STATE, tries=3, failure="It hangs."), 3, "It hangs."),
        (faulty("Checks fail.", "More."), 2, "Checks fail."),
        (ToolState(NAME, NOW, 1, "It hangs."), None, ""),
    ],
    ids=["borne", "silent", "complains", "never"],
)
def test_what_is_wrong_is_one_alert_with_its_reason(state, value, words):
    assert measured(state)[AlertKind.BACKUP_FAILED] == (
        value,
        f"Something is wrong with the backups that Barman makes. {words}",
    )


def test_backups_that_are_not_counted_on_are_told_of():
    values = measured(faulty(problem="The log is missing."))

    assert values[AlertKind.BACKUP_DAMAGED] == (
        1,
        "Backups of Barman that are not counted on: 1. The page Backups names them.",
    )


def test_a_tool_without_backups_is_as_old_as_its_first_question():
    state = replace(STATE, report=replace(STATE.report, backups=()))
    values = measured(state)

    assert values[AlertKind.BACKUP_TOO_OLD][1].startswith("There is no backup yet")
    assert values[AlertKind.ARCHIVE_BEHIND][0] is None
    assert values[AlertKind.RESTORE_UNPROVEN][0] is None


def test_metrics_have_the_names_that_ours_have():
    def gauges(state, now=NOW + timedelta(seconds=30)):
        lines = tool_gauges(state, now).decode().splitlines()
        return dict(line.split() for line in lines if not line.startswith("#"))

    assert gauges(faulty("Checks fail.", problem="The log is missing.")) == {
        "chartroom_backup_failed_tries": "1.0",
        "chartroom_backup_tool_answer_age_seconds": "30.0",
        "chartroom_backup_tool_faults": "1.0",
        "chartroom_backup_sets": "1.0",
        "chartroom_backup_incomplete_sets": "1.0",
        "chartroom_backup_age_seconds": "10830.0",
        "chartroom_backup_bytes": "1e+06",
        "chartroom_backup_log_behind_seconds": "120.0",
    }
    silent = ToolState(NAME, NOW, 4, "It hangs.")
    assert gauges(silent) == {"chartroom_backup_failed_tries": "4.0"}
    assert gauges(replace(silent, tries=1)) == {}
