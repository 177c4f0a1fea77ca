"""Old backups are removed whole, with files that only they had; the way back stays."""

import fcntl
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import bson
import pytest
from bson import ObjectId

from db.backups.backup_errors import BackupRunning
from db.backups.file_copies import list_set_copies
from db.backups.log.purged_files import PurgedFile, add_purged_files
from db.backups.log.segments import SEGMENT_BYTES
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from jobs.backups.looking import look
from jobs.backups.retention.removing import RemovedBackups, list_expired, remove_expired
from jobs.backups.taking import take
from tests.jobs.backups import samples
from tests.kit import backup_logs, backup_sets


def add(repository, day, **values):
    at = datetime(2026, 11, day, 2, tzinfo=UTC)
    set_id = f"{at:%Y%m%dT%H%M%SZ}-0001"
    return backup_sets.add_set(repository, set_id=set_id, as_of=at, **values).set_id


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


def expired(repository, day):
    before = datetime(2026, 11, day, tzinfo=UTC)
    return list_expired(repository.survey(), repository.last_proof(), before)


def test_what_is_older_goes_and_the_newest_stays_however_old(repository):
    names = [add(repository, day) for day in (1, 2, 3, 4)]

    assert expired(repository, 3) == tuple(names[:2])
    assert expired(repository, 30) == tuple(names[:3])


def test_the_last_that_was_proven_stays(repository):
    names = [add(repository, day) for day in (1, 2, 3)]
    repository.add_proof(replace(backup_sets.PROOF, set_id=names[0]))

    assert expired(repository, 30) == (names[1],)


def test_what_another_is_based_on_stays_with_it_and_goes_with_it(repository):
    full = add(repository, 1)
    base = repository.survey().sets[0]
    second = add(repository, 2, based_on=backup_sets.based_on(base))
    base = repository.survey().sets[1]
    third = add(repository, 3, based_on=backup_sets.based_on(base))
    alone, newest = add(repository, 4), add(repository, 9)

    assert expired(repository, 3) == ()
    assert expired(repository, 5) == (full, second, third, alone)
    # The last one that was proven stays as well, with its base.
    repository.add_proof(replace(backup_sets.PROOF, set_id=second))
    assert expired(repository, 5) == (third, alone)
    assert newest not in expired(repository, 30)


def test_whatever_ends_a_removal_none_has_lost_what_it_is_based_on(
    repository, keys, monkeypatch
):
    add(repository, 1)
    for day in (2, 3):
        base = repository.survey().newest
        add(repository, day, based_on=backup_sets.based_on(base))
    add(repository, 9)
    removing, removed = Repository.remove, []

    def die_after_one(repository, set_id):
        if removed:
            raise KeyboardInterrupt
        removing(repository, set_id)
        removed.append(set_id)

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "remove", die_after_one)
        with pytest.raises(KeyboardInterrupt):
            remove(repository, keys)

    survey = repository.survey()
    assert (len(survey.sets), survey.orphans) == (3, ())


def test_one_that_lacks_its_base_goes_by_its_name_and_keeps_every_file(
    repository, keys
):
    base = replace(backup_sets.MANIFEST, set_id="20261101T000000Z-0001")
    orphan = add(repository, 2, based_on=backup_sets.based_on(base))
    add(repository, 9)
    file = repository.file("ab" * 32)
    file.parent.mkdir()
    file.write_bytes(b"bytes")

    assert remove(repository, keys, day=2).set_ids == ()
    assert file.exists()
    assert remove(repository, keys, day=3).set_ids == (orphan,)


def test_one_that_cannot_be_read_goes_by_its_name(repository):
    names = [add(repository, day) for day in (1, 5)]
    (repository.set_folder(names[0]) / "manifest.json").write_text("{")
    repository.set_folder("by hand").mkdir()

    assert expired(repository, 1) == ()
    assert expired(repository, 3) == (names[0],)


@pytest.fixture
def keys(tmp_path):
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


def remove(repository, keys, day=30):
    before = datetime(2026, 11, day, tzinfo=UTC)
    return remove_expired(repository, keys, before, is_sweeping=True)


