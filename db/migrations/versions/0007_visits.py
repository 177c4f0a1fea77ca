"""Visits: doctors' plans, slots, bookings, the waiting room and what comes of it.

Only adds, so the previous version runs on.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.rules import ALL, Rules, statements

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OPEN: Final = "patient_id = ANY ((SELECT open_patients())::uuid[])"
_OWN: Final = "patient_id = acting_patient()"
# The doctor as whom the clinician signs in.
_WITH_ME: Final = "doctor_id IN (SELECT id FROM doctors WHERE user_id = acting_user())"
_MY_VISITS: Final = f"{_OPEN} OR {_WITH_ME}"
_WITH_RECORD: Final = (
    "EXISTS (SELECT FROM medical_records WHERE medical_records.id = record_id)"
)
_WITH_PRESCRIPTION: Final = (
    "EXISTS (SELECT FROM prescriptions WHERE prescriptions.id = prescription_id)"
)
_BY_ME: Final = "author_id = acting_user()"
_EVERYBODY: Final = "patient staff clinician analyst admin"
# Administrators count visits; whose they are is not theirs to see.
_COUNTED_BOOKINGS: Final = (
    "id, slot_id, doctor_id, status, expires_at, renewals, replaces_id, series_id, "
    "waitlist_id, created_at, confirmed_at, ended_at"
)
_COUNTED_VISITS: Final = (
    "id, booking_id, doctor_id, starts_at, ends_at, status, created_at, updated_at, "
    "reminded_at, checked_in_at, completed_at, cancelled_at"
)
_LETTERS: Final = (
    "id, kind, created_at, send_at, attempts, sent_at, given_up_at, subject, body"
)
# That a slot is taken, and until when, is for everybody to see; not by whom.
_TAKEN: Final = "slot_id, starts_at, ends_at, status, expires_at"

# What patients and clinicians book is decided by the service and written by the
# background's role: they only see rows of theirs.
_RULES: Final[Rules] = {
    "doctors": (
        ("admin", "SELECT, INSERT, UPDATE", "true"),
        ("staff", "INSERT, UPDATE", "true"),
    ),
    "working_hours": (
        (_EVERYBODY, "SELECT", "true"),
        ("staff admin", "INSERT, UPDATE, DELETE", "true"),
        ("system", ALL, "true"),
    ),
    "schedule_exceptions": (
        ("staff clinician admin", "SELECT", "true"),
        ("staff admin", "INSERT, UPDATE (deleted_at, deleted_by)", "true"),
        ("system", ALL, "true"),
    ),
    "slots": (
        (_EVERYBODY, "SELECT", "true"),
        ("staff admin", "INSERT, UPDATE (withdrawn_at, is_leaving)", "true"),
        ("system", ALL, "true"),
    ),
    "booking_slots": (
        ("patient clinician analyst admin", f"SELECT ({_TAKEN})", "true"),
        ("staff system", ALL, "true"),
    ),
    "bookings": (
        ("patient", "SELECT", _OWN),
        ("staff", "SELECT, INSERT, UPDATE", "true"),
        ("clinician", "SELECT", _MY_VISITS),
        ("admin", f"SELECT ({_COUNTED_BOOKINGS})", "true"),
        ("system", ALL, "true"),
    ),
    "appointments": (
        ("patient", "SELECT", _OWN),
        ("staff", "SELECT, INSERT, UPDATE", "true"),
        ("clinician", "SELECT", _MY_VISITS),
        ("admin", f"SELECT ({_COUNTED_VISITS})", "true"),
        ("system", ALL, "true"),
    ),
    "waitlist_entries": (
        ("patient", "SELECT", _OWN),
        ("staff", "SELECT, INSERT, UPDATE", "true"),
        ("clinician", "SELECT", _OPEN),
        ("system", ALL, "true"),
    ),
    "visit_letters": (
        ("admin", f"SELECT ({_LETTERS})", "true"),
        ("system", ALL, "true"),
    ),
    "medical_records": (
        ("clinician", "SELECT, INSERT, UPDATE (number, content, updated_at)", _OPEN),
        ("system", ALL, "true"),
    ),
    "medical_record_versions": (
        ("clinician", "SELECT", _WITH_RECORD),
        ("clinician", "INSERT", f"{_BY_ME} AND {_WITH_RECORD}"),
        ("system", ALL, "true"),
    ),
    "prescriptions": (
        ("patient", "SELECT", _OWN),
        ("staff", "SELECT", "true"),
        ("clinician", "SELECT, INSERT, UPDATE (status, latest, updated_at)", _OPEN),
        ("system", ALL, "true"),
    ),
    "prescription_versions": (
        ("patient staff clinician", "SELECT", _WITH_PRESCRIPTION),
        ("clinician", "INSERT", f"{_BY_ME} AND {_WITH_PRESCRIPTION}"),
        ("system", ALL, "true"),
    ),
}
# See migration 0003: who may see every row reads past the rules.
_SHORT_CUT: Final = tuple(
    statement
    for table in ("bookings", "appointments")
    for statement in (
        f"CREATE VIEW everyone.{table} AS SELECT * FROM public.{table}",  # nosec B608
        f"GRANT SELECT, INSERT, UPDATE ON everyone.{table} TO chartroom_staff",
    )
)
# Two records of one person may be booked at the same time, and still are one person's.
_MERGED_MAY_OVERLAP: Final = (
    """
