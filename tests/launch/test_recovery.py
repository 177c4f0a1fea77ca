"""Whatever happens to the launcher, the next start works and nothing is lost."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from db import embedded
from tests.conftest import owner
from tests.kit.waiting import eventually
from tests.launch.launcher import Launcher

pytestmark = pytest.mark.launch


def notes(data: Path, *new: str) -> list[str]:
    """Write notes into Chartroom's running database, and return all it has."""
    endpoints = embedded.running(data)
    assert endpoints is not None
    with closing(psycopg2.connect(owner(endpoints))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
        for note in new:
            cursor.execute("INSERT INTO notes VALUES (%s)", [note])
        cursor.execute("SELECT note FROM notes ORDER BY note")
        return [note for (note,) in cursor]


def test_a_killed_launcher_loses_nothing_and_blocks_nothing(
    launch: Callable[..., Launcher],
):
    launcher = launch(None, "--empty")
    launcher.start()
    launcher.await_ready()
    notes(launcher.data, "before the kill")

    launcher.kill()

    # Its web server leaves by itself, so the port is free for the next start.
    assert eventually(lambda: not launcher.is_healthy())
    assert embedded.running(launcher.data) is None
    launcher.start()
    launcher.await_ready()
    assert "Leftovers of a killed launcher" in launcher.output
    assert notes(launcher.data, "before the power cut") == [
        "before the kill",
        "before the power cut",
    ]

    launcher.cut_power()
    launcher.start()
    launcher.await_ready()
    assert notes(launcher.data) == ["before the kill", "before the power cut"]
    assert launcher.stop() == 0
    assert launcher.processes() == []


def test_a_first_start_that_was_killed_half_way_begins_anew(
    launch: Callable[..., Launcher],
):
    launcher = launch(None, "--empty")
    launcher.start()
    launcher.await_saying("etcd")
    assert eventually((launcher.data / "postgres/db-01").exists)
    launcher.kill()

    launcher.start()
    launcher.await_ready()

    assert launcher.is_healthy()


def test_ctrl_c_during_the_start_leaves_nothing_either(
    launch: Callable[..., Launcher],
):
    launcher = launch(None, "--empty")
    launcher.start()
    launcher.await_saying("etcd")

    assert launcher.stop() == 0
    assert launcher.processes() == []
