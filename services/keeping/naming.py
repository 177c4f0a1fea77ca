"""Which rows name which files. Ask the primary: a replica may not know the newest."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from db.gridfs import Bucket
from db.models import Doctor, Document, DocumentVersion, Patient
from services.photo_files import files_of

# Whose rows name the photos of a bucket.
PICTURED: Final[Mapping[Bucket, type[Patient] | type[Doctor]]] = {
    Bucket.PATIENT_PHOTOS: Patient,
    Bucket.DOCTOR_PHOTOS: Doctor,
}
_KINDS: Final = {
    Bucket.DOCUMENTS: "document",
    Bucket.PATIENT_PHOTOS: "photo",
    Bucket.DOCTOR_PHOTOS: "doctor's photo",
}
_HAS_FILE: Final = DocumentVersion.file_id.is_not(None)


@dataclass(frozen=True, slots=True)
class Named:
    """Files that a row names: a version's one, or a photo and its thumbnail.

    `id` is the row's, `subject_id` that of the document or of who is pictured. Of a
    version it is also known what its file must be like.
    """

    id: UUID
    subject_id: UUID
    patient_id: UUID | None
    file_ids: tuple[str, ...]
    number: int | None = None
    filesize: int | None = None
    sha256: bytes | None = None
    bucket: Bucket = Bucket.DOCUMENTS

    @property
    def subject(self) -> tuple[str, UUID]:
        """What the audit log calls it."""
        return (_KINDS[self.bucket], self.subject_id)

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
    if bucket in PICTURED:
        named = session.scalars(select(PICTURED[bucket].photo_file_id))
        return frozenset(one for each in named for one in files_of(each))
    found = select(DocumentVersion.file_id).where(DocumentVersion.file_id.in_(file_ids))
    return frozenset(filter(None, session.scalars(found)))


def count_named(session: Session, bucket: Bucket) -> int:
    """Return how many rows name files of the bucket."""
    named = _HAS_FILE
    if bucket in PICTURED:
        named = PICTURED[bucket].photo_file_id.is_not(None)
    return session.scalar(select(func.count()).where(named)) or 0


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


def list_photos(
    session: Session,
    after: UUID | None,
    limit: int,
    *,
    buckets: Collection[Bucket] = tuple(PICTURED),
) -> tuple[Named, ...]:
    """Return photos of the buckets, in the order of the ids of who is pictured."""
    wanted = union_all(*map(_photos, buckets)).subquery()
    found = select(wanted).order_by(wanted.c.id).limit(limit)
    if after is not None:
        found = found.where(wanted.c.id > after)
    return tuple(_photo(*row) for row in session.execute(found))


def get_again(session: Session, before: Collection[Named]) -> tuple[Named, ...]:
    """Return those whose row still names the same files; others have moved on."""
    ids = [one.id for one in before]
    found = list_versions(session, versions().where(DocumentVersion.id.in_(ids)))
    pictured = union_all(*map(_photos, PICTURED)).subquery()
    rows = session.execute(select(pictured).where(pictured.c.id.in_(ids)))
    now = {one.id: one.file_ids for one in (*found, *(_photo(*row) for row in rows))}
    return tuple(one for one in before if now.get(one.id) == one.file_ids)


def _photos(bucket: Bucket) -> Select[*tuple[Any, ...]]:
    whose = PICTURED[bucket]
    return select(
        literal(str(bucket)).label("bucket"), whose.id, whose.photo_file_id
    ).where(whose.photo_file_id.is_not(None))


def _photo(bucket: str, whose_id: UUID, named: str) -> Named:
    patient_id = whose_id if bucket == Bucket.PATIENT_PHOTOS else None
    return Named(whose_id, whose_id, patient_id, files_of(named), bucket=Bucket(bucket))
