"""Which rows name which files. Ask the primary: a replica may lack the newest rows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    Uuid,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.files.gridfs import Bucket, FileStore
from db.models.consultation import Prescription, PrescriptionVersion
from db.models.doctor import Doctor
from db.models.document import Document, DocumentOriginal, DocumentVersion
from db.models.patient import Patient
from services.patients.photos.files import files_of

# The tables whose rows name the photos of a bucket.
PICTURED: Final[Mapping[Bucket, type[Patient] | type[Doctor]]] = {
    Bucket.PATIENT_PHOTOS: Patient,
    Bucket.DOCTOR_PHOTOS: Doctor,
}
# Buckets whose rows do not note when they were checked: the walk goes by their ids.
BY_ID: Final = (*PICTURED, Bucket.PRESCRIPTION_FILES, Bucket.DOCUMENT_ORIGINALS)
_KINDS: Final = {
    Bucket.DOCUMENTS: "document",
    Bucket.DOCUMENT_ORIGINALS: "document",
    Bucket.PRESCRIPTION_FILES: "prescription",
    Bucket.PATIENT_PHOTOS: "photo",
    Bucket.DOCTOR_PHOTOS: "doctor's photo",
}
# Few enough for one query, many enough to need few queries.
_AT_ONCE: Final = 1000
_COLUMNS: Final = (
    "id",
    "subject_id",
    "patient_id",
    "files",
    "number",
    "filesize",
    "sha256",
)
_HAS_FILE: Final = DocumentVersion.file_id.is_not(None)


@dataclass(frozen=True, slots=True)
class FileReference:
    """Files that a row names: the one of a version, or a photo and its thumbnail.

    `id` is that of the row, `subject_id` that of the document, the prescription or the
    person in the photo. For a version, the number, size and hash of its file are known
    too.
    """

    id: UUID
    subject_id: UUID
    patient_id: UUID | None
    file_ids: tuple[str, ...]
    number: int | None
    filesize: int | None
    sha256: bytes | None
    bucket: Bucket = Bucket.DOCUMENTS

    @property
    def subject(self) -> tuple[str, UUID]:
        """How the audit log names the row."""
        return (_KINDS[self.bucket], self.subject_id)

    @property
    def words(self) -> str:
        """How reports name the row: by its id, never by a name."""
        kind, subject_id = self.subject
        version = "" if self.number is None else f", version {self.number}"
        return f"{kind} {subject_id}{version}"


def referenced_among(
    session: Session, bucket: Bucket, file_ids: Collection[str]
) -> frozenset[str]:
    """Return those of the files that a row names."""
    if bucket in PICTURED:
        named = session.scalars(select(PICTURED[bucket].photo_file_id))
        return frozenset(file_id for each in named for file_id in files_of(each))
    if bucket is Bucket.PRESCRIPTION_FILES:
        kept = PrescriptionVersion.file_id
        return frozenset(session.scalars(select(kept).where(kept.in_(file_ids))))
    if bucket is Bucket.DOCUMENT_ORIGINALS:
        original = DocumentOriginal.file_id
        return frozenset(
            session.scalars(select(original).where(original.in_(file_ids)))
        )
    statement = select(DocumentVersion.file_id).where(
        DocumentVersion.file_id.in_(file_ids)
    )
    return frozenset(filter(None, session.scalars(statement)))


def list_unreferenced(
    session: Session, files: FileStore, bucket: Bucket, older_than: datetime
) -> Iterator[str]:
    """Yield the files that no row names, except those too new to have one yet."""
    stored = iter(files.list_older_than(bucket, older_than))
    while some := tuple(islice(stored, _AT_ONCE)):
        named = referenced_among(session, bucket, some)
        yield from (file_id for file_id in some if file_id not in named)


def count_references(session: Session, bucket: Bucket) -> int:
    """Return how many rows name files of the bucket."""
    named = _HAS_FILE
    if bucket is Bucket.PRESCRIPTION_FILES:
        named = PrescriptionVersion.file_id.is_not(None)
    if bucket is Bucket.DOCUMENT_ORIGINALS:
        named = DocumentOriginal.file_id.is_not(None)
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
) -> tuple[FileReference, ...]:
    """Return the versions that a query based on `versions` selects."""
    rows = session.execute(wanted)
    return tuple(
        FileReference(row[0], row[1], row[2], (row[3],), row[4], row[5], row[6])
        for row in rows
    )


def list_by_id(
    session: Session,
    after: UUID | None,
    limit: int,
    *,
    buckets: Collection[Bucket] = BY_ID,
) -> tuple[FileReference, ...]:
    """Return references to files of the buckets `BY_ID`, by the ids of the rows."""
    wanted = union_all(*map(_rows, buckets)).subquery()
    statement = select(wanted).order_by(wanted.c.id).limit(limit)
    if after is not None:
        statement = statement.where(wanted.c.id > after)
    return tuple(map(_reference_of, session.execute(statement)))


def known_by_id(session: Session) -> tuple[Bucket, ...]:
    """Return those of the buckets `BY_ID` that the session's tables can name.

    Rows of an earlier version of Chartroom, as a restore reads them, lack later tables.
    """
    table = DocumentOriginal.__tablename__
    has_originals = session.scalar(select(func.to_regclass(table)))
    return tuple(
        bucket
        for bucket in BY_ID
        if has_originals or bucket is not Bucket.DOCUMENT_ORIGINALS
    )


def reread(
    session: Session, before: Collection[FileReference]
) -> tuple[FileReference, ...]:
    """Return the references whose row still names the same files."""
    ids = [reference.id for reference in before]
    current = list_versions(session, versions().where(DocumentVersion.id.in_(ids)))
    others = union_all(*map(_rows, BY_ID)).subquery()
    rows = session.execute(select(others).where(others.c.id.in_(ids)))
    now = {
        reference.id: reference.file_ids
        for reference in (*current, *map(_reference_of, rows))
    }
    return tuple(
        reference for reference in before if now.get(reference.id) == reference.file_ids
    )


def _rows(bucket: Bucket) -> Select[*tuple[Any, ...]]:
    """Select what `_reference_of` reads of the rows that name files of one bucket."""
    if bucket is Bucket.PRESCRIPTION_FILES:
        version = PrescriptionVersion
        return _labelled(
            bucket,
            version.id,
            version.prescription_id,
            Prescription.patient_id,
            version.file_id,
            version.number,
            version.filesize,
            version.sha256,
        ).join(Prescription, Prescription.id == version.prescription_id)
    if bucket is Bucket.DOCUMENT_ORIGINALS:
        original = DocumentOriginal
        return (
            _labelled(
                bucket,
                original.id,
                DocumentVersion.document_id,
                Document.patient_id,
                original.file_id,
                DocumentVersion.number,
                original.filesize,
                original.sha256,
            )
            .join(DocumentVersion, DocumentVersion.id == original.version_id)
            .join(Document, Document.id == DocumentVersion.document_id)
        )
    whose = PICTURED[bucket]
    patient_id = whose.id if whose is Patient else null()
    nothing = (cast(null(), Integer), cast(null(), BigInteger), cast(null(), BYTEA))
    return _labelled(
        bucket,
        whose.id,
        whose.id,
        cast(patient_id, Uuid),
        whose.photo_file_id,
        *nothing,
    ).where(whose.photo_file_id.is_not(None))


def _labelled(
    bucket: Bucket, *columns: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> Select[*tuple[Any, ...]]:
    """Select columns of a bucket's rows, each under a name of its own.

    A union takes the names of its first member: two columns with one name there (an id
    as row and as subject, NULL as size and as hash) would be one column of the whole.
    """
    named = zip(_COLUMNS, columns, strict=True)
    kind = literal(str(bucket)).label("bucket")
    return select(kind, *(column.label(name) for name, column in named))


def _reference_of(row: Row[*tuple[Any, ...]]) -> FileReference:
    kind, row_id, subject_id, patient_id, named, number, filesize, digest = row
    return FileReference(
        row_id,
        subject_id,
        patient_id,
        files_of(named),
        number,
        filesize,
        digest,
        Bucket(kind),
    )
