"""The bytes of uploads in parts: one encrypted file in GridFS for each part."""

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
# A newer part may be about to get its row, or its upload to be filed.
_YOUNG: Final = timedelta(hours=1)


def store(files: FileStore, first_byte: int, data: bytes) -> StoredPart:
    """Store bytes of an upload, before the row that names them.

    Raises FilesUnavailable.
    """
    with translate_file_errors():
        file_id = files.put(_BUCKET, data, content_type=_MEDIA_TYPE)
    return StoredPart(first_byte, len(data), file_id)


def join(files: FileStore, parts: Iterable[StoredPart]) -> BinaryIO:
    """Return an unnamed temporary file with the bytes of all parts.

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
    """Remove parts that no upload can need any more; return their number.

    No upload lasts longer than its time, so the age of a part is enough to know, and a
    crash leaves nothing for good. Raises FileStoreUnavailable.
    """
    over = files.list_older_than(_BUCKET, now - EXPIRES_AFTER - _YOUNG)
    unfinished = files.list_fragments(_BUCKET, now - _YOUNG)
    leftovers = tuple(chain(over, unfinished))
    for file_id in leftovers:
        files.delete(_BUCKET, file_id)
    return len(leftovers)
