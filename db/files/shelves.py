"""A bucket as it lies in MongoDB: two collections, and the keys to what is in them."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection
from pymongo.database import Database

from db.file_keys import FileKeys

Documents = Collection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the files of one bucket are."""

    bucket: str
    files: Documents
    chunks: Documents
    keys: FileKeys

    @classmethod
    def of(
        cls, database: Database[dict[str, Any]], bucket: str, keys: FileKeys
    ) -> "Shelf":
        """Name the collections as GridFS does."""
        files, chunks = database[f"{bucket}.files"], database[f"{bucket}.chunks"]
        return cls(bucket, files, chunks, keys)

    def binding(self, file_id: ObjectId) -> bytes:
        """Return what a file's bytes are bound to: no other file's open here."""
        return f"file {self.bucket}/{file_id}".encode()
