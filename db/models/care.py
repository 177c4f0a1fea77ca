"""Who treats whom, who opened what, what was exported, and what analysts were told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, TextList


class CareRelationship(Base):
    """A clinician who treats a patient, until it is ended.

    Not unique: two records of one person that the same clinician treats may be merged.
    """

    __tablename__ = "care_relationships"
    __table_args__ = (
        Index("care_relationships_of_clinician", "clinician_id", "patient_id"),
    )

    id: Mapped[PrimaryKey]
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]


class BreakGlassAccess(Base):
    """A record opened by a clinician who does not treat the patient, and why.

    It stays open until `expires_at`.
    """

    __tablename__ = "break_glass_accesses"
    __table_args__ = (
        CheckConstraint(
            "char_length(btrim(reason)) BETWEEN 10 AND 500",
            name="break_glass_accesses_reason_given",
        ),
        CheckConstraint(
            "(reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name="break_glass_accesses_reviewed_by_somebody",
        ),
        Index("break_glass_accesses_of_clinician", "clinician_id", "patient_id"),
    )

    id: Mapped[PrimaryKey]
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    reason: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    # When the administrators were notified of it.
    notified_at: Mapped[datetime | None] = mapped_column("told_at")
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    review: Mapped[str | None]


class ExportGrant(Base):
    """An export with names that somebody may fetch once, for the reason they gave."""

    __tablename__ = "export_grants"
    __table_args__ = (
        CheckConstraint(
            "char_length(btrim(reason)) BETWEEN 10 AND 500",
            name="export_grants_reason_given",
        ),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    criteria_key: Mapped[str | None] = mapped_column(ForeignKey("stored_criteria.key"))
    reason: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class BulkExport(Base):
    """A bulk export: requested, made by a worker, deleted after a day.

    `scopes` are those of the requesting token, NULL for everything that its role may
    do. A group is the list that a key stands for, of patients or of cohorts. `worker`
    makes the export, and was last seen at `worked_at`; it shows the data `as_of` that
    time.
    """

    __tablename__ = "bulk_exports"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')",
            name="bulk_exports_state_known",
        ),
        CheckConstraint(
            "char_length(btrim(reason)) BETWEEN 10 AND 500",
            name="bulk_exports_reason_given",
        ),
        CheckConstraint(
            "(group_subject IS NULL) = (group_key IS NULL)",
            name="bulk_exports_group_whole",
        ),
        CheckConstraint(
            "state <> 'done' OR as_of IS NOT NULL", name="bulk_exports_done_as_of"
        ),
        Index("bulk_exports_of_owner", "owner_id"),
        Index("bulk_exports_to_expire", "expires_at"),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[UUID]
    owner_name: Mapped[str]
    owner_role: Mapped[str]
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    request: Mapped[str]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    of_patients: Mapped[bool] = mapped_column(server_default=false())
    changed_since: Mapped[datetime | None]
    group_subject: Mapped[str | None]
    group_key: Mapped[str | None] = mapped_column(ForeignKey("stored_criteria.key"))
    passed_over: Mapped[TextList]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    progress: Mapped[str] = mapped_column(server_default=text("''"))
    worker: Mapped[UUID | None]
    worked_at: Mapped[datetime | None]
    as_of: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(
        server_default=text("now() + interval '24 hours'")
    )


class BulkExportFile(Base):
    """Resources of one type, one per line: an encrypted file in GridFS."""

    __tablename__ = "bulk_export_files"

    export_id: Mapped[UUID] = mapped_column(
        ForeignKey("bulk_exports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    count: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    file_id: Mapped[str]


class SystemGroup(Base):
    """A group of patients that a connected system may export, and find by FHIR.

    It is a view that somebody had saved (`saved_by`) as it was when an administrator
    granted it: the view may have been renamed or deleted since. `group_id` is the
    view's id.
    """

    __tablename__ = "system_groups"
    __table_args__ = (
        CheckConstraint(
            "subject IN ('patients', 'cohorts')", name="system_groups_subject_known"
        ),
        CheckConstraint(
            "char_length(name) BETWEEN 1 AND 60", name="system_groups_name"
        ),
        Index("system_groups_of_criteria", "criteria_key"),
        Index("system_groups_saved_by", "saved_by"),
    )

    system_id: Mapped[UUID] = mapped_column(
        ForeignKey("connected_systems.id"), primary_key=True
    )
    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    criteria_key: Mapped[str] = mapped_column(ForeignKey("stored_criteria.key"))
    name: Mapped[str]
    saved_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    granted_by: Mapped[UUID]
    granted_at: Mapped[CreatedAt]


class DisclosedGroup(Base):
    """Patients whose number was disclosed to analysts, as they were then.

    `members` are 64-bit hashes of their ids, sorted, big-endian; `digest` is the
    SHA-256 of these, so a group that is disclosed again is kept once. With `of_events`
    the number of their events was disclosed: each hash begins with the patient's, and
    `patients` says how many patients they are of, None until the next answer is held
    against them. `namings` are what the conditions named when they were disclosed, each
    as digests: an empty one named nothing.
    """

    __tablename__ = "told_groups"
    __table_args__ = (
        CheckConstraint(
            "octet_length(members) = 8 * size", name="told_groups_size_counts"
        ),
        Index("told_groups_by_size", "size"),
        Index("told_groups_newest", "told_at"),
        Index("told_groups_of_events", "told_at", postgresql_where=text("of_events")),
        Index(
            "told_groups_by_patients", "patients", postgresql_where=text("of_events")
        ),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    size: Mapped[int]
    members: Mapped[bytes]
    disclosed_at: Mapped[CreatedAt] = mapped_column("told_at")
    disclosed_to: Mapped[UUID] = mapped_column("told_to")
    of_events: Mapped[bool] = mapped_column(server_default=false())
    patients: Mapped[int | None]
    namings: Mapped[list[list[str]]] = mapped_column(JSONB, server_default="[]")


class DisclosedAnswer(Base):
    """The answer to a question as last given to analysts, to be given again."""

    __tablename__ = "told_answers"
    __table_args__ = (Index("told_answers_newest", "told_at"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]]
    disclosed_at: Mapped[CreatedAt] = mapped_column("told_at")


class PreparedFacet(Base):
    """Words that many patients have, counted ahead of time and seen by nobody yet.

    `question` is what an analyst who opens the facets of this kind asks, and `members`
    are the hashes of the patients, as a DisclosedGroup has them. The table is not
    logged: it is on the primary alone, and empty after a crash or a failover, until
    the worker counts again.
    """

    __tablename__ = "prepared_facets"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's own form

    kind: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str]
    words: Mapped[str]
    members: Mapped[bytes]
    population: Mapped[int]
    smallest_group: Mapped[int]
    counted_at: Mapped[datetime]


class PseudonymKey(Base):
    """The one secret from which the pseudonyms are made that analysts see."""

    __tablename__ = "pseudonym_keys"
    __table_args__ = (CheckConstraint("is_only"),)

    is_only: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    secret: Mapped[bytes]
