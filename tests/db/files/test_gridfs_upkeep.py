"""Keys are rotated, and files from before encryption encrypted, during work."""

import os
from contextlib import closing
from datetime import UTC, datetime

import bson
import pytest
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from gridfs import GridFSBucket

from db.files import upkeep
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileDamaged, FileMissing, FileStore
from db.files.upkeep import Rewrapped

DOCUMENTS, PHOTOS = Bucket.DOCUMENTS, Bucket.PATIENT_PHOTOS
PDF, JPEG = "application/pdf", "image/jpeg"
# Two chunks.
LONG = os.urandom(400_000)


def put_plain(raw, data: bytes, bucket: Bucket = PHOTOS) -> str:
    """Store a file as it was done before files were encrypted."""
    about = {"content_type": JPEG}
    stored = GridFSBucket(raw, bucket).upload_from_stream("", data, metadata=about)
    return str(stored)


def test_after_an_exchange_files_open_and_only_the_new_key_is_in_use(files, keys, raw):
    ids = [files.put(DOCUMENTS, LONG, content_type=PDF) for _ in range(3)]
    chunks = list(raw["documents.chunks"].find())

    new = keys.add()

    assert files.rewrap(DOCUMENTS) == Rewrapped(done=3, left=0)
    assert files.keys_in_use(DOCUMENTS) == {new}
    assert [files.get(DOCUMENTS, file_id).data for file_id in ids] == [LONG] * 3
    assert list(raw["documents.chunks"].find()) == chunks
    assert files.rewrap(DOCUMENTS) == Rewrapped(done=0, left=0)


def test_after_an_exchange_the_old_key_can_be_dropped(files, keys):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)
    old = keys.primary
    keys.add()
    files.rewrap(DOCUMENTS)

    keys.drop(old)

    assert files.get(DOCUMENTS, file_id).data == LONG


def test_an_exchange_that_is_killed_is_taken_up_again(files, keys, monkeypatch):
    ids = [files.put(DOCUMENTS, b"x", content_type=PDF) for _ in range(5)]
    old, new = keys.primary, keys.add()
    change = upkeep._change

    def killed_after_the_first(collections, changes):
        change(collections, changes)
        raise KeyboardInterrupt

    monkeypatch.setattr(upkeep, "_AT_ONCE", 2)
    monkeypatch.setattr(upkeep, "_change", killed_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        files.rewrap(DOCUMENTS)
    assert files.keys_in_use(DOCUMENTS) == {old, new}
    assert [files.get(DOCUMENTS, file_id).data for file_id in ids] == [b"x"] * 5

    monkeypatch.setattr(upkeep, "_change", change)
    assert files.rewrap(DOCUMENTS) == Rewrapped(done=3, left=0)
    assert [files.get(DOCUMENTS, file_id).data for file_id in ids] == [b"x"] * 5


def test_a_process_that_was_there_before_opens_what_was_wrapped_anew(
    files, addresses, name, keys
):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)
    running = FileKeys(keys.path)
    with closing(FileStore(addresses.mongo.admin_url, name, keys=running)) as other:
        assert other.get(DOCUMENTS, file_id).data == LONG
        old = keys.primary
        new = keys.add()
        files.rewrap(DOCUMENTS)
        keys.drop(old)

        assert other.get(DOCUMENTS, file_id).data == LONG
        later = other.put(DOCUMENTS, b"later", content_type=PDF)

    assert files.keys_in_use(DOCUMENTS) == {new}
    assert files.get(DOCUMENTS, later).data == b"later"


def test_a_damaged_file_stays_as_it_is_and_stops_nothing(files, keys, raw):
    broken, whole = (files.put(DOCUMENTS, LONG, content_type=PDF) for _ in range(2))
    change = {"$inc": {"length": 1}}
    raw["documents.files"].update_one({"_id": ObjectId(broken)}, change)
    keys.add()

    assert files.rewrap(DOCUMENTS) == Rewrapped(done=1, left=1)
    assert files.get(DOCUMENTS, whole).data == LONG
    with pytest.raises(FileDamaged):
        files.get(DOCUMENTS, broken)


