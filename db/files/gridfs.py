"""Files in MongoDB's GridFS, one bucket per kind, encrypted before they get there."""

import io
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from bson import ObjectId
from bson.errors import InvalidId
from bson.raw_bson import RawBSONDocument
from gridfs import GridFSBucket
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from db.files.bucket_collections import (
    BucketCollections,
    EntryChanges,
    entry_changes,
)
from db.files.chunks import ChunkReader, ChunkWriter
from db.files.ciphers import FileCipher, NotDecrypted
from db.files.file_errors import (
    FileDamaged,
    FileKeyMissing,
    FileMissing,
    FileStoreUnavailable,
)
from db.files.file_keys import FileKeys
from db.files.file_writing import PendingFile, write_chunks
from db.files.plain_streams import PlainStream
from db.files.seals import FileEntry
from db.mongo.outages import answering

if TYPE_CHECKING:
    from db.files.upkeep import Rewrapped
    from db.mongo.replica_set import FilesState

__all__ = [
    "LASTING",
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
# frequent heartbeat finds a server that hangs, and cancels the operations that wait for
# it.
_SELECTION_MS = 3_000
_CONNECT_MS = 2_000
_SOCKET_MS = 5_000
_LOOK_EVERY_MS = 2_000
_IDS_AT_ONCE: Final = 1_000
_ENTRIES_AT_ONCE: Final = 8


class Bucket(StrEnum):
    """The kinds of files there are."""

    DOCUMENTS = "documents"
    DOCUMENT_ORIGINALS = "document_originals"
    PATIENT_PHOTOS = "patient_photos"
    DOCTOR_PHOTOS = "doctor_photos"
    PRESCRIPTION_FILES = "prescription_files"
    UPLOAD_PARTS = "upload_parts"
    BULK_EXPORTS = "bulk_exports"


# The kinds that are backed up: an export can be made again, and is gone after a day.
LASTING: Final = tuple(kind for kind in Bucket if kind is not Bucket.BULK_EXPORTS)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's bytes and its content type."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class PutFile:
    """What `put_stream` has stored: the id, and the size and hash of the bytes."""

    file_id: str
    size: int
    sha256: bytes


class FileStore:
    """The files of one MongoDB database.

    Every method may raise FileStoreUnavailable. When `put` returns, the file is on the
    disks of a majority of the members.
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
        said = parse_uri(mongo_url)["options"]
        # How to connect to members that are asked individually.
        self._tls = {name: said[name] for name in said if name.startswith("tls")}
        self._indexed: set[Bucket] = set()
        self._aside = ThreadPoolExecutor(_ENTRIES_AT_ONCE, "file-entry")
        self._state: tuple[float, FilesState | None] = (0.0, None)
        self.keys = keys

    def put(self, bucket: Bucket, data: bytes, *, content_type: str) -> str:
        """Store a file and return its id, which is the only way to it."""
        source = io.BytesIO(data)
        return self.put_stream(bucket, source, content_type=content_type).file_id

    def put_stream(
        self, bucket: Bucket, source: BinaryIO, *, content_type: str
    ) -> PutFile:
        """Store what can be read from the source, a piece at a time.

        Nothing is kept if the source cannot be read to its end.
        """
        file_id, collections = ObjectId(), self._collections(bucket)
        with answering():
            self._ensure_index(bucket)
            try:
                written = write_chunks(
                    collections, source, file_id=file_id, content_type=content_type
                )
                self._finish(collections, written)
            except PyMongoError:
                # The caller has waited long enough: what was stored is swept later.
                raise
            except BaseException:
                # Nobody would ever ask for it.
                with suppress(Exception):
                    collections.files.delete_one({"_id": file_id})
                    collections.chunks.delete_many({"files_id": file_id})
                raise
        contents = written.contents
        return PutFile(str(file_id), contents.size, contents.sha256)

    def get(self, bucket: Bucket, file_id: str) -> StoredFile:
        """Return a whole file; raises FileMissing or FileDamaged."""
        with self.open(bucket, file_id) as stream:
            return StoredFile(stream.read(), stream.content_type)

    @contextmanager
    def open(self, bucket: Bucket, file_id: str) -> Iterator[PlainStream]:
        """Open a file's bytes for reading; raises FileMissing or FileDamaged."""
        collections = self._collections(bucket)
        with answering():
            stored = collections.files.find_one({"_id": _id(file_id)})
        if stored is None:
            raise FileMissing("There is no such file.")
        entry = FileEntry.read(bucket, stored)
        with ChunkReader(collections.chunks, entry.file_id, entry.extent) as source:
            yield _plain(collections, entry, source)

    def delete(self, bucket: Bucket, file_id: str) -> None:
        """Delete a file; one that is gone already is no error."""
        with suppress(FileMissing), answering():
            GridFSBucket(self._database, bucket_name=bucket).delete(_id(file_id))

    def exists(self, bucket: Bucket, file_id: str) -> bool:
        """Return whether there is such a file, whole or damaged."""
        return bool(self.existing(bucket, (file_id,)))

    def existing(self, bucket: Bucket, file_ids: Collection[str]) -> set[str]:
        """Return the ids that belong to a file, whole or damaged."""
        ids = [ObjectId(file_id) for file_id in file_ids if ObjectId.is_valid(file_id)]
        with answering():
            files = self._collections(bucket).files.find(
                {"_id": {"$in": ids}}, {"_id": True}
            )
            return {str(file["_id"]) for file in files}

    def list_left(self, bucket: Bucket, file_ids: Collection[str]) -> set[str]:
        """Return the ids of which anything is left, including fragments."""
        ids = [ObjectId(file_id) for file_id in file_ids if ObjectId.is_valid(file_id)]
        with answering():
            begun = self._collections(bucket).chunks.find(
                {"files_id": {"$in": ids}, "n": 0}, {"_id": False, "files_id": True}
            )
            return self.existing(bucket, file_ids) | {
                str(chunk["files_id"]) for chunk in begun
            }

    def list_older_than(self, bucket: Bucket, timestamp: datetime) -> Iterator[str]:
        """Yield the ids of files stored before this time, oldest first."""
        older = {"uploadDate": {"$lt": timestamp}}
        with answering():
            for file in self._collections(bucket).files.find(
                older, {"_id": True}, sort=[("_id", 1)]
            ):
                yield str(file["_id"])

    def list_fragments(self, bucket: Bucket, timestamp: datetime) -> Iterator[str]:
        """Yield the ids of files that a crash before this time has left unfinished.

        Nobody can have been given these ids; `delete` deletes what there is of the
        files.
        """
        first = {"n": 0, "files_id": {"$lt": ObjectId.from_datetime(timestamp)}}
        with answering():
            begun = self._collections(bucket).chunks.find(
                first, {"_id": False, "files_id": True}, sort=[("files_id", 1)]
            )
            ids = (str(chunk["files_id"]) for chunk in begun)
            while some := tuple(islice(ids, _IDS_AT_ONCE)):
                finished = self.existing(bucket, some)
                yield from (file_id for file_id in some if file_id not in finished)

    def encrypt_plain(self, bucket: Bucket) -> int:
        """Encrypt files stored before encryption was introduced; return how many.

        Their ids stay. Needs a replica set: each is replaced in a transaction.
        """
        from db.files import upkeep  # noqa: PLC0415 - no page does this

        with answering(), self._client.start_session() as session:
            return upkeep.encrypt_plain(self._collections(bucket), session)

    def rewrap(self, bucket: Bucket) -> "Rewrapped":
        """Wrap the keys of files with the newest key where an older one is in use.

        No file's bytes are touched. It may be interrupted and repeated at any time.
        """
        from db.files import upkeep  # noqa: PLC0415 - no page does this

        with answering():
            return upkeep.rewrap(self._collections(bucket))

    def keys_in_use(self, bucket: Bucket) -> set[int]:
        """Return the numbers of the keys that wrap the keys of files."""
        with answering():
            return set(self._collections(bucket).files.distinct("metadata.key"))

    def ping(self) -> float:
        """Return how many seconds MongoDB takes to answer."""
        begun = perf_counter()
        with answering():
            self._client.admin.command("ping")
        return perf_counter() - begun

    def last_written_at(self) -> datetime | None:
        """Return the time of the newest change that the answering server has."""
        with answering():
            said = self._client.admin.command("hello").get("lastWrite", {})
        at = said.get("lastWriteDate")
        # Dates in a command's answer have no time zone, despite `tz_aware`.
        return at.replace(tzinfo=UTC) if isinstance(at, datetime) else None

    def list_entries(self, bucket: Bucket) -> Iterator[RawBSONDocument]:
        """Yield the entries of a bucket's files as MongoDB keeps them, for a copy."""
        with answering():
            yield from self._collections(bucket).entries.find(sort=[("_id", 1)])

    def entry_changes(self) -> AbstractContextManager[EntryChanges]:
        """Open a feed of every entry that is added or changed from now on."""
        return entry_changes(self._database, list(LASTING))

    @contextmanager
    def open_stored(self, entry: FileEntry) -> Iterator[ChunkReader]:
        """Open a file's bytes as they are stored; raises FileDamaged, as reading may.

        Errors while they are read are MongoDB's translated ones, or FileDamaged.
        """
        chunks = self._collections(Bucket(entry.bucket)).chunks
        with ChunkReader(chunks, entry.file_id, entry.extent) as source, answering():
            yield source

    def put_back(
        self, bucket: Bucket, entry: RawBSONDocument, source: BinaryIO
    ) -> None:
        """Store a file again as it was stored: its entry, and its encrypted bytes.

        Whatever is left of the file is replaced.
        """
        about, collections = FileEntry.read(bucket, entry), self._collections(bucket)
        with answering():
            self._ensure_index(bucket)
            collections.files.delete_one({"_id": about.file_id})
            collections.chunks.delete_many({"files_id": about.file_id})
            writer = ChunkWriter(collections.chunks, about.file_id)
            while piece := source.read(about.extent.chunk_size):
                writer.write(piece)
                writer.send()
            if writer.finish() != about.extent:
                raise FileDamaged("The copy lacks some of the file's bytes.")
            writer.send_rest()
            # The entry last: without it the chunks count for nothing.
            collections.entries.insert_one(entry)

    def state(self, *, max_age_seconds: float = 0) -> "FilesState":
        """Return the state of the file servers, at most this many seconds old.

        Each of them is asked over a connection of its own, which costs more than
        everything else that a page does about them.
        """
        from db.mongo import replica_set  # noqa: PLC0415 - one page asks

        seen_at, seen = self._state
        if seen is None or monotonic() - seen_at >= max_age_seconds:
            with answering():
                seen = replica_set.observe(
                    self._client, self._database.name, options=self._tls
                )
            self._state = monotonic(), seen
        return seen

    def close(self) -> None:
        """Close the connections."""
        self._aside.shutdown()
        self._client.close()

    def _finish(self, collections: BucketCollections, written: PendingFile) -> None:
        """Store a file's last chunks and its entry, waiting for the disks only once.

        It does not matter which of the two is there first: until both are, nobody is
        given the file's id, and what a crash leaves of it is swept.
        """
        entry = self._aside.submit(collections.files.insert_one, written.entry)
        try:
            written.send_rest()
        finally:
            wait([entry])
        entry.result()

    def _ensure_index(self, bucket: Bucket) -> None:
        """Make GridFS's own index, once: each check for it is a round trip."""
        if bucket not in self._indexed:
            chunks = self._collections(bucket).chunks
            chunks.create_index([("files_id", 1), ("n", 1)], unique=True)
            self._indexed.add(bucket)

    def _collections(self, bucket: Bucket) -> BucketCollections:
        return BucketCollections.of(self._database, bucket, self.keys)


def _plain(
    collections: BucketCollections, entry: FileEntry, source: ChunkReader
) -> PlainStream:
    if entry.plain_type is not None:
        stored = io.BufferedReader(source)
        return PlainStream(stored, source, entry.extent.length, entry.plain_type)
    contents = entry.unseal(collections.keys)
    try:
        cipher = FileCipher.of(contents.key)
    except NotDecrypted as error:
        raise FileDamaged("The file's key is damaged.") from error
    decrypted = cipher.decrypting(source, collections.binding(entry.file_id))
    return PlainStream(decrypted, source, contents.size, contents.content_type)


def _id(file_id: str) -> ObjectId:
    try:
        return ObjectId(file_id)
    except InvalidId as error:
        raise FileMissing(file_id) from error
