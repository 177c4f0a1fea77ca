"""No backup still has what was purged: its bytes are destroyed, and a list says so."""

from datetime import UTC, datetime, timedelta

import bson
import pytest
from bson import ObjectId

from db.backups.backup_errors import SetBroken
from db.backups.log.purged_files import list_purged_files
from db.backups.repository import Repository
from db.disk_reading import DiskReader
from db.files.file_keys import FileKeys
from jobs.backups.erasing.purged_bytes import BackupErasure
from jobs.backups.retention.removing import remove_expired
from jobs.backups.taking import known_copies
from tests.jobs.backups.samples import flip
from tests.kit import backup_logs, backup_sets
from tests.kit.hanging_files import hanging
from tests.kit.waiting import eventually

FILES = (b"encrypted one " * 30, b"encrypted two " * 20)
DAY = timedelta(days=1)


@pytest.fixture
def keys(tmp_path):
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


@pytest.fixture
def repository(tmp_path, keys):
    made = Repository(tmp_path / "backups")
    backup_sets.add_sealed_set(made, keys, files=FILES)
    return made


@pytest.fixture
def erasure(repository, keys, tmp_path):
    return BackupErasure(repository, keys, tmp_path)


@pytest.fixture
def archive(repository, keys):
    return backup_logs.archive_of(repository, keys)


@pytest.fixture
def names(repository, keys):
    """The two files of the set as rows name them; the first is to be purged."""
    copies = known_copies(repository, keys).values()
    by_size = sorted(copies, key=lambda copy: -copy.entry.extent.length)
    return [(copy.entry.bucket, str(copy.entry.file_id)) for copy in by_size]


def stored(repository):
    return sorted(path.stat().st_size for path in repository.stored_files())


def test_the_bytes_of_what_was_purged_go_and_no_others(
    erasure, repository, archive, names
):
    erasure.erase(names[:1])

    assert stored(repository) == [len(FILES[1])]
    (listed,) = list_purged_files(archive)
    assert (listed.bucket, str(listed.file_id)) == names[0]
    assert len(repository.survey().sets) == 1
    erasure.erase(names[:1])
    assert len(list_purged_files(archive)) == 1


def test_whoever_empties_the_queue_does_not_wait_for_a_disk_that_is_silent(
    repository, keys, tmp_path, names
):
    impatient = BackupErasure(repository, keys, tmp_path, DiskReader(0.05))
    claim = repository.folder / "repository.json"
    content = claim.read_bytes()

    with hanging(claim):
        assert not impatient.try_to_erase(names[:1])

    claim.write_bytes(content)
    eventually(lambda: impatient.try_to_erase(names[:1]))
    assert stored(repository) == [len(FILES[1])]


