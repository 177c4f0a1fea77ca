"""A bucket as it lies in MongoDB: two collections, and the keys to what is in them."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.database import Database

from db.files.file_keys import FileKeys

Documents = Collection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BucketCollections:
    """Where the files of one bucket are."""

    bucket: str
    files: Documents
    chunks: Documents
    keys: FileKeys

    @classmethod
    def of(
        cls, database: Database[dict[str, Any]], bucket: str, keys: FileKeys
    ) -> "BucketCollections":
        """Name the collections as GridFS does."""
        files, chunks = database[f"{bucket}.files"], database[f"{bucket}.chunks"]
        return cls(bucket, files, chunks, keys)

    @property
    def entries(self) -> Collection[RawBSONDocument]:
        """The files' entries, each of which is read no sooner than it is used.

        One that is damaged so that it cannot be read would take others along.
        """
        options = self.files.codec_options
        raw = options.with_options(document_class=RawBSONDocument)
        return self.files.with_options(codec_options=raw)

    def binding(self, file_id: ObjectId) -> bytes:
        """Return what a file's bytes are bound to: no other file's open here."""
        return binding_of(self.bucket, file_id)


def binding_of(bucket: str, file_id: ObjectId) -> bytes:
    """Return what the bytes of a bucket's file are bound to, wherever they lie."""
    return f"file {bucket}/{file_id}".encode()