CREATE FUNCTION let_merged_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.may_overlap := true;
    RETURN NEW;
END
$$
""",
    """
CREATE TRIGGER booking_slots_of_merged BEFORE UPDATE OF patient_id ON booking_slots
FOR EACH ROW
WHEN (OLD.booking_id = NEW.booking_id AND OLD.patient_id <> NEW.patient_id)
EXECUTE FUNCTION let_merged_overlap()
""",
)
_DOCTOR_CHECKS: Final = {
    "doctors_email_length": "char_length(email) <= 254",
    "doctors_email_valid": "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'",
    "doctors_license_number_length": (
        "char_length(btrim(license_number)) BETWEEN 1 AND 50"
    ),
    "doctors_fee_positive": "fee >= 0",
    "doctors_room_length": "char_length(room) <= 50",
    "doctors_slot_minutes_range": "slot_minutes BETWEEN 5 AND 480",
    "doctors_revision_positive": "revision > 0",
}
_WORDS: Final = (
    "to_tsvector('simple'::regconfig, "
    "fold(coalesce(content ->> 'complaint', '') || ' ' || "
    "coalesce(content ->> 'findings', '') || ' ' || "
    "coalesce(content ->> 'plan', '') || ' ' || "
    "jsonb_path_query_array(content, '$.diagnoses[*].*')::text))"
)
_BUCKETS: Final = (
    "bucket IN ('documents', 'patient_photos', 'doctor_photos', 'prescription_files')"
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    _extend_doctors()
    _create_schedules()
    _create_bookings()
    _create_consultations()
    op.drop_constraint("doomed_files_bucket_known", "doomed_files")
    op.create_check_constraint("doomed_files_bucket_known", "doomed_files", _BUCKETS)
    for statement in (*_MERGED_MAY_OVERLAP, *statements(_RULES), *_SHORT_CUT):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Visits are not thrown away.")


def _extend_doctors() -> None:
    op.add_column("doctors", sa.Column("email", sa.Text(), nullable=True))
    op.add_column(
        "doctors",
        sa.Column(
            "email_key",
            sa.Text(collation="C"),
            sa.Computed("lower(email)", persisted=True),
            nullable=True,
        ),
    )
    op.add_column("doctors", sa.Column("license_number", sa.Text(), nullable=True))
    op.add_column(
        "doctors",
        sa.Column(
            "license_key",
            sa.Text(collation="C"),
            sa.Computed("upper(btrim(license_number))", persisted=True),
            nullable=True,
        ),
    )
    op.add_column(
        "doctors", sa.Column("fee", sa.Numeric(precision=9, scale=2), nullable=True)
    )
    op.add_column("doctors", sa.Column("room", sa.Text(), nullable=True))
    op.add_column("doctors", sa.Column("photo_file_id", sa.Text(), nullable=True))
    op.add_column(
        "doctors",
        sa.Column(
            "slot_minutes", sa.Integer(), server_default=sa.text("20"), nullable=False
        ),
    )
    op.add_column(
        "doctors",
        sa.Column(
            "is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
    )
    op.add_column("doctors", sa.Column("user_id", sa.Uuid(), nullable=True))
    op.add_column(
        "doctors",
        sa.Column(
            "revision", sa.Integer(), server_default=sa.text("1"), nullable=False
        ),
    )
    for name, condition in _DOCTOR_CHECKS.items():
        op.create_check_constraint(name, "doctors", condition)
    op.create_unique_constraint("doctors_email_once", "doctors", ["email_key"])
    op.create_unique_constraint(
        "doctors_license_number_once", "doctors", ["license_key"]
    )
    op.create_unique_constraint("doctors_user_once", "doctors", ["user_id"])
    op.create_foreign_key(
        op.f("doctors_user_id_fkey"), "doctors", "users", ["user_id"], ["id"]
    )


def _create_schedules() -> None:
    op.create_table(
        "working_hours",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'work'"), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("ends_at", sa.Time(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("doctor_id"), "="),
            (sa.column("weekday"), "="),
            (sa.column("kind"), "="),
            (
                sa.literal_column(
                    "int4range(extract(epoch FROM starts_at)::integer, "
                    "extract(epoch FROM ends_at)::integer)"
                ),
                "&&",
            ),
            using="gist",
            name="working_hours_apart",
        ),
        sa.CheckConstraint(
            "kind IN ('work', 'break')", name="working_hours_kind_known"
        ),
        sa.CheckConstraint("ends_at > starts_at", name="working_hours_end_after_start"),
        sa.CheckConstraint(
            "weekday BETWEEN 1 AND 7", name="working_hours_weekday_known"
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("working_hours_doctor_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("working_hours_pkey")),
    )
    op.create_table(
        "schedule_exceptions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "ends_at > starts_at AND ends_at <= starts_at + interval '366 days'",
            name="schedule_exceptions_end_after_start",
        ),
        sa.CheckConstraint(
            "kind <> 'hours' OR doctor_id IS NOT NULL",
            name="schedule_exceptions_hours_of_somebody",
        ),
        sa.CheckConstraint(
            "kind IN ('holiday', 'hours', 'blocked')",
            name="schedule_exceptions_kind_known",
        ),
        sa.CheckConstraint(
            "char_length(reason) <= 200", name="schedule_exceptions_reason_length"
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"],
            ["doctors.id"],
            name=op.f("schedule_exceptions_doctor_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("schedule_exceptions_pkey")),
    )
    op.create_index(
        "schedule_exceptions_of_doctor",
        "schedule_exceptions",
        ["doctor_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "origin", sa.Text(), server_default=sa.text("'plan'"), nullable=False
        ),
        sa.Column(
            "is_leaving", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("doctor_id"), "="),
            (sa.literal_column("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("withdrawn_at IS NULL"),
            using="gist",
            name="slots_apart",
        ),
        sa.CheckConstraint(
            "origin IN ('plan', 'extra', 'proof')", name="slots_origin_known"
        ),
        sa.CheckConstraint("ends_at > starts_at", name="slots_end_after_start"),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("slots_doctor_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("slots_pkey")),
    )
    op.create_index(
        "slots_by_time",
        "slots",
        ["starts_at"],
        unique=False,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index(
        "slots_of_doctor",
        "slots",
        ["doctor_id", "starts_at"],
        unique=False,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _create_bookings() -> None:
    op.create_table(
        "waitlist_entries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("speciality", sa.Text(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False
        ),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'booked', 'left', 'passed')",
            name="waitlist_entries_status_known",
        ),
        sa.CheckConstraint(
            "num_nonnulls(doctor_id, speciality) = 1",
            name="waitlist_entries_want_something",
        ),
        sa.CheckConstraint(
            "until_at > from_at", name="waitlist_entries_until_after_from"
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("waitlist_entries_doctor_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patients.id"],
            name=op.f("waitlist_entries_patient_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("waitlist_entries_pkey")),
    )
    op.create_index(
        "waitlist_entries_in_line",
        "waitlist_entries",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "waitlist_entries_of_patient", "waitlist_entries", ["patient_id"], unique=False
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status", sa.Text(), server_default=sa.text("'pending'"), nullable=False
        ),
        sa.Column("attempt", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "renewals", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("waitlist_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status = 'pending') <= (expires_at IS NOT NULL)",
            name="bookings_pending_expire",
        ),
        sa.CheckConstraint(
            "(status IN ('pending', 'confirmed')) = (ended_at IS NULL)",
            name="bookings_ended_at_some_time",
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'expired', 'failed', 'cancelled')",
            name="bookings_status_known",
        ),
        sa.CheckConstraint(
            "char_length(btrim(override_reason)) BETWEEN 10 AND 500",
            name="bookings_override_reason_given",
        ),
        sa.CheckConstraint("char_length(note) <= 500", name="bookings_note_length"),
        sa.CheckConstraint("renewals BETWEEN 0 AND 1", name="bookings_renewed_once"),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("bookings_doctor_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("bookings_patient_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["bookings.id"], name=op.f("bookings_replaces_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["slots.id"], name=op.f("bookings_slot_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["waitlist_id"],
            ["waitlist_entries.id"],
            name=op.f("bookings_waitlist_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bookings_pkey")),
        sa.UniqueConstraint("created_by", "attempt", name="bookings_attempt_once"),
    )
    op.create_index("bookings_by_time", "bookings", ["created_at"], unique=False)
    op.create_index(
        "bookings_of_doctor", "bookings", ["doctor_id", "created_at"], unique=False
    )
    op.create_index(
        "bookings_of_patient", "bookings", ["patient_id", "created_at"], unique=False
    )
    op.create_index(
        "bookings_of_series",
        "bookings",
        ["series_id"],
        unique=False,
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )
    op.create_index("bookings_of_slot", "bookings", ["slot_id"], unique=False)
    op.create_index(
        "bookings_of_waitlist",
        "bookings",
        ["waitlist_id"],
        unique=False,
        postgresql_where=sa.text("waitlist_id IS NOT NULL"),
    )
    op.create_index(
        "bookings_to_expire",
        "bookings",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "booking_slots",
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "may_overlap", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        postgresql.ExcludeConstraint(
            (sa.column("patient_id"), "="),
            (sa.literal_column("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("NOT may_overlap"),
            using="gist",
            name="booking_slots_one_place",
        ),
        sa.CheckConstraint(
            "(status = 'held') = (expires_at IS NOT NULL)",
            name="booking_slots_held_expire",
        ),
        sa.CheckConstraint(
            "status IN ('held', 'booked')", name="booking_slots_status_known"
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("booking_slots_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("booking_slots_patient_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["slots.id"], name=op.f("booking_slots_slot_id_fkey")
        ),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("booking_slots_pkey")),
        sa.UniqueConstraint("booking_id", name="booking_slots_booking_once"),
    )
    op.create_index(
        "booking_slots_of_patient", "booking_slots", ["patient_id"], unique=False
    )
    op.create_index(
        "booking_slots_to_expire",
        "booking_slots",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status", sa.Text(), server_default=sa.text("'scheduled'"), nullable=False
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "revision", sa.Integer(), server_default=sa.text("1"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="appointments_cancelled_at_some_time",
        ),
        sa.CheckConstraint(
            "code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'", name="appointments_code_valid"
        ),
        sa.CheckConstraint(
            "status IN ('scheduled', 'checked-in', 'completed', 'cancelled', "
            "'no-show')",
            name="appointments_status_known",
        ),
        sa.CheckConstraint("revision > 0", name="appointments_revision_positive"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("appointments_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("appointments_doctor_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("appointments_patient_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("appointments_pkey")),
        sa.UniqueConstraint("booking_id", name="appointments_booking_once"),
        sa.UniqueConstraint("code", name="appointments_code_once"),
    )
    op.create_index("appointments_by_time", "appointments", ["starts_at"], unique=False)
    op.create_index(
        "appointments_of_doctor",
        "appointments",
        ["doctor_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "appointments_of_patient",
        "appointments",
        ["patient_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "appointments_to_remind",
        "appointments",
        ["starts_at"],
        unique=False,
        postgresql_where=sa.text("status = 'scheduled' AND reminded_at IS NULL"),
    )
    op.create_table(
        "visit_letters",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "send_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "attempts", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('confirmed', 'moved', 'cancelled', 'reminder', 'offer', "
            "'released')",
            name="visit_letters_kind_known",
        ),
        sa.CheckConstraint("attempts >= 0", name="visit_letters_attempts_positive"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("visit_letters_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("visit_letters_patient_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("visit_letters_pkey")),
    )
    op.create_index(
        "visit_letters_newest", "visit_letters", ["created_at", "id"], unique=False
    )
    op.create_index(
        op.f("visit_letters_patient_id_idx"),
        "visit_letters",
        ["patient_id"],
        unique=False,
    )
    op.create_index(
        "visit_letters_to_send",
        "visit_letters",
        ["send_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
    )


def _create_consultations() -> None:
    op.create_table(
        "medical_records",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed(
                _WORDS,
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "jsonb_typeof(content) = 'object' "
            "AND octet_length(content::text) <= 131072",
            name="medical_records_content_size",
        ),
        sa.CheckConstraint("number > 0", name="medical_records_number_positive"),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("medical_records_appointment_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("medical_records_doctor_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patients.id"],
            name=op.f("medical_records_patient_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("medical_records_pkey")),
        sa.UniqueConstraint("appointment_id", name="medical_records_appointment_once"),
    )
    op.create_index(
        "medical_records_by_content",
        "medical_records",
        ["content"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"content": "jsonb_path_ops"},
    )
    op.create_index(
        "medical_records_by_words",
        "medical_records",
        ["words"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "medical_records_of_patient",
        "medical_records",
        ["patient_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "medical_record_versions",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "number > 0", name="medical_record_versions_number_positive"
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["medical_records.id"],
            name=op.f("medical_record_versions_record_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "record_id", "number", name=op.f("medical_record_versions_pkey")
        ),
    )
    op.create_table(
        "prescriptions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status", sa.Text(), server_default=sa.text("'issued'"), nullable=False
        ),
        sa.Column("latest", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('issued', 'withdrawn')", name="prescriptions_status_known"
        ),
        sa.CheckConstraint("latest > 0", name="prescriptions_latest_positive"),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("prescriptions_appointment_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctors.id"], name=op.f("prescriptions_doctor_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("prescriptions_patient_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prescriptions_pkey")),
        sa.UniqueConstraint("appointment_id", name="prescriptions_appointment_once"),
    )
    op.create_index(
        "prescriptions_of_patient",
        "prescriptions",
        ["patient_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "prescription_versions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("filesize", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("signer", sa.LargeBinary(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "jsonb_typeof(lines) = 'array' AND jsonb_array_length(lines) "
            "BETWEEN 1 AND 50",
            name="prescription_versions_lines_given",
        ),
        sa.CheckConstraint(
            "length(sha256) = 32", name="prescription_versions_sha256_length"
        ),
        sa.CheckConstraint(
            "length(signer) = 32", name="prescription_versions_signer_length"
        ),
        sa.CheckConstraint("number > 0", name="prescription_versions_number_positive"),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescriptions.id"],
            name=op.f("prescription_versions_prescription_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prescription_versions_pkey")),
        sa.UniqueConstraint(
            "prescription_id", "number", name="prescription_versions_number_once"
        ),
    )
    op.create_index(
        "prescription_versions_by_content",
        "prescription_versions",
        ["sha256"],
        unique=False,
    )
    op.create_index(
        "prescription_versions_by_file",
        "prescription_versions",
        ["file_id"],
        unique=False,
    )
