"""The audit log between two backups: what was copied counts whoever follows next."""

from contextlib import closing
from datetime import UTC, datetime

from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.mongo.audit_store import AuditStore
from jobs.backups.audit_following import AuditFollower
from tests.kit import backup_logs

COPIED_UNTIL = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_who_begins_again_says_until_when_it_was_copied(endpoints, tmp_path):
    repository = Repository(tmp_path / "backups")
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    archive = backup_logs.archive_of(repository, keys)
    backup_logs.note(archive, COPIED_UNTIL, audit_until=COPIED_UNTIL)

    with closing(AuditStore(endpoints.audit_url)) as store:
        follower = AuditFollower(store, repository, archive, lambda: None)

        # Files alone would name a window in which its entries are missing.
        assert follower.until == COPIED_UNTIL
