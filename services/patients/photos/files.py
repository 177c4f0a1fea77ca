"""The two files of a photo in the file store: the picture and its thumbnail."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileDamaged, FileStore, FileStoreUnavailable
from services.core import after_commit
from services.core.errors import Conflict, ServiceError, Unavailable
from services.patients.photos.images import CONTENT_TYPE, PreparedPhoto

# A row names both in one value, so that it can never name the old one of the one and
# the new one of the other.
_SEPARATOR: Final = "."


class PhotosUnavailable(Unavailable):
    """The file store does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Photos cannot be reached at the moment; everything else works. "
            "Try again in a minute."
        )


class PhotoDamaged(Conflict):
    """The file store has the photo, but its content has changed since it was stored."""

    def __init__(self) -> None:
        super().__init__(
            "This photo was damaged in the store and is not shown; add it again."
        )


@contextmanager
def replacing(
    session: Session,
    files: FileStore,
    bucket: Bucket,
    photo: PreparedPhoto,
    before: str | None,
) -> Iterator[str]:
    """Store the photo and yield its value for the row, which the block writes.

    The photo `before` is deleted after the commit, and the new one at once if the block
    is refused. A failure on the way can leave files without a row, which are swept
    later, but never a row without its files. Raises PhotosUnavailable.
    """
    photo_file_id = put(files, bucket, photo)
    try:
        yield photo_file_id
    except ServiceError:
        with suppress(FileStoreUnavailable):
            delete(files, bucket, photo_file_id)
        raise
    delete_later(session, files, bucket, before)


def put(files: FileStore, bucket: Bucket, photo: PreparedPhoto) -> str:
    """Store the photo and return its value for the row; raises PhotosUnavailable."""
    with _reachable():
        return _SEPARATOR.join(
            files.put(bucket, data, content_type=CONTENT_TYPE)
            for data in (photo.full, photo.thumbnail)
        )


def get(
    files: FileStore, bucket: Bucket, photo_file_id: str, *, thumbnail: bool
) -> bytes:
    """Return the photo as JPEG.

    Raises PhotosUnavailable, PhotoDamaged or db.files.gridfs.FileMissing.
    """
    full, small = files_of(photo_file_id)
    with _reachable():
        return files.get(bucket, small if thumbnail else full).data


def delete(files: FileStore, bucket: Bucket, photo_file_id: str | None) -> None:
    """Delete the files of a photo, if there is one; raises FileStoreUnavailable."""
    for file_id in files_of(photo_file_id):
        files.delete(bucket, file_id)


def delete_later(
    session: Session, files: FileStore, bucket: Bucket, photo_file_id: str | None
) -> None:
    """Delete the files of a photo, if there is one, after the caller's commit."""
    after_commit.call(session, partial(delete, files, bucket, photo_file_id))


def files_of(photo_file_id: str | None) -> tuple[str, ...]:
    """Return the ids of the files that a row names: the photo, then its thumbnail."""
    return tuple(photo_file_id.split(_SEPARATOR)) if photo_file_id else ()


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except FileStoreUnavailable as error:
        raise PhotosUnavailable from error
    except FileDamaged as error:
        raise PhotoDamaged from error
