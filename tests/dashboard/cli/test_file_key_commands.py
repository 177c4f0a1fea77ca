"""The commands new-file-keys and rotate-keys, run as from a terminal."""

import json
import os
import shutil
import socket
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import bson
import pytest
from bson import ObjectId
from sqlalchemy import select

from db.backups.backup_errors import CannotBackUp
from db.backups.copies.copy_notes import CopyNote, write_copy_note
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.models.audit import AuditEvent
from db.mongo.draft_store import DraftStore
from db.postgres import SYSTEM, Database
from jobs.backups.copying.ownership import require_owned, token_of
from jobs.backups.copying.uploading import RepositoryCopy
from tests.kit import backup_logs, backup_sets, object_stores


@pytest.fixture
def keys(tmp_path) -> FileKeys:
    """The keys that the command will find."""
    return FileKeys(tmp_path / "secrets/file.keys", may_be_made=True)


@pytest.fixture
def files(endpoints, keys):
    """A file store of its own: other tests' files are wrapped with unknown keys."""
    with closing(FileStore(endpoints.mongo_url, keys=keys)) as store:
        yield store


@pytest.fixture
def read(endpoints, keys, files):
    """Store a file and a draft, and return a function that reads both."""
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
    """Return the recorded events about the exchange of keys."""

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
    assert finished.stdout.startswith(
        f"Key {keys.primary} now wraps the keys of 2 files"
    )
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


@pytest.fixture
def store():
    """A store to which the backups are copied, and the settings that name it."""
    with object_stores.running() as server:
        settings = {
            "CHARTROOM_BACKUP_S3_URL": f"s3://{object_stores.BUCKET}/of-us",
            "CHARTROOM_BACKUP_S3_ENDPOINT": server.url,
            "CHARTROOM_BACKUP_S3_REGION": "us-east-1",
            "CHARTROOM_BACKUP_S3_KEY_ID": object_stores.KEY_ID,
            "CHARTROOM_BACKUP_S3_SECRET": object_stores.SECRET,
        }
        yield server, settings


def add_long_ago(keys):
    """Exchange the key as if two hours ago."""
    keys.add()
    two_hours_ago = time.time() - 7200
    os.utime(keys.path, (two_hours_ago, two_hours_ago))


def test_a_key_that_the_copy_alone_needs_is_kept_and_until_when_is_said(
    run, keys, tmp_path, store
):
    server, settings = store
    old, repository = keys.primary, Repository(tmp_path / "backups")
    made = backup_sets.add_sealed_set(repository, keys)
    copy = RepositoryCopy(repository, keys, server.store("of-us"), timedelta(days=35))
    copy.round()
    add_long_ago(keys)
    copy.round()
    shutil.rmtree(repository.set_folder(made.set_id))

    finished = run("rotate-keys", "--drop-old", **settings)

    assert (finished.stdout, finished.stderr) == (
        (
            "Old keys dropped: 0; still in use: 1. The copy still has backups (1) and "
            "parts of their log (0) that are no longer here and only open with old "
            "keys. "
            # After 35 days, and the seven during which another backup may be based on
            # it.
            "They stay until 2027-01-06: drop old keys again after that.\n"
        ),
        "",
    )
    assert old in keys.ids


def test_where_the_copy_cannot_be_asked_no_key_is_dropped(run, keys, tmp_path, store):
    server, settings = store
    old, repository = keys.primary, Repository(tmp_path / "backups")
    backup_sets.add_set(repository, key_ids=())
    note = CopyNote(server.address("of-us").shown, backup_sets.AS_OF)
    write_copy_note(repository.folder, note)
    add_long_ago(keys)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    place = f"s3://{object_stores.BUCKET}/of-us at {nowhere}"

    unnamed = run("rotate-keys", "--drop-old")
    write_copy_note(repository.folder, CopyNote(place, backup_sets.AS_OF))
    silent = run(
        "rotate-keys",
        "--drop-old",
        **{**settings, "CHARTROOM_BACKUP_S3_ENDPOINT": nowhere},
    )

    assert unnamed.stderr.startswith(f"The backups were copied to {note.place}, which")
    assert unnamed.stderr.endswith("No key was dropped.\n")
    assert "cannot be reached" in silent.stderr
    assert silent.stderr.endswith("may need old keys: no key was dropped.\n")
    assert (unnamed.returncode, silent.returncode, old in keys.ids) == (1, 1, True)


