"""Files between two backups: none is left out whose entry came before its bytes."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from db.backups.file_copies import FileCopies, list_later_copies
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.files.gridfs import Bucket, FileStore
from jobs.backups import file_following
from jobs.backups.file_following import FileFollower
from tests.kit import backup_logs, backup_sets

HOUR = timedelta(hours=1)
STOPPED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_a_file_whose_entry_is_there_before_its_bytes_is_waited_for(files, tmp_path):
    repository = Repository(tmp_path / "backups")
    archive = backup_logs.archive_of(repository, files.keys)
    follower = FileFollower(files, repository, archive, files.keys, lambda: None)
    file_id = files.put(Bucket.DOCUMENTS, b"%PDF one", content_type="application/pdf")
    chunks = files._collections(Bucket.DOCUMENTS).chunks
    taken = list(chunks.find())
    chunks.delete_many({})

    with files.entry_changes() as changes:
        follower._catch_up()
        began = follower.until
        follower._take_new(changes)
        # From now on a row may name it, so one cannot go back to this time yet.
        assert follower.until == began
        chunks.insert_many(taken)
        follower._take_new(changes)
        assert follower.until > began

    assert [str(copy.entry.file_id) for copy in list_later_copies(archive)] == [file_id]


def test_a_file_that_stays_damaged_does_not_hold_up_the_others(
    files, tmp_path, monkeypatch
):
    monkeypatch.setattr(file_following, "_MAY_COME", timedelta())
    repository = Repository(tmp_path / "backups")
    archive = backup_logs.archive_of(repository, files.keys)
    follower = FileFollower(files, repository, archive, files.keys, lambda: None)
    files.put(Bucket.DOCUMENTS, b"%PDF one", content_type="application/pdf")
    files._collections(Bucket.DOCUMENTS).chunks.delete_many({})

    with files.entry_changes() as changes:
        follower._catch_up()
        before = datetime.now(UTC)
        follower._take_new(changes)

    assert follower.until >= before


@dataclass
class Stopped:
    """A follower that did not run while a set was made, and a file from that time."""

    files: FileStore
    repository: Repository
    archive: LogArchive
    file_id: str

    def listed(self):
        """Return the files that the log lists once the follower runs again."""
        follower = FileFollower(
            self.files, self.repository, self.archive, self.files.keys, lambda: None
        )
        assert follower.until == STOPPED_AT
        follower._catch_up()
        assert follower.until > STOPPED_AT
        copies = list_later_copies(self.archive)
        return [str(copy.entry.file_id) for copy in copies]

    def entries(self):
        """Copy all files that there are; return their entries."""
        copies, entries = FileCopies(self.files, self.repository), io.BytesIO()
        copies.look()
        copies.write(entries)
        return entries.getvalue()

    def copy(self, finished_at):
        """Add a set with all files that there are."""
        backup_sets.add_sealed_set(
            self.repository,
            self.files.keys,
            set_id=f"{finished_at:%Y%m%dT%H%M%SZ}-0001",
            began_at=finished_at,
            as_of=finished_at,
            finished_at=finished_at,
            entries=self.entries(),
        )


@pytest.fixture
def stopped(files, tmp_path):
    repository = Repository(tmp_path / "backups")
    archive = backup_logs.archive_of(repository, files.keys)
    stopped = Stopped(files, repository, archive, "")
    stopped.copy(STOPPED_AT - HOUR)
    backup_logs.note(archive, STOPPED_AT)
    stopped.file_id = files.put(
        Bucket.DOCUMENTS, b"%PDF one", content_type="application/pdf"
    )
    return stopped


def test_what_came_while_none_followed_is_listed_although_a_set_has_it(stopped):
    stopped.copy(STOPPED_AT + HOUR)

    assert stopped.listed() == [stopped.file_id]


def test_what_is_gone_again_is_listed_for_times_at_which_it_was_there(stopped):
    stopped.copy(STOPPED_AT + HOUR)
    stopped.files.delete(Bucket.DOCUMENTS, stopped.file_id)

    assert stopped.listed() == [stopped.file_id]


def test_what_was_purged_is_not_listed_anew(stopped):
    stopped.copy(STOPPED_AT + HOUR)
    stopped.files.delete(Bucket.DOCUMENTS, stopped.file_id)
    for path in stopped.repository.stored_files():
        path.unlink()

    assert stopped.listed() == []


def test_what_a_set_has_of_before_is_not_listed_again(stopped):
    stopped.copy(STOPPED_AT - HOUR / 2)

    assert stopped.listed() == []


def test_what_was_put_back_is_listed_although_an_older_list_has_it(stopped):
    stopped.archive.add_entries(STOPPED_AT - 2 * HOUR, stopped.entries())

    assert stopped.listed() == [stopped.file_id] * 2
