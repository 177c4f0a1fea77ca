"""The data folder: one launcher at a time, secrets for its owner only."""

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from db.embedded import CannotStart, DataFolder
from db.embedded.data_folder import translate_os_errors
from db.endpoints import Endpoints

SOMEWHERE = Endpoints("postgresql://a", {"db-01": "b"}, "mongodb://c", {"db-01": "d"})


def test_only_the_owner_may_enter_or_read_the_secrets(folder: DataFolder):
    folder.secrets()

    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_passwords_are_long_and_different_and_stay_the_same(folder: DataFolder):
    first = folder.secrets()

    assert folder.secrets() == first
    assert len(set(first.values())) == len(first)
    assert all(len(password) == 48 for password in first.values())


def test_a_secret_that_a_newer_version_needs_is_added_to_the_old_ones(
    folder: DataFolder,
):
    folder.write(folder.path / "secrets.json", '{"postgres": "old"}')

    secrets = folder.secrets()

    assert secrets["postgres"] == "old"
    assert len(secrets["etcd"]) == 48


def test_lost_passwords_of_servers_with_data_are_not_replaced_by_others(
    folder: DataFolder,
):
    folder.secrets()
    folder.mark_complete()
    (folder.path / "secrets.json").unlink()

    with pytest.raises(CannotStart, match="although there was one: put it back from"):
        folder.secrets()

    assert not (folder.path / "secrets.json").exists()


@pytest.mark.parametrize("content", ["", '{"postgres": "Zx8', "\x00\x00"])
def test_damaged_files_are_named_with_what_to_do_and_not_quoted(
    folder: DataFolder, content: str
):
    for name, remedy in (
        ("secrets.json", "put it back from your copy"),
        ("ports.json", "delete it, and others are chosen"),
    ):
        path = folder.path / name
        path.write_text(content)
        with pytest.raises(CannotStart) as refusal:
            folder.secrets() if name == "secrets.json" else folder.ports()

        assert str(refusal.value) == f"{path} is damaged, it is not JSON: {remedy}."


def test_a_second_launcher_is_told_in_a_sentence(folder: DataFolder):
    with (
        folder.locked(),
        pytest.raises(CannotStart, match="already runs with the data folder"),
        DataFolder(folder.path).locked(),
    ):
        pass


def test_the_lock_ends_with_its_holder(folder: DataFolder):
    with folder.locked():
        assert folder.is_locked()

    assert not folder.is_locked()


def test_endpoints_count_only_while_a_launcher_lives(folder: DataFolder):
    with folder.locked():
        folder.publish(SOMEWHERE)
        assert folder.published() == SOMEWHERE

    assert folder.published() is None


def test_an_address_counts_only_while_a_launcher_lives(folder: DataFolder):
    assert folder.published_address() is None
    with folder.locked():
        folder.publish_address("http://localhost:8600")
        assert folder.published_address() == "http://localhost:8600"

    assert folder.published_address() is None


def test_a_start_that_was_cut_short_begins_anew(folder: DataFolder):
    (folder.node_data("db-01") / "global").mkdir(parents=True)
    (folder.node_data("db-01") / "global/pg_control").touch()

    folder.discard_remains()

    assert list(folder.postgres.iterdir()) == []


@pytest.mark.parametrize("part", ["postgres", "mongo", "etcd", "logs", "run"])
def test_another_programs_files_are_neither_deleted_nor_closed_to_others(
    tmp_path: Path, part: str
):
    theirs = tmp_path / part / "data/base"
    theirs.mkdir(parents=True)
    (theirs / "1").touch()
    (tmp_path / part).chmod(0o755)

    with pytest.raises(CannotStart, match=f"/{part} has files that Chartroom did not"):
        DataFolder(tmp_path).prepare()

    assert (theirs / "1").exists()
    assert (tmp_path / part).stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir()] == [part]


def test_empty_disks_of_servers_are_taken_at_the_first_start(tmp_path: Path):
    (tmp_path / "postgres/db-01/lost+found").mkdir(parents=True)
    (tmp_path / "postgres/db-01/lost+found/inode").touch()

    DataFolder(tmp_path).prepare()


def test_a_first_start_that_was_killed_at_once_begins_anew(folder: DataFolder):
    folder.log("web").touch()

    DataFolder(folder.path).prepare()


def test_what_belongs_to_a_disk_of_its_own_is_let_alone(folder: DataFolder):
    (folder.mongo / "lost+found").mkdir(mode=0)
    (folder.mongo / "mongod.lock").touch()

    folder.discard_remains()

    assert [path.name for path in folder.mongo.iterdir()] == ["lost+found"]


def test_data_is_never_thrown_away_once_the_cluster_is_complete(folder: DataFolder):
    (folder.node_data("db-01") / "global").mkdir(parents=True)
    (folder.node_data("db-01") / "global/pg_control").touch()
    folder.mark_complete()

    folder.discard_remains()

    assert (folder.node_data("db-01") / "global/pg_control").exists()


def test_files_outlive_the_disk_of_the_servers_rows(folder: DataFolder):
    (folder.mongo / "WiredTiger").touch()
    folder.mark_complete()
    # PostgreSQL's folder may be a disk of its own, and in its place is an empty one.
    shutil.rmtree(folder.postgres)
    folder.prepare()

    folder.discard_remains()

    assert folder.is_complete
    assert (folder.mongo / "WiredTiger").exists()


def test_an_unfinished_copy_of_a_replica_is_thrown_away(folder: DataFolder):
    folder.mark_complete()
    (folder.node_data("db-02") / "base").mkdir(parents=True)

    folder.discard_remains()

    assert not folder.node_data("db-02").exists()


def test_a_disk_of_its_own_under_an_unfinished_copy_stays(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
):
    """Nobody can delete a mount point, and no start would ever get past it."""
    own = folder.node_data("db-02")
    (own / "base").mkdir(parents=True)
    (own / "lost+found").mkdir(mode=0)
    folder.mark_complete()
    monkeypatch.setattr(Path, "is_mount", lambda path: path == own)

    folder.discard_remains()

    assert [path.name for path in own.iterdir()] == ["lost+found"]


def test_a_disk_with_too_little_space_is_explained(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
):
    almost_full = SimpleNamespace(free=200_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: almost_full)

    with pytest.raises(CannotStart, match="has 200 MB free and Chartroom needs"):
        folder.require_space()


def test_a_disk_that_fills_up_is_explained(tmp_path: Path):
    with (
        pytest.raises(CannotStart, match="is full: free some space"),
        translate_os_errors(tmp_path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EAGAIN, "start no more processes"),
        (errno.ENOMEM, "there is no memory left"),
    ],
    ids=["processes", "memory"],
)
def test_a_process_that_cannot_be_started_is_not_said_of_the_folder(
    tmp_path: Path, code: int, remedy: str
):
    with (
        pytest.raises(CannotStart, match=f"No process could be started: .*({remedy})"),
        translate_os_errors(tmp_path),
    ):
        raise OSError(code, os.strerror(code))


def test_a_file_in_the_folders_place_is_explained(tmp_path: Path):
    (tmp_path / "data").write_text("not a folder")

    with pytest.raises(CannotStart, match="cannot use the data folder"):
        DataFolder(tmp_path / "data").prepare()
