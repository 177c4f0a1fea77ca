"""Who may do what with documents, their versions, texts and links."""

from typing import Final

from db.migrations.rights.patients import OPEN
from db.migrations.rules import ALL, Rules, ShortCuts

_REACHED: Final = (
    f"patient_id {OPEN} OR (patient_id IS NULL AND created_by = acting_user())"
)
_FILED_BY_CLINICIAN: Final = (
    f"created_by = acting_user() AND (patient_id IS NULL OR patient_id {OPEN})"
)
# Patients find their own deleted documents, too: they may restore them.
_OF_PATIENT: Final = (
    "patient_id = acting_patient() AND purged_at IS NULL "
    "AND (deleted_at IS NULL OR created_by = acting_user())"
)
_FILED_BY_PATIENT: Final = (
    "patient_id = acting_patient() AND created_by = acting_user()"
)
# Anybody who sees a document sees what belongs to it: its rules decide for both.
_WITH_DOCUMENT: Final = (
    "EXISTS (SELECT FROM documents WHERE documents.id = document_id)"
)
_WITH_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions WHERE document_versions.id = version_id)"
)
_NOT_IN_QUARANTINE: Final = "(scan IN ('off', 'clean') OR author_id = acting_user())"
_INTO_OWN_DOCUMENT: Final = (
    "author_id = acting_user() AND EXISTS (SELECT FROM documents "
    "WHERE documents.id = document_id AND created_by = acting_user())"
)
_INTO_OWN_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions "
    "WHERE document_versions.id = version_id AND author_id = acting_user())"
)
_LINKED_BY_ONESELF: Final = (
    "created_by = acting_user() AND expires_at <= now() + interval '7 days'"
)
_LINKED: Final = (
    "scan IN ('off', 'clean') AND id IN (SELECT version_id FROM document_shares "
    "WHERE revoked_at IS NULL AND expires_at > now())"
)
# Dates, state and hold are not set by the person who files a document.
_FACTS: Final = (
    "id, patient_id, title, document_type, classification, description, metadata, "
    "created_by, created_by_name"
)
_FILE: Final = (
    "id, document_id, number, file_id, filename, filesize, sha256, pages, findings, "
    "origin, template, form, scan, reading, author_id, author_name"
)
_CHANGED: Final = (
    "patient_id, title, document_type, classification, description, metadata, latest, "
    "revision, updated_at, deleted_at, deleted_by"
)
_BY_PATIENT: Final = (
    "title, description, latest, revision, updated_at, deleted_at, deleted_by"
)
_HOLD: Final = "held_at, held_by, held_because"
# What an administrator sees of documents: how long they are kept, not what they are.
_BARE: Final = (
    "id, document_type, classification, latest, revision, created_at, updated_at, "
    "deleted_at, held_at, held_by, held_because, purged_at"
)
_BARE_VERSION: Final = (
    "id, document_id, number, file_id, filesize, scan, reading, created_at, "
    "checked_at, damaged_at"
)

RULES: Final[Rules] = {
    "documents": (
        ("patient", "SELECT", _OF_PATIENT),
        # Nor do they set how long it is kept.
        (
            "patient",
            f"INSERT ({_FACTS})",
            f"{_FILED_BY_PATIENT} AND classification = 'clinical'",
        ),
        ("patient", f"UPDATE ({_BY_PATIENT})", _FILED_BY_PATIENT),
        ("staff", f"SELECT, INSERT ({_FACTS}), UPDATE ({_CHANGED}, {_HOLD})", "true"),
        ("clinician", f"SELECT, UPDATE ({_CHANGED}, {_HOLD})", _REACHED),
        ("clinician", f"INSERT ({_FACTS})", _FILED_BY_CLINICIAN),
        ("admin", f"SELECT ({_BARE}), UPDATE ({_HOLD}, revision)", "true"),
        (
            "door",
            "SELECT (id, patient_id, deleted_at, purged_at)",
            "deleted_at IS NULL AND id IN (SELECT document_id FROM document_versions)",
        ),
        ("system", ALL, "true"),
    ),
    # A version is never changed; the later findings about it are.
    "document_versions": (
        (
            "patient",
            "SELECT",
            f"{_NOT_IN_QUARANTINE} AND {_WITH_DOCUMENT}",
        ),
        ("patient", f"INSERT ({_FILE})", _INTO_OWN_DOCUMENT),
        ("staff", f"SELECT, INSERT ({_FILE})", "true"),
        ("clinician", "SELECT", _WITH_DOCUMENT),
        (
            "clinician",
            f"INSERT ({_FILE})",
            f"author_id = acting_user() AND {_WITH_DOCUMENT}",
        ),
        ("admin", f"SELECT ({_BARE_VERSION})", "true"),
        ("door", "SELECT", _LINKED),
        ("system", ALL, "true"),
    ),
    "document_texts": (
        ("patient clinician", "SELECT", _WITH_VERSION),
        ("patient clinician", "INSERT", _INTO_OWN_VERSION),
        ("staff", "SELECT, INSERT", "true"),
        ("system", ALL, "true"),
    ),
    "document_shares": (
        ("patient", "SELECT, UPDATE (revoked_at)", "created_by = acting_user()"),
        ("staff", "SELECT, UPDATE (revoked_at)", "true"),
        ("clinician", "SELECT, UPDATE (revoked_at)", _WITH_VERSION),
        (
            "patient staff clinician",
            "INSERT",
            f"{_LINKED_BY_ONESELF} AND {_WITH_VERSION}",
        ),
        ("door", "SELECT, UPDATE (opened, last_opened_at)", "true"),
        ("system", ALL, "true"),
    ),
    "retention_rules": (
        ("patient staff clinician", "SELECT", "true"),
        (
            "admin",
            "SELECT, UPDATE (keep_days, restore_days, updated_by, updated_at)",
            "true",
        ),
        ("system", ALL, "true"),
    ),
    # What the triggers have written. The background's rights follow below.
    "document_search": (
        ("patient", "SELECT", "patient_id = acting_patient()"),
        ("staff", "SELECT", "true"),
        ("clinician", "SELECT", _REACHED),
    ),
    "document_words": (("system", ALL, "true"),),
}
GRANTS: Final = (
    f"GRANT {ALL} ON document_search TO chartroom_system",
    (
        "CREATE POLICY system_all ON document_search TO chartroom_system "
        "USING (true) WITH CHECK (true)"
    ),
)
SHORT_CUTS: Final[ShortCuts] = {
    "documents": (
        ("staff", f"SELECT, INSERT ({_FACTS}), UPDATE ({_CHANGED}, {_HOLD})"),
    ),
    "document_versions": (("staff", f"SELECT, INSERT ({_FILE})"),),
    "document_texts": (("staff", "SELECT, INSERT"),),
    "document_search": (("staff", "SELECT"),),
}
