"""The audit log between two backups: the next follower counts what was copied."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups import audit_following
from jobs.backups.audit_following import AuditFollower, read_later_entries
from services import backups
from services.audit import chain
from services.core.actors import KEEPER
from tests.jobs.backups.samples import flip
from tests.kit import backup_logs

COPIED_UNTIL = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_who_begins_again_says_until_when_it_was_copied(endpoints, tmp_path):
    repository = Repository(tmp_path / "backups")
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    archive = backup_logs.archive_of(repository, keys)
    backup_logs.note(archive, COPIED_UNTIL, audit_until=COPIED_UNTIL)

    with closing(AuditStore(endpoints.audit_url)) as store:
        follower = AuditFollower(store, repository, archive, lambda: None)

        # Files alone would give a window in which the log's entries are missing.
        assert follower.until == COPIED_UNTIL


class Once:
    """Lets a follower run one round."""

    def __init__(self):
        self.rounds = 0

    def wait(self, _seconds):
        self.rounds += 1
        return self.rounds > 1


@pytest.mark.parametrize("of_a_whole", [2, 3, 1000])
def test_an_object_that_does_not_open_any_more_is_copied_once_more(
    endpoints, tmp_path, monkeypatch, of_a_whole
):
    """Otherwise nothing that came after it would ever be copied."""
    monkeypatch.setattr(audit_following, "_OF_A_WHOLE", of_a_whole)
    repository = Repository(tmp_path / "backups")
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    archive = backup_logs.archive_of(repository, keys)
    with (
        closing(Database(endpoints)) as database,
        closing(AuditStore(endpoints.audit_url)) as store,
    ):

        def copy():
            for _ in range(2):
                database.write(
                    lambda session: backups.record_removed(session, KEEPER, (), 0),
                    identity=SYSTEM,
                )
            database.write(lambda session: chain.ship(session, store), identity=SYSTEM)
            AuditFollower(store, repository, archive, lambda: None).follow(Once())
            return [entry["_id"] for entry in read_later_entries(archive, 0)]

        copy()
        copied = copy()
        flip(archive.folder / archive.list_audit()[-1].name)

        assert copy() == list(range(1, len(copied) + 3))
