"""A full disk is told in a sentence, loses nothing, and heals once there is room."""

from pathlib import Path

import pytest

from tests.kit.waiting import eventually
from tests.launch.filled_disks import fill, on_a_disk_of_its_own, on_a_small_disk
from tests.launch.small_disks import may_mount
from tests.launch.steady_work import SteadyWork

pytestmark = [
    pytest.mark.launch,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not may_mount(), reason="This machine lets us mount no disk."),
]


def test_a_full_disk_is_said_to_everybody_and_nothing_is_lost(tmp_path: Path):
    with on_a_small_disk(tmp_path / "disk") as (launcher, disk):
        work = SteadyWork.of(launcher)

        filling = fill(disk, work, seconds=8)

        assert not filling.unexplained
        assert any(
            answer.status == 507 and "The disk of the data folder" in answer.detail
            for answer in filling.refusals
        )
        assert filling.acknowledged
        assert filling.lost == []
        assert eventually(launcher.is_healthy)


# Each server's in turns, and all of them many times: benchmarks/full_disk.py.
def test_a_full_disk_of_one_server_loses_nothing(tmp_path: Path):
    with on_a_disk_of_its_own(tmp_path / "data", "mongo") as (launcher, disk):
        work = SteadyWork.of(launcher)

        filling = fill(disk, work, seconds=8)

        assert not filling.unexplained
        assert filling.acknowledged
        assert filling.lost == []
        assert eventually(launcher.is_healthy)
