"""Restored data in place of a clinic's: there is always exactly one clinic."""

import os
import shutil
import signal
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from db.backups.replaced_data import list_before, remove_before
from db.embedded import cluster
from db.embedded.data_folder import CannotStart, DataFolder
from db.embedded.replacement import Replacement, ReplacementStep
from db.files import private_files

TO = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    """A clinic of three servers that have stopped."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    for name in ("db-01", "db-02", "db-03"):
        make(folder.node_data(name), "now")
    folder.mark_complete()
    return folder


def make(data: Path, clinic: str):
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").write_text(clinic)


def clinics(folder):
    """Return which clinic each server has."""
    return {
        path.parents[1].name: path.read_text()
        for path in sorted(folder.postgres.glob("db-*/global/pg_control"))
    }


def replace(folder):
    """Do everything that going back does to the folder, and then the next start."""
    replacement = Replacement(folder)
    with replacement.preparing(TO):
        make(replacement.place / "data", "then")
        replacement.be_ready(replacement.place / "data")
    Replacement(folder).resume()


def killed_at(folder, touch):
    """Replace in a process that is killed before it touches the disk this many times.

    Returns whether it was killed.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    try:
        _count(touch)
        replace(folder)
    finally:
        os._exit(0)


def _count(touch):
    touches = iter(range(touch))

    def counted(original):
        def touching(*arguments, **named):
            if next(touches, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **named)

        return touching

    for name in ("rename", "replace", "unlink", "mkdir"):
        setattr(Path, name, counted(getattr(Path, name)))
    private_files.sync = counted(private_files.sync)


def test_where_the_data_of_before_go_is_on_the_disk_before_they_go(folder, monkeypatch):
    """After a power cut the former data are in the old or the new place, never gone."""
    steps = []

    def recorded(place, name):
        original = getattr(place, name)

        def recording(path, *arguments, **named):
            steps.append((name, Path(path).name))
            return original(path, *arguments, **named)

        monkeypatch.setattr(place, name, recording)

    for place, name in ((Path, "mkdir"), (Path, "rename"), (private_files, "sync")):
        recorded(place, name)

    replace(folder)

    made = steps.index(("mkdir", list_before(folder.path)[0].path.name))
    moved = steps.index(("rename", "db-01"), made)
    assert ("sync", folder.path.name) in steps[made:moved]


def test_a_restored_clinic_takes_the_place_and_the_one_before_stays_aside(folder):
    replace(folder)

    (before,) = list_before(folder.path)
    assert clinics(folder) == {"db-01": "then"}
    assert sorted(path.name for path in before.path.iterdir()) == [
        "db-01",
        "db-02",
        "db-03",
    ]
    assert folder.is_complete
    assert Replacement(folder).is_placed
    Replacement(folder).finish()
    assert Replacement(folder).step is None


def test_a_start_with_restored_rows_keeps_the_files_of_servers_that_were_lost(
    folder, monkeypatch
):
    """All servers were lost with their disk, and with it what shows it as complete."""
    (folder.mongo / "WiredTiger").touch()
    replacement = Replacement(folder)
    with replacement.preparing(TO):
        make(replacement.place / "data", "then")
        replacement.be_ready(replacement.place / "data")
    shutil.rmtree(folder.postgres)
    # A clinic that an earlier version has started last has no other mark.
    (folder.path / "COMPLETE").unlink(missing_ok=True)

    monkeypatch.setattr(DataFolder, "require_space", lambda _: None)
    monkeypatch.setattr(cluster, "Cluster", begun_by_nobody)
    with pytest.raises(CannotStart, match="as far as it matters"), ExitStack() as held:
        cluster.start_within(held, folder.path, report=lambda _stage, _seconds: None)

    assert clinics(folder) == {"db-01": "then"}
    assert (folder.mongo / "WiredTiger").exists()