def test_where_backups_cannot_say_which_keys_they_need_none_is_dropped(
    run, keys, tmp_path
):
    old, folder = keys.primary, tmp_path / "backups"
    made = backup_sets.add_set(Repository(folder), key_ids=(old,))
    add_long_ago(keys)
    manifest = folder / "sets" / made.set_id / "manifest.json"
    manifest.write_bytes(b"{}")

    unreadable = run("rotate-keys", "--drop-old")
    folder.rename(tmp_path / "away")
    known = json.dumps({"folders": [str(folder)]})
    (tmp_path / "backups.json").write_text(known)
    unmounted = run("rotate-keys", "--drop-old")

    assert f"The manifest of backup {made.set_id} cannot be read" in unreadable.stderr
    assert "are not there: mount their disk" in unmounted.stderr
    assert (unreadable.returncode, unmounted.returncode) == (1, 1)
    assert old in keys.ids


def test_keys_that_the_log_and_its_files_need_are_not_dropped(run, keys, tmp_path):
    repository = Repository(tmp_path / "backups")
    archive = backup_logs.archive_of(repository, keys)
    first = keys.primary
    # A file that has been purged since: its key is named only in the log's list of
    # files.
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
    path = tmp_path / "file.keys"

    first, again = (run("new-file-keys", str(path)) for _ in range(2))

    assert first.stdout.startswith(
        f"{path} contains the keys that encrypt files. Keep a"
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"{path} already exists and was not changed.\n"
    assert FileKeys(path).primary


def test_a_folder_that_is_made_for_new_keys_is_named(run, tmp_path):
    folder = tmp_path / "mistyped"

    finished = run("new-file-keys", str(folder / "file.keys"))

    assert finished.stdout.startswith(
        f"There was no folder {folder}; it was made. {folder}/file.keys contains the"
    )


def test_folders_that_are_made_for_new_keys_are_for_their_owner(run, tmp_path):
    path = tmp_path / "clinic/keys/file.keys"

    run("new-file-keys", str(path))

    made = (path.parent.parent, path.parent, path)
    assert [each.stat().st_mode & 0o777 for each in made] == [0o700, 0o700, 0o600]


def test_a_key_file_that_is_missing_is_one_sentence(run, tmp_path):
    path = tmp_path / "none.keys"

    finished = run("rotate-keys", CHARTROOM_FILE_KEYS_FILE=str(path))

    assert finished.returncode == 1
    assert finished.stderr == (
        f"There is no key file {path}: put it back from your copy.\n"
    )


def test_the_copy_is_taken_over_by_a_command_and_who_had_it_is_told(
    run, store, tmp_path
):
    server, settings = store
    other = token_of(make_folder(tmp_path / "other"))
    require_owned(server.store("of-us"), other, datetime(2026, 11, 25, 3, tzinfo=UTC))

    finished = [run("take-over-copy", **settings) for _ in range(2)]

    assert [each.stderr for each in finished] == ["", ""]
    assert (
        "which has done so since 2026-11-25 03:00 UTC, is refused" in finished[0].stdout
    )
    assert finished[1].stdout.startswith("This machine already writes to ")
    with pytest.raises(CannotBackUp, match="by another machine"):
        require_owned(server.store("of-us"), other, datetime.now(UTC))
    none = run("take-over-copy", CHARTROOM_BACKUP_S3_URL="")
    assert none.returncode == 1
    assert "There is no copy to take over" in none.stderr


def make_folder(path):
    path.mkdir()
    return path
