"""Files in MongoDB's GridFS, one bucket per kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from time import perf_counter
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from gridfs import GridFSBucket
from gridfs.errors import NoFile
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, ExecutionTimeout, WTimeoutError

# A dead server is reported within three seconds, one that hangs within about eight: a
# person waits for the answer, and pymongo's own 30 s are meant for batch work. The
# frequent look is what finds one that hangs, and cancels whoever waits for it.
_SELECTION_MS = 3_000
_CONNECT_MS = 2_000
_SOCKET_MS = 5_000
_LOOK_EVERY_MS = 2_000


class Bucket(StrEnum):
    """What kinds of files there are."""

    DOCUMENTS = "documents"
    PATIENT_PHOTOS = "patient_photos"
    PRESCRIPTION_FILES = "prescription_files"


class FileMissing(Exception):
    """There is no such file."""


class FileStoreUnavailable(Exception):
    """MongoDB does not answer; trying again later may help."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's bytes, and what kind of file they are."""

    data: bytes
    content_type: str


class FileStore:
    """The files of one MongoDB database.

    Every method may raise FileStoreUnavailable. What `put` has returned for is on
    the disks of a majority of the members.
    """

    def __init__(self, mongo_url: str, database: str = "chartroom") -> None:
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

    def put(self, bucket: Bucket, data: bytes, *, content_type: str) -> str:
        """Store a file and return its id; the id is all that leads to it."""
        about = {"content_type": content_type}
        with _answering():
            # No file name: what people call a file is a record, not storage.
            file_id = self._bucket(bucket).upload_from_stream("", data, metadata=about)
        return str(file_id)

    def get(self, bucket: Bucket, file_id: str) -> StoredFile:
        """Return a file, or raise FileMissing."""
        with (
            _answering(),
            self._bucket(bucket).open_download_stream(_id(file_id)) as stream,
        ):
            about = stream.metadata or {}
            return StoredFile(stream.read(), about.get("content_type", ""))

    def delete(self, bucket: Bucket, file_id: str) -> None:
        """Delete a file; one that is gone already is no error."""
        try:
            with _answering():
                self._bucket(bucket).delete(_id(file_id))
        except FileMissing:
            return

    def list_older_than(self, bucket: Bucket, moment: datetime) -> Iterator[str]:
        """Yield the ids of files stored before a moment, oldest first."""
        with _answering():
            stored = self._database[f"{bucket}.files"].find(
                {"uploadDate": {"$lt": moment}}, {"_id": True}, sort=[("_id", 1)]
            )
            for file in stored:
                yield str(file["_id"])

    def ping(self) -> float:
        """Return how many seconds MongoDB takes to answer."""
        begun = perf_counter()
        with _answering():
            self._client.admin.command("ping")
        return perf_counter() - begun

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _bucket(self, bucket: Bucket) -> GridFSBucket:
        return GridFSBucket(self._database, bucket_name=bucket)


def _id(file_id: str) -> ObjectId:
    try:
        return ObjectId(file_id)
    except InvalidId as error:
        raise FileMissing(file_id) from error


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except NoFile as error:
        raise FileMissing("There is no such file.") from error
    except (ConnectionFailure, ExecutionTimeout, WTimeoutError) as error:
        raise FileStoreUnavailable("MongoDB does not answer.") from error
