"""The bytes of uploads in parts: encrypted files in GridFS, each a part."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable
from services.documents.records.errors import translate_file_errors
from services.documents.uploads.model import EXPIRES_AFTER, StoredPart

_BUCKET: Final = Bucket.UPLOAD_PARTS
_MEDIA_TYPE: Final = "application/octet-stream"
_PIECE: Final = 256 * 1024
# What is younger may be on its way to its row, or its upload to being filed.
_YOUNG: Final = timedelta(hours=1)


def store(files: FileStore, first_byte: int, data: bytes) -> StoredPart:
    """Store bytes of an upload, before the row that names them.

    Raises FilesUnavailable.
    """
    with translate_file_errors():
        file_id = files.put(_BUCKET, data, content_type=_MEDIA_TYPE)
    return StoredPart(first_byte, len(data), file_id)


def join(files: FileStore, parts: Iterable[StoredPart]) -> BinaryIO:
    """Return a file without a name that has the bytes of all parts.

    Raises FileGone, Damaged, FilesUnavailable.
    """
    whole = TemporaryFile()  # noqa: SIM115 (the caller closes it)
    try:
        with translate_file_errors():
            for part in parts:
                with files.open(_BUCKET, part.file_id) as stream:
                    while piece := stream.read(_PIECE):
                        whole.write(piece)
    except BaseException:
        whole.close()
        raise
    whole.seek(0)
    return whole


def discard(files: FileStore, file_ids: Iterable[str]) -> None:
    """Delete parts that no row names any more; if that fails they are swept later."""
    with suppress(FileStoreUnavailable):
        for file_id in file_ids:
            files.delete(_BUCKET, file_id)


def remove_leftovers(files: FileStore, now: datetime) -> int:
    """Remove what no upload can still need; return how many parts that were.

    No upload lasts longer than its time, so the age of a part says enough, and a crash
    leaves nothing for good. Raises FileStoreUnavailable.
    """
    over = files.list_older_than(_BUCKET, now - EXPIRES_AFTER - _YOUNG)
    unfinished = files.list_fragments(_BUCKET, now - _YOUNG)
    leftovers = tuple(chain(over, unfinished))
    for file_id in leftovers:
        files.delete(_BUCKET, file_id)
    return len(leftovers)