def test_an_entry_that_cannot_even_be_read_stops_nothing(files, keys, raw):
    broken, whole = (files.put(DOCUMENTS, LONG, content_type=PDF) for _ in range(2))
    break_entry(raw["documents.files"], broken, b"key\0")
    keys.add()

    assert files.rewrap(DOCUMENTS) == Rewrapped(done=1, left=1)
    assert files.get(DOCUMENTS, whole).data == LONG
    with pytest.raises(FileDamaged):
        files.get(DOCUMENTS, broken)


def break_entry(entries, file_id, name):
    """Flip a bit in a field's name, so that it is no longer valid text."""
    at = {"_id": ObjectId(file_id)}
    entry = bytearray(bson.encode(entries.find_one(at)))
    entry[entry.index(name)] ^= 0x80
    entries.delete_one(at)
    entries.insert_one(RawBSONDocument(bytes(entry)))


@pytest.mark.parametrize("data", [b"", b"x", LONG])
def test_a_photo_of_before_still_opens(files, raw, data):
    file_id = put_plain(raw, data)

    stored = files.get(PHOTOS, file_id)

    assert (stored.data, stored.content_type) == (data, JPEG)


def test_a_photo_of_before_that_lacks_a_piece_is_damaged(files, raw):
    file_id = put_plain(raw, LONG)
    raw["patient_photos.chunks"].delete_one({"n": 1})

    with pytest.raises(FileDamaged):
        files.get(PHOTOS, file_id)


def test_nothing_plain_counts_as_a_document(files, raw):
    file_id = put_plain(raw, LONG, DOCUMENTS)

    with pytest.raises(FileDamaged):
        files.get(DOCUMENTS, file_id)


@pytest.mark.parametrize("data", [b"", b"x", LONG])
def test_photos_of_before_are_encrypted_in_their_place(files, raw, data):
    file_id = put_plain(raw, data)
    modern = files.put(PHOTOS, b"new", content_type=JPEG)

    assert files.encrypt_plain(PHOTOS) == 1

    assert raw["patient_photos.files"].count_documents({"metadata.sealed": None}) == 0
    assert files.get(PHOTOS, file_id).data == data
    assert files.get(PHOTOS, file_id).content_type == JPEG
    assert files.get(PHOTOS, modern).data == b"new"
    assert files.encrypt_plain(PHOTOS) == 0
    for chunk in raw["patient_photos.chunks"].find():
        assert LONG[:100] not in chunk["data"]


def test_a_photo_that_is_deleted_meanwhile_does_not_come_back(files, raw, monkeypatch):
    file_id = put_plain(raw, LONG)
    encrypting = upkeep._encrypting

    def once_it_is_deleted(*args):
        files.delete(PHOTOS, file_id)
        return encrypting(*args)

    monkeypatch.setattr(upkeep, "_encrypting", once_it_is_deleted)

    assert files.encrypt_plain(PHOTOS) == 0
    with pytest.raises(FileMissing):
        files.get(PHOTOS, file_id)
    assert not list(files.list_fragments(PHOTOS, datetime(2100, 1, 1, tzinfo=UTC)))


def test_a_damaged_entry_does_not_keep_photos_of_before_from_being_encrypted(
    files, raw
):
    broken = files.put(PHOTOS, b"new", content_type=JPEG)
    break_entry(raw["patient_photos.files"], broken, b"sealed\0")
    put_plain(raw, LONG)

    assert files.encrypt_plain(PHOTOS) == 1


def test_a_damaged_photo_of_before_is_left_to_be_looked_at(files, raw):
    put_plain(raw, LONG)
    raw["patient_photos.chunks"].delete_one({"n": 1})

    assert files.encrypt_plain(PHOTOS) == 0
    assert raw["patient_photos.files"].count_documents({"metadata.sealed": None}) == 1