def test_an_erasure_that_was_killed_before_the_bytes_went_is_finished_by_any_next(
    erasure, repository, archive, names, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(BackupErasure, "_destroy", killed)
    with pytest.raises(KeyboardInterrupt):
        erasure.erase(names[:1])
    assert (len(stored(repository)), len(list_purged_files(archive))) == (2, 1)

    monkeypatch.undo()
    erasure.erase([("documents", str(ObjectId()))])

    assert stored(repository) == [len(FILES[1])]


def test_files_that_only_the_log_or_an_older_backup_names_go_as_well(
    erasure, repository, archive, names, keys
):
    digest, file_id = backup_sets.keep_file(repository, b"came later"), ObjectId()
    entry = {"_id": file_id, "length": 10, "chunkSize": 9}
    entry |= {"uploadDate": backup_sets.AS_OF}
    entry |= {"metadata": {"sealed": b"x", "key": 7}}
    listed = {"bucket": "documents", "entry": bson.encode(entry), "sha256": digest}
    archive.add_entries(backup_sets.AS_OF + DAY, bson.encode(listed))
    newer = backup_sets.AS_OF + 2 * DAY
    backup_sets.add_sealed_set(
        repository, keys, set_id=f"{newer:%Y%m%dT%H%M%SZ}-0002", as_of=newer
    )

    erasure.erase([*names[:1], ("documents", str(file_id))])

    assert stored(repository) == [len(FILES[1])]


def test_nothing_goes_while_a_backup_is_read(erasure, repository, names):
    with repository.read_from():
        assert not erasure.try_to_erase(names)
        assert len(stored(repository)) == 2

    assert erasure.try_to_erase(names)
    assert stored(repository) == []


def test_what_a_backup_that_is_made_meanwhile_has_copied_goes_once_it_is_there(
    erasure, repository, names, keys
):
    later = backup_sets.AS_OF + DAY
    with repository.held():
        assert not erasure.try_to_erase(names[:1])
        assert stored(repository) == [len(FILES[1])]
        # It had read that file from MongoDB before the purge, and another that no list
        # had.
        backup_sets.add_sealed_set(
            repository,
            keys,
            files=(b"encrypted three " * 9, FILES[0]),
            set_id=f"{later:%Y%m%dT%H%M%SZ}-0002",
            as_of=later,
        )
    copies = known_copies(repository, keys).values()
    (copy,) = (each for each in copies if each.entry.extent.length == 16 * 9)
    third = copy.entry.bucket, str(copy.entry.file_id)

    assert erasure.try_to_erase([*names[:1], third])

    assert stored(repository) == [len(FILES[1])]


def test_what_a_backup_that_ends_meanwhile_has_copied_goes_another_time(
    erasure, repository, names, monkeypatch
):
    """It is in none of the lists that were read."""
    held = repository.held()
    held.__enter__()
    destroy = BackupErasure._destroy

    def end(erasure, digests):
        held.__exit__(None, None, None)
        destroy(erasure, digests)

    monkeypatch.setattr(BackupErasure, "_destroy", end)
    assert not erasure.try_to_erase(names)

    monkeypatch.setattr(BackupErasure, "_destroy", destroy)
    assert erasure.try_to_erase(names)


def test_a_repository_that_is_not_mounted_is_waited_for(
    erasure, repository, names, tmp_path
):
    (tmp_path / "backups.json").write_text(f'{{"folders": ["{repository.folder}"]}}')
    repository.folder.rename(tmp_path / "away")
    assert not erasure.try_to_erase(names)

    (tmp_path / "away").rename(repository.folder)
    assert erasure.try_to_erase(names)
    assert stored(repository) == []


def test_without_backups_there_is_nothing_to_wait_for(keys, tmp_path):
    none = Repository(tmp_path / "never")

    assert BackupErasure(none, keys, tmp_path).try_to_erase([("documents", "a" * 24)])
    assert not none.folder.exists()


def test_the_list_stays_as_long_as_a_backup_may_name_what_is_in_it(
    erasure, repository, archive, names, keys
):
    erasure.erase(names[:1])
    for days in (1, 500):
        at = datetime.now(UTC) + days * DAY
        backup_sets.add_sealed_set(
            repository,
            keys,
            set_id=f"{at:%Y%m%dT%H%M%SZ}-0002",
            as_of=at,
            began_at=at,
        )
        # The first set stays, because a restore has proven it.
        if days == 1:
            repository.add_proof(backup_sets.PROOF)
            remove_expired(repository, keys, at - DAY, is_sweeping=True)
            assert len(list_purged_files(archive)) == 1
    for path in (repository.folder / "proofs").iterdir():
        path.unlink()

    remove_expired(repository, keys, at - DAY, is_sweeping=True)

    assert list_purged_files(archive) == []


def test_a_list_that_somebody_has_written_is_none(erasure, archive, names, repository):
    erasure.erase(names[:1])
    (path,) = archive.folder.glob("purged.*")
    flip(path)

    with pytest.raises(SetBroken, match=r"purged\..* does not open"):
        list_purged_files(archive)
    assert not erasure.try_to_erase(names)


def test_what_one_alone_names_that_lacks_its_base_goes_as_well(
    erasure, repository, keys, archive
):
    base, later = repository.newest(), backup_sets.AS_OF + DAY
    backup_sets.add_sealed_set(
        repository,
        keys,
        files=(b"encrypted three " * 9,),
        set_id=f"{later:%Y%m%dT%H%M%SZ}-0002",
        as_of=later,
        based_on=backup_sets.based_on(base),
    )
    (copy,) = known_copies(repository, keys).values()
    repository.remove(base.set_id)
    assert len(repository.survey().orphans) == 1

    erasure.erase([(copy.entry.bucket, str(copy.entry.file_id))])

    assert not repository.file(copy.sha256).exists()
    assert [each.sha256 for each in list_purged_files(archive)] == [copy.sha256]
