"""Files in MongoDB's GridFS, one bucket per kind."""

import hashlib
import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from time import perf_counter
from typing import Any, BinaryIO, Final

from bson import ObjectId
from bson.errors import InvalidId
from gridfs import GridFSBucket
from pymongo import MongoClient

from db.file_chunks import ChunkReader, Chunks, ChunkWriter
from db.file_ciphers import FileCipher, NotDecrypted
from db.file_errors import (
    FileDamaged,
    FileKeyMissing,
    FileMissing,
    FileStoreUnavailable,
    answering,
)
from db.file_keys import FileKeys
from db.file_seals import Contents, FileEntry, binding
from db.plain_streams import PlainStream

__all__ = [
    "Bucket",
    "FileDamaged",
    "FileKeyMissing",
    "FileKeys",
    "FileMissing",
    "FileStore",
    "FileStoreUnavailable",
    "PlainStream",
    "PutFile",
    "StoredFile",
]

# A dead server is reported within three seconds, one that hangs within about eight: a
# person waits for the answer, and pymongo's own 30 s are meant for batch work. The
# frequent look is what finds one that hangs, and cancels whoever waits for it.
_SELECTION_MS = 3_000
_CONNECT_MS = 2_000
_SOCKET_MS = 5_000
_LOOK_EVERY_MS = 2_000
_PIECE: Final = 256 * 1024
_ASKED_AT_ONCE: Final = 1000


class Bucket(StrEnum):
    """What kinds of files there are."""

    DOCUMENTS = "documents"
    PATIENT_PHOTOS = "patient_photos"
    PRESCRIPTION_FILES = "prescription_files"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's bytes, and what kind of file they are."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class PutFile:
    """What `put_stream` has stored: the id leads to it, the rest tells of its bytes."""

    file_id: str
    size: int
    sha256: bytes


