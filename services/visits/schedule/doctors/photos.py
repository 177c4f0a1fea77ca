"""A doctor's photo: bytes in the file store, named by the doctor's row."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileMissing, FileStore
from services.core.actors import Actor, Permission
from services.core.errors import NotFound
from services.patients.photos import files as photo_files
from services.patients.photos.images import PreparedPhoto
from services.visits.schedule.doctors.changing import change_photo
from services.visits.schedule.doctors.errors import NoDoctorPhoto
from services.visits.schedule.doctors.records import DoctorRecord
from services.visits.schedule.doctors.rows import find

_BUCKET: Final = Bucket.DOCTOR_PHOTOS


def attach_photo(
    session: Session,
    files: FileStore,
    actor: Actor,
    doctor_id: UUID,
    photo: PreparedPhoto,
    *,
    revision: int,
) -> DoctorRecord:
    """Store the photo and name it in the doctor's row; the caller commits.

    The photo it replaces is deleted after the commit. Raises StaleDoctor, NotFound,
    NotAllowed or services.patients.photos.files.PhotosUnavailable.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    before = find(session, actor, doctor_id)
    gone = before.photo_file_id
    with photo_files.replacing(session, files, _BUCKET, photo, gone) as photo_file_id:
        return change_photo(session, actor, doctor_id, photo_file_id, revision=revision)


def remove_photo(
    session: Session, files: FileStore, actor: Actor, doctor_id: UUID, *, revision: int
) -> DoctorRecord:
    """Remove the photo; its bytes are deleted after the caller's commit.

    Raises StaleDoctor, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    before = find(session, actor, doctor_id)
    kept = change_photo(session, actor, doctor_id, None, revision=revision)
    photo_files.delete_later(session, files, _BUCKET, before.photo_file_id)
    return kept


def read_photo(
    session: Session,
    files: FileStore,
    actor: Actor,
    doctor_id: UUID,
    *,
    thumbnail: bool,
    revision: int = 1,
) -> bytes:
    """Return the photo as JPEG to whoever may see the doctors.

    Raises NotFound if the row is older than `revision`, as it can be on a replica that
    lags behind. Also raises NoDoctorPhoto, NotAllowed, PhotosUnavailable or
    PhotoDamaged.
    """
    actor.require(Permission.VIEW_DOCTORS)
    doctor = find(session, actor, doctor_id)
    if doctor.revision < revision:
        raise NotFound("This doctor has not been changed so often.")
    if doctor.photo_file_id is None:
        raise NoDoctorPhoto
    try:
        return photo_files.get(
            files, _BUCKET, doctor.photo_file_id, thumbnail=thumbnail
        )
    except FileMissing as error:
        # It was replaced between reading the row and the file; a reload shows the new
        # one.
        raise NoDoctorPhoto from error
