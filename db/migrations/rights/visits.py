"""Who may do what with visits, plans and slots, and with the results of a visit."""

from typing import Final

from db.migrations.rights.patients import OPEN
from db.migrations.rules import ALL, Rules, ShortCuts

_OPEN: Final = f"patient_id {OPEN}"
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
# Administrators count visits, but do not see whose they are.
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
# Everybody may see that a slot is taken, and until when, but not by whom.
_TAKEN: Final = "slot_id, starts_at, ends_at, status, expires_at"

# The service decides on bookings of patients and clinicians, and the background's role
# writes them: they themselves only see their own rows.
RULES: Final[Rules] = {
    "doctors": (
        ("patient staff clinician analyst", "SELECT", "true"),
        ("system", ALL, "true"),
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
SHORT_CUTS: Final[ShortCuts] = dict.fromkeys(
    ("bookings", "appointments"), (("staff", "SELECT, INSERT, UPDATE"),)
)
