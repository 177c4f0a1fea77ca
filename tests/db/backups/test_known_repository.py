"""A repository that was known and is gone is not created again."""

import shutil
from pathlib import Path

import pytest

from db.backups.backup_errors import CannotBackUp
from db.backups.known_repository import claim
from db.backups.repository import Repository

CLINIC = "7000000000000000001"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The clinic's data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def repository(tmp_path: Path, data: Path) -> Repository:
    """A repository to which the clinic has backed up."""
    repository = Repository(tmp_path / "disk" / "backups")
    claim(repository, CLINIC, data)
    return repository


def take_away(repository: Repository) -> None:
    """Leave the empty folder on which a disk was mounted."""
    shutil.rmtree(repository.folder)
    repository.folder.mkdir()


def test_where_the_disk_is_not_mounted_nothing_is_begun(repository, data):
    take_away(repository)

    with pytest.raises(CannotBackUp, match="are not there: mount their disk"):
        claim(repository, CLINIC, data)

    assert not list(repository.folder.iterdir())


def test_the_disk_that_is_mounted_again_is_used(repository, data, tmp_path):
    repository.folder.rename(tmp_path / "unmounted")
    with pytest.raises(CannotBackUp):
        claim(repository, CLINIC, data)

    (tmp_path / "unmounted").rename(repository.folder)

    claim(repository, CLINIC, data)
    assert repository.system_id == CLINIC


def test_another_folder_is_begun_and_both_are_known(repository, data, tmp_path):
    other = Repository(tmp_path / "other")
    claim(other, CLINIC, data)

    for known in (other, repository):
        take_away(known)
        with pytest.raises(CannotBackUp, match="are not there"):
            claim(known, CLINIC, data)


def test_backups_that_are_lost_are_begun_anew_once_somebody_says_so(repository, data):
    take_away(repository)
    (data / "backups.json").unlink()

    claim(repository, CLINIC, data)

    assert repository.system_id == CLINIC


def test_another_clinics_backups_are_refused_and_not_remembered(repository, tmp_path):
    other = tmp_path / "another clinic"
    other.mkdir()

    with pytest.raises(CannotBackUp, match="belong to another clinic"):
        claim(repository, "7000000000000000009", other)

    assert not list(other.iterdir())


def test_remains_of_somebody_else_are_one_sentence(tmp_path):
    """As where root has once made a backup by hand."""
    repository = Repository(tmp_path)
    repository.claim("7")
    (tmp_path / "lock").mkdir()

    with (
        pytest.raises(CannotBackUp, match=r"used \(is a directory\): make it yours"),
        repository.held(),
    ):
        pass
