"""What is in GridFS is encrypted, and nothing that was changed there is served."""

import os
from contextlib import closing, suppress
from hashlib import sha256
from io import BytesIO

import bson
import pytest
from bson import ObjectId
from bson.errors import InvalidBSON
from bson.raw_bson import RawBSONDocument
from gridfs import DEFAULT_CHUNK_SIZE
from pymongo.errors import OperationFailure

from db.files.file_keys import FileKeys
from db.files.gridfs import (
    Bucket,
    FileDamaged,
    FileKeyMissing,
    FileMissing,
    FileStore,
    FileStoreUnavailable,
)

DOCUMENTS, PHOTOS = Bucket.DOCUMENTS, Bucket.PATIENT_PHOTOS
PDF = "application/pdf"
# Three chunks, and several segments of the cipher.
LONG = os.urandom(600_000)


def everything_in(raw) -> bytes:
    """Return everything in MongoDB, as a backup of it would have it."""
    documents = (
        bson.encode(document)
        for collection in raw.list_collection_names()
        for document in raw[collection].find()
    )
    return b"".join(documents)


def test_no_byte_and_no_kind_of_a_file_is_readable_in_mongodb(files, raw):
    files.put(DOCUMENTS, b"Diagnosis: asthma. " * 50_000, content_type=PDF)

    kept = everything_in(raw)

    assert len(kept) > 900_000
    assert b"asthma" not in kept
    assert b"application" not in kept


def test_the_same_bytes_are_never_stored_alike(files, raw):
    for _ in range(2):
        files.put(DOCUMENTS, b"the same", content_type=PDF)

    first, second = raw["documents.chunks"].find()
    assert first["data"] != second["data"]


@pytest.mark.parametrize(
    "size",
    [0, 1, 65_480, 65_481, DEFAULT_CHUNK_SIZE - 56, DEFAULT_CHUNK_SIZE, 3_000_000],
)
def test_a_stream_comes_back_as_it_was_put(files, size):
    data = os.urandom(size)

    put = files.put_stream(DOCUMENTS, BytesIO(data), content_type=PDF)

    assert (put.size, put.sha256) == (size, sha256(data).digest())
    with files.open(DOCUMENTS, put.file_id) as stream:
        assert (stream.size, stream.content_type) == (size, PDF)
        assert b"".join(iter(lambda: stream.read(100_000), b"")) == data


@pytest.mark.parametrize("start", [0, 1, 65_500, 400_000, 599_999, 600_000])
def test_a_part_can_be_read_alone(files, start):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)

    with files.open(DOCUMENTS, file_id) as stream:
        stream.skip(start)

        assert stream.read(1000) == LONG[start : start + 1000]


def test_what_cannot_be_read_to_its_end_leaves_nothing(files, raw):
    class Torn(BytesIO):
        def read(self, size: int = -1) -> bytes:
            if self.tell() > 3_000_000:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        files.put_stream(DOCUMENTS, Torn(bytes(5_000_000)), content_type=PDF)

    assert raw["documents.chunks"].count_documents({}) == 0
    assert raw["documents.files"].count_documents({}) == 0


def refused(files, file_id, data=LONG) -> bool:
    """Return whether a file is reported as damaged, without serving anything wrong."""
    served = b""
    try:
        with files.open(DOCUMENTS, file_id) as stream:
            while piece := stream.read(50_000):
                served += piece
    except FileDamaged:
        assert data.startswith(served)
        return True
    assert served == data
    return False


