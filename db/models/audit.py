"""The audit log's outbox, and the proofs that the log in MongoDB is whole."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey


class AuditEvent(Base):
    """An action of somebody, written in the transaction that performed it.

    No foreign keys: the log outlives the rows it refers to, and a merge must not
    rewrite it. A job carries the events to MongoDB and then deletes them here.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('done', 'refused', 'failed')",
            name="audit_events_outcome_known",
        ),
        # An event that MongoDB could not take would hold up every later one. So it is
        # refused here, together with the action.
        CheckConstraint(
            "octet_length(details::text) + octet_length(coalesce(reason, '')) "
            "<= 262144",
            name="audit_events_size",
        ),
        Index("audit_events_in_order", "position"),
    )

    id: Mapped[PrimaryKey]
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    at: Mapped[CreatedAt]
    action: Mapped[str]
    outcome: Mapped[str] = mapped_column(server_default=text("'done'"))
    actor_id: Mapped[UUID | None]
    actor_role: Mapped[str | None]
    session_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    network: Mapped[str | None]
    patient_id: Mapped[UUID | None]
    subject_kind: Mapped[str | None]
    subject_id: Mapped[str | None]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class AuditHead(Base):
    """How far the chain in MongoDB goes; one row, updated with every shipment."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="audit_head_single"),)

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    updated_at: Mapped[CreatedAt]


class AuditSeal(Base):
    """The chain's head on one day, signed: it shows when the log has been cut short."""

    __tablename__ = "audit_seals"

    id: Mapped[PrimaryKey]
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    key_id: Mapped[str]
    signature: Mapped[bytes]
    sealed_at: Mapped[CreatedAt]
