"""Files between two backups: none is left out whose entry came before its bytes."""

from datetime import UTC, datetime, timedelta

from db.backups.file_copies import list_later_copies
from db.backups.repository import Repository
from db.files.gridfs import Bucket
from jobs.backups import file_following
from jobs.backups.file_following import FileFollower
from tests.kit import backup_logs


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
        # Whatever names it may come from now on: so nobody can go there yet.
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
