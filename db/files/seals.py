"""A file's seal: its key, its size and its type, encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, TypeVar

import bson
from bson import ObjectId
from bson.errors import InvalidBSON

from db.files.chunks import Extent
from db.files.file_errors import FileDamaged, FileKeyMissing, FileStoreUnavailable
from db.files.file_keys import (
    FileKeys,
    KeyUnknown,
    SealBroken,
    UnusableFileKeys,
    key_of,
)

T = TypeVar("T")

# The only bucket with files from before encryption, and the fields of their entries. No
# flipped bit makes one of today's entries look like that.
_ONCE_PLAIN: Final = "patient_photos"
_PLAIN: Final = {"_id", "filename", "metadata", "chunkSize", "length", "uploadDate"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file's seal holds: the file's own key, and what MongoDB must not know."""

    key: bytes
    size: int
    sha256: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file's entry in its bucket, as MongoDB keeps it."""

    bucket: str
    file_id: ObjectId
    extent: Extent
    stored_at: datetime
    sealed: bytes = b""
    key: int = 0
    plain_type: str | None = None

    @classmethod
    def read(cls, bucket: str, entry: Mapping[str, Any]) -> Self:
        """Parse an entry; raises FileDamaged for what cannot be one."""
        try:
            about = entry["metadata"]
            is_plain = (
                bucket == _ONCE_PLAIN
                and entry.keys() == _PLAIN
                and about.keys() == {"content_type"}
            )
            return cls(
                bucket,
                entry["_id"],
                Extent(int(entry["length"]), int(entry["chunkSize"])),
                _exactly(datetime, entry["uploadDate"]),
                b"" if is_plain else _exactly(bytes, about["sealed"]),
                0 if is_plain else int(about["key"]),
                str(about["content_type"]) if is_plain else None,
            )
        except (
            AttributeError,
            InvalidBSON,
            KeyError,
            TypeError,
            ValueError,
        ) as error:
            raise FileDamaged("The file's entry is damaged.") from error

    @property
    def _purpose(self) -> str:
        """What the seal is bound to: everything else in the entry."""
        stored_at = self.stored_at.isoformat(timespec="milliseconds")
        extent = self.extent
        bound_to = f"seal {self.bucket}/{self.file_id}"
        return f"{bound_to} {extent.length}/{extent.chunk_size} {stored_at}"

    def seal(self, keys: FileKeys, contents: Contents) -> dict[str, Any]:
        """Return the metadata that hold the contents, sealed."""
        packed = bson.encode(
            {
                "key": contents.key,
                "size": contents.size,
                "sha256": contents.sha256,
                "content_type": contents.content_type,
            }
        )
        try:
            sealed = keys.seal(packed, self._purpose)
        except UnusableFileKeys as error:
            raise FileStoreUnavailable("The keys of files cannot be used.") from error
        return {"sealed": sealed, "key": key_of(sealed)}

    def unseal(self, keys: FileKeys) -> Contents:
        """Return the contents; raises FileDamaged or FileKeyMissing."""
        try:
            if key_of(self.sealed) != self.key:
                raise FileDamaged("The file's key is damaged.")
            packed = bson.decode(keys.unseal(self.sealed, self._purpose))
            return Contents(**packed)
        except (SealBroken, InvalidBSON, TypeError) as error:
            raise FileDamaged("The file's key is damaged.") from error
        except KeyUnknown as error:
            raise FileKeyMissing(
                "The key file lacks the key of this file: it may be an old one."
            ) from error
        except UnusableFileKeys as error:
            raise FileStoreUnavailable("The keys of files cannot be used.") from error


def _exactly(kind: type[T], value: object) -> T:
    """Return a value of exactly this type; any other, even a similar one, is damage."""
    if type(value) is not kind:
        raise TypeError
    return value
