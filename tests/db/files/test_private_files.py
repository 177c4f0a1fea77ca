"""Folders that are made for private files, and those above them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboard.web.installation_key import signing_key
from db.backups.repository import Repository
from db.embedded import DataFolder
from db.files import private_files
from db.settings import Settings
from db.spool_database import SpoolDatabase

MAKERS: dict[str, Callable[[Path], object]] = {
    "the data folder": lambda path: DataFolder(path).prepare(),
    "backups": lambda path: Repository(path).claim("7"),
    "the key of sign-ins": lambda path: signing_key(
        Settings(_env_file=None, data=path)
    ),
    "the spool": lambda path: SpoolDatabase(path, max_bytes=1 << 20).run("SELECT 1"),
}


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A umask that lets everybody write in what is made."""
    former = os.umask(0)
    yield
    os.umask(former)


@pytest.mark.usefixtures("open_to_all")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_folders_above_a_private_one_are_made_for_its_owner_only(
    tmp_path: Path, make: Callable[[Path], object]
):
    folder = tmp_path / "srv/clinic/own"

    make(folder)

    made = (folder, *folder.parents[:2])
    assert [each.stat().st_mode & 0o777 for each in made] == [0o700] * 3


def test_a_working_directory_that_was_deleted_is_an_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(FileNotFoundError):
        private_files.make_folder(Path("data/secrets"))
