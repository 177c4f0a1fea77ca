"""The commands new-file-keys and rotate-keys, run as somebody at a terminal does."""

import os
import time
from contextlib import closing
from uuid import uuid4

import bson
import pytest
from bson import ObjectId
from sqlalchemy import select

from db.backups.copies.copy_notes import CopyNote, write_copy_note
from db.backups.repository import Repository
from db.draft_store import DraftStore
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.models.audit import AuditEvent
from db.postgres import SYSTEM, Database
from tests.kit import backup_logs, backup_sets


@pytest.fixture
def keys(tmp_path) -> FileKeys:
    """The keys that the command will find."""
    return FileKeys(tmp_path / "secrets/file.keys", may_be_made=True)


@pytest.fixture
def files(endpoints, keys):
    """Chartroom's own files: other tests' are wrapped with keys unknown here."""
    with closing(FileStore(endpoints.mongo_url, keys=keys)) as store:
        yield store


@pytest.fixture
def read(endpoints, keys, files):
    """Keep a file and a draft, and return how to read both."""
    file_id = files.put(Bucket.DOCUMENTS, b"%PDF-", content_type="application/pdf")
    owner, draft_id = uuid4(), uuid4()
    with closing(DraftStore(endpoints.mongo_url, keys=keys)) as drafts:
        drafts.save(owner, draft_id, b"half a letter")
        yield lambda: (
            files.get(Bucket.DOCUMENTS, file_id).data,
            drafts.list_of(owner)[0].data,
        )
        drafts.delete(owner, draft_id)
    files.delete(Bucket.DOCUMENTS, file_id)


@pytest.fixture
def events(endpoints):
    """Return what was recorded of exchanges."""

    def events():
        query = select(AuditEvent.details, AuditEvent.actor_role)
        query = query.where(AuditEvent.action == "keys:rotate")
        query = query.order_by(AuditEvent.position)
        with closing(Database(endpoints)) as database:
            rows = database.write(lambda s: s.execute(query).all(), identity=SYSTEM)
        return [details | {"role": role} for details, role in rows.value]

    return events


def test_an_exchange_is_one_sentence_and_everything_still_opens(
    run, keys, read, events
):
    old = keys.primary

    finished = run("rotate-keys")

    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.startswith(f"Key {keys.primary} wraps the keys of 2 files")
    assert keys.primary != old
    assert read() == (b"%PDF-", b"half a letter")
    assert [(e["step"], e["rewrapped"], e["role"]) for e in events()] == [
        ("added", 0, "admin"),
        ("done", 2, "admin"),
    ]


def test_an_old_key_is_dropped_once_an_hour_has_passed(run, keys, read, events):
    old = keys.primary
    run("rotate-keys")

    early = run("rotate-keys", "--drop-old")
    assert early.stderr.startswith("The key file was changed less than an hour ago")
    assert (early.returncode, early.stderr.count("\n"), old in keys.ids) == (1, 1, True)

    two_hours_ago = time.time() - 7200
    os.utime(keys.path, (two_hours_ago, two_hours_ago))
    finished = run("rotate-keys", "--drop-old")

    assert (finished.stdout, finished.stderr) == (
        "Old keys dropped: 1; still in use: 0.\n",
        "",
    )
    assert keys.ids == {keys.primary}
    assert read() == (b"%PDF-", b"half a letter")
    assert events()[-1]["dropped"] == [old]


def test_a_key_that_a_backup_needs_is_not_dropped(run, keys, read, tmp_path):
    old = keys.primary
    backup_sets.add_set(Repository(tmp_path / "backups"), key_ids=(old,))
    run("rotate-keys")
    two_hours_ago = time.time() - 7200
    os.utime(keys.path, (two_hours_ago, two_hours_ago))

    finished = run("rotate-keys", "--drop-old")

    assert finished.stdout == "Old keys dropped: 0; still in use: 1.\n"
    assert old in keys.ids


def test_a_key_that_the_copy_of_the_backups_needs_is_not_dropped(
    run, keys, read, tmp_path
):
    old = keys.primary
    backup_sets.add_set(Repository(tmp_path / "backups"), key_ids=())
    note = CopyNote("s3://bucket", backup_sets.AS_OF, key_id=old)
    write_copy_note(tmp_path / "backups", note)
    run("rotate-keys")
    two_hours_ago = time.time() - 7200
    os.utime(keys.path, (two_hours_ago, two_hours_ago))

    finished = run("rotate-keys", "--drop-old")

    assert finished.stdout == "Old keys dropped: 0; still in use: 1.\n"
    assert old in keys.ids


def test_keys_that_the_log_and_its_files_need_are_not_dropped(run, keys, tmp_path):
    repository = Repository(tmp_path / "backups")
    archive = backup_logs.archive_of(repository, keys)
    first = keys.primary
    # A file that was purged since: only the log's list has its key.
    entry = {"_id": ObjectId(), "length": 5, "chunkSize": 9}
    entry |= {"uploadDate": backup_sets.AS_OF}
    entry |= {"metadata": {"sealed": b"x", "key": first}}
    listed = {"bucket": "documents", "entry": bson.encode(entry), "sha256": "cd" * 32}
    second = keys.add()
    archive.add_entries(backup_sets.AS_OF, bson.encode(listed))
    run("rotate-keys")
    two_hours_ago = time.time() - 7200
    os.utime(keys.path, (two_hours_ago, two_hours_ago))

    finished = run("rotate-keys", "--drop-old")

    assert finished.stdout == "Old keys dropped: 0; still in use: 2.\n"
    assert {first, second} < keys.ids


def test_keys_are_made_for_servers_of_ones_own_once(run, tmp_path):
    path = tmp_path / "etc/file.keys"

    first, again = (run("new-file-keys", str(path)) for _ in range(2))

    assert first.stdout.startswith(f"{path} holds the keys of files. Keep a copy")
    assert (first.returncode, first.stderr) == (0, "")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"{path} is there already and stays as it is.\n"
    assert FileKeys(path).primary


def test_a_key_file_that_is_missing_is_one_sentence(run, tmp_path):
    path = tmp_path / "none.keys"

    finished = run("rotate-keys", CHARTROOM_FILE_KEYS_FILE=str(path))

    assert finished.returncode == 1
    assert finished.stderr == (
        f"There is no key file {path}: put it back from your copy.\n"
    )
