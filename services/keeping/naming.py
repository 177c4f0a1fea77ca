"""Which rows name which files. Ask the primary: a replica may not know the newest."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db.gridfs import Bucket
from db.models import Document, DocumentVersion, Patient
from services import photos

_HAS_PHOTO: Final = Patient.photo_file_id.is_not(None)
_HAS_FILE: Final = DocumentVersion.file_id.is_not(None)


@dataclass(frozen=True, slots=True)
class Named:
    """Files that a row names: a version's one, or a photo and its thumbnail.

    `id` is the row's, `subject_id` the document's or the patient's. Of a version it is
    also known what its file must be like.
    """

    id: UUID
    subject_id: UUID
    patient_id: UUID | None
    file_ids: tuple[str, ...]
    number: int | None = None
    filesize: int | None = None
    sha256: bytes | None = None

    @property
    def subject(self) -> tuple[str, UUID]:
        """What the audit log calls it."""
        return ("photo" if self.number is None else "document", self.subject_id)

    @property
    def words(self) -> str:
        """What reports call it: by its id, never by its name."""
        kind, subject_id = self.subject
        version = "" if self.number is None else f", version {self.number}"
        return f"{kind} {subject_id}{version}"


def named_among(
    session: Session, bucket: Bucket, file_ids: Collection[str]
) -> frozenset[str]:
    """Return those of the files that a row names."""
    if bucket is Bucket.PATIENT_PHOTOS:
        named = session.scalars(select(Patient.photo_file_id).where(_HAS_PHOTO))
        return frozenset(one for each in named for one in photos.files_of(each))
    found = select(DocumentVersion.file_id).where(DocumentVersion.file_id.in_(file_ids))
    return frozenset(filter(None, session.scalars(found)))


def count_named(session: Session, bucket: Bucket) -> int:
    """Return how many rows name files of the bucket."""
    is_photo = bucket is Bucket.PATIENT_PHOTOS
    counted = select(func.count()).where(_HAS_PHOTO if is_photo else _HAS_FILE)
    return session.scalar(counted) or 0


def versions() -> Select[*tuple[Any, ...]]:
    """Select the versions that have a file, for `list_versions`."""
    return (
        select(
            DocumentVersion.id,
            DocumentVersion.document_id,
            Document.patient_id,
            DocumentVersion.file_id,
            DocumentVersion.number,
            DocumentVersion.filesize,
            DocumentVersion.sha256,
        )
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(_HAS_FILE)
    )


def list_versions(
    session: Session, wanted: Select[*tuple[Any, ...]]
) -> tuple[Named, ...]:
    """Return the versions that a selection of `versions` finds."""
    rows = session.execute(wanted)
    return tuple(
        Named(row[0], row[1], row[2], (row[3],), row[4], row[5], row[6]) for row in rows
    )


def list_photos(session: Session, after: UUID | None, limit: int) -> tuple[Named, ...]:
    """Return patients' photos, in the order of the patients' ids."""
    wanted = select(Patient.id, Patient.photo_file_id).where(_HAS_PHOTO)
    if after is not None:
        wanted = wanted.where(Patient.id > after)
    rows = session.execute(wanted.order_by(Patient.id).limit(limit))
    return tuple(Named(one, one, one, photos.files_of(named)) for one, named in rows)


def get_again(session: Session, before: Collection[Named]) -> tuple[Named, ...]:
    """Return those whose row still names the same files; others have moved on."""
    ids = [one.id for one in before]
    found = list_versions(session, versions().where(DocumentVersion.id.in_(ids)))
    pictured = select(Patient.id, Patient.photo_file_id).where(
        Patient.id.in_(ids), _HAS_PHOTO
    )
    now = {one.id: one.file_ids for one in found} | {
        patient_id: photos.files_of(named)
        for patient_id, named in session.execute(pictured)
    }
    return tuple(one for one in before if now.get(one.id) == one.file_ids)
