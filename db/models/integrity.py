"""The upkeep of files and backups, and receipts: what was done, is due or was found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey


class PendingFileDeletion(Base):
    """A file that is about to be removed from the file store.

    The files of a purged document are listed by its purge, so that after a crash
    between the row and the bytes it is known what still has to go. Files that nothing
    refers to are listed when they are found, and have a period of grace until `due_at`.
    """

    __tablename__ = "doomed_files"
    __table_args__ = (
        CheckConstraint(
            "bucket IN ('documents', 'document_originals', 'patient_photos', "
            "'doctor_photos', 'prescription_files')",
            name="doomed_files_bucket_known",
        ),
        CheckConstraint(
            "because IN ('purged', 'unreferenced')", name="doomed_files_because_known"
        ),
        Index(
            "doomed_files_to_go",
            "doomed_at",
            postgresql_where=text("doomed_at IS NOT NULL"),
        ),
    )

    bucket: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str] = mapped_column(primary_key=True)
    because: Mapped[str]
    detected_at: Mapped[CreatedAt] = mapped_column("found_at")
    due_at: Mapped[datetime | None] = mapped_column("doomed_at")


class IntegrityRun(Base):
    """What a job for the upkeep of files found when it last ended."""

    __tablename__ = "keeping_runs"
    __table_args__ = (
        CheckConstraint(
            "job IN ('purge', 'sweep', 'check')", name="keeping_runs_job_known"
        ),
    )

    job: Mapped[str] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(server_default=func.now())
    results: Mapped[dict[str, Any]] = mapped_column(
        "found", server_default=text("'{}'")
    )
    # How far a walk has come, for a walk without rows of its own to note it in.
    position: Mapped[str | None]


class WorkerRequest(Base):
    """What the worker is to do: it begins, and ends; of a kind, one is open at a time.

    The name of who asked for it is that of the time.
    """

    __abstract__ = True

    id: Mapped[PrimaryKey]
    requested_at: Mapped[CreatedAt]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    failure: Mapped[str | None]


def _indexes(table: str) -> tuple[Index, Index]:
    # Two at once would be the same work twice.
    open_once = Index(
        f"{table}_open_once",
        text("(true)"),
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    )
    return open_once, Index(f"{table}_newest", "requested_at")


class BackupRequest(WorkerRequest):
    """A backup that somebody asked for; the worker makes it, or records why not."""

    __tablename__ = "backup_requests"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN ended_at IS NULL THEN num_nonnulls(set_id, failure) = 0 "
            "ELSE num_nonnulls(set_id, failure) = 1 END",
            name="backup_requests_end_says_how",
        ),
        *_indexes("backup_requests"),
    )

    requested_by: Mapped[UUID]
    requested_by_name: Mapped[str]
    set_id: Mapped[str | None]


class ToolAnswer(Base):
    """What the clinic's own backup tool last reported, as asked by the worker.

    `marks` are times, each with the segment of the log that it lies in, which the tool
    is not yet known to have.
    """

    __tablename__ = "backup_tools"
    __table_args__ = (
        CheckConstraint(
            "(failure IS NULL) = (tries = 0)", name="backup_tools_failure_counted"
        ),
        CheckConstraint(
            "(answered_at IS NULL) = (report IS NULL)",
            name="backup_tools_answer_complete",
        ),
    )

    # With the name that the servers have in the tool: barman:clinic.
    name: Mapped[str] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime]
    # Consecutive failed tries.
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    failure: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    archived_until: Mapped[datetime | None]
    marks: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))


class RestoreDrill(WorkerRequest):
    """A restore drill: what the worker measured, or why it is unproven."""

    __tablename__ = "restore_drills"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN ended_at IS NULL THEN num_nonnulls(result, failure) = 0 "
            "ELSE num_nonnulls(result, failure) = 1 END",
            name="restore_drills_end_says_how",
        ),
        *_indexes("restore_drills"),
    )

    # Nobody, if it came by plan.
    requested_by: Mapped[UUID | None]
    requested_by_name: Mapped[str | None]
    # A proof and its figures; a JSON null counts as none.
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # From the copy elsewhere instead of the backups here.
    of_copy: Mapped[bool] = mapped_column(server_default=false())


class SchemaChange(Base):
    """A migration that ran, and when; written by the owner of the schema."""

    __tablename__ = "schema_changes"

    revision: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RestorePreview(WorkerRequest):
    """What going back to a time would undo; the worker compares, or records why not."""

    __tablename__ = "restore_previews"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN ended_at IS NULL THEN num_nonnulls(counts, failure) = 0 "
            "ELSE num_nonnulls(counts, failure) = 1 END",
            name="restore_previews_end_says_how",
        ),
        *_indexes("restore_previews"),
    )

    requested_by: Mapped[UUID]
    requested_by_name: Mapped[str]
    as_of: Mapped[datetime]
    compared_at: Mapped[datetime | None]
    # By kind, how many rows each change affects; a JSON null counts as none.
    counts: Mapped[dict[str, dict[str, int]] | None] = mapped_column(
        JSONB(none_as_null=True)
    )


class RestorePreviewList(Base):
    """The rows of one kind that a preview names: CSV, compressed by gzip."""

    __tablename__ = "restore_preview_lists"

    preview_id: Mapped[UUID] = mapped_column(
        ForeignKey("restore_previews.id"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class RestoreLook(WorkerRequest):
    """The clinic of an earlier time, opened on request to look around in.

    While it is open, its server listens on a port of the worker's machine.
    """

    __tablename__ = "restore_looks"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(opened_at, used_at, port) IN (0, 3)",
            name="restore_looks_open_somewhere",
        ),
        *_indexes("restore_looks"),
    )

    requested_by: Mapped[UUID]
    requested_by_name: Mapped[str]
    as_of: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    port: Mapped[int | None]


class WriteReceipt(Base):
    """A receipt, written in the transaction that it vouches for.

    When a connection dies during COMMIT it is unknown whether that took effect. The
    receipt is then looked for on the (perhaps new) primary: if it is there, the write
    happened; if not, it is safe to run it again. A transaction id would not do: after a
    failover the new timeline may give the same id to another transaction.
    """

    __tablename__ = "write_receipts"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
