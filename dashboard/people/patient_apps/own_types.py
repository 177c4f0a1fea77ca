"""The data that an app reads of a patient, described for the patient."""

from collections.abc import Collection, Mapping
from typing import Final

from dashboard.ui.language import gettext as _, marked

#: By types of FHIR; several that say the same to a patient have the same words.
OWN_TYPES: Final[Mapping[str, str]] = {
    "Patient": marked("your name, date of birth, address and contact data"),
    "AllergyIntolerance": marked("your allergies"),
    "MedicationRequest": marked("your prescriptions"),
    "Practitioner": marked("the clinic's doctors and their free times"),
    "PractitionerRole": marked("the clinic's doctors and their free times"),
    "DocumentReference": marked("your documents"),
    "Binary": marked("your documents"),
    "Schedule": marked("the clinic's doctors and their free times"),
    "Slot": marked("the clinic's doctors and their free times"),
    "Appointment": marked("your visits"),
    "Encounter": marked("your visits"),
    "Provenance": marked("who changed your record and when"),
}


def own_words(types: Collection[str]) -> list[str]:
    """Return what the types contain of a patient, in the order of the table."""
    said = (words for name, words in OWN_TYPES.items() if name in types)
    return [_(words) for words in dict.fromkeys(said)]
