"""pgBackRest's answers, as recorded with version 2.45."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from db.backups.tools.asking import Answer, ToolNotRead
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.pgbackrest import PgBackRestReader, parse_info
from db.backups.tools.tool_report import ToolReport

TOOL: Final = BackupTool.parse("pgbackrest:main")
RECORDED: Final = json.loads(
    (Path(__file__).with_name("answers") / "pgbackrest-info.json").read_text()
)
FULL, CHANGES = "20261127-224233F", "20261127-224233F_20261127-224238I"


def stanza() -> dict[str, Any]:
    copied: dict[str, Any] = deepcopy(RECORDED[0])
    return copied


def read(changed: dict[str, Any]) -> ToolReport:
    return parse_info(TOOL, Answer(json.dumps([changed]).encode(), 0))


def at(minute: int, second: int) -> datetime:
    return datetime(2026, 11, 27, 22, minute, second, tzinfo=UTC)


def test_backups_and_how_far_the_log_goes_are_read():
    def ask(tool: BackupTool, *arguments: str) -> Answer:
        assert (tool, arguments) == (
            TOOL,
            ("--stanza=main", "--output=json", "info"),
        )
        return Answer(json.dumps(RECORDED).encode(), 0)

    report = PgBackRestReader(TOOL, ask).read(1 << 24)

    assert [(each.name, each.kind, each.size_bytes) for each in report.valid] == [
        (FULL, "full", 23_214_706),
        (CHANGES, "incremental", 23_215_278),
    ]
    assert report.last_wal == "000000010000000000000005"
    assert report.system_id == "7712985265571180279"
    assert report.unbroken_since == at(42, 38)
    assert (report.faults, report.is_busy) == ((), False)


def test_a_backup_whose_log_is_not_in_the_archive_leads_to_nothing():
    changed = stanza()
    changed["archive"][0]["min"] = "000000010000000000000003"

    report = read(changed)

    assert report.problems == (
        (
            f"The log of backup {FULL} is not in the archive, from "
            "000000010000000000000002 to 000000010000000000000002."
        ),
    )
    assert [each.name for each in report.valid] == [CHANGES]
    changed["archive"][0]["max"] = "000000010000000000000003"
    assert read(changed).valid == ()
    changed["archive"][0] |= {"min": None, "max": None}
    assert (read(changed).valid, read(changed).last_wal) == ((), "")


def test_pages_that_were_damaged_leave_the_log_as_it_is():
    changed = stanza()
    changed["backup"][1]["error"] = True

    report = read(changed)

    assert report.problems == (
        f"Backup {CHANGES} has pages whose checksums are wrong.",
    )
    assert report.newest.name == FULL
    assert report.unbroken_since == at(42, 38)


def test_of_several_repositories_each_may_have_the_newest_log():
    changed = stanza()
    changed["archive"].append(
        {
            "database": {"id": 1, "repo-key": 2},
            "id": "15-1",
            "min": "000000010000000000000004",
            "max": "000000010000000000000009",
        }
    )

    assert read(changed).last_wal == "000000010000000000000009"
    assert len(read(changed).valid) == 2


def test_backups_of_before_an_upgrade_are_of_another_postgresql():
    changed = stanza()
    changed["db"].append({"id": 2, "repo-key": 1, "system-id": 7, "version": "18"})

    report = read(changed)

    assert (report.backups, report.last_wal, report.system_id) == ((), "", "7")


def test_a_backup_that_is_being_made_is_told_of():
    changed = stanza()
    changed["status"]["lock"]["backup"]["held"] = True

    assert read(changed).is_busy


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (2, "pgBackRest has no backup that can be restored."),
        (3, "pgBackRest has lost what it knows of main."),
        (
            4,
            (
                "Repositories of pgBackRest are not as they should be (number 1): run "
                "pgbackrest --stanza=main info by hand to see why."
            ),
        ),
    ],
)
def test_a_status_that_is_not_well_is_said_in_a_sentence(code, sentence):
    changed = stanza()
    changed["status"]["code"] = changed["repo"][0]["status"]["code"] = code

    assert read(changed).faults == (sentence,)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(b"[]", 0), "pgBackRest knows no main: correct CHARTROOM_BACKUP_TOOL."),
        (
            Answer(json.dumps([stanza() | {"status": {"code": 1}}]).encode(), 0),
            "pgBackRest knows no main: correct CHARTROOM_BACKUP_TOOL.",
        ),
        (
            Answer(b"", 32),
            (
                "pgBackRest ended with exit code 32: run it by hand, as the worker's "
                "user, to see why."
            ),
        ),
        (
            Answer(b"stanza: main", 0),
            "pgBackRest answers in another way than Chartroom knows (not JSON).",
        ),
        (
            Answer(json.dumps([stanza() | {"backup": None}]).encode(), 0),
            "pgBackRest answers in another way than Chartroom knows (0.backup).",
        ),
    ],
    ids=["none", "no-stanza", "code", "text", "shape"],
)
def test_whatever_else_it_answers_is_said_in_a_sentence(answer, sentence):
    with pytest.raises(ToolNotRead) as refused:
        parse_info(TOOL, answer)

    assert str(refused.value) == sentence
