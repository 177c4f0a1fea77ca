"""A drill runs as a child of the launcher, one at a time, and its output is kept."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from db.cluster.control_client import ControlRefused
from db.embedded.control.drill_processes import Drills
from tests.kit.waiting import eventually

TELLING = "import sys, os; print(*sys.argv[1:], os.environ['CHARTROOM_DATA'])"
WAITING = "import time; print('begun'); time.sleep(60)"


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Drills]:
    """Drills that take a minute."""
    with closing(Drills(tmp_path, (sys.executable, "-c", WAITING))) as drills:
        yield drills


def ended(drills: Drills, drill_id: str) -> bool:
    """Return whether a drill has ended, and its output is there."""
    progress = drills.progress(drill_id)
    return bool(progress and progress.lines and not progress.is_running)


def test_a_drill_is_told_its_kind_its_record_and_its_cluster(tmp_path: Path):
    with closing(Drills(tmp_path, (sys.executable, "-c", TELLING))) as drills:
        drills.start("lost-node", "7")

        assert eventually(lambda: ended(drills, "7"))
        progress = drills.progress("7")

    assert progress is not None
    assert progress.lines == (f"lost-node --record 7 {tmp_path}",)
    assert progress.exit_code == 0


def test_one_drill_at_a_time(waiting: Drills):
    waiting.start("lost-node", "1")

    with pytest.raises(ControlRefused, match="already running"):
        waiting.start("crash", "2")


def test_a_drill_ends_with_its_launcher(waiting: Drills):
    waiting.start("lost-node", "1")

    waiting.close()

    progress = waiting.progress("1")
    assert progress is not None
    assert not progress.is_running


def test_nothing_but_a_name_is_taken_for_a_kind(waiting: Drills):
    with pytest.raises(ControlRefused, match="no such drill"):
        waiting.start("--help", "1")


def test_an_unknown_drill_has_no_progress(waiting: Drills):
    assert waiting.progress("1") is None
