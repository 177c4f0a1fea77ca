"""Barman's answers, as recorded with version 3.19 and PostgreSQL 18."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.backups.tools.asking import Answer, ToolNotRead
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.barman import BarmanReader

ANSWERS = Path(__file__).with_name("answers")
TOOL = BackupTool.parse("barman:clinic")
MEGABYTE = 1 << 20
SEGMENT = 16 * MEGABYTE
OLD, FULL, CHANGES = "20261127T224226", "20261127T225322", "20261127T225324"


def recorded(name: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((ANSWERS / f"barman-{name}.json").read_text())
    return whole


@dataclass(slots=True)
class Recorded:
    """A Barman that gives the recorded answers, with some values changed."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    code: int = 0
    questions: list[str] = field(default_factory=list)

    def __call__(self, tool: BackupTool, *arguments: str) -> Answer:
        output, form, command, server, *more = arguments
        assert (tool, output, form, server) == (TOOL, "-f", "json", "clinic")
        name = "-".join([command, *more])
        self.questions.append(name)
        answer = self.answers.get(name) or recorded(name)
        return Answer(json.dumps(answer).encode(), self.code)

    def change(self, name: str, **values: Any) -> None:
        """Change values in the answer about a backup, wherever they occur."""
        answer = self.answers.setdefault(name, recorded(name))
        for part in answer["clinic"].values():
            if isinstance(part, dict):
                part.update({k: v for k, v in values.items() if k in part})


def at(hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 11, 27, hour, minute, second, tzinfo=UTC)


def test_backups_and_how_far_the_log_goes_are_read():
    barman = Recorded()
    barman.change(f"show-backup-{OLD}", no_of_files=5)

    report = BarmanReader(TOOL, barman).read(SEGMENT)

    assert [(each.name, each.kind) for each in report.valid] == [
        (OLD, "full"),
        (FULL, "full"),
        (CHANGES, "incremental"),
    ]
    assert report.newest.stopped_at == at(22, 53, 25)
    assert report.newest.size_bytes == 19_861_754
    assert report.last_wal == "00000001000000000000000E"
    assert report.system_id == "7712984869342020813"
    assert report.unbroken_since == at(22, 42, 27)
    assert (report.faults, report.problems, report.is_busy) == ((), (), False)


def test_log_that_is_missing_ends_what_one_can_go_back_to():
    # As it was recorded, after a segment was deleted by hand.
    report = BarmanReader(TOOL, Recorded()).read(SEGMENT)

    assert report.problems == (
        f"Of the log from backup {OLD} to the next backup, segments are missing: 1.",
    )
    assert report.unbroken_since == at(22, 53, 24)
    assert [each.name for each in report.valid] == [FULL, CHANGES]


def test_log_that_is_missing_after_the_newest_backup_leaves_none():
    barman = Recorded()
    later = "000000010000000000000012"
    barman.change(f"show-backup-{CHANGES}", last_available=later, no_of_files=3)

    report = BarmanReader(TOOL, barman).read(SEGMENT)

    assert report.problems[0] == (
        f"Of the log from backup {CHANGES} to the end, segments are missing: 1."
    )
    assert report.unbroken_since is None


