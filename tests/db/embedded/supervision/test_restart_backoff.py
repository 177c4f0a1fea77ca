"""How long a program that keeps ending waits for its next start."""

import time
from dataclasses import replace
from pathlib import Path

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
