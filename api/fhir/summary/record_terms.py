"""The resources of a summary made from a record's lists and entries.

They exist nowhere else: receivers find them in the document alone, with an id that is
the same in each document, and without an address here.
"""

import hashlib
import hmac
from typing import Any, Final
from uuid import UUID

from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    coding,
    concept,
    instant,
    meta,
    without_empty,
)
from api.fhir.resources.observations import VITAL_SIGNS
from services.consultations.summaries import VITALS_BY_LOINC, CurrentDrug, ListedTerm
from services.patients.records.entries import DatedEntry
from services.patients.records.model import PatientRecord

_PROBLEM: Final = {
    "coding": [coding(systems.CONDITION_CATEGORY, "problem-list-item")],
    "text": "Medical history",
}
_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_NAME_BYTES: Final = 16
# Also of UCUM, and allowed by R4's profiles of weight, height and temperature.
_OTHER_UNITS: Final = frozenset({"g", "[lb_av]", "[in_i]", "[degF]"})


def listed_condition(patient: PatientRecord, term: ListedTerm, about: str) -> Resource:
    """Return the Condition of a medical history's entry; `about` is the patient.

    Only an entry with dates has a clinical status.
    """
    entry = term.entry
    status = None
    if entry is not None:
        state = "active" if entry.ended_on is None else "resolved"
        status = {"coding": [coding(systems.CONDITION_CLINICAL, state)]}
    return without_empty(
        {
            **_of_record(patient, "Condition", term.text),
            "clinicalStatus": status,
            "category": [_PROBLEM],
            "code": _concept(term.text, entry),
            "subject": {"reference": about},
            "onsetDateTime": entry and entry.started_on.isoformat(),
            "abatementDateTime": entry
            and entry.ended_on
            and entry.ended_on.isoformat(),
        }
    )


def medication_statement(
    patient: PatientRecord, drug: CurrentDrug, about: str
) -> Resource:
    """Return the MedicationStatement of a drug that was not prescribed here."""
    since = (
        {"start": drug.entry.started_on.isoformat()}
        if drug.entry
        else {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}
    )
    return {
        **_of_record(patient, "MedicationStatement", drug.text),
        "status": "active",
        "medicationCodeableConcept": _concept(drug.text, drug.entry),
        "subject": {"reference": about},
        "effectivePeriod": since,
    }


def imported_observation(entry: DatedEntry, about: str) -> Resource:
    """Return the Observation of an imported vital sign."""
    vital = VITALS_BY_LOINC[entry.code]
    unit: dict[str, Any] = {"unit": entry.unit} if entry.unit else {}
    if entry.unit in {vital.ucum, vital.unit}:
        unit = {"unit": vital.unit, "system": systems.UCUM, "code": vital.ucum}
    elif entry.unit in _OTHER_UNITS:
        unit |= {"system": systems.UCUM, "code": entry.unit}
    return {
        "resourceType": "Observation",
        "id": str(entry.id),
        "status": "final",
        "category": [VITAL_SIGNS],
        "code": _concept(entry.term, entry),
        "subject": {"reference": about},
        "effectiveDateTime": entry.started_on.isoformat(),
        "valueQuantity": {"value": float(entry.value or 0), **unit},
    }


def _of_record(patient: PatientRecord, kind: str, text: str) -> Resource:
    """Return the common elements of such a resource; its id must not reveal its text.

    The time of the patient's registration goes into the id, since it is in no log.
    """
    key = f"{patient.id} {instant(patient.created_at)}".encode()
    digest = hmac.new(key, f"{kind} {text}".encode(), hashlib.sha256).digest()
    return {
        "resourceType": kind,
        "id": str(UUID(bytes=digest[:_NAME_BYTES], version=5)),
        "meta": meta(patient.version, patient.updated_at),
    }


def _concept(text: str, entry: DatedEntry | None) -> Resource:
    if entry is None or not entry.code:
        return concept(text)
    return concept(text, without_empty(coding(entry.system, entry.code)))
