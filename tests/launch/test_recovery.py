"""Whatever happens to the launcher, the next start works and nothing is lost."""

import signal
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

from dashboard.web.front import caddy
from db import embedded
from tests.conftest import owner
from tests.kit.waiting import eventually
from tests.launch.launcher import READY_SECONDS, Launcher

pytestmark = pytest.mark.launch


def notes(data: Path, *new: str) -> list[str]:
    """Write notes to Chartroom's running database, and return all that it has."""
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


def children(launcher: Launcher) -> list[psutil.Process]:
    """Return its processes except the databases: itself, front, web and worker."""

    def is_ours(process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return process.name() == "caddy" or "dashboard" in process.cmdline()
        return False

    return list(filter(is_ours, launcher.processes()))


# One data folder for the whole test: each start finds what the earlier ones left
# behind.
def test_starts_that_break_off_and_launchers_that_die_lose_and_block_nothing(
    launch: Callable[..., Launcher],
):
    launcher = launch(None, "--empty")
    press_ctrl_c_during_the_first_start(launcher)
    kill_half_way_through_a_first_start(launcher)
    # The tests above have ended it while it was still loading its code.
    launcher.is_warm = True
    kill_the_web_server_before_it_is_ready(launcher)

    launcher.start(CHARTROOM_SERVERS="2")
    launcher.await_ready()
    # It is started last, and copying a process takes an instant.
    launcher.child("worker")
    if caddy.find():
        launcher.child("web-2")
    # Where there is a front, also that and a second web process.
    assert len(children(launcher)) == (5 if caddy.find() else 3)
    notes(launcher.data, "before the kill")
    launcher.kill()

    # They end by themselves, so the port is free for the next start.
    assert eventually(lambda: not children(launcher))
    assert embedded.running(launcher.data) is None
    launcher.start()
    launcher.await_ready()
    assert "Cleanup after a killed launcher" in launcher.output
    assert notes(launcher.data, "before the power cut") == [
        "before the kill",
        "before the power cut",
    ]

    launcher.cut_power()
    launcher.start()
    launcher.await_ready()
    assert launcher.is_healthy()
    assert notes(launcher.data) == ["before the kill", "before the power cut"]
    assert launcher.stop() == 0
    assert launcher.words_left() == []


def press_ctrl_c_during_the_first_start(launcher: Launcher) -> None:
    """Expect that it ends as asked, and leaves nothing running."""
    launcher.start()
    launcher.await_saying("etcd")

    assert launcher.stop() == 0
    assert launcher.words_left() == []


def kill_half_way_through_a_first_start(launcher: Launcher) -> None:
    """Leave a folder in which the first server is still being made."""
    launcher.start()
    launcher.await_saying("etcd")
    assert eventually((launcher.data / "postgres/db-01").exists)
    web = launcher.child("web")

    launcher.kill()

    assert eventually(lambda: not web.is_running())


def kill_the_web_server_before_it_is_ready(launcher: Launcher) -> None:
    """Expect that the databases begin again, and that one sentence reports the end.

    Whoever presses Ctrl-C while it cleans up leaves nothing running either.
    """
    launcher.start()
    launcher.await_saying("etcd")

    launcher.child("web").kill()
    addresses = launcher.data / "run/endpoints.json"
    eventually(addresses.exists, seconds=READY_SECONDS)
    eventually(lambda: not addresses.exists(), seconds=READY_SECONDS)
    launcher.process.send_signal(signal.SIGINT)

    assert launcher.await_end() == 1
    assert "PostgreSQL replicas" in launcher.output
    last_line = launcher.output.splitlines()[-1]
    assert last_line.startswith("The web server did not become ready: ")
    assert last_line.endswith(f"See {launcher.data}/logs/web.log.")
    assert launcher.words_left() == []
