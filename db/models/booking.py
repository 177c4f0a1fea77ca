"""Slots, who holds or has booked them, and who waits for one."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnClause,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey

_SPAN: Final[ColumnClause[Any]] = literal_column("tstzrange(starts_at, ends_at)")
_OFFERED = text("withdrawn_at IS NULL")


class Slot(Base):
    """A time at which a doctor can be booked once, until it is withdrawn.

    Slots of one doctor never overlap, so a doctor is booked twice at one time only if a
    slot is, which `booking_slots` makes impossible.
    """

    __tablename__ = "slots"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="slots_end_after_start"),
        CheckConstraint(
            "origin IN ('plan', 'extra', 'proof')", name="slots_origin_known"
        ),
        ExcludeConstraint(
            ("doctor_id", "="),
            (_SPAN, "&&"),
            name="slots_apart",
            using="gist",
            where=_OFFERED,
        ),
        Index("slots_of_doctor", "doctor_id", "starts_at", postgresql_where=_OFFERED),
        Index("slots_by_time", "starts_at", postgresql_where=_OFFERED),
    )

    id: Mapped[PrimaryKey]
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    # From the weekly plan, added by hand, or the scratch slot of a proof.
    origin: Mapped[str] = mapped_column(server_default=text("'plan'"))
    # The plan no longer has the slot, but somebody holds or has booked it: they may
    # keep it, and nobody else gets it.
    is_leaving: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    withdrawn_at: Mapped[datetime | None]


class Booking(Base):
    """One attempt to book a slot, and its outcome.

    `pending` until `expires_at`, then expired, whether or not that has been written
    down yet. `failed` lost the race for its slot. `attempt` is the key by which a
    repeated request finds the result of the first one.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'confirmed', 'expired', 'failed', 'cancelled')",
            name="bookings_status_known",
        ),
        CheckConstraint("renewals BETWEEN 0 AND 1", name="bookings_renewed_once"),
        CheckConstraint(
            "(status IN ('pending', 'confirmed')) = (ended_at IS NULL)",
            name="bookings_ended_at_some_time",
        ),
        CheckConstraint(
            "(status = 'pending') <= (expires_at IS NOT NULL)",
            name="bookings_pending_expire",
        ),
        CheckConstraint(
            "char_length(btrim(override_reason)) BETWEEN 10 AND 500",
            name="bookings_override_reason_given",
        ),
        CheckConstraint("char_length(note) <= 500", name="bookings_note_length"),
        UniqueConstraint("created_by", "attempt", name="bookings_attempt_once"),
        Index("bookings_of_slot", "slot_id"),
        Index("bookings_of_patient", "patient_id", "created_at"),
        Index("bookings_of_doctor", "doctor_id", "created_at"),
        Index("bookings_by_time", "created_at"),
        Index(
            "bookings_to_expire",
            "expires_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "bookings_of_series",
            "series_id",
            postgresql_where=text("series_id IS NOT NULL"),
        ),
        Index(
            "bookings_of_waitlist",
            "waitlist_id",
            postgresql_where=text("waitlist_id IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("slots.id"))
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempt: Mapped[UUID]
    expires_at: Mapped[datetime | None]
    renewals: Mapped[int] = mapped_column(server_default=text("0"))
    # What the visit is for, as entered by the person who books it.
    note: Mapped[str] = mapped_column(server_default=text("''"))
    override_reason: Mapped[str | None]
    # The booking that this one replaces once it is confirmed.
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("bookings.id"))
    series_id: Mapped[UUID | None]
    waitlist_id: Mapped[UUID | None] = mapped_column(ForeignKey("waitlist_entries.id"))
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    # Not now(): a transaction that waited for another one counts from the end of that.
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class BookingSlot(Base):
    """Who has a slot now: a live hold or a confirmed booking excludes all others.

    One row per slot, with a patient's booking or with somebody who is not a patient
    yet. An expired hold stays until the very statement that asks for the slot takes it
    over, so nothing needs to be cleaned up in time. A patient cannot be in two places
    at once either, unless staff allow it (`may_overlap`).
    """

    __tablename__ = "booking_slots"
    __table_args__ = (
        CheckConstraint(
            "status IN ('held', 'booked')", name="booking_slots_status_known"
        ),
        CheckConstraint(
            "(status = 'held') = (expires_at IS NOT NULL)",
            name="booking_slots_held_expire",
        ),
        CheckConstraint(
            "num_nonnulls(booking_id, patient_id) = CASE WHEN newcomer_id IS NULL "
            "THEN 2 ELSE 0 END",
            name="booking_slots_somebodys",
        ),
        UniqueConstraint("newcomer_id", name="booking_slots_newcomer_once"),
        UniqueConstraint("booking_id", name="booking_slots_booking_once"),
        ExcludeConstraint(
            ("patient_id", "="),
            (_SPAN, "&&"),
            name="booking_slots_one_place",
            using="gist",
            where=text("NOT may_overlap"),
        ),
        Index(
            "booking_slots_to_expire",
            "expires_at",
            postgresql_where=text("status = 'held'"),
        ),
        Index("booking_slots_of_patient", "patient_id"),
    )

    slot_id: Mapped[UUID] = mapped_column(ForeignKey("slots.id"), primary_key=True)
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("bookings.id"))
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patients.id"))
    newcomer_id: Mapped[UUID | None] = mapped_column(ForeignKey("newcomers.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str]
    expires_at: Mapped[datetime | None]
    may_overlap: Mapped[bool] = mapped_column(server_default=text("false"))


class SlotChange(Base):
    """When a slot was last held, booked or released; written by a trigger.

    Slots that nobody has ever wanted have no row. After `held_until` the slot counts as
    free again since that time, with its version one higher.
    """

    __tablename__ = "slot_changes"

    slot_id: Mapped[UUID] = mapped_column(
        ForeignKey("slots.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int]
    changed_at: Mapped[datetime]
    held_until: Mapped[datetime | None]


class Newcomer(Base):
    """Somebody who is not a patient yet, and the slot that they booked themselves.

    `pending` until `expires_at`; a code by e-mail makes it `confirmed`; `registered`
    once the desk has turned it into a patient's booking, and without a name from then
    on. `tries` counts the codes that were typed. Rows are deleted when they are no
    longer needed.
    """

    __tablename__ = "newcomers"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'confirmed', 'expired', 'failed', 'cancelled', "
            "'registered')",
            name="newcomers_status_known",
        ),
        CheckConstraint(
            "(status IN ('pending', 'confirmed')) = (ended_at IS NULL)",
            name="newcomers_ended_at_some_time",
        ),
        CheckConstraint(
            "(status = 'pending') <= (expires_at IS NOT NULL)",
            name="newcomers_pending_expire",
        ),
        CheckConstraint(
            "(status = 'registered') = (booking_id IS NOT NULL)",
            name="newcomers_registered_with_booking",
        ),
        CheckConstraint(
            "(status = 'registered') = (name = '' AND email = '')",
            name="newcomers_registered_unnamed",
        ),
        CheckConstraint("char_length(name) <= 100", name="newcomers_name_length"),
        CheckConstraint("char_length(email) <= 254", name="newcomers_email_length"),
        CheckConstraint("tries >= 0", name="newcomers_tries_positive"),
        CheckConstraint("revision > 0", name="newcomers_revision_positive"),
        UniqueConstraint("attempt", name="newcomers_attempt_once"),
        Index("newcomers_of_slot", "slot_id"),
        Index("newcomers_of_doctor", "doctor_id"),
        Index(
            "newcomers_by_email",
            text("lower(email)"),
            postgresql_where=text("status = 'confirmed'"),
        ),
        Index(
            "newcomers_to_expire",
            "expires_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "newcomers_booking_id_idx",
            "booking_id",
            postgresql_where=text("booking_id IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("slots.id"))
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    name: Mapped[str]
    email: Mapped[str]
    attempt: Mapped[UUID]
    salt: Mapped[bytes]
    code_hash: Mapped[bytes]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("bookings.id"))


class Appointment(Base):
    """A visit that was booked: from the waiting room to its outcome.

    `code` is on the patient's ticket; the desk scans or types it.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('scheduled', 'checked-in', 'completed', 'cancelled', "
            "'no-show')",
            name="appointments_status_known",
        ),
        CheckConstraint(
            "code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'", name="appointments_code_valid"
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="appointments_cancelled_at_some_time",
        ),
        CheckConstraint("revision > 0", name="appointments_revision_positive"),
        CheckConstraint(
            "phone_outcome IN ('reached', 'no-answer')",
            name="appointments_phone_outcome_known",
        ),
        CheckConstraint(
            "num_nonnulls(phone_outcome, phoned_by, phoned_by_name, phoned_at) "
            "IN (0, 4)",
            name="appointments_phoned_whole",
        ),
        UniqueConstraint("booking_id", name="appointments_booking_once"),
        UniqueConstraint("code", name="appointments_code_once"),
        Index("appointments_of_doctor", "doctor_id", "starts_at"),
        Index("appointments_of_patient", "patient_id", "starts_at"),
        Index("appointments_by_time", "starts_at"),
        Index(
            "appointments_to_remind",
            "starts_at",
            postgresql_where=text("status = 'scheduled' AND reminded_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"))
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=text("'scheduled'"))
    code: Mapped[str]
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    reminded_at: Mapped[datetime | None]
    # The outcome of the last reminder call to the patient, with who made it and when.
    phone_outcome: Mapped[str | None]
    phoned_by: Mapped[UUID | None]
    phoned_by_name: Mapped[str | None]
    phoned_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    # In the room if this is after the check-in: see 0015.
    called_in_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]
    cancelled_because: Mapped[str | None]


class WaitlistEntry(Base):
    """Somebody who wants a slot of one doctor, or of any doctor of a speciality.

    When a slot becomes free, it is held for the first in line, who is told and books it
    or not; then it is the next one's turn. `from_at` and `until_at` limit when it may
    be.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        CheckConstraint(
            "status IN ('waiting', 'offered', 'booked', 'left', 'passed')",
            name="waitlist_entries_status_known",
        ),
        CheckConstraint(
            "num_nonnulls(doctor_id, speciality) = 1",
            name="waitlist_entries_want_something",
        ),
        CheckConstraint("until_at > from_at", name="waitlist_entries_until_after_from"),
        Index(
            "waitlist_entries_in_line",
            "created_at",
            "id",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("waitlist_entries_of_patient", "patient_id"),
    )

    id: Mapped[PrimaryKey]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[UUID | None] = mapped_column(ForeignKey("doctors.id"))
    speciality: Mapped[str | None]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    offered_at: Mapped[datetime | None]
    created_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]


class VisitNotification(Base):
    """An e-mail about a visit or documents: written with the change, sent by a job.

    Without a mail server it stays here and can be read, which is the outbox.
    """

    __tablename__ = "visit_letters"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('confirmed', 'moved', 'cancelled', 'reminder', 'offer', "
            "'released', 'document')",
            name="visit_letters_kind_known",
        ),
        CheckConstraint("attempts >= 0", name="visit_letters_attempts_positive"),
        CheckConstraint(
            "num_nonnulls(patient_id, newcomer_id, user_id) = 1",
            name="visit_letters_to_somebody",
        ),
        Index(
            "visit_letters_newcomer_id_idx",
            "newcomer_id",
            postgresql_where=text("newcomer_id IS NOT NULL"),
        ),
        Index(
            "visit_letters_user_id_idx",
            "user_id",
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        Index(
            "visit_letters_to_send",
            "send_at",
            postgresql_where=text("sent_at IS NULL AND given_up_at IS NULL"),
        ),
        Index("visit_letters_newest", "created_at", "id"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    patient_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("patients.id"), index=True
    )
    newcomer_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("newcomers.id", ondelete="CASCADE")
    )
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("bookings.id"))
    to_address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[CreatedAt]
    send_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
