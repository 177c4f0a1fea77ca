"""Rights on documents and on all that is kept of them."""

from tests.db.rules.rights import EVERYTHING, Rights

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

DOCUMENTS: dict[str, Rights] = {
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
}
