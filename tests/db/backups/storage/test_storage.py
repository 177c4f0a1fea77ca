"""The space that backups take, by kind, as it is on the disk, and its history."""

from datetime import timedelta

import pytest

from db.backups.repository import Repository
from db.backups.storage.storage_meter import StorageMeter
from db.backups.storage.storage_notes import (
    StorageSample,
    add_sample,
    read_storage,
    write_storage,
)
from db.backups.storage.storage_use import StorageUse
from tests.kit import backup_logs, backup_sets

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = backup_sets.AS_OF + 40 * DAY
USE = StorageUse(full=5)


@pytest.fixture
def repository(tmp_path, keys):
    """A repository with a full and an incremental set, two files and a piece of log."""
    made = Repository(tmp_path / "backups")
    base = backup_sets.add_sealed_set(made, keys, files=(b"one" * 300, b"two" * 200))
    backup_sets.add_later_sets(made, keys, base, [backup_sets.AS_OF + HOUR])
    archive = backup_logs.archive_of(made, keys)
    backup_logs.add_piece(archive, backup_logs.FIRST, backup_sets.AS_OF + 2 * HOUR)
    return made


def lying_in(folder, *but):
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.name not in but
    )


def test_each_kind_is_measured_as_it_lies_there(repository):
    full, incremental = (
        repository.set_folder(each.set_id) for each in repository.survey().sets
    )
    (repository.folder / "log" / "audit.000000000001-000000000009").write_bytes(b"9")

    use = StorageMeter(repository).measure()

    assert use == StorageUse(
        full=lying_in(full, "audit"),
        incremental=lying_in(incremental, "audit"),
        log=lying_in(repository.folder / "log", "audit.000000000001-000000000009"),
        files=lying_in(repository.folder / "files"),
        audit=sum((each / "audit").stat().st_size for each in (full, incremental)) + 1,
    )
    assert min(use.full, use.incremental, use.log, use.files, use.audit) > 0
    assert use.others == 0


def test_a_set_whose_manifest_cannot_be_read_takes_room_all_the_same(repository):
    newest = repository.survey().sets[-1]
    folder = repository.set_folder(newest.set_id)
    (folder / "manifest.json").write_text("{")

    use = StorageMeter(repository).measure()

    assert use.incremental == 0
    assert use.others == lying_in(folder, "audit")


def test_what_is_being_made_is_not_counted_yet(repository):
    before = StorageMeter(repository).measure()
    _, unfinished = repository.begin(NOW)
    (unfinished / "base").write_bytes(b"0" * 500)

    assert StorageMeter(repository).measure() == before


def test_files_that_come_and_go_are_measured_again(repository):
    meter = StorageMeter(repository)
    before = meter.measure().files
    backup_sets.keep_file(repository, b"three" * 100)
    first, *_ = repository.stored_files()

    grown = meter.measure().files
    size = first.stat().st_size
    first.unlink()

    assert grown == before + 500
    assert meter.measure().files == grown - size


def test_of_older_days_one_stays_and_of_two_years_ago_none(tmp_path):
    ages = [800 * DAY, *(9 * DAY - each * HOUR for each in (0, 1, 2)), 3 * HOUR, HOUR]
    write_storage(tmp_path, [StorageSample(NOW - age, USE) for age in ages])

    add_sample(tmp_path, StorageSample(NOW, USE))

    assert [NOW - each.at for each in read_storage(tmp_path)] == [
        9 * DAY,
        3 * HOUR,
        HOUR,
        timedelta(),
    ]


def test_what_a_clock_that_was_ahead_has_noted_goes(tmp_path):
    write_storage(tmp_path, [StorageSample(NOW + 400 * DAY, USE)])

    add_sample(tmp_path, StorageSample(NOW, USE, USE))

    assert read_storage(tmp_path) == (StorageSample(NOW, USE, USE),)


@pytest.mark.parametrize("content", [None, "", '[{"at": 3}]'])
def test_what_cannot_be_read_is_begun_anew(tmp_path, content):
    if content is not None:
        (tmp_path / "storage.json").write_text(content)
    assert read_storage(tmp_path) == ()

    add_sample(tmp_path, StorageSample(NOW, USE))

    assert len(read_storage(tmp_path)) == 1