def begun_by_nobody(*_):
    """Start no server."""
    raise CannotStart("It was started as far as it matters here.")


@pytest.fixture
def other_disk(tmp_path):
    """A folder on another disk than the clinic's."""
    places = Path("/dev/shm"), Path("/tmp"), Path.cwd()  # noqa: S108 - for their disks
    for place in places:
        if place.is_dir() and place.stat().st_dev != tmp_path.stat().st_dev:
            with TemporaryDirectory(dir=place) as folder:
                yield Path(folder)
            return
    pytest.skip("There is one disk only.")


def test_rows_on_a_disk_of_their_own_are_not_gone_back_with(folder, other_disk):
    """No start could rename the restored rows into their place."""
    shutil.move(folder.postgres, other_disk / "postgres")
    folder.postgres.symlink_to(other_disk / "postgres")
    before = sorted(folder.path.iterdir()), sorted(folder.postgres.iterdir())

    with (
        pytest.raises(CannotStart, match="is a disk of its own"),
        Replacement(folder).preparing(TO),
    ):
        pass

    assert (sorted(folder.path.iterdir()), sorted(folder.postgres.iterdir())) == before
    assert Replacement(folder).step is None


def test_a_server_on_a_disk_of_its_own_is_not_gone_back_with(folder, monkeypatch):
    own = folder.node_data("db-02")
    monkeypatch.setattr(Path, "is_mount", lambda path: path == own)

    with (
        pytest.raises(CannotStart, match="is a disk of its own"),
        Replacement(folder).preparing(TO),
    ):
        pass

    assert Replacement(folder).step is None


def test_whenever_it_is_killed_the_next_start_has_one_clinic(folder, tmp_path):
    outcomes = []
    for touch in count():
        copy = DataFolder(tmp_path / f"copy-{touch}")
        copy.prepare()
        for name in clinics(folder):
            make(copy.node_data(name), "now")
        copy.mark_complete()

        was_killed = killed_at(copy, touch)
        Replacement(copy).resume()
        Replacement(copy).finish()

        servers = clinics(copy)
        assert servers in (
            {"db-01": "now", "db-02": "now", "db-03": "now"},
            {"db-01": "then"},
        ), touch
        is_back = servers == {"db-01": "then"}
        assert len(list_before(copy.path)) == is_back
        assert Replacement(copy).step is None
        assert not Replacement(copy).restored.exists()
        outcomes.append(is_back)
        if not was_killed:
            break

    # Killed early, the clinic is unchanged; killed late, it has gone back.
    assert outcomes == sorted(outcomes)
    assert {outcomes.count(False) > 5, outcomes.count(True) > 5} == {True}


def test_what_was_begun_and_given_up_leaves_the_clinic_as_it_was(folder):
    replacement = Replacement(folder)

    with suppress(CannotStart), replacement.preparing(TO):
        make(replacement.place / "data", "then")
        raise CannotStart

    assert replacement.step is None
    assert clinics(folder) == dict.fromkeys(("db-01", "db-02", "db-03"), "now")


def test_only_one_goes_back_at_a_time_and_nobody_starts_meanwhile(folder):
    with Replacement(folder).preparing(TO):
        with pytest.raises(CannotStart, match="Somebody is taking the clinic back"):
            Replacement(folder).preparing(TO).__enter__()
        # What is written from then on would be lost with the next start.
        with pytest.raises(CannotStart, match="Somebody is taking the clinic back"):
            Replacement(folder).resume()

        assert Replacement(folder).step is ReplacementStep.PREPARING


def test_data_of_before_stay_until_a_later_restore_is_proven(folder):
    replace(folder)
    (before,) = list_before(folder.path)

    kept = remove_before(folder.path, before.replaced_at - timedelta(seconds=1))
    removed = remove_before(folder.path, before.replaced_at + timedelta(seconds=1))

    assert (kept, removed) == ([], [before.path])
    assert list_before(folder.path) == []
