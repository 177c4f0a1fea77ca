"""Doctors, when they work, and which of that time is kept free."""

from datetime import datetime, time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey

_KEY = Text(collation="C")


class Doctor(Base):
    """A doctor with whom patients can be booked while `is_active`.

    `user_id` is the clinician who signs in as this doctor, if there is one. Imported
    doctors may lack an e-mail address and a license number.
    """

    __tablename__ = "doctors"
    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="doctors_name_given"),
        CheckConstraint("char_length(email) <= 254", name="doctors_email_length"),
        CheckConstraint(
            "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="doctors_email_valid"
        ),
        CheckConstraint(
            "char_length(btrim(license_number)) BETWEEN 1 AND 50",
            name="doctors_license_number_length",
        ),
        CheckConstraint("fee >= 0", name="doctors_fee_positive"),
        CheckConstraint("char_length(room) <= 50", name="doctors_room_length"),
        CheckConstraint(
            "slot_minutes BETWEEN 5 AND 480", name="doctors_slot_minutes_range"
        ),
        CheckConstraint("revision > 0", name="doctors_revision_positive"),
        UniqueConstraint("source", "source_id", name="doctors_source_once"),
        UniqueConstraint("email_key", name="doctors_email_once"),
        UniqueConstraint("license_key", name="doctors_license_number_once"),
        UniqueConstraint("user_id", name="doctors_user_once"),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(100))
    speciality: Mapped[str] = mapped_column(String(100))
    sex: Mapped[str] = mapped_column(server_default="unknown")
    city: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None]
    email_key: Mapped[str | None] = mapped_column(
        _KEY, Computed("lower(email)", persisted=True)
    )
    license_number: Mapped[str | None]
    license_key: Mapped[str | None] = mapped_column(
        _KEY, Computed("upper(btrim(license_number))", persisted=True)
    )
    fee: Mapped[Decimal | None] = mapped_column(Numeric(9, 2))
    room: Mapped[str | None]
    photo_file_id: Mapped[str | None]
    slot_minutes: Mapped[int] = mapped_column(server_default=text("20"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    source: Mapped[str | None]
    source_id: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]


class WorkingHours(Base):
    """A period on every such weekday: working time, or a break in it.

    Clock times are in the clinic's time zone; `weekday` is ISO's, 1 is Monday.
    """

    __tablename__ = "working_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="working_hours_weekday_known"),
        CheckConstraint("ends_at > starts_at", name="working_hours_end_after_start"),
        CheckConstraint("kind IN ('work', 'break')", name="working_hours_kind_known"),
        ExcludeConstraint(
            ("doctor_id", "="),
            ("weekday", "="),
            ("kind", "="),
            (
                literal_column(
                    "int4range(extract(epoch FROM starts_at)::integer, "
                    "extract(epoch FROM ends_at)::integer)"
                ),
                "&&",
            ),
            name="working_hours_apart",
            using="gist",
        ),
    )

    id: Mapped[PrimaryKey]
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    weekday: Mapped[int]
    kind: Mapped[str] = mapped_column(server_default=text("'work'"))
    starts_at: Mapped[time]
    ends_at: Mapped[time]


class ScheduleException(Base):
    """A time that differs from the weekly plan; without a doctor, for the whole clinic.

    A holiday closes; `hours` on a day replace that day's plan and open it even on a
    holiday; a blocked time is closed in any case.
    """

    __tablename__ = "schedule_exceptions"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('holiday', 'hours', 'blocked')",
            name="schedule_exceptions_kind_known",
        ),
        CheckConstraint(
            "ends_at > starts_at AND ends_at <= starts_at + interval '366 days'",
            name="schedule_exceptions_end_after_start",
        ),
        CheckConstraint(
            "kind <> 'hours' OR doctor_id IS NOT NULL",
            name="schedule_exceptions_hours_of_somebody",
        ),
        CheckConstraint(
            "char_length(reason) <= 200", name="schedule_exceptions_reason_length"
        ),
        Index("schedule_exceptions_of_doctor", "doctor_id", "starts_at"),
    )

    id: Mapped[PrimaryKey]
    doctor_id: Mapped[UUID | None] = mapped_column(ForeignKey("doctors.id"))
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    created_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[UUID | None]
