"""Which role may do what with which rows and columns of every table, in one place.

"all" are all rows and "own" those of the role's person; other words are tags of rows.
What is not said is refused. Columns are named where not all of them are meant.
"""

import re
from dataclasses import dataclass

EVERYTHING = "SELECT all; INSERT all; UPDATE all; DELETE all"
_EVENT = (
    "id, action, outcome, actor_id, actor_role, session_id, request_id, network, "
    "patient_id, subject_kind, subject_id, reason, details"
)
_FACTS = (
    "id, patient_id, title, document_type, classification, description, metadata, "
    "created_by, created_by_name"
)
_FILE = (
    "id, document_id, number, file_id, filename, filesize, sha256, pages, findings, "
    "origin, template, form, scan, reading, author_id, author_name"
)
_CHANGED = (
    "patient_id, title, document_type, classification, description, metadata, latest, "
    "revision, updated_at, deleted_at, deleted_by, held_at, held_by, held_because"
)
# Of the patient whom the clinician treats.
_REACHED = "ann patient invoice treated gone waiting"
# Administrators count visits, and are not told whose they are.
_COUNTED_BOOKING = (
    "id, slot_id, doctor_id, status, expires_at, renewals, replaces_id, series_id, "
    "waitlist_id, created_at, confirmed_at, ended_at"
)
_COUNTED_VISIT = (
    "id, booking_id, doctor_id, starts_at, ends_at, status, created_at, updated_at, "
    "reminded_at, checked_in_at, completed_at, cancelled_at"
)
_TAKEN = "SELECT(slot_id, starts_at, ends_at, status, expires_at) all"
_RECORD_OWN = f"INSERT({_EVENT}) own"
_AT_WORK = ("staff", "clinician", "analyst")
_SIGNED_IN = ("patient", *_AT_WORK)

