"""The space on the disks of a data folder, measured on real ones."""

from pathlib import Path

import pytest

from db.disk_space import DiskSpace
from tests.launch.small_disks import SmallDisk, may_mount

mounts = pytest.mark.skipif(not may_mount(), reason="We may mount no disk here.")


def test_a_folder_with_room_is_not_full(tmp_path: Path):
    space = DiskSpace(tmp_path)

    free, total = space.usage() or (0, 0)

    assert 0 < free < total
    assert not space.is_full
    assert space.full() == ()


def test_of_a_folder_that_is_not_there_nothing_is_known(tmp_path: Path):
    space = DiskSpace(tmp_path / "gone")

    assert space.usage() is None
    assert space.full() == ()


@mounts
def test_a_full_disk_is_the_whole_data_folders(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    with SmallDisk.mounted(data, 64) as disk:
        space = DiskSpace(data)
        assert space.full() == ()

        with disk.full():
            assert space.full() == ("the data folder",)
            assert space.is_full

        assert space.full() == ()


@mounts
def test_a_server_with_a_disk_of_its_own_is_named(tmp_path: Path):
    server = tmp_path / "postgres" / "db-02"
    server.mkdir(parents=True)
    with SmallDisk.mounted(server, 64) as disk, disk.full():
        space = DiskSpace(tmp_path)

        assert space.full() == ("db-02",)
        assert not space.is_full
