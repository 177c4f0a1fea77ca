"""Which role may do what with which rows and columns of every table."""

from tests.db.rules.care_rights import CARE
from tests.db.rules.document_rights import DOCUMENTS
from tests.db.rules.people_rights import PEOPLE
from tests.db.rules.rights import SIGNED_IN, Right, Rights, rights_of
from tests.db.rules.upkeep_rights import UPKEEP

MATRIX: dict[str, Rights] = CARE | PEOPLE | DOCUMENTS | UPKEEP
# Functions that run as the owner, and the roles that may call them or use them in a
# trigger on a table of their own.
FUNCTIONS = {
    "treated_patients": {"clinician"},
    "open_patients": {"clinician"},
    "settle_patients": {"system"},
    "hold_slot": {"staff", "system"},
    "keep_patient_emails_apart": {"system"},
    "collect_clinical_terms": set(),
    "named_documents": {"staff"},
    "is_confidential": {"door"},
    "index_document": set(),
    "forget_words": set(),
    "drop_field_values": set(),
    "search_documents": set(),
    "search_versions": set(),
    "search_texts": set(),
    "search_patients": set(),
    "choose_language": {*SIGNED_IN, "admin", "system"},
    "choose_name_order": {*SIGNED_IN, "admin", "system"},
    "choose_list_density": {*SIGNED_IN, "admin", "system"},
    "end_apps_of_account": set(),
    "end_apps_of_record": set(),
    "take_code": set(),
    "write_slot_change": set(),
    "next_record_number": {"staff", "clinician", "system"},
    "terms_of_entries": {"analyst"},
}
# Views that read a table as its owner, and must not show anybody more than the table
# does.
VIEWS = {
    "everyone.patients": ("patients", ("staff", "analyst")),
    "everyone.bookings": ("bookings", ("staff",)),
    "everyone.appointments": ("appointments", ("staff",)),
    "everyone.documents": ("documents", ("staff",)),
    "everyone.document_versions": ("document_versions", ("staff",)),
    "everyone.document_search": ("document_search", ("staff",)),
    "everyone.document_field_values": ("document_field_values", ("staff",)),
    "everyone.document_texts": ("document_texts", ("staff",)),
}
# The columns in which analysts count events; no other role reads any of it.
_EVENT = (
    "patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age, "
    "age_band"
)
_ENTERED = f"{_EVENT}, is_entry"
_LASTING = f"{_ENTERED}, ended_on"
_DATED = f"{_EVENT}, ended_on"
EVENTS = {
    "analytics.patients": "patient_id, sex, birth_year",
    "analytics.diagnoses": _LASTING,
    "analytics.medications": _LASTING,
    "analytics.allergies": _LASTING,
    "analytics.dated_diagnoses": _DATED,
    "analytics.dated_medications": _DATED,
    "analytics.dated_allergies": _DATED,
    "analytics.dated_vitals": f"{_EVENT}, value, unit",
    "analytics.procedures": _ENTERED,
    "analytics.encounters": _ENTERED,
    "analytics.vitals": f"{_ENTERED}, value, unit",
    "analytics.visits": (
        f"{_EVENT}, status, is_no_show, waiting_minutes, hour, days_booked_ahead"
    ),
    "analytics.prescriptions": _EVENT,
    "analytics.documents": _EVENT,
    "analytics.registrations": _EVENT,
}


def expected(table: str, role: str, tags: set[str]) -> dict[str, Right]:
    """Return the rights of a role on a table whose rows have these tags."""
    return rights_of(MATRIX[table].get(role, ""), role, tags)
