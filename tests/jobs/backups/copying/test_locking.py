"""A bucket that locks objects: removal waits until the locks expire, and says so."""

from datetime import UTC, datetime, timedelta

import pytest

from db.backups.copies.object_store import ObjectLocked, ObjectStore
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.retention.removing import remove_expired
from tests.kit import backup_sets, object_stores

KEPT = timedelta(days=35)
LOCKED = "locked-backups"
SET = f"sets/{backup_sets.MANIFEST.set_id}"


@pytest.fixture(scope="module", params=object_stores.KINDS)
def server(request):
    """Stores that have little in common but Amazon's documentation of locks."""
    with object_stores.running(request.param) as server:
        yield server


@pytest.fixture
def store(server, prefix):
    """A store that locks objects."""
    server.make_bucket(LOCKED, is_locking=True)
    return server.store(prefix, bucket=LOCKED)


def locked_until(server, key):
    head = server.client.head_object(Bucket=LOCKED, Key=key)
    return head.get("ObjectLockRetainUntilDate")


def test_what_lasts_is_locked_for_its_time_and_what_is_replaced_is_not(
    repository, keys, server, store, prefix
):
    now = datetime.now(UTC)
    RepositoryCopy(repository, keys, store, KEPT, lambda: now).round()

    for name in server.names(prefix, LOCKED):
        until = locked_until(server, f"{prefix}/{name}")
        is_lasting = name.startswith(("sets/", "files/")) or "0002." in name
        assert (until is not None) == is_lasting, name
        if until is not None:
            assert abs(until - (now + KEPT)) < timedelta(seconds=1)


def test_what_is_locked_waits_to_be_removed_and_goes_with_all_its_versions(
    repository, keys, server, store, prefix
):
    now = backup_sets.AS_OF

    def clock():
        return now

    copy = RepositoryCopy(repository, keys, store, KEPT, clock)
    copy.round()
    with pytest.raises(ObjectLocked):
        store.remove(f"{SET}/base")
    now = backup_sets.AS_OF + timedelta(days=40)
    backup_sets.add_sealed_set(
        repository,
        keys,
        set_id=f"{now:%Y%m%dT%H%M%SZ}-0002",
        as_of=now,
        began_at=now,
        reached_lsn="0/5000000",
    )
    remove_expired(repository, keys, now - KEPT, is_sweeping=True)

    # Four objects of the set, two files, a whole segment.
    assert copy.round().waiting == 7
    assert f"{SET}/manifest.json" in server.names(prefix, LOCKED)
    server.unlock(LOCKED, f"{prefix}/")
    now += timedelta(hours=1)
    assert copy.round().waiting == 0

    versions = server.client.list_object_versions(
        Bucket=LOCKED, Prefix=f"{prefix}/{SET}/"
    )
    assert not versions.get("Versions")
    assert not versions.get("DeleteMarkers")


def test_what_was_thinned_out_here_is_not_tried_there_before_its_lock_can_end(
    repository, keys, store, monkeypatch
):
    base, now = repository.newest(), backup_sets.AS_OF + timedelta(days=3)
    times = (backup_sets.AS_OF + timedelta(minutes=1), now)
    hourly = backup_sets.add_later_sets(repository, keys, base, times)
    copy = RepositoryCopy(repository, keys, store, KEPT, lambda: now)
    copy.round()
    removed = remove_expired(repository, keys, now - KEPT, is_sweeping=True, now=now)
    assert removed.set_ids == (hourly[0].set_id,)
    tried, remove = [], ObjectStore.remove

    def note_removed(store, name, **how):
        tried.append(name)
        remove(store, name, **how)

    monkeypatch.setattr(ObjectStore, "remove", note_removed)
    now += timedelta(hours=1)

    assert copy.round().waiting == 0

    assert not [name for name in tried if name.startswith("sets/")]
    assert f"sets/{hourly[0].set_id}/base" in store.names()
