"""MongoDB: an empty one is founded with the clinic, and never in its place."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from db import embedded
from db.embedded import CannotStart, DataFolder
from db.embedded.cluster import start_within
from db.embedded.processes import child_processes
from db.embedded.servers import mongo


class _Begun(Exception):
    """A start went as far as it matters here."""


@contextmanager
def starting(data: Path) -> Iterator[None]:
    with ExitStack() as held:
        start_within(held, data, report=lambda _stage, _seconds: None)
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A data folder; no server is ever started."""

    def begin(_: object) -> None:
        raise _Begun

    monkeypatch.setattr(child_processes.Program, "start", begin)
    monkeypatch.setattr(DataFolder, "require_space", lambda _: None)
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return folder


@pytest.mark.parametrize("start", [starting, embedded.files_alone])
def test_without_its_disk_no_empty_one_takes_its_place(folder: DataFolder, start):
    """Files that were uploaded there would be gone once the disk is back."""
    folder.secrets()
    folder.mark_complete()

    with (
        pytest.raises(CannotStart, match=r"MongoDB has no data in .*/mongo, although"),
        start(folder.path),
    ):
        pass

    (folder.mongo / "data").mkdir(exist_ok=True)
    (folder.mongo / "data" / "WiredTiger").touch()
    with pytest.raises(_Begun), start(folder.path):
        pass


@pytest.mark.parametrize("start", [starting, embedded.files_alone])
def test_a_first_start_and_a_restore_found_one(folder: DataFolder, start):
    with pytest.raises(_Begun), start(folder.path):
        pass


def test_a_mongod_that_has_run_has_data(own_cluster: embedded.Cluster):
    mongo.require_data(own_cluster.folder)
