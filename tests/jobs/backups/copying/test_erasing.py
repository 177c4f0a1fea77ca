"""What was purged leaves the copy too, or the copy reports until when it is locked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.backups.backup_errors import SetBroken
from db.backups.copies.object_store import ObjectLocked
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from jobs.backups.copying.fetching import RepositoryFetch
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.erasing.purged_bytes import BackupErasure
from jobs.backups.retention.removing import remove_expired
from jobs.backups.taking import known_copies
from tests.kit import backup_sets, object_stores

KEPT = timedelta(days=35)
HOUR = timedelta(hours=1)
AFTER = backup_sets.AS_OF + timedelta(minutes=2, seconds=30)


@pytest.fixture
def copied(repository, keys, server, prefix):
    """The copy of a repository, after its first round."""
    copy = RepositoryCopy(repository, keys, server.store(prefix), KEPT)
    copy.round()
    return copy


@dataclass
class Purging:
    """A file that is purged in the repository, and the places to look for it."""

    repository: Repository
    keys: FileKeys
    server: object_stores.StoreServer
    prefix: str
    data: Path

    def __post_init__(self):
        copies = known_copies(self.repository, self.keys)
        self.purged = next(iter(copies.values()))

    def __call__(self):
        """Purge it, as the worker does."""
        entry = self.purged.entry
        erasure = BackupErasure(self.repository, self.keys, self.data)
        erasure.erase([(entry.bucket, str(entry.file_id))])

    @property
    def object(self):
        return f"files/{self.purged.sha256[:2]}/{self.purged.sha256}"

    def copy_into(self, store, clock=lambda: datetime.now(UTC)):
        return RepositoryCopy(self.repository, self.keys, store, KEPT, clock)


@pytest.fixture
def purge(repository, keys, server, prefix, tmp_path):
    return Purging(repository, keys, server, prefix, tmp_path)


def test_its_bytes_leave_the_copy_with_the_next_round(copied, purge, server, prefix):
    purge()
    note = copied.round()

    names = server.names(prefix)
    assert purge.object not in names
    assert len([name for name in names if name.startswith("files/")]) == 1
    assert len([name for name in names if name.startswith("log/purged.")]) == 1
    assert (note.purged, note.purged_until, note.failure) == (0, None, "")


def test_where_versions_are_kept_all_of_them_go(purge, server, prefix):
    bucket = "versioned-backups"
    store = server.store(prefix, bucket=bucket)
    server.client.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    copy = purge.copy_into(store)
    copy.round()
    purge()
    copy.round()

    listed = server.client.list_object_versions(
        Bucket=bucket, Prefix=f"{prefix}/{purge.object}"
    )
    assert not listed.get("Versions")
    assert not listed.get("DeleteMarkers")


def test_bytes_that_are_still_here_are_not_sent_once_they_are_listed(
    purge, server, prefix, monkeypatch
):
    # As if the worker had been killed between writing the list and destroying the
    # bytes.
    monkeypatch.setattr(BackupErasure, "_destroy", lambda *_: None)
    purge()
    assert purge.repository.file(purge.purged.sha256).exists()
    copy, sent = purge.copy_into(server.store(prefix)), []
    put_file = copy.store.put_file

    def noting(name, *args, **how):
        sent.append(name)
        put_file(name, *args, **how)

    copy.store.put_file = noting
    copy.round()

    # A bucket with locks would keep them for 35 days.
    assert purge.object not in sent
    assert len([name for name in sent if name.startswith("files/")]) == 1


def test_what_is_locked_is_counted_with_its_time_and_goes_after_it(
    purge, server, prefix
):
    bucket, now = "locked-purged", datetime.now(UTC)
    server.make_bucket(bucket, is_locking=True)
    store = server.store(prefix, bucket=bucket)
    copy = purge.copy_into(store)
    copy.clock = lambda: now
    copy.round()
    purge()

    note = copy.round()

    assert note.purged == 1
    assert abs(note.purged_until - (now + KEPT)) < timedelta(seconds=1)
    # Only the list has a lock of its own; nothing is requested from the store
    # meanwhile.
    assert copy.round().purged == 1
    key = f"{prefix}/{purge.object}"
    server.unlock(bucket, key)
    now += HOUR
    note = copy.round()

    assert (note.purged, note.purged_until) == (0, None)
    listed = server.client.list_object_versions(Bucket=bucket, Prefix=key)
    assert not listed.get("Versions")


def test_what_is_fetched_lacks_it_and_is_whole(copied, purge, server, prefix, tmp_path):
    purge()
    copied.round()
    fetch = RepositoryFetch(
        server.store(prefix),
        Repository(tmp_path / "fetched"),
        purge.keys,
        first_pause=0.0,
    )

    fetch.fetch(AFTER)

    assert not fetch.repository.file(purge.purged.sha256).exists()
    assert len(list(fetch.repository.stored_files())) == 1
    for name in server.names(prefix):
        if name.startswith("log/purged."):
            server.delete(f"{prefix}/{name}")
    other = RepositoryFetch(
        fetch.store, Repository(tmp_path / "other"), purge.keys, first_pause=0.0
    )
    with pytest.raises(SetBroken, match=f"{purge.object} is missing in"):
        other.fetch(AFTER)


def test_the_list_stays_there_as_long_as_a_set_that_may_name_what_is_in_it(
    copied, purge, server, prefix
):
    repository, keys = purge.repository, purge.keys
    purge()
    copied.round()
    now = datetime.now(UTC) + timedelta(days=40)
    backup_sets.add_sealed_set(
        repository,
        keys,
        set_id=f"{now:%Y%m%dT%H%M%SZ}-0002",
        as_of=now,
        began_at=now,
        reached_lsn="0/5000000",
    )
    remove_expired(repository, keys, now - KEPT, is_sweeping=True)
    assert not list((repository.folder / "log").glob("purged.*"))
    # If nothing there may be removed, the set is kept, and with it the list.
    set_name = f"sets/{backup_sets.MANIFEST.set_id}"
    copied.clock = lambda: now
    remove = copied.store.remove

    def locked(name, **how):
        if name.startswith(set_name):
            raise ObjectLocked(name)
        remove(name, **how)

    copied.store.remove = locked
    copied.round()
    assert any(name.startswith("log/purged.") for name in server.names(prefix))

    copied.store.remove = remove
    later = now + HOUR
    copied.clock = lambda: later
    copied.round()
    final = later + HOUR
    copied.clock = lambda: final
    copied.round()

    assert not any(name.startswith("log/purged.") for name in server.names(prefix))
