"""Rights on patients, on doctors' plans, and on visits and what comes of them."""

from tests.db.rules.rights import AT_WORK, EVERYTHING, SIGNED_IN, Rights

# Administrators count visits, without seeing whose they are.
_COUNTED_BOOKING = (
    "id, slot_id, doctor_id, status, expires_at, renewals, replaces_id, series_id, "
    "waitlist_id, created_at, confirmed_at, ended_at"
)
_COUNTED_VISIT = (
    "id, booking_id, doctor_id, starts_at, ends_at, status, created_at, updated_at, "
    "reminded_at, checked_in_at, completed_at, cancelled_at"
)
# Neither the code nor the key of the request.
_NEWCOMER = (
    "id, slot_id, doctor_id, status, name, email, revision, created_at, expires_at, "
    "confirmed_at, ended_at, booking_id"
)
_TAKEN = "SELECT(slot_id, starts_at, ends_at, status, expires_at) all"

CARE: dict[str, Rights] = {
    "patients": {
        "patient": "SELECT ann",
        "staff": "SELECT all; INSERT all; UPDATE all",
        "clinician": "SELECT ann; UPDATE ann",
        "analyst": (
            "SELECT(id, initials, birth_year, sex, allergies, no_known_allergies, "
            "erased_at, medical_history, current_medications, version, created_at, "
            "updated_at, deleted_at, merged_into_id) all"
        ),
        "system": EVERYTHING,
    },
    "clinical_entries": {
        "staff": "SELECT all",
        "clinician": "SELECT ann",
        "system": EVERYTHING,
    },
    "patient_merges": {
        "staff": "SELECT all; INSERT",
        "clinician": "SELECT ann; INSERT ann",
        "system": EVERYTHING,
    },
    **dict.fromkeys(
        ("listed_drugs", "listed_diagnoses"),
        dict.fromkeys(("staff", "clinician"), "SELECT all")
        | dict.fromkeys(("admin", "system"), EVERYTHING),
    ),
    "code_lists": dict.fromkeys(("staff", "clinician"), "SELECT all")
    | {
        "admin": (
            "SELECT all; UPDATE(source, version, imported_at, imported_by_name) all"
        ),
        "system": EVERYTHING,
    },
    "clinical_terms": dict.fromkeys(AT_WORK, "SELECT all") | {"system": EVERYTHING},
    "doctors": dict.fromkeys(SIGNED_IN, "SELECT all")
    | dict.fromkeys(("staff", "admin"), "SELECT all; INSERT all; UPDATE all")
    | {"system": EVERYTHING},
    "working_hours": dict.fromkeys(SIGNED_IN, "SELECT all")
    | dict.fromkeys(("staff", "admin", "system"), EVERYTHING),
    "schedule_exceptions": dict.fromkeys(
        ("staff", "admin"),
        "SELECT all; INSERT all; UPDATE(deleted_at, deleted_by) all",
    )
    | {"clinician": "SELECT all", "system": EVERYTHING},
    "slots": dict.fromkeys(SIGNED_IN, "SELECT all")
    | dict.fromkeys(
        ("staff", "admin"),
        "SELECT all; INSERT all; UPDATE(withdrawn_at, is_leaving) all",
    )
    | {"system": EVERYTHING},
    "booking_slots": dict.fromkeys((*SIGNED_IN, "admin"), _TAKEN)
    | dict.fromkeys(("staff", "system"), EVERYTHING),
    "slot_changes": dict.fromkeys((*SIGNED_IN, "admin", "system"), "SELECT all"),
    "bookings": {
        "patient": "SELECT ann",
        "staff": "SELECT all; INSERT all; UPDATE all",
        "clinician": "SELECT ann seen",
        "admin": f"SELECT({_COUNTED_BOOKING}) all",
        "system": EVERYTHING,
    },
    "appointments": {
        "patient": "SELECT ann",
        "staff": "SELECT all; INSERT all; UPDATE all",
        "clinician": "SELECT ann seen",
        "admin": f"SELECT({_COUNTED_VISIT}) all",
        "system": EVERYTHING,
    },
    "newcomers": {
        "staff": f"SELECT({_NEWCOMER}) all",
        "clinician": f"SELECT({_NEWCOMER}) seen",
        "system": EVERYTHING,
    },
    "waitlist_entries": {
        "patient": "SELECT ann",
        "staff": "SELECT all; INSERT all; UPDATE all",
        "clinician": "SELECT ann",
        "system": EVERYTHING,
    },
    "visit_letters": {
        "admin": (
            "SELECT(id, kind, created_at, send_at, attempts, sent_at, given_up_at, "
            "subject, body) all"
        ),
        "system": EVERYTHING,
    },
    "medical_records": {
        "clinician": (
            "SELECT ann; INSERT ann; UPDATE(number, content, updated_at) ann"
        ),
        "system": EVERYTHING,
    },
    "medical_record_versions": {
        "clinician": "SELECT ann ann-colleague; INSERT ann",
        "system": EVERYTHING,
    },
    "prescriptions": {
        "patient": "SELECT ann",
        "staff": "SELECT all",
        "clinician": "SELECT ann; INSERT ann; UPDATE(status, latest, updated_at) ann",
        "system": EVERYTHING,
    },
    "prescription_versions": {
        "patient": "SELECT ann ann-colleague",
        "staff": "SELECT all",
        "clinician": "SELECT ann ann-colleague; INSERT ann",
        "system": EVERYTHING,
    },
    "prescription_scans": {
        "patient": "SELECT ann",
        "staff": "SELECT all; INSERT(document_id, prescription_id, added_by) desk",
        "clinician": ("SELECT ann; INSERT(document_id, prescription_id, added_by) ann"),
        "system": EVERYTHING,
    },
    "care_relationships": {
        "staff": "SELECT all; INSERT all; UPDATE(ended_at) all",
        "clinician": (
            "SELECT clinician team; INSERT clinician team; "
            "UPDATE(ended_at) clinician team"
        ),
        "system": EVERYTHING,
    },
    "break_glass_accesses": {
        "staff": "SELECT all",
        "clinician": (
            "SELECT own; INSERT(id, clinician_id, patient_id, reason, expires_at) own"
        ),
        "admin": "SELECT all; UPDATE(reviewed_at, reviewed_by, review) all",
        "system": EVERYTHING,
    },
}