def test_segments_of_another_size_are_counted_by_it():
    barman = Recorded()
    barman.change(
        f"show-backup-{CHANGES}",
        begin_wal="0000000100000000000000FE",
        last_available="000000010000000100000001",
        no_of_files=3,
    )

    def problems(segment_bytes: int) -> tuple[str, ...]:
        report = BarmanReader(TOOL, barman).read(segment_bytes)
        return tuple(each for each in report.problems if CHANGES in each)

    # With 16 MB the 256th segment is the last of a log file, with 8 MB the 512th.
    assert problems(SEGMENT) == ()
    assert problems(SEGMENT // 2) != ()


def test_checks_that_fail_are_named():
    barman = Recorded({"check": recorded("check-failing")}, code=1)

    report = BarmanReader(TOOL, barman).read(SEGMENT)

    assert report.faults == (
        (
            "Checks of Barman fail: pg_basebackup_compatible, "
            "pg_receivexlog_compatible, postgresql, receive_wal_running, "
            "replication_slot."
        ),
    )
    assert report.newest is not None


def test_a_failing_check_is_named_whatever_it_is_called():
    checks = recorded("check-failing")
    for check in checks["clinic"].values():
        check["status"] = "OK"
    checks["clinic"]["Snapshots (one/two)"] = {"hint": "", "status": "FAILED"}

    report = BarmanReader(TOOL, Recorded({"check": checks}, code=1)).read(SEGMENT)

    assert report.faults == ("Checks of Barman fail: snapshots__one_two_.",)


def test_only_backups_that_are_done_count():
    listed = recorded("list-backups")
    for each, status in zip(
        listed["clinic"], ("STARTED", "WAITING_FOR_WALS", "FAILED"), strict=True
    ):
        each["status"] = status

    report = BarmanReader(TOOL, Recorded({"list-backups": listed})).read(SEGMENT)

    assert report.backups == ()
    assert report.is_busy
    assert report.faults == ("Barman has no backup that can be restored.",)


def test_a_timeline_that_barman_does_not_follow_is_told_of():
    barman = Recorded()
    barman.change(f"show-backup-{CHANGES}", timelines=["2"])

    (fault,) = BarmanReader(TOOL, barman).read(SEGMENT).faults

    assert fault.startswith("Another server leads than when the newest backup was")


def test_what_does_not_change_is_asked_once_a_day():
    barman, now = Recorded(), [at(23, 0, 0)]
    reader = BarmanReader(TOOL, barman, clock=lambda: now[0])
    newest = [f"show-backup-{FULL}", f"show-backup-{CHANGES}"]

    def questions_again() -> list[str]:
        barman.questions.clear()
        reader.read(SEGMENT)
        return barman.questions[2:]

    assert questions_again() == [f"show-backup-{OLD}", *newest]
    assert questions_again() == newest
    now[0] += timedelta(days=1)
    assert questions_again() == [f"show-backup-{OLD}", *newest]
    # After a clock was set back, the last look seems to be in the future.
    now[0] -= timedelta(days=2)
    assert questions_again() == [f"show-backup-{OLD}", *newest]


@pytest.mark.parametrize(
    ("answers", "code", "sentence"),
    [
        (
            {"check": {"_ERROR": ["Unknown server 'clinic'"]}},
            1,
            "Barman knows no clinic: correct CHARTROOM_BACKUP_TOOL.",
        ),
        (
            {"check": {"_ERROR": ["Something else"]}},
            3,
            (
                "Barman ended with exit code 3: run it by hand, as the worker's user, "
                "to see why."
            ),
        ),
        (
            {"check": {"_INFO": ["Nothing"]}},
            0,
            "Barman answers in another way than Chartroom knows (clinic).",
        ),
        (
            {"list-backups": {"clinic": ["20261127T224226"]}},
            0,
            "Barman answers in another way than Chartroom knows (0).",
        ),
        (
            {"list-backups": {"clinic": [{"backup_id": OLD, "status": "DONE"}]}},
            0,
            "Barman answers in another way than Chartroom knows (end_time_timestamp).",
        ),
        (
            {"list-backups": {"clinic": [{"backup_id": "; rm x", "status": "DONE"}]}},
            0,
            "Barman answers in another way than Chartroom knows (0.backup_id).",
        ),
        (
            {f"show-backup-{OLD}": {"clinic": {"backup_id": OLD}}},
            0,
            (
                "Barman answers in another way than Chartroom knows "
                "(base_backup_information)."
            ),
        ),
    ],
    ids=["no-server", "code", "no-server-in-it", "list", "no-time", "id", "no-log"],
)
def test_whatever_else_it_answers_is_said_in_a_sentence(answers, code, sentence):
    with pytest.raises(ToolNotRead) as refused:
        BarmanReader(TOOL, Recorded(answers, code)).read(SEGMENT)

    assert str(refused.value) == sentence
