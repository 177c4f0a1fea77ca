"""Documents: their versions, the links to them, how long they are kept."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, TextList

_CURRENT = text("deleted_at IS NULL")
_KEY = Text(collation="C")
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_ORIGINAL_TYPES = ", ".join(
    f"'{media_type}'"
    for media_type in (
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/heic",
        "application/rtf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        f"{_OPEN_XML}.wordprocessingml.document",
        f"{_OPEN_XML}.spreadsheetml.sheet",
        f"{_OPEN_XML}.presentationml.presentation",
        f"{_OPEN_DOCUMENT}.text",
        f"{_OPEN_DOCUMENT}.spreadsheet",
        f"{_OPEN_DOCUMENT}.presentation",
    )
)


class Document(Base):
    """A document of the clinic, whatever versions of it there are.

    Without a patient it is unfiled. `latest` is the number of the version that counts;
    `revision` goes up with every change and distinguishes a stale page from a fresh
    one. After the purge the row stays as a tombstone, without title, description or
    metadata.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("btrim(title) <> ''", name="documents_title_given"),
        CheckConstraint("char_length(title) <= 200", name="documents_title_length"),
        CheckConstraint(
            "char_length(description) <= 2000", name="documents_description_length"
        ),
        CheckConstraint(
            "classification IN ('clinical', 'administrative', 'temporary')",
            name="documents_classification_known",
        ),
        CheckConstraint(
            "jsonb_typeof(metadata) = 'object' "
            "AND octet_length(metadata::text) <= 16384",
            name="documents_metadata_size",
        ),
        CheckConstraint(
            "dated_on >= '1900-01-01'", name="documents_dated_on_no_earlier_than_1900"
        ),
        CheckConstraint("cardinality(tags) <= 20", name="documents_tags_count"),
        CheckConstraint("latest > 0", name="documents_latest_positive"),
        CheckConstraint("revision > 0", name="documents_revision_positive"),
        CheckConstraint(
            "(deleted_at IS NULL) = (deleted_by IS NULL)",
            name="documents_deleted_by_somebody",
        ),
        CheckConstraint(
            "num_nonnulls(held_at, held_by, held_because) IN (0, 3)",
            name="documents_held_for_a_reason",
        ),
        CheckConstraint(
            "purged_at IS NULL OR (deleted_at IS NOT NULL AND held_at IS NULL)",
            name="documents_purged_were_deleted",
        ),
        CheckConstraint(
            "NOT confidential OR patient_id IS NOT NULL",
            name="documents_confidential_of_a_patient",
        ),
        CheckConstraint(
            "NOT withheld OR confidential", name="documents_withheld_are_confidential"
        ),
        # Each table refers to the other, so one of the two keys is checked at the end
        # of the transaction.
        ForeignKeyConstraint(
            ("id", "latest"),
            ("document_versions.document_id", "document_versions.number"),
            name="documents_latest_there",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index("documents_newest", "created_at", "id", postgresql_where=_CURRENT),
        Index(
            "documents_of_patient",
            "patient_id",
            "created_at",
            "id",
            postgresql_where=_CURRENT,
        ),
        Index("documents_of_author", "created_by", "created_at", "id"),
        Index(
            "documents_deleted",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at IS NOT NULL AND purged_at IS NULL"),
        ),
        Index("documents_by_tag", "tags", postgresql_using="gin"),
        Index("documents_by_class", "classification", "created_at", "id"),
        Index("documents_confidential", "id", postgresql_where=text("confidential")),
        Index(
            "documents_urgent",
            "created_at",
            "id",
            postgresql_where=text("urgent AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    patient_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("patients.id"), index=True
    )
    title: Mapped[str]
    title_key: Mapped[str] = mapped_column(
        _KEY, Computed("fold(title)", persisted=True)
    )
    document_type: Mapped[str] = mapped_column(server_default=text("'other'"))
    classification: Mapped[str] = mapped_column(server_default=text("'clinical'"))
    description: Mapped[str] = mapped_column(server_default=text("''"))
    # `metadata` is SQLAlchemy's own name on a model.
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=text("'{}'")
    )
    latest: Mapped[int] = mapped_column(server_default=text("1"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    # Confidential documents open for few, and `withheld` excludes the patient from
    # these: see services/documents/records/visibility.py.
    confidential: Mapped[bool] = mapped_column(server_default=text("false"))
    withheld: Mapped[bool] = mapped_column(server_default=text("false"))
    created_by: Mapped[UUID]
    # The person's name at the time; people leave, and not everybody may see everybody.
    created_by_name: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[UUID | None]
    held_at: Mapped[datetime | None]
    held_by: Mapped[UUID | None]
    held_because: Mapped[str | None]
    purged_at: Mapped[datetime | None]
    # The date on the paper itself, whenever it was filed.
    dated_on: Mapped[date | None]
    # Names of tags. The rules of DocumentTag say who may see which of them.
    tags: Mapped[TextList]


class DocumentTag(Base):
    """A tag that documents may have, as an administrator defined it."""

    __tablename__ = "document_tags"
    __table_args__ = (
        CheckConstraint(
            "char_length(name) BETWEEN 1 AND 40", name="document_tags_name_length"
        ),
        CheckConstraint(
            "colour IN ('gray', 'blue', 'green', 'orange', 'red', 'violet')",
            name="document_tags_colour_known",
        ),
        Index("document_tags_name_once", text("fold(name)"), unique=True),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str]
    colour: Mapped[str] = mapped_column(server_default=text("'gray'"))
    is_shown_to_patients: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]


class DocumentReader(Base):
    """A member of the front desk who was named for a confidential document."""

    __tablename__ = "document_readers"
    __table_args__ = (Index("document_readers_of_user", "user_id"),)

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    named_by: Mapped[UUID]
    named_at: Mapped[CreatedAt]


class DocumentVersion(Base):
    """One file of a document, never changed: its replacement is the next version.

    `file_id` is the encrypted file in GridFS and is empty after the purge. `sha256` and
    `filesize` (bytes) describe the plain file. `form` is what was typed when the file
    was made from a `template`.
    """

    __tablename__ = "document_versions"
    __table_args__ = (
        UniqueConstraint("document_id", "number", name="document_versions_number_once"),
        CheckConstraint("number > 0", name="document_versions_number_positive"),
        CheckConstraint("filesize > 0", name="document_versions_filesize_positive"),
        CheckConstraint("length(sha256) = 32", name="document_versions_sha256_length"),
        CheckConstraint(
            "char_length(filename) BETWEEN 1 AND 255",
            name="document_versions_filename_length",
        ),
        CheckConstraint(
            "origin IN ('upload', 'form', 'restored')",
            name="document_versions_origin_known",
        ),
        CheckConstraint(
            "scan IN ('off', 'waiting', 'clean', 'infected')",
            name="document_versions_scan_known",
        ),
        CheckConstraint(
            "reading IN ('waiting', 'embedded', 'recognised', 'none')",
            name="document_versions_reading_known",
        ),
        CheckConstraint(
            "NOT stated_by_patient OR (template IS NOT NULL AND origin <> 'upload')",
            name="document_versions_stated_in_a_form",
        ),
        Index("document_versions_by_file", "file_id"),
        Index("document_versions_by_content", "sha256"),
        Index(
            "document_versions_to_scan",
            "created_at",
            postgresql_where=text("scan = 'waiting'"),
        ),
        Index(
            "document_versions_never_scanned",
            "created_at",
            postgresql_where=text("scan = 'off'"),
        ),
        Index(
            "document_versions_to_read",
            "created_at",
            postgresql_where=text("reading = 'waiting'"),
        ),
        Index(
            "document_versions_to_check",
            text("checked_at NULLS FIRST"),
            postgresql_where=text("file_id IS NOT NULL"),
        ),
        Index(
            "document_versions_tried",
            "tried_at",
            postgresql_where=text("tried_at IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    number: Mapped[int]
    file_id: Mapped[str | None]
    filename: Mapped[str]
    filesize: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    pages: Mapped[int | None]
    # What the inspection found: see services/pdf/report.py.
    findings: Mapped[TextList]
    origin: Mapped[str]
    template: Mapped[str | None]
    form: Mapped[dict[str, Any] | None]
    scan: Mapped[str] = mapped_column(server_default=text("'off'"))
    reading: Mapped[str] = mapped_column(server_default=text("'embedded'"))
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    # The form's content is stated by the patient, and not the clinic's word.
    stated_by_patient: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    checked_at: Mapped[datetime | None]
    damaged_at: Mapped[datetime | None]
    # When a scan or a recognition came to nothing: the others have their turn first.
    tried_at: Mapped[datetime | None]


class DocumentOriginal(Base):
    """The file that a version was made from, as it came: a picture or an office file.

    Versions made from the same file share it. A purge removes it.
    """

    __tablename__ = "document_originals"
    __table_args__ = (
        UniqueConstraint("version_id", name="document_originals_version_once"),
        CheckConstraint("filesize > 0", name="document_originals_filesize_positive"),
        CheckConstraint("length(sha256) = 32", name="document_originals_sha256_length"),
        CheckConstraint(
            "char_length(filename) BETWEEN 1 AND 255",
            name="document_originals_filename_length",
        ),
        CheckConstraint(
            f"media_type IN ({_ORIGINAL_TYPES})",
            name="document_originals_media_type_known",
        ),
        Index("document_originals_by_file", "file_id"),
        Index("document_originals_by_content", "sha256"),
    )

    id: Mapped[PrimaryKey]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("document_versions.id"))
    file_id: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    filesize: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]


class DocumentText(Base):
    """The text of one version, page by page.

    `places` has, by page number, the positions of the words that were read from the
    page's picture, as services.pdf.report.PageWords holds them.
    """

    __tablename__ = "document_texts"

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("document_versions.id", ondelete="CASCADE"), primary_key=True
    )
    pages: Mapped[TextList]
    places: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class DocumentShare(Base):
    """A link to one version of a document for somebody who need not sign in.

    Only the hash of its secret is kept.
    """

    __tablename__ = "document_shares"
    __table_args__ = (
        UniqueConstraint("token_hash", name="document_shares_token_once"),
        CheckConstraint(
            "length(token_hash) = 32", name="document_shares_token_hash_length"
        ),
        CheckConstraint(
            "expires_at > created_at AND expires_at <= created_at + interval '7 days'",
            name="document_shares_expire",
        ),
        Index("document_shares_of_version", "version_id"),
    )

    id: Mapped[PrimaryKey]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("document_versions.id"))
    token_hash: Mapped[bytes]
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    opened: Mapped[int] = mapped_column(server_default=text("0"))
    last_opened_at: Mapped[datetime | None]


class RetentionRule(Base):
    """How long documents of one class are kept after their last change."""

    __tablename__ = "retention_rules"
    __table_args__ = (
        CheckConstraint(
            "classification IN ('clinical', 'administrative', 'temporary')",
            name="retention_rules_classification_known",
        ),
        CheckConstraint(
            "keep_days BETWEEN 1 AND 36525", name="retention_rules_keep_days_range"
        ),
        CheckConstraint(
            "restore_days BETWEEN 1 AND 3650",
            name="retention_rules_restore_days_range",
        ),
    )

    classification: Mapped[str] = mapped_column(primary_key=True)
    keep_days: Mapped[int]
    # How long a deleted document can be restored.
    restore_days: Mapped[int] = mapped_column(server_default=text("30"))
    updated_by: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