MATRIX: dict[str, dict[str, str]] = {
    "patients": {
        "patient": "SELECT ann",
        "staff": "SELECT all; INSERT all; UPDATE all",
        "clinician": "SELECT ann; UPDATE ann",
        "analyst": (
            "SELECT(id, initials, birth_year, sex, allergies, no_known_allergies, "
            "medical_history, current_medications, version, created_at, updated_at, "
            "deleted_at, merged_into_id) all"
        ),
        "system": EVERYTHING,
    },
    "patient_merges": {
        "staff": "SELECT all; INSERT",
        "clinician": "SELECT ann; INSERT ann",
        "system": EVERYTHING,
    },
    "clinical_terms": dict.fromkeys(_AT_WORK, "SELECT all") | {"system": EVERYTHING},
    "doctors": dict.fromkeys(_SIGNED_IN, "SELECT all")
    | dict.fromkeys(("staff", "admin"), "SELECT all; INSERT all; UPDATE all")
    | {"system": EVERYTHING},
    "working_hours": dict.fromkeys(_SIGNED_IN, "SELECT all")
    | dict.fromkeys(("staff", "admin", "system"), EVERYTHING),
    "schedule_exceptions": dict.fromkeys(
        ("staff", "admin"),
        "SELECT all; INSERT all; UPDATE(deleted_at, deleted_by) all",
    )
    | {"clinician": "SELECT all", "system": EVERYTHING},
    "slots": dict.fromkeys(_SIGNED_IN, "SELECT all")
    | dict.fromkeys(
        ("staff", "admin"),
        "SELECT all; INSERT all; UPDATE(withdrawn_at, is_leaving) all",
    )
    | {"system": EVERYTHING},
    "booking_slots": dict.fromkeys((*_SIGNED_IN, "admin"), _TAKEN)
    | dict.fromkeys(("staff", "system"), EVERYTHING),
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
    "export_grants": dict.fromkeys(
        _AT_WORK, "SELECT own; INSERT own; UPDATE(used_at) own"
    )
    | {"system": EVERYTHING},
    "stored_criteria": {
        "patient": "SELECT mine; INSERT mine; UPDATE(used_at) mine",
        "staff": "SELECT all; INSERT own; UPDATE(used_at) all",
        "clinician": "SELECT all; INSERT own; UPDATE(used_at) all",
        "analyst": (
            "SELECT patient staff clinician analyst admin colleague; INSERT own; "
            "UPDATE(used_at) patient staff clinician analyst admin colleague"
        ),
        "system": EVERYTHING,
    },
    "saved_views": dict.fromkeys(
        ("staff", "clinician", "analyst"),
        "SELECT own; INSERT own; UPDATE own; DELETE own",
    )
    | {"system": EVERYTHING},
    "users": {
        "patient": "SELECT own",
        "staff": (
            "SELECT patient staff clinician colleague; INSERT patient; "
            "UPDATE(name, email) patient"
        ),
        "clinician": (
            "SELECT patient clinician colleague; INSERT patient; "
            "UPDATE(name, email) patient"
        ),
        "analyst": "SELECT own",
        "admin": "SELECT all; INSERT all; UPDATE all",
        "door": "SELECT all",
        "system": EVERYTHING,
    },
    "sessions": dict.fromkeys(_SIGNED_IN, "SELECT own; UPDATE(ended_at, ended_by) own")
    | {
        "admin": "SELECT all; UPDATE(ended_at, ended_by) all",
        "door": "SELECT all; INSERT all; UPDATE all",
        "system": EVERYTHING,
    },
    "login_codes": {
        "door": "SELECT all; INSERT all; UPDATE all",
        "system": EVERYTHING,
    },
    "ceremonies": {"door": EVERYTHING, "system": EVERYTHING},
    "passkeys": dict.fromkeys(_SIGNED_IN, "SELECT own")
    | {
        "admin": "SELECT all; DELETE all",
        "door": EVERYTHING,
        "system": EVERYTHING,
    },
    "user_identities": dict.fromkeys(_SIGNED_IN, "SELECT own")
    | {"admin": "SELECT all", "door": "SELECT all", "system": EVERYTHING},
    "invitations": dict.fromkeys(
        ("staff", "clinician"),
        "SELECT(id, user_id, created_by, created_at, expires_at, used_at) patient; "
        "INSERT patient; UPDATE(expires_at) patient",
    )
    | {
        "admin": "SELECT all; INSERT all; UPDATE(expires_at, used_at) all",
        "door": "SELECT all; UPDATE(used_at) all",
        "system": EVERYTHING,
    },
    "api_tokens": dict.fromkeys(
        ("staff", "clinician", "analyst"),
        "SELECT own; INSERT own; UPDATE(revoked_at) own",
    )
    | {
        "admin": "SELECT all; INSERT all; UPDATE(revoked_at) all",
        "door": "SELECT all; UPDATE(last_used_at) all",
        "system": EVERYTHING,
    },
    "audit_events": dict.fromkeys((*_SIGNED_IN, "admin"), _RECORD_OWN)
    | {
        "door": f"INSERT({_EVENT}) all",
        "system": "SELECT all; INSERT all; DELETE all",
    },
    "audit_head": {"system": "SELECT all; UPDATE all"},
    "audit_seals": {"system": "SELECT all; INSERT all"},
    "documents": {
        "patient": (
            "SELECT ann patient invoice treated waiting; "
            f"INSERT({_FACTS}) patient; "
            "UPDATE(title, description, latest, revision, updated_at, deleted_at, "
            "deleted_by) patient invoice"
        ),
        "staff": f"SELECT all; INSERT({_FACTS}) all; UPDATE({_CHANGED}) all",
        "clinician": (
            f"SELECT {_REACHED} clinician; INSERT({_FACTS}) treated clinician; "
            f"UPDATE({_CHANGED}) {_REACHED} clinician"
        ),
        "admin": (
            "SELECT(id, document_type, classification, latest, revision, created_at, "
            "updated_at, deleted_at, held_at, held_by, held_because, purged_at) all; "
            "UPDATE(held_at, held_by, held_because, revision) all"
        ),
        "door": "SELECT(id, patient_id, deleted_at, purged_at) patient bob treated",
        "system": EVERYTHING,
    },
    "document_versions": {
        "patient": (
            f"SELECT ann patient invoice treated; INSERT({_FILE}) patient invoice"
        ),
        "staff": f"SELECT all; INSERT({_FILE}) all",
        "clinician": (
            f"SELECT {_REACHED} clinician; INSERT({_FILE}) treated clinician"
        ),
        "admin": (
            "SELECT(id, document_id, number, file_id, filesize, scan, reading, "
            "created_at, checked_at, damaged_at) all"
        ),
        "door": "SELECT patient bob treated gone",
        "system": EVERYTHING,
    },
    "document_texts": {
        "patient": "SELECT ann patient invoice treated; INSERT patient invoice",
        "staff": "SELECT all; INSERT all",
        "clinician": f"SELECT {_REACHED} clinician; INSERT treated clinician",
        "system": EVERYTHING,
    },
    "document_search": {
        "patient": "SELECT ann patient invoice treated waiting",
        "staff": "SELECT all",
        "clinician": "SELECT ann patient invoice treated waiting clinician",
        "system": EVERYTHING,
    },
    "document_words": {"system": EVERYTHING},
    "document_shares": {
        "patient": "SELECT own; INSERT own; UPDATE(revoked_at) own",
        "staff": (
            "SELECT all; INSERT staff over gone quarantined; UPDATE(revoked_at) all"
        ),
        "clinician": (
            "SELECT patient clinician over gone quarantined; INSERT own; "
            "UPDATE(revoked_at) patient clinician over gone quarantined"
        ),
        "door": "SELECT all; UPDATE(opened, last_opened_at) all",
        "system": EVERYTHING,
    },
    "retention_rules": dict.fromkeys(("patient", "staff", "clinician"), "SELECT all")
    | {
        "admin": (
            "SELECT all; UPDATE(keep_days, restore_days, updated_by, updated_at) all"
        ),
        "system": EVERYTHING,
    },
    "write_receipts": {
        "nobody": "SELECT all; INSERT all; UPDATE(created_at) all; DELETE all",
        "system": "SELECT all; DELETE all",
    },
    "doomed_files": {"admin": "SELECT all", "system": EVERYTHING},
    "keeping_runs": {"admin": "SELECT all", "system": EVERYTHING},
    "alembic_version": {"nobody": "SELECT all", "system": "SELECT all"},
    "procrastinate_jobs": {"nobody": EVERYTHING, "system": "SELECT all"},
    "procrastinate_workers": {"nobody": EVERYTHING, "system": "SELECT all"},
    "procrastinate_events": {"nobody": EVERYTHING},
    "procrastinate_periodic_defers": {"nobody": EVERYTHING},
}
# What runs as the owner, and who may call it, or hang it to a table of their own.
FUNCTIONS = {
    "treated_patients": {"clinician"},
    "open_patients": {"clinician"},
    "settle_patients": {"system"},
    "hold_slot": {"staff", "system"},
    "collect_clinical_terms": set(),
    "index_document": set(),
    "forget_words": set(),
    "search_documents": set(),
    "search_versions": set(),
    "search_texts": set(),
    "search_patients": set(),
}
# What reads a table as its owner, and must not show anybody more than the table does.
VIEWS = {
    "everyone.patients": ("patients", ("staff", "analyst")),
    "everyone.bookings": ("bookings", ("staff",)),
    "everyone.appointments": ("appointments", ("staff",)),
    "everyone.documents": ("documents", ("staff",)),
    "everyone.document_versions": ("document_versions", ("staff",)),
    "everyone.document_search": ("document_search", ("staff",)),
    "everyone.document_texts": ("document_texts", ("staff",)),
}


@dataclass(frozen=True)
class Right:
    """What may be done with which rows, and with which columns unless with all."""

    rows: frozenset[str]
    columns: frozenset[str] | None = None


def expected(table: str, role: str, tags: set[str]) -> dict[str, Right]:
    """Return the rights of a role on a table whose rows have these tags."""
    rights = {}
    said = MATRIX[table].get(role, "")
    for verb, columns, rows in re.findall(r"([A-Z]+)(?:\((.*?)\))?([^;]*)", said):
        words = rows.split()
        named = {role if word == "own" else word for word in words}
        rights[verb] = Right(
            frozenset(tags if words == ["all"] else named),
            frozenset(columns.split(", ")) if columns else None,
        )
    return rights
