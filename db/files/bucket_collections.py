"""Buckets as MongoDB stores them: their collections, and a feed of new entries."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo.change_stream import ChangeStream
from pymongo.collection import Collection
from pymongo.database import Database

from db.files.file_keys import FileKeys
from db.mongo.outages import answering

Documents = Collection[dict[str, Any]]

# For how long MongoDB holds a request open while there is nothing new.
_AWAIT_MS: Final = 500
# A resume token begins with a timestamp, in MongoDB's encoding for comparable keys.
_TIMESTAMP: Final = "82"
_NOWHERE: Final = Timestamp(0, 0)
_RAW: Final[CodecOptions[RawBSONDocument]] = CodecOptions(
    document_class=RawBSONDocument
)


@dataclass(frozen=True, slots=True)
class BucketCollections:
    """The collections in which the files of one bucket are kept."""

    bucket: str
    files: Documents
    chunks: Documents
    keys: FileKeys

    @classmethod
    def of(
        cls, database: Database[dict[str, Any]], bucket: str, keys: FileKeys
    ) -> "BucketCollections":
        """Return the collections, named as GridFS does."""
        files, chunks = database[f"{bucket}.files"], database[f"{bucket}.chunks"]
        return cls(bucket, files, chunks, keys)

    @property
    def entries(self) -> Collection[RawBSONDocument]:
        """The files' entries, each of which is decoded only when it is used.

        An entry too damaged to be decoded would otherwise take others along.
        """
        options = self.files.codec_options
        raw = options.with_options(document_class=RawBSONDocument)
        return self.files.with_options(codec_options=raw)

    def binding(self, file_id: ObjectId) -> bytes:
        """Return what a file's bytes are bound to: no other file's decrypt here."""
        return binding_of(self.bucket, file_id)


def binding_of(bucket: str, file_id: ObjectId) -> bytes:
    """Return what the bytes of a bucket's file are bound to, wherever they are kept."""
    return f"file {bucket}/{file_id}".encode()


class EntryChanges:
    """The entries stored since it was opened; none is missed as long as it is open."""

    def __init__(
        self,
        stream: ChangeStream[Any],
        buckets: dict[str, str],
        database: Database[dict[str, Any]],
    ) -> None:
        self._stream = stream
        self._buckets = buckets
        self._database = database

    def drain(self) -> Iterator[tuple[str, RawBSONDocument]]:
        """Yield new entries with their buckets: all that were stored before the call.

        An empty answer from MongoDB is no sign that it has reached that time: on a busy
        machine its change stream is often behind. The resume token shows how far it has
        come.
        """
        with answering():
            now = self._database.command("ping")["operationTime"]
            while (change := self._stream.try_next()) or self._place() < now:
                entry = change.get("fullDocument") if change else None
                # An entry that has been deleted since has no document.
                if change is not None and entry is not None:
                    yield self._buckets[change["ns"]["coll"]], entry

    def _place(self) -> Timestamp:
        """Return the time in MongoDB's log up to which all changes were delivered."""
        token = self._stream.resume_token
        if token is None or not token["_data"].startswith(_TIMESTAMP):
            return _NOWHERE
        seconds, count = token["_data"][2:10], token["_data"][10:18]
        return Timestamp(int(seconds, 16), int(count, 16))


@contextmanager
def entry_changes(
    database: Database[dict[str, Any]], buckets: list[str]
) -> Iterator[EntryChanges]:
    """Open a feed of new entries; raises FileStoreUnavailable."""
    collections = {f"{bucket}.files": bucket for bucket in buckets}
    wanted = {
        "ns.coll": {"$in": list(collections)},
        "operationType": {"$in": ["insert", "replace", "update"]},
    }
    raw: Database[Any] = database.with_options(codec_options=_RAW)
    with (
        answering(),
        raw.watch(
            [{"$match": wanted}],
            full_document="updateLookup",
            max_await_time_ms=_AWAIT_MS,
        ) as stream,
    ):
        yield EntryChanges(stream, collections, database)
