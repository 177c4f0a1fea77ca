"""People whom the tests of services know by name."""

from dataclasses import replace
from datetime import date
from typing import Any

from services.patients.records.model import PatientDraft, Sex

ADA = PatientDraft(
    first_name="Ada",
    last_name="Lovelace",
    date_of_birth=date(1980, 5, 17),
    sex=Sex.FEMALE,
    email="ada@example.org",
    phone_number="+441632960983",
    address="12 St James's Square",
    emergency_contact="William King",
    allergies=("Penicillin V",),
    medical_history=("Measles",),
    current_medications=("Ibuprofen 200 mg",),
)


def ada(**changes: Any) -> PatientDraft:
    """Return Ada's fields, some of them changed."""
    return replace(ADA, **changes)