def test_one_that_was_killed_half_way_counts_for_nothing_and_is_tidied_up(
    repository, keys, monkeypatch
):
    names = [add(repository, day) for day in (1, 2)]

    def die(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            remove(repository, keys)

    survey = repository.survey()
    assert [each.set_id for each in survey.sets] == names[1:]
    assert survey.unreadable == ()
    with repository.held():
        assert [path.name for path in (repository.folder / "sets").iterdir()] == [
            names[1]
        ]


def test_while_somebody_reads_a_set_nothing_goes(repository, keys):
    for day in (1, 2):
        add(repository, day)

    with repository.read_from():
        assert remove(repository, keys) == RemovedBackups()
    assert len(remove(repository, keys).set_ids) == 1


def test_while_one_is_made_nothing_goes(repository, keys):
    add(repository, 1)

    with repository.held(), pytest.raises(BackupRunning):
        remove(repository, keys)


def test_whoever_asks_whether_one_is_made_keeps_nobody_from_making_one(
    repository, monkeypatch
):
    add(repository, 1)
    with (repository.folder / "lock").open("a") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        let_go = lambda _: fcntl.flock(asking, fcntl.LOCK_UN)  # noqa: E731

        # Undone before the file is closed: threads of MongoDB's driver sleep as well.
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", let_go)
            with repository.held():
                assert repository.is_busy
    assert not repository.is_busy


def test_log_that_no_set_goes_on_from_goes_and_the_rest_leads_as_far_as_before(
    repository, keys
):
    archive = backup_logs.archive_of(repository, keys)
    for day in (1, 2, 3):
        at = datetime(2026, 11, day, 2, tzinfo=UTC)
        add(
            repository, day, reached_lsn=str(Lsn(day * 10 * SEGMENT_BYTES)), began_at=at
        )
        archive.add_entries(at + timedelta(minutes=1), b"")
    for number in (9, 10, 15, 20, 25, 30):
        backup_logs.add_piece(archive, number, datetime(2026, 11, 5, tzinfo=UTC))
    # It stays without its log, which would otherwise be kept for ever, for a single
    # time.
    first = repository.survey().sets[0]
    repository.add_proof(replace(backup_sets.PROOF, set_id=first.set_id))

    assert remove(repository, keys, day=2).log_objects == 4

    assert [s.number for s in sorted(archive.listing().pieces)] == [20, 25, 30]
    assert len(archive.list_entries()) == 2
    assert len(repository.survey().sets) == 3


def test_the_log_since_the_clinic_went_back_stays_although_it_begins_before_a_set(
    repository, keys
):
    archive = backup_logs.archive_of(repository, keys)
    # On the third the clinic went back to the first, which no longer has a set.
    for day, timeline, number in ((2, 1, 20), (3, 2, 11), (4, 2, 13)):
        reached = str(Lsn(number * SEGMENT_BYTES))
        add(repository, day, timeline=timeline, reached_lsn=reached)
    for number in (10, 11, 12, 13):
        until = datetime(2026, 11, 5, tzinfo=UTC)
        backup_logs.add_piece(archive, number, until, timeline=2)

    assert remove(repository, keys, day=2).log_objects == 1

    assert [s.number for s in sorted(archive.listing().pieces)] == [11, 12, 13]


def test_files_that_came_between_two_backups_stay_while_their_log_does(
    repository, keys, tmp_path
):
    archive = backup_logs.archive_of(repository, keys)
    entry = {
        "_id": ObjectId(),
        "length": 5,
        "chunkSize": 9,
        "uploadDate": backup_sets.AS_OF,
    }
    entry |= {"metadata": {"sealed": b"x", "key": 7}}
    digest = "cd" * 32
    listed = {"bucket": "documents", "entry": bson.encode(entry), "sha256": digest}
    archive.add_entries(backup_sets.AS_OF, bson.encode(listed))
    for name in (digest, "ab" * 32):
        repository.file(name).parent.mkdir()
        repository.file(name).write_bytes(b"bytes")

    assert remove(repository, keys).files == 1

    assert repository.file(digest).exists()


def test_files_that_a_set_or_the_log_names_and_that_are_gone_are_counted(
    repository, keys
):
    archive = backup_logs.archive_of(repository, keys)
    kept, lost, purged = b"kept", b"lost", b"purged"
    manifest = backup_sets.add_sealed_set(repository, keys, files=(kept, lost, purged))
    copies = {copy.sha256: copy for copy in list_set_copies(repository, manifest, keys)}
    gone = [sha256(data).hexdigest() for data in (lost, purged)]
    for digest in gone:
        repository.file(digest).unlink()
    bucket, file_id = copies[gone[1]].place
    destroyed = PurgedFile(bucket, file_id, gone[1])
    add_purged_files(archive, backup_sets.AS_OF, [destroyed])

    removed = remove(repository, keys)

    assert (removed.files, removed.missing_files) == (0, 1)
    backup_sets.keep_file(repository, lost)
    assert remove(repository, keys).missing_files == 0


def test_where_a_set_does_not_open_nobody_knows_which_files_are_gone(repository, keys):
    add(repository, 1)

    assert remove(repository, keys).missing_files is None


def test_where_a_set_does_not_open_no_file_is_taken_for_one_that_nobody_needs(
    repository, keys
):
    # Sealed without any key.
    add(repository, 1)
    file = repository.file("ab" * 32)
    file.parent.mkdir()
    file.write_bytes(b"bytes")

    assert remove(repository, keys).files == 0
    assert file.exists()


@pytest.mark.cluster
def test_files_that_only_an_old_set_had_go_with_it_and_the_other_is_proven(
    breakable_cluster, keys, repository
):
    with samples.clinic(breakable_cluster.whole(), keys) as clinic:
        first = take(clinic.source, repository).manifest
        kept = {path.name for path in repository.stored_files()}
        # As if a file had been purged between the two.
        alone = repository.file("ab" * 32)
        alone.parent.mkdir(exist_ok=True)
        alone.write_bytes(b"bytes")
        clinic.file(b"%PDF new")
        second = take(clinic.source, repository).manifest

        removed = remove_expired(repository, keys, second.as_of, is_sweeping=False)

        gone = (first.set_id,)
        assert removed == RemovedBackups(gone, 1, 5, missing_files=0)
        assert {path.name for path in repository.stored_files()} > kept
        proof = look(clinic.source.folder, repository, keys)
        assert (proof.set_id, proof.files) == (second.set_id, 4)