@pytest.mark.parametrize("chunk", [0, 1, 2])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_flipped_bit_in_the_bytes_is_damage(files, raw, chunk, where):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)
    at = {"files_id": ObjectId(file_id), "n": chunk}
    data = bytearray(raw["documents.chunks"].find_one(at)["data"])
    data[{"first": 0, "middle": len(data) // 2, "last": -1}[where]] ^= 1
    raw["documents.chunks"].update_one(at, {"$set": {"data": bytes(data)}})

    assert refused(files, file_id)


def test_a_flipped_bit_in_the_entry_is_damage(files, raw):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)
    entries, outcomes = raw["documents.files"], []
    for _ in flipping(entries):
        try:
            outcomes.append("damaged" if refused(files, file_id) else "whole")
        except FileMissing:
            outcomes.append("missing")
        except FileKeyMissing:
            outcomes.append("without key")

    assert outcomes.count("damaged") > 8 * 200
    # A changed id is not found; of the two places with the key's number, at most one is
    # flipped at a time.
    assert "without key" not in outcomes
    assert outcomes.count("missing") <= 8 * (12 + len("_id") + 2)
    assert "whole" not in outcomes


def test_a_flipped_bit_anywhere_in_a_chunk_is_damage_or_changes_nothing(files, raw):
    data = LONG[:50]
    file_id = files.put(DOCUMENTS, data, content_type=PDF)
    chunks = raw["documents.chunks"]

    outcomes = [refused(files, file_id, data) for _ in flipping(chunks)]

    # A chunk's own id is not used.
    assert outcomes.count(False) <= 8 * (12 + len("_id"))
    assert outcomes.count(True) > 8 * 100


def flipping(collection):
    """Flip one bit after the other, wherever MongoDB accepts the result.

    Some results cannot be decoded in Python, so the raw bytes are sent.
    """
    encoded = bson.encode(collection.find_one())
    for bit in range(8 * len(encoded)):
        broken = bytearray(encoded)
        broken[bit // 8] ^= 1 << bit % 8
        collection.delete_many({})
        with suppress(IndexError, InvalidBSON, OperationFailure):
            collection.insert_one(RawBSONDocument(bytes(broken)))
            yield


@pytest.mark.parametrize(
    "change",
    [
        lambda raw, _: raw["documents.chunks"].delete_one({"n": 0}),
        lambda raw, _: raw["documents.chunks"].delete_one({"n": 1}),
        lambda raw, _: raw["documents.chunks"].delete_one({"n": 2}),
        lambda raw, _: raw["documents.chunks"].update_one(
            {"n": 2}, {"$set": {"data": b""}}
        ),
        lambda raw, _: raw["documents.chunks"].update_one(
            {"n": 2}, {"$set": {"data": "text"}}
        ),
        lambda raw, _: raw["documents.chunks"].update_one({"n": 2}, {"$set": {"n": 3}}),
        lambda raw, file_id: raw["documents.chunks"].insert_one(
            {"files_id": file_id, "n": 3, "data": b"more"}
        ),
        lambda raw, _: raw["documents.files"].update_one(
            {}, {"$unset": {"metadata": 1}}
        ),
        lambda raw, _: raw["documents.files"].update_one(
            {}, {"$set": {"metadata": {"content_type": PDF}, "filename": ""}}
        ),
        lambda raw, _: raw["documents.files"].update_one({}, {"$inc": {"length": -1}}),
        lambda raw, _: raw["documents.files"].update_one({}, {"$set": {"length": "x"}}),
    ],
    ids=[
        *("no first", "no second", "no last", "empty", "text", "gap", "more"),
        *("no key", "as if plain", "length", "no length"),
    ],
)
def test_chunks_and_entries_that_do_not_fit_are_damage(files, raw, change):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)

    change(raw, ObjectId(file_id))

    assert refused(files, file_id)


def test_a_file_cut_at_the_end_of_a_segment_is_damage(files, raw):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)
    raw["documents.chunks"].delete_many({"n": {"$gt": 0}})
    data = raw["documents.chunks"].find_one()["data"][: 2 * 64 * 1024]
    raw["documents.chunks"].update_one({}, {"$set": {"data": data}})
    raw["documents.files"].update_one({}, {"$set": {"length": len(data)}})

    assert refused(files, file_id)


@pytest.mark.parametrize("taken", ["bytes", "entry", "both"])
def test_files_that_change_places_do_not_open(files, raw, taken):
    mine, theirs = (
        files.put(DOCUMENTS, data, content_type=PDF) for data in (LONG, LONG[::-1])
    )
    other = {"files_id": ObjectId(theirs)}
    if taken in ("bytes", "both"):
        raw["documents.chunks"].delete_many({"files_id": ObjectId(mine)})
        change = {"$set": {"files_id": ObjectId(mine)}}
        raw["documents.chunks"].update_many(other, change)
    if taken in ("entry", "both"):
        entry = raw["documents.files"].find_one({"_id": ObjectId(theirs)}, {"_id": 0})
        raw["documents.files"].update_one({"_id": ObjectId(mine)}, {"$set": entry})

    assert refused(files, mine)


def test_a_file_does_not_open_in_another_bucket(files, raw):
    file_id = files.put(PHOTOS, LONG, content_type=PDF)
    for part in ("files", "chunks"):
        moved = list(raw[f"patient_photos.{part}"].find())
        raw[f"documents.{part}"].insert_many(moved)

    assert refused(files, file_id)


def test_without_the_right_keys_a_file_is_no_file_but_not_damaged(
    files, addresses, name, tmp_path
):
    file_id = files.put(DOCUMENTS, LONG, content_type=PDF)
    others = FileKeys(tmp_path / "other.keys", may_be_made=True)

    with (
        closing(FileStore(addresses.mongo.admin_url, name, keys=others)) as stranger,
        pytest.raises(FileKeyMissing, match="may be an old one"),
    ):
        stranger.get(DOCUMENTS, file_id)


def test_without_a_key_file_nothing_is_stored(addresses, name, raw, tmp_path):
    keys = FileKeys(tmp_path / "none.keys")

    with (
        closing(FileStore(addresses.mongo.admin_url, name, keys=keys)) as store,
        pytest.raises(FileStoreUnavailable, match="keys of files"),
    ):
        store.put(DOCUMENTS, LONG, content_type=PDF)

    assert raw["documents.chunks"].count_documents({}) == 0


def test_what_a_crash_left_unfinished_is_found_and_deleted(files, raw):
    whole = files.put(DOCUMENTS, LONG, content_type=PDF)
    torn = files.put(DOCUMENTS, LONG, content_type=PDF)
    raw["documents.files"].delete_one({"_id": ObjectId(torn)})
    later = ObjectId(torn).generation_time.replace(year=2100)

    assert list(files.list_fragments(DOCUMENTS, later)) == [torn]
    files.delete(DOCUMENTS, torn)

    assert list(files.list_fragments(DOCUMENTS, later)) == []
    assert not refused(files, whole)


def test_what_is_being_stored_is_no_fragment_yet(files, raw):
    torn = files.put(DOCUMENTS, LONG, content_type=PDF)
    raw["documents.files"].delete_one({"_id": ObjectId(torn)})

    before = ObjectId(torn).generation_time
    assert list(files.list_fragments(DOCUMENTS, before)) == []


def test_only_what_exists_is_said_to(files):
    file_id = files.put(DOCUMENTS, b"x", content_type=PDF)

    assert files.exists(DOCUMENTS, file_id)
    assert not files.exists(PHOTOS, file_id)
    assert files.existing(DOCUMENTS, [file_id, "0" * 24, "no id"]) == {file_id}
