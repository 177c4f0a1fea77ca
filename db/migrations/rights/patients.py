"""Who may do what with patients, their care relationships, and their lists."""

from typing import Final

from db.migrations.rules import ALL, Rules, ShortCuts

TREATED: Final = "= ANY ((SELECT treated_patients())::uuid[])"
OPEN: Final = "= ANY ((SELECT open_patients())::uuid[])"
_OWN: Final = "user_id = acting_user()"
_WITHOUT_NAMES: Final = (
    "id, initials, birth_year, sex, allergies, no_known_allergies, medical_history, "
    "current_medications, version, created_at, updated_at, deleted_at, merged_into_id"
)
# What colleagues typed into a filter may be a name.
_NAMES_NOBODY: Final = """subject = 'patients' AND criteria ->> 'search' = ''
    AND NOT jsonb_path_exists(criteria, '$.**.field ? (
        @ == "first_name" || @ == "last_name" || @ == "date_of_birth" || @ == "email" ||
        @ == "phone_number" || @ == "address" || @ == "emergency_contact")')"""

RULES: Final[Rules] = {
    "patients": (
        ("patient", "SELECT", "id = acting_patient()"),
        ("staff", "SELECT, INSERT, UPDATE", "true"),
        ("clinician", "SELECT, UPDATE", f"id {OPEN}"),
        ("analyst", f"SELECT ({_WITHOUT_NAMES})", "true"),
        ("system", ALL, "true"),
    ),
    "patient_merges": (
        ("staff", "SELECT", "true"),
        ("clinician", "SELECT", f"kept_id {OPEN}"),
        ("staff", "INSERT", "merged_by = acting_user()"),
        ("clinician", "INSERT", f"merged_by = acting_user() AND kept_id {TREATED}"),
        ("system", ALL, "true"),
    ),
    "clinical_terms": (
        ("staff clinician analyst", "SELECT", "true"),
        ("system", ALL, "true"),
    ),
    "care_relationships": (
        ("staff", "SELECT, INSERT, UPDATE (ended_at)", "true"),
        ("clinician", "SELECT", f"clinician_id = acting_user() OR patient_id {OPEN}"),
        # Break-glass access gives nothing lasting: neither this way, nor by a merge,
        # nor by an invitation.
        ("clinician", "INSERT, UPDATE (ended_at)", f"patient_id {TREATED}"),
        ("system", ALL, "true"),
    ),
    "break_glass_accesses": (
        ("staff", "SELECT", "true"),
        ("clinician", "SELECT", "clinician_id = acting_user()"),
        (
            "clinician",
            "INSERT (id, clinician_id, patient_id, reason, expires_at)",
            "clinician_id = acting_user() AND expires_at <= now() + interval '8 hours'",
        ),
        ("admin", "SELECT, UPDATE (reviewed_at, reviewed_by, review)", "true"),
        ("system", ALL, "true"),
    ),
    "export_grants": (
        ("staff clinician analyst", "SELECT, INSERT, UPDATE (used_at)", _OWN),
        ("system", ALL, "true"),
    ),
    "stored_criteria": (
        ("staff clinician", "SELECT, UPDATE (used_at)", "true"),
        ("staff clinician", "INSERT", "created_by = acting_user()"),
        ("analyst", "SELECT, UPDATE (used_at)", _NAMES_NOBODY),
        ("analyst", "INSERT", f"created_by = acting_user() AND {_NAMES_NOBODY}"),
        ("system", ALL, "true"),
        # Patients search their own documents, with criteria keys of their own.
        (
            "patient",
            "SELECT, INSERT, UPDATE (used_at)",
            "created_by = acting_user() AND subject = 'documents'",
        ),
    ),
    "saved_views": (
        ("staff clinician analyst", ALL, "owner_id = acting_user()"),
        ("system", ALL, "true"),
    ),
}
SHORT_CUTS: Final[ShortCuts] = {
    "patients": (
        ("staff", "SELECT, INSERT, UPDATE"),
        ("analyst", f"SELECT ({_WITHOUT_NAMES})"),
    ),
}
