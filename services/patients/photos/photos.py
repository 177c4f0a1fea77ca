"""A patient's photo: bytes in the file store, named by the patient's row."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileMissing, FileStore
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotFound
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

    The photo it replaces is deleted after the commit. Raises StaleVersion,
    PatientArchived, NotFound or PhotosUnavailable.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    before = patients.look_up(session, actor, patient_id)
    gone = before.photo_file_id
    with photo_files.replacing(session, files, _BUCKET, photo, gone) as photo_file_id:
        changed = patients.change(
            session, patient_id, {"photo_file_id": photo_file_id}, version=version
        ).after
    audit.record_patient(
        session,
        actor,
        Action.PHOTO_CHANGE,
        changed.id,
        changed.version,
        replaces=gone is not None,
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
    photo_files.delete_later(session, files, _BUCKET, before.photo_file_id)
    audit.record_patient(
        session, actor, Action.PHOTO_REMOVE, changed.id, changed.version
    )
    return changed
