"""Commands that end by themselves do so however long they take to begin."""

import time
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest

from db.embedded.control.commands import Commands
from db.embedded.deadlines import Deadlines
from db.embedded.faults.replay_pauses import Pauses
from tests.kit.waiting import eventually

SECONDS = 0.1
# Longer than that.
SLOW_SECONDS = 0.5


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    """Deadlines that end with the test."""
    with closing(Deadlines()) as deadlines:
        yield deadlines


class SlowSupervisor:
    """A supervisor whose round takes longer than it is to rest."""

    def __init__(self) -> None:
        self.is_resting = False

    def rest(self) -> None:
        time.sleep(SLOW_SECONDS)
        self.is_resting = True

    def resume(self) -> None:
        self.is_resting = False


def test_a_supervisor_that_rests_late_works_again(deadlines: Deadlines):
    supervisor, nobody = SlowSupervisor(), SimpleNamespace()
    commands = Commands(nobody, supervisor, nobody, nobody, nobody, deadlines)

    commands.supervised(False, SECONDS)

    eventually(lambda: not supervisor.is_resting, seconds=30)


def test_a_replica_that_is_paused_late_goes_on(deadlines: Deadlines):
    states: list[bool] = []

    def configure(_: object, is_paused: bool) -> None:
        if is_paused:
            time.sleep(SLOW_SECONDS)
        states.append(is_paused)

    node = SimpleNamespace(name="db-02", is_leader=False, reload=lambda: None)

    Pauses(deadlines, configure).pause(node, SECONDS)

    eventually(lambda: states[-1] is False, seconds=30)
