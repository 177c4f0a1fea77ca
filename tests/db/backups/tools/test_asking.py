"""Tools that are started: their arguments, and what becomes of those that hang."""

import os
import time
from pathlib import Path

import pytest

from db.backups.tools import asking
from db.backups.tools.asking import ToolNotRead, ask
from db.backups.tools.backup_tool import BackupTool


def script(folder: Path, words: str) -> BackupTool:
    path = folder / "barman"
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o700)
    return BackupTool.parse("barman:clinic", f"{path} --quick")


def test_it_is_given_arguments_and_none_of_our_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARTROOM_SECRET_KEY", "hidden")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    tool = script(tmp_path, 'echo "$@"; env; echo aside >&2; exit 3')

    answer = ask(tool, "check", "clinic")

    text = answer.text.decode()
    assert text.startswith("--quick check clinic\n")
    assert answer.code == 3
    assert "hidden" not in text
    assert "aside" not in text
    assert "LC_ALL=C\n" in text


def test_one_that_hangs_is_ended_with_all_that_it_has_started(tmp_path):
    tool = script(tmp_path, f"sleep 3600 & echo $! >{tmp_path}/child; wait")

    with pytest.raises(ToolNotRead) as refused:
        ask(tool, seconds=0.5)

    assert str(refused.value) == "Barman did not answer within 0.5 seconds."
    child = int((tmp_path / "child").read_text())
    # The remaining child is killed, and may wait for its new parent to reap it.
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_what_outlives_it_keeps_nobody_waiting(tmp_path):
    tool = script(tmp_path, f"sleep 3600 & echo $! >{tmp_path}/child; echo '{{}}'")

    assert ask(tool).text == b"{}\n"

    os.kill(int((tmp_path / "child").read_text()), 9)


def test_a_program_that_is_not_there_is_named(tmp_path):
    tool = BackupTool.parse("pgbackrest:main", str(tmp_path / "pgbackrest"))

    with pytest.raises(ToolNotRead, match=r"no program .*pgbackrest where the worker"):
        ask(tool)


def test_a_program_that_cannot_be_started_is_named(tmp_path):
    tool = BackupTool.parse("pgbackrest:main", str(tmp_path))

    with pytest.raises(ToolNotRead, match=r"cannot be started \(permission denied\)"):
        ask(tool)


def test_an_endless_answer_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "_MOST_BYTES", 10)

    with pytest.raises(ToolNotRead, match="more than 16 MB"):
        ask(script(tmp_path, "echo 0123456789"))


@pytest.mark.parametrize(
    "named",
    ["barman", "barman:", "walg:main", "barman:a b", "barman:-x", "barman:a;b", ""],
)
def test_a_name_that_could_be_anything_else_is_refused(named):
    with pytest.raises(ValueError, match="write barman:SERVER or pgbackrest:STANZA"):
        BackupTool.parse(named)


def test_a_command_may_reach_another_machine():
    tool = BackupTool.parse("barman:clinic", "ssh -o 'BatchMode yes' backup barman")

    assert tool.command == ("ssh", "-o", "BatchMode yes", "backup", "barman")
    assert BackupTool.parse("barman:clinic").command == ("barman",)
