"""A patient's photo: bytes in the file store, named by the patient's row."""

from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileMissing, FileStore, FileStoreUnavailable
from services.core import after_commit, audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotFound, ServiceError
from services.patients.photos import files as photo_files
from services.patients.photos.files import PhotoDamaged, PhotosUnavailable, files_of
from services.patients.photos.images import (
    MAX_BYTES,
    InvalidPhoto,
    PreparedPhoto,
    prepare,
)
from services.patients.records import patients
from services.patients.records.model import PatientRecord

__all__ = [
    "MAX_BYTES",
    "InvalidPhoto",
    "NoPhoto",
    "PhotoDamaged",
    "PhotosUnavailable",
    "PreparedPhoto",
    "attach",
    "files_of",
    "prepare",
    "read",
    "remove",
]

_BUCKET: Final = Bucket.PATIENT_PHOTOS


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

    The photo it replaces is deleted after the commit. A failure on the way can leave
    files without a row, which are swept later, but never a row without its files.
    Raises StaleVersion, PatientArchived, NotFound or PhotosUnavailable.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    before = patients.look_up(session, actor, patient_id)
    photo_file_id = photo_files.put(files, _BUCKET, photo)
    try:
        changed = patients.change(
            session, patient_id, {"photo_file_id": photo_file_id}, version=version
        ).after
    except ServiceError:
        with suppress(FileStoreUnavailable):
            photo_files.delete(files, _BUCKET, photo_file_id)
        raise
    _delete_later(session, files, before)
    had_photo = before.photo_file_id is not None
    audit.record_patient(
        session,
        actor,
        Action.PHOTO_CHANGE,
        changed.id,
        changed.version,
        replaces=had_photo,
    )
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

    Raises NotFound if the record is older than `version`, as it can be on a replica
    that lags behind. Also raises NoPhoto, PhotoDamaged or PhotosUnavailable.
    """
    record = patients.look_up(session, actor, patient_id)
    if record.version < version:
        raise NotFound("There is no such version of this record.")
    if record.photo_file_id is None:
        raise NoPhoto
    audit.record_patient(
        session,
        actor,
        Action.PHOTO_READ,
        record.id,
        record.version,
        thumbnail=thumbnail,
    )
    try:
        return photo_files.get(
            files, _BUCKET, record.photo_file_id, thumbnail=thumbnail
        )
    except FileMissing as error:
        # It was replaced between reading the row and the file; a reload shows the new
        # one.
        raise NoPhoto from error


def remove(
    session: Session, files: FileStore, actor: Actor, patient_id: UUID, *, version: int
) -> PatientRecord:
    """Remove the photo; its bytes are deleted after the caller's commit.

    Raises NoPhoto, StaleVersion, PatientArchived or NotFound.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    before = patients.look_up(session, actor, patient_id)
    if before.photo_file_id is None:
        raise NoPhoto
    changed = patients.change(
        session, patient_id, {"photo_file_id": None}, version=version
    ).after
    _delete_later(session, files, before)
    audit.record_patient(
        session, actor, Action.PHOTO_REMOVE, changed.id, changed.version
    )
    return changed


def _delete_later(session: Session, files: FileStore, before: PatientRecord) -> None:
    gone = before.photo_file_id
    after_commit.call(session, partial(photo_files.delete, files, _BUCKET, gone))
