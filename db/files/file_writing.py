"""How one file gets into GridFS: read, hashed, encrypted and cut, a piece at a time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from bson import ObjectId
from pymongo.client_session import ClientSession

from db.files.bucket_collections import BucketCollections
from db.files.chunks import ChunkWriter
from db.files.ciphers import FileCipher
from db.files.seals import Contents, FileEntry

_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file read to its end: its last chunks and its entry are still to be stored."""

    contents: Contents
    entry: dict[str, Any]
    send_rest: Callable[[], None]


def write_chunks(
    collections: BucketCollections,
    source: BinaryIO,
    *,
    file_id: ObjectId,
    content_type: str,
    session: ClientSession | None = None,
) -> PendingFile:
    """Store everything that the source yields, except the last chunks."""
    cipher, digest, size = FileCipher.new(), hashlib.sha256(), 0
    writer = ChunkWriter(collections.chunks, file_id, session)
    with cipher.encrypting(writer, collections.binding(file_id)) as encrypted:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            encrypted.write(piece)
            writer.send()
    entry = FileEntry(collections.bucket, file_id, writer.finish(), _now())
    contents = Contents(cipher.key, size, digest.digest(), content_type)
    # No file name: what people call a file belongs to a record, not to storage.
    return PendingFile(
        contents,
        {
            "_id": file_id,
            "length": entry.extent.length,
            "chunkSize": entry.extent.chunk_size,
            "uploadDate": entry.stored_at,
            "metadata": entry.seal(collections.keys, contents),
        },
        writer.send_rest,
    )


def _now() -> datetime:
    """Return the time at MongoDB's precision, because the seal is bound to it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
