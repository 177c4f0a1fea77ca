"""How long a program that keeps ending waits for its next start."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from db.embedded.processes.child_processes import Program
from db.embedded.supervision.restart_backoff import RestartBackoff


def test_the_first_death_in_a_while_costs_no_wait():
    backoff = RestartBackoff(started_at=0)

    backoff.ended(now=100)

    assert backoff.next_at == 100


def test_a_program_that_keeps_dying_is_started_ever_more_seldom():
    backoff, now, pauses = RestartBackoff(started_at=100), 100.0, []

    for _ in range(9):
        backoff.ended(now)
        pauses.append(backoff.next_at - now)
        now = backoff.next_at
        backoff.started(now)

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_program_that_has_run_well_is_forgiven():
    backoff = RestartBackoff(failures=5, started_at=100)

    backoff.ended(now=200)

    assert (backoff.failures, backoff.next_at) == (0, 200)


def test_a_failure_of_long_ago_does_not_fence_who_has_run_well_since():
    backoff = RestartBackoff(failures=1, started_at=100)

    assert backoff.recent_failures(now=159) == 1
    assert backoff.recent_failures(now=160) == 0


def test_who_keeps_ending_has_failed_until_it_runs_well():
    backoff = RestartBackoff(failures=1, started_at=100, has_ended=True)

    assert backoff.recent_failures(now=200) == 1


def test_who_is_started_in_another_way_does_not_pay_for_what_was_ended(tmp_path: Path):
    program = Program("db-01", ["true"], {}, tmp_path, tmp_path / "log")
    backoff = RestartBackoff(failures=5, started_at=time.monotonic(), known=program)

    assert not backoff.start_again(program)

    backoff = RestartBackoff(failures=5, started_at=time.monotonic(), known=program)
    other = replace(program)
    assert backoff.start_again(other)
    other.process.wait()


def test_a_program_that_cannot_be_started_waits_and_keeps_nobody_from_the_others(
    tmp_path: Path,
):
    missing = tmp_path / "renamed"
    program = Program("mongod", ["true"], {}, missing, missing / "log")
    backoff = RestartBackoff()

    tries = [backoff.start_again(program) for _ in range(3)]

    assert tries == [False] * 3
    assert backoff.failures == 1
    assert backoff.next_at > time.monotonic()


def ended(folder: Path, command: str) -> Program:
    """Return a program that has run this command of a shell, and has ended."""
    log = folder / "etcd.log"
    program = Program("etcd", ("sh", "-c", command), {**os.environ}, folder, log)
    program.start()
    assert program.process is not None
    program.process.wait()
    return program


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("kill -9 $$", "it was killed, probably because there is no memory left: "),
        ("kill -11 $$", "signal 11: see "),
        ("exit 3", "exit code 3: see "),
        (
            "echo accept4: too many open files; exit 2",
            "exit code 2: the system lets this program open no more files: raise ",
        ),
        (
            "echo fatal error: failed to create new OS thread; kill -6 $$",
            "signal 6: the system lets this user start no more processes or threads: ",
        ),
    ],
    ids=["killed", "crashed", "ended", "files", "threads"],
)
def test_how_a_program_ended_that_nobody_here_has_ended_is_logged(
    command: str, why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """The system may have killed it, which leaves no word in the program's own log."""
    program = ended(tmp_path, command)
    backoff = RestartBackoff(known=program, next_at=time.monotonic() + 600)

    backoff.start_again(program)

    [record] = caplog.records
    words = record.getMessage()
    assert words.startswith(f"etcd has ended and is started again: {why}")


def test_words_of_a_log_that_was_emptied_since_the_start_are_found(tmp_path: Path):
    program = ended(tmp_path, "yes | head -c 20000; exit 1")
    program.log.write_text("accept4: too many open files\n")

    assert "open no more files" in str(program.ending)


def test_what_a_drill_has_killed_is_not_blamed_on_the_system(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    log = tmp_path / "etcd.log"
    program = Program("etcd", ("sleep", "600"), {**os.environ}, tmp_path, log)
    program.start()
    program.kill()
    backoff = RestartBackoff(known=program, next_at=time.monotonic() + 600)

    backoff.start_again(program)

    [record] = caplog.records
    assert record.getMessage() == "etcd has ended and is started again."


def test_a_fence_that_comes_after_the_system_does_not_take_the_blame(tmp_path: Path):
    """A node whose Patroni and PostgreSQL were both killed is fenced first."""
    program = ended(tmp_path, "kill -9 $$")

    program.kill()

    assert "there is no memory left" in str(program.ending)