class FileStore:
    """The files of one MongoDB database, encrypted before they get there.

    Every method may raise FileStoreUnavailable. What `put` has returned for is on
    the disks of a majority of the members.
    """

    def __init__(
        self, mongo_url: str, database: str = "chartroom", *, keys: FileKeys
    ) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongo_url,
            serverSelectionTimeoutMS=_SELECTION_MS,
            connectTimeoutMS=_CONNECT_MS,
            socketTimeoutMS=_SOCKET_MS,
            heartbeatFrequencyMS=_LOOK_EVERY_MS,
            w="majority",
            journal=True,
            tz_aware=True,
            appname="chartroom",
        )
        self._database = self._client[database]
        self._keys = keys
        self._indexed: set[Bucket] = set()

    def put(self, bucket: Bucket, data: bytes, *, content_type: str) -> str:
        """Store a file and return its id; the id is all that leads to it."""
        return self.put_stream(
            bucket, io.BytesIO(data), content_type=content_type
        ).file_id

    def put_stream(
        self, bucket: Bucket, source: BinaryIO, *, content_type: str
    ) -> PutFile:
        """Store what can be read from the source, a piece at a time.

        Nothing stays if it cannot be read to its end.
        """
        file_id = ObjectId()
        with answering():
            self._ensure_index(bucket)
            try:
                return self._put(bucket, file_id, source, content_type)
            except BaseException:
                # Chunks without an entry, which nobody would ever see.
                with suppress(Exception):
                    self._chunks(bucket).delete_many({"files_id": file_id})
                raise

    def get(self, bucket: Bucket, file_id: str) -> StoredFile:
        """Return a whole file; raises FileMissing or FileDamaged."""
        with self.open(bucket, file_id) as stream:
            return StoredFile(stream.read(), stream.content_type)

    @contextmanager
    def open(self, bucket: Bucket, file_id: str) -> Iterator[PlainStream]:
        """Give a file's bytes a piece at a time; raises FileMissing or FileDamaged."""
        entry = self._entry(bucket, file_id)
        chunks = self._chunks(bucket)
        with ChunkReader(chunks, entry.file_id, entry.extent) as source:
            if entry.plain_type is None:
                yield self._decrypting(entry, source)
            else:
                yield PlainStream(
                    io.BufferedReader(source),
                    source,
                    size=entry.extent.length,
                    content_type=entry.plain_type,
                )

    def delete(self, bucket: Bucket, file_id: str) -> None:
        """Delete a file; one that is gone already is no error."""
        with suppress(FileMissing), answering():
            self._bucket(bucket).delete(_id(file_id))

    def exists(self, bucket: Bucket, file_id: str) -> bool:
        """Tell whether there is such a file, whole or damaged."""
        with suppress(FileMissing), answering():
            found = {"_id": _id(file_id)}
            return self._files(bucket).count_documents(found, limit=1) == 1
        return False

    def existing(self, bucket: Bucket, file_ids: Collection[str]) -> set[str]:
        """Return those of the ids that lead to a file, whole or damaged."""
        with answering():
            asked = {"_id": {"$in": [_id(file_id) for file_id in file_ids]}}
            found = self._files(bucket).find(asked, {"_id": True})
            return {str(file["_id"]) for file in found}

    def list_older_than(self, bucket: Bucket, moment: datetime) -> Iterator[str]:
        """Yield the ids of files stored before a moment, oldest first."""
        with answering():
            stored = self._files(bucket).find(
                {"uploadDate": {"$lt": moment}}, {"_id": True}, sort=[("_id", 1)]
            )
            for file in stored:
                yield str(file["_id"])

    def list_fragments(self, bucket: Bucket, moment: datetime) -> Iterator[str]:
        """Yield the ids of files that a crash has left unfinished before a moment.

        Nobody can have been told these ids; `delete` deletes what there is of them.
        """
        first = {"n": 0, "files_id": {"$lt": ObjectId.from_datetime(moment)}}
        with answering():
            begun = self._chunks(bucket).find(
                first, {"_id": False, "files_id": True}, sort=[("files_id", 1)]
            )
            ids = (str(chunk["files_id"]) for chunk in begun)
            while some := tuple(islice(ids, _ASKED_AT_ONCE)):
                finished = self.existing(bucket, some)
                yield from (file_id for file_id in some if file_id not in finished)

    def rewrap(self, bucket: Bucket) -> int:
        """Wrap every file's key with the newest key; return for how many it was done.

        No file's bytes are touched. It may be repeated, and interrupted, at any time.
        """
        done = 0
        with answering():
            for found in self._files(bucket).find():
                entry = FileEntry.read(bucket, found)
                metadata = entry.reseal(self._keys)
                if metadata is not None:
                    same = {"_id": entry.file_id, "metadata.sealed": entry.sealed}
                    change = {"$set": {"metadata": metadata}}
                    done += self._files(bucket).update_one(same, change).modified_count
        return done

    def ping(self) -> float:
        """Return how many seconds MongoDB takes to answer."""
        begun = perf_counter()
        with answering():
            self._client.admin.command("ping")
        return perf_counter() - begun

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _put(
        self, bucket: Bucket, file_id: ObjectId, source: BinaryIO, content_type: str
    ) -> PutFile:
        cipher, digest, size = FileCipher.new(), hashlib.sha256(), 0
        writer = ChunkWriter(self._chunks(bucket), file_id)
        bound_to = binding(bucket, file_id).encode()
        with cipher.encrypting(writer, bound_to) as encrypted:
            while piece := source.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                encrypted.write(piece)
                writer.send()
        stored_at = datetime.now(UTC)
        stored_at = stored_at.replace(microsecond=stored_at.microsecond // 1000 * 1000)
        entry = FileEntry(bucket, file_id, writer.finish(), stored_at)
        contents = Contents(cipher.key, size, digest.digest(), content_type)
        # No file name: what people call a file is a record, not storage.
        self._files(bucket).insert_one(
            {
                "_id": file_id,
                "length": entry.extent.length,
                "chunkSize": entry.extent.chunk_size,
                "uploadDate": stored_at,
                "metadata": entry.seal(self._keys, contents),
            }
        )
        return PutFile(str(file_id), size, contents.sha256)

    def _entry(self, bucket: Bucket, file_id: str) -> FileEntry:
        with answering():
            found = self._files(bucket).find_one({"_id": _id(file_id)})
        if found is None:
            raise FileMissing("There is no such file.")
        return FileEntry.read(bucket, found)

    def _decrypting(self, entry: FileEntry, source: ChunkReader) -> PlainStream:
        contents = entry.unseal(self._keys)
        try:
            cipher = FileCipher.of(contents.key)
        except NotDecrypted as error:
            raise FileDamaged("The file's key is damaged.") from error
        return PlainStream(
            cipher.decrypting(source, binding(entry.bucket, entry.file_id).encode()),
            source,
            size=contents.size,
            content_type=contents.content_type,
        )

    def _ensure_index(self, bucket: Bucket) -> None:
        """Make GridFS's own index, once: each look for it is a way to the server."""
        if bucket not in self._indexed:
            self._chunks(bucket).create_index([("files_id", 1), ("n", 1)], unique=True)
            self._indexed.add(bucket)

    def _files(self, bucket: Bucket) -> Chunks:
        return self._database[f"{bucket}.files"]

    def _chunks(self, bucket: Bucket) -> Chunks:
        return self._database[f"{bucket}.chunks"]

    def _bucket(self, bucket: Bucket) -> GridFSBucket:
        return GridFSBucket(self._database, bucket_name=bucket)


def _id(file_id: str) -> ObjectId:
    try:
        return ObjectId(file_id)
    except InvalidId as error:
        raise FileMissing(file_id) from error
