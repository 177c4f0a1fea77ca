"""A patient's photo: bytes in the file store, named by the patient's row."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.gridfs import (
    Bucket,
    FileDamaged,
    FileMissing,
    FileStore,
    FileStoreUnavailable,
)
from db.models import Patient
from services import after_commit, audit, patients
from services.actors import Actor, Permission
from services.audit import Action
from services.errors import NotFound, ServiceError, Unavailable
from services.patient_records import PatientRecord
from services.photo_images import CONTENT_TYPE, InvalidPhoto, PreparedPhoto, prepare

__all__ = [
    "InvalidPhoto",
    "NoPhoto",
    "PhotoDamaged",
    "PhotosUnavailable",
    "PreparedPhoto",
    "attach",
    "files_of",
    "list_unreferenced",
    "prepare",
    "read",
    "remove",
]

# A row names the full picture and its thumbnail in one value, so that no moment
# exists in which it names one of the old and one of the new.
_SEPARATOR: Final = "."
_BUCKET: Final = Bucket.PATIENT_PHOTOS


class PhotosUnavailable(Unavailable):
    """The file store does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Photos cannot be reached at the moment; everything else works. "
            "Try again in a minute."
        )


class PhotoDamaged(Unavailable):
    """The file store has the photo, but not as it was put there."""

    def __init__(self) -> None:
        super().__init__(
            "This photo was damaged in the store and is not shown; add it again on "
            "the patient's page."
        )


class NoPhoto(NotFound):
    """The patient has no photo."""

    def __init__(self) -> None:
        super().__init__("This patient has no photo yet; add one on their page.")


def attach(
    session: Session,
    files: FileStore,
    actor: Actor,
    patient_id: UUID,
    photo: PreparedPhoto,
    *,
    version: int,
) -> PatientRecord:
    """Store the photo and name it in the patient's row; the caller commits.

    The photo it replaces is deleted after the commit. If anything fails on the way,
    files without a row remain and are swept later; a row without its files never.
    Raises StaleVersion, PatientArchived, NotFound or PhotosUnavailable.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    before = patients.look_up(session, actor, patient_id)
    with _reachable():
        photo_file_id = _SEPARATOR.join(
            files.put(_BUCKET, data, content_type=CONTENT_TYPE)
            for data in (photo.full, photo.thumbnail)
        )
    try:
        changed = patients.change(
            session, patient_id, {"photo_file_id": photo_file_id}, version=version
        ).after
    except ServiceError:
        with suppress(FileStoreUnavailable):
            _delete(files, photo_file_id)
        raise
    after_commit.call(session, partial(_delete, files, before.photo_file_id))
    had_one = before.photo_file_id is not None
    audit.record_patient(session, actor, Action.PHOTO_CHANGE, changed, replaces=had_one)
    return changed


def read(
    session: Session,
    files: FileStore,
    actor: Actor,
    patient_id: UUID,
    *,
    thumbnail: bool,
    version: int = 1,
) -> bytes:
    """Return the photo as JPEG, to whoever may see the patient.

    A replica may be behind the `version` of the record whose photo is wanted, and so
    be asked for what it does not know. Raises NoPhoto, NotFound, PhotoDamaged or
    PhotosUnavailable.
    """
    record = patients.look_up(session, actor, patient_id)
    if record.version < version:
        raise NotFound("There is no such version of this record.")
    if record.photo_file_id is None:
        raise NoPhoto
    full, small = files_of(record.photo_file_id)
    audit.record_patient(session, actor, Action.PHOTO_READ, record, thumbnail=thumbnail)
    try:
        with _reachable():
            return files.get(_BUCKET, small if thumbnail else full).data
    except FileMissing as error:
        # It was replaced between the row and the file: a reload shows the new one.
        raise NoPhoto from error


def remove(
    session: Session, files: FileStore, actor: Actor, patient_id: UUID, *, version: int
) -> PatientRecord:
    """Forget the photo; its bytes are deleted after the caller's commit.

    Raises NoPhoto, StaleVersion, PatientArchived or NotFound.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    before = patients.look_up(session, actor, patient_id)
    if before.photo_file_id is None:
        raise NoPhoto
    changed = patients.change(
        session, patient_id, {"photo_file_id": None}, version=version
    ).after
    after_commit.call(session, partial(_delete, files, before.photo_file_id))
    audit.record_patient(session, actor, Action.PHOTO_REMOVE, changed)
    return changed


def list_unreferenced(
    session: Session, files: FileStore, older_than: datetime
) -> Iterator[str]:
    """Yield the files that no row names, among those old enough to have got one.

    Ask the primary: a replica may not know the newest rows.
    """
    named = select(Patient.photo_file_id).where(Patient.photo_file_id.is_not(None))
    referenced = {
        file_id
        for photo_file_id in session.scalars(named)
        for file_id in files_of(photo_file_id)
    }
    for file_id in files.list_older_than(_BUCKET, older_than):
        if file_id not in referenced:
            yield file_id


def files_of(photo_file_id: str | None) -> tuple[str, ...]:
    """Return the files that a patient's row names: the photo, then its thumbnail."""
    return tuple(photo_file_id.split(_SEPARATOR)) if photo_file_id else ()


def _delete(files: FileStore, photo_file_id: str | None) -> None:
    for file_id in files_of(photo_file_id):
        files.delete(_BUCKET, file_id)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except FileStoreUnavailable as error:
        raise PhotosUnavailable from error
    except FileDamaged as error:
        raise PhotoDamaged from error
