"""Rights on documents and on everything that is stored about them."""

from tests.db.rules.rights import EVERYTHING, Rights

_FACTS = (
    "id, patient_id, title, document_type, classification, description, metadata, "
    "created_by, created_by_name, dated_on, urgent, confidential, withheld"
)
_FILE = (
    "id, document_id, number, file_id, filename, filesize, sha256, pages, findings, "
    "origin, template, form, scan, reading, author_id, author_name, "
    "stated_by_patient"
)
_CHANGED = (
    "patient_id, title, document_type, classification, description, metadata, latest, "
    "revision, updated_at, deleted_at, deleted_by, held_at, held_by, held_because, "
    "dated_on, urgent, confidential, withheld, "
    "tags"
)
# Documents of the patient whom the clinician treats.
_REACHED = "ann patient invoice treated gone waiting sealed own_sealed named withheld"
# Without those that were neither filed at this desk nor name its person.
_AT_THE_DESK = (
    "ann bob patient invoice treated clinician colleague gone waiting own_sealed named"
)

_BY_CLINICIAN = "treated sealed named withheld clinician"
_LINKED = "patient staff clinician over gone quarantined"
_AT_THE_DESK_SEARCHED = _AT_THE_DESK.replace("gone ", "")
# What the patient sees of them.
_VISIBLE = "ann patient invoice treated sealed own_sealed named"

DOCUMENTS: dict[str, Rights] = {
    "documents": {
        "patient": (
            f"SELECT {_VISIBLE} waiting; "
            f"INSERT({_FACTS}) patient; "
            "UPDATE(title, description, latest, revision, updated_at, deleted_at, "
            "deleted_by, dated_on) patient invoice"
        ),
        "staff": (
            f"SELECT {_AT_THE_DESK}; INSERT({_FACTS}) all; "
            f"UPDATE({_CHANGED}) {_AT_THE_DESK}"
        ),
        "clinician": (
            f"SELECT {_REACHED} clinician; INSERT({_FACTS}) {_BY_CLINICIAN}; "
            f"UPDATE({_CHANGED}) {_REACHED} clinician"
        ),
        "admin": (
            "SELECT(id, document_type, classification, latest, revision, created_at, "
            "updated_at, deleted_at, held_at, held_by, held_because, purged_at) all; "
            "UPDATE(held_at, held_by, held_because, revision) all"
        ),
        "door": (
            "SELECT(id, patient_id, deleted_at, purged_at, confidential) "
            "patient bob treated"
        ),
        "system": EVERYTHING,
    },
    "document_versions": {
        "patient": (f"SELECT {_VISIBLE}; INSERT({_FILE}) patient invoice"),
        "staff": f"SELECT {_AT_THE_DESK}; INSERT({_FILE}) all",
        "clinician": (f"SELECT {_REACHED} clinician; INSERT({_FILE}) {_BY_CLINICIAN}"),
        "admin": (
            "SELECT(id, document_id, number, file_id, filesize, scan, reading, "
            "created_at, checked_at, damaged_at) all"
        ),
        "door": "SELECT patient bob treated gone",
        "system": EVERYTHING,
    },
    "document_texts": {
        "patient": (f"SELECT {_VISIBLE}; INSERT patient invoice"),
        "staff": f"SELECT {_AT_THE_DESK}; INSERT all",
        "clinician": f"SELECT {_REACHED} clinician; INSERT {_BY_CLINICIAN}",
        "system": EVERYTHING,
    },
    "document_originals": {
        "patient": (f"SELECT {_VISIBLE}; INSERT patient invoice"),
        "staff": f"SELECT {_AT_THE_DESK}; INSERT all",
        "clinician": f"SELECT {_REACHED} clinician; INSERT {_BY_CLINICIAN}",
        "system": EVERYTHING,
    },
    "document_search": {
        "patient": f"SELECT {_VISIBLE} waiting",
        "staff": f"SELECT {_AT_THE_DESK_SEARCHED}",
        "clinician": f"SELECT {_VISIBLE} withheld waiting clinician",
        "system": EVERYTHING,
    },
    "document_tags": {
        "patient": "SELECT shown",
        "staff": "SELECT all",
        "clinician": "SELECT all",
        "admin": EVERYTHING,
        "system": EVERYTHING,
    },
    "document_fields": {
        "patient": "SELECT all",
        "staff": "SELECT all",
        "clinician": "SELECT all",
        "admin": "SELECT all; INSERT all; UPDATE all",
        "system": EVERYTHING,
    },
    "document_field_values": {
        "patient": f"SELECT {_VISIBLE} waiting",
        "staff": (
            f"SELECT {_AT_THE_DESK}; INSERT all; UPDATE {_AT_THE_DESK}; "
            f"DELETE {_AT_THE_DESK}"
        ),
        "clinician": (
            f"SELECT {_REACHED} clinician; INSERT {_REACHED} clinician; "
            f"UPDATE {_REACHED} clinician; DELETE {_REACHED} clinician"
        ),
        "system": EVERYTHING,
    },
    "document_words": {"system": EVERYTHING},
    "document_readers": {
        "staff": "SELECT all; INSERT(document_id, user_id, named_by) desk; DELETE all",
        "clinician": (
            "SELECT all; INSERT(document_id, user_id, named_by) colleague; DELETE all"
        ),
        "system": EVERYTHING,
    },
    "document_shares": {
        "patient": "SELECT own; INSERT own; UPDATE(revoked_at) own",
        "staff": (
            f"SELECT {_LINKED}; INSERT staff over gone quarantined; "
            f"UPDATE(revoked_at) {_LINKED}"
        ),
        "clinician": (
            "SELECT patient clinician over gone quarantined sealed; INSERT own sealed; "
            "UPDATE(revoked_at) patient clinician over gone quarantined sealed"
        ),
        "door": "SELECT all; UPDATE(opened, last_opened_at) all",
        "system": EVERYTHING,
    },
    "document_assignments": {
        "staff": (
            f"SELECT {_AT_THE_DESK}; INSERT {_AT_THE_DESK}; UPDATE {_AT_THE_DESK}"
        ),
        "clinician": (
            f"SELECT {_REACHED} clinician; INSERT {_REACHED} clinician; "
            f"UPDATE {_REACHED} clinician"
        ),
        "system": EVERYTHING,
    },
    "uploads": dict.fromkeys(
        ("patient", "staff", "clinician"),
        "SELECT own; INSERT(id, length, metadata, created_by) own; "
        "UPDATE(received) own; DELETE own",
    )
    | {"system": EVERYTHING},
    "upload_parts": dict.fromkeys(
        ("patient", "staff", "clinician"), "SELECT own; INSERT own"
    )
    | {"system": EVERYTHING},
    "retention_rules": dict.fromkeys(("patient", "staff", "clinician"), "SELECT all")
    | {
        "admin": (
            "SELECT all; UPDATE(keep_days, restore_days, updated_by, updated_at) all"
        ),
        "system": EVERYTHING,
    },
    "patient_retention": {
        "admin": ("SELECT all; UPDATE(erase_after_years, updated_by, updated_at) all"),
        "system": EVERYTHING,
    },
    "erasure_postponements": {"system": EVERYTHING},
}
