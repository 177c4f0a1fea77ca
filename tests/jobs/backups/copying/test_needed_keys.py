"""Which keys the copy needs: worked out from its objects, not from earlier notes."""

import shutil
from datetime import UTC, datetime, timedelta

import bson
import pytest
from bson import ObjectId

from db.backups.backup_errors import CannotBackUp, SetBroken
from db.backups.copies.copy_notes import NoteSeal
from db.backups.copies.object_store import StoreFailed
from db.backups.manifest import Manifest
from db.files.file_keys import FileKeys
from jobs.backups.copying.needed_keys import CopyKeys
from jobs.backups.copying.uploading import RepositoryCopy
from tests.kit import backup_logs, backup_sets

KEPT = timedelta(days=35)
SET = f"sets/{backup_sets.MANIFEST.set_id}"
LOCKED = "locked-backups-of-old-keys"


@pytest.fixture
def copy(repository, keys, server, prefix):
    return RepositoryCopy(repository, keys, server.store(prefix), KEPT)


@pytest.fixture
def find(copy):
    """Find the needed keys, as is done before old keys are dropped."""
    return CopyKeys(copy.store, copy.repository, copy.keys, KEPT).find


def entries_of(key):
    """Return a purged file's entry, as only the log lists it."""
    entry = {"_id": ObjectId(), "length": 5, "chunkSize": 9}
    entry |= {"uploadDate": backup_sets.AS_OF}
    entry |= {"metadata": {"sealed": b"x", "key": key}}
    return bson.encode(
        {"bucket": "documents", "entry": bson.encode(entry), "sha256": "cd" * 32}
    )


def remove_here(repository):
    """Lose the repository, as with its disk, and begin it again."""
    shutil.rmtree(repository.folder)
    repository.claim(backup_sets.SYSTEM_ID)


def test_notes_are_sealed_anew_and_what_is_here_tells_its_keys_itself(copy, find, keys):
    copy.round()
    old = keys.primary
    keys.add()
    assert find().keys >= {old}

    copy.round()

    needed = find()
    assert needed.keys == {keys.primary}
    assert (needed.sets, needed.log_objects, needed.until) == (0, 0, None)


def test_a_set_that_is_there_alone_keeps_its_key_until_it_is_too_old(
    copy, find, keys, repository
):
    old = keys.primary
    copy.round()
    keys.add()
    copy.round()
    shutil.rmtree(repository.folder / SET)

    needed = find()

    assert old in needed.keys
    assert (needed.sets, needed.log_objects) == (1, 0)
    as_named = datetime(2026, 11, 25, 2, 0, 0, tzinfo=UTC)
    assert needed.until == as_named + KEPT


def test_a_lock_that_ends_later_is_told(repository, keys, server, prefix):
    server.make_bucket(LOCKED, is_locking=True)
    store = server.store(prefix, bucket=LOCKED)
    sent_at = datetime.now(UTC) + timedelta(days=300)
    RepositoryCopy(repository, keys, store, KEPT, lambda: sent_at).round()
    keys.add()
    shutil.rmtree(repository.folder / SET)

    needed = CopyKeys(store, repository, keys, KEPT).find()

    assert needed.sets == 1
    assert abs(needed.until - (sent_at + KEPT)) < timedelta(seconds=1)


def test_log_that_is_there_alone_keeps_its_keys_and_those_of_files_it_lists(
    copy, find, keys, repository
):
    purged, sealing = keys.primary, keys.add()
    archive = backup_logs.archive_of(repository, keys)
    archive.add_entries(backup_sets.AS_OF, entries_of(purged))
    copy.round()
    keys.add()
    copy.round()
    remove_here(repository)

    needed = find()

    assert needed.keys == {purged, sealing, keys.primary}
    # A whole segment, the pieces of the next one, and the list of files.
    assert (needed.sets, needed.log_objects) == (1, 3)


def test_pieces_in_a_whole_segment_that_is_there_need_nothing(
    copy, find, keys, server, prefix
):
    old = keys.primary
    copy.round()
    pieces = next(n for n in server.names(prefix) if n.endswith(".pieces"))
    kept = server.read(f"{prefix}/{pieces}")
    keys.add()
    remove_here(copy.repository)
    backup_sets.add_sealed_set(copy.repository, keys)
    archive = backup_logs.archive_of(copy.repository, keys)
    backup_logs.add_piece(archive, 2, None)
    backup_logs.add_piece(archive, 3, None)
    copy.round()
    # As in a bucket that locks objects without being asked to.
    server.write(f"{prefix}/{pieces}", kept)
    for name in server.names(prefix):
        if "0000002.0000000" in name and not name.endswith(".none"):
            server.delete(f"{prefix}/{name}")

    assert find().log_objects == 0

    for name in server.names(prefix):
        if name.endswith(".none"):
            server.delete(f"{prefix}/{name}")
    assert (old in find().keys, find().log_objects) == (True, 1)


def test_sealing_anew_that_was_cut_off_still_needs_the_old_key(
    copy, find, keys, server, prefix
):
    copy.round()
    old = keys.primary
    keys.add()
    killed = RepositoryCopy(copy.repository, keys, server.store(prefix), KEPT)

    def cut_off(_name, _data, **_more):
        raise StoreFailed("It is away.")

    killed.store.put = cut_off
    with pytest.raises(StoreFailed):
        killed.round()
    assert old in find().keys

    RepositoryCopy(copy.repository, keys, server.store(prefix), KEPT).round()

    assert find().keys == {keys.primary}


def test_keys_exchanged_during_a_round_have_its_notes_sealed_anew(
    copy, find, keys, repository
):
    old, put = keys.primary, copy.store.put

    def exchanged(name, data, **more):
        put(name, data, **more)
        if name.endswith("manifest.json") and keys.primary == old:
            keys.add()

    copy.store.put = exchanged
    copy.round()
    assert old in find().keys

    copy.round()

    assert find().keys == {keys.primary}


@pytest.mark.parametrize("name", [f"{SET}/manifest.json", "log/position.json"])
def test_what_is_not_what_was_sent_has_a_name_and_no_key_is_told(
    copy, find, server, prefix, name
):
    copy.round()
    shutil.rmtree(copy.repository.folder / SET)
    server.write(f"{prefix}/{name}", b"{}")

    with pytest.raises(CannotBackUp, match=f"{name} in s3://.* is not what was sent"):
        find()


def test_a_copy_of_another_clinic_is_not_asked(copy, find, repository):
    copy.round()
    claim = repository.folder / "repository.json"
    claim.write_text('{"format": 1, "system_id": "7000000000000000002"}')

    with pytest.raises(CannotBackUp, match="another clinic"):
        find()


def test_where_nothing_was_sent_yet_nothing_is_needed(find):
    assert find().keys == frozenset()


def test_what_a_needed_key_opens_is_the_set_and_without_it_nothing_does(
    copy, find, keys, server, prefix
):
    copy.round()
    old, new = keys.primary, keys.add()
    shutil.rmtree(copy.repository.folder / SET)
    sealed = server.read(f"{prefix}/{SET}/manifest.json")
    seal = NoteSeal(backup_sets.SYSTEM_ID, keys)

    manifest = Manifest.parse(seal.opened(f"{SET}/manifest.json", sealed), SET)
    keys.drop(*(keys.ids - find().keys - {new}))
    assert manifest.key(FileKeys(keys.path))

    keys.drop(old)
    without = FileKeys(keys.path)
    with pytest.raises(SetBroken, match="have: put the key file of its time back"):
        manifest.key(without)
    assert CopyKeys(copy.store, copy.repository, without, KEPT).find().sets == 0
