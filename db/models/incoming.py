"""What comes in: files sent in parts, and who looks at new documents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey


class Upload(Base):
    """A file that is being sent; `received` of its `length` bytes have arrived.

    `metadata` is what the sender said about it, as it was sent.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("length BETWEEN 0 AND 52428800", name="uploads_length_range"),
        CheckConstraint(
            "received BETWEEN 0 AND length", name="uploads_received_within_length"
        ),
        CheckConstraint(
            "char_length(metadata) <= 4096", name="uploads_metadata_length"
        ),
        Index("uploads_of_person", "created_by"),
        Index("uploads_to_expire", "expires_at"),
    )

    id: Mapped[PrimaryKey]
    length: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # `metadata` is SQLAlchemy's own name on a model.
    metadata_: Mapped[str] = mapped_column("metadata", server_default=text("''"))
    created_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(
        server_default=text("now() + interval '24 hours'")
    )


class UploadPart(Base):
    """The bytes of an upload from `first_byte` on: one encrypted file in GridFS."""

    __tablename__ = "upload_parts"
    __table_args__ = (CheckConstraint("size > 0", name="upload_parts_size_positive"),)

    upload_id: Mapped[UUID] = mapped_column(
        ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    first_byte: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    size: Mapped[int]
    file_id: Mapped[str]


class DocumentAssignment(Base):
    """The person who has to look at a document that came in, until somebody has.

    A document that nobody was assigned to and nobody has dealt with has no row.
    """

    __tablename__ = "document_assignments"
    __table_args__ = (
        Index(
            "document_assignments_of_user",
            "assignee_id",
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id"), primary_key=True
    )
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    # The person's name at the time: not everybody may see everybody.
    assignee_name: Mapped[str] = mapped_column(server_default=text("''"))
    changed_by: Mapped[UUID]
    changed_at: Mapped[CreatedAt]
    done_at: Mapped[datetime | None]
