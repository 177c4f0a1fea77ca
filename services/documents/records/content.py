"""The bytes of a version, as they are given away."""

from collections.abc import Iterator
from contextlib import contextmanager

from db.files.gridfs import (
    Bucket,
    FileDamaged,
    FileMissing,
    FileStore,
    FileStoreUnavailable,
    PlainStream,
)
from services.documents.records.errors import Damaged, FileGone, FilesUnavailable
from services.documents.records.model import OriginalRecord, VersionRecord


@contextmanager
def open_file(files: FileStore, version: VersionRecord) -> Iterator[PlainStream]:
    """Open a version's file; ask `open_version` for the version first.

    What goes wrong inside is raised as FileGone, Damaged or FilesUnavailable.
    """
    if version.file_id is None:
        raise FileGone
    with (
        translate_violations(),
        files.open(Bucket.DOCUMENTS, version.file_id) as stream,
    ):
        yield stream


@contextmanager
def open_original_file(
    files: FileStore, original: OriginalRecord
) -> Iterator[PlainStream]:
    """Open the picture that a version was made from; ask `open_original` first.

    What goes wrong inside is raised as FileGone, Damaged or FilesUnavailable.
    """
    with (
        translate_violations(),
        files.open(Bucket.DOCUMENT_ORIGINALS, original.file_id) as stream,
    ):
        yield stream


@contextmanager
def translate_violations() -> Iterator[None]:
    """Turn what the store says into refusals that people understand."""
    try:
        yield
    except FileMissing as error:
        raise FileGone from error
    except FileDamaged as error:
        raise Damaged from error
    except FileStoreUnavailable as error:
        raise FilesUnavailable from error
