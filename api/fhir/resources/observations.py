"""Observation: the vital signs that were measured at visits, by LOINC and UCUM."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from sqlalchemy.orm import Session

from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    ResourceType,
    coding,
    concept,
    instant,
    meta,
)
from api.fhir.resources.parts import (
    DateOf,
    PartsOfRecords,
    has_code,
    notes_source,
    parts_of_notes,
)
from services.consultations.notes import VITALS, Vitals
from services.consultations.notes.visit_notes import VisitNotes
from services.core.actors import Permission

NAME: Final = "Observation"
_MEASURED: Final = {vital.name: vital for vital in VITALS}
VITAL_SIGNS: Final = {
    "coding": [coding(systems.OBSERVATION_CATEGORY, "vital-signs")],
    "text": "Vital signs",
}
# http://hl7.org/fhir/R4/observation-vitalsigns.html
_PRESSURES: Final = ("systolic", "diastolic")
_BLOOD_PRESSURE: Final = "85354-9"


def observation_resources(written: VisitNotes) -> list[Resource]:
    """Return the measurements of a visit; both blood pressures are one panel."""
    vitals = written.notes.vitals
    panel = {name: value for name, value in _values(vitals) if name in _PRESSURES}
    observations = []
    if panel:
        components = [
            {"code": _code(name), "valueQuantity": _quantity(name, value)}
            for name, value in panel.items()
        ]
        code = concept("Blood pressure", coding(systems.LOINC, _BLOOD_PRESSURE))
        observations.append(
            _observation(written, "blood-pressure", code) | {"component": components}
        )
    for name, value in _values(vitals):
        if name not in _PRESSURES:
            observation = _observation(written, name.replace("_", "-"), _code(name))
            observations.append(observation | {"valueQuantity": _quantity(name, value)})
    return observations


def _values(vitals: Vitals) -> Iterator[tuple[str, float]]:
    for name in _MEASURED:
        value = getattr(vitals, name)
        if value is not None:
            yield name, value


def _observation(written: VisitNotes, name: str, code: Resource) -> Resource:
    return {
        "resourceType": NAME,
        "id": f"{written.appointment_id}.{name}",
        "meta": meta(written.number, written.changed_at),
        # Saving notes again may correct the value; each version is kept.
        "status": "final" if written.number == 1 else "amended",
        "category": [VITAL_SIGNS],
        "code": code,
        "subject": {"reference": f"Patient/{written.patient_id}"},
        "encounter": {"reference": f"Encounter/{written.appointment_id}"},
        "effectiveDateTime": instant(written.visited_at),
        "issued": instant(written.saved_at),
    }


def _code(name: str) -> Resource:
    return concept(_MEASURED[name].label, coding(systems.LOINC, _MEASURED[name].loinc))


def _quantity(name: str, value: float) -> Resource:
    return {
        "value": value,
        "unit": _MEASURED[name].unit,
        "system": systems.UCUM,
        "code": _MEASURED[name].ucum,
    }


def _describe(_: Session, notes: Sequence[VisitNotes]) -> list[Resource]:
    return list(chain.from_iterable(map(observation_resources, notes)))


_OF_VISIT, _OF_PATIENT = parts_of_notes(_describe)
_PARTS: Final = PartsOfRecords(
    noun="measurement",
    of_record=_OF_VISIT,
    of_patient=_OF_PATIENT,
    permission=Permission.READ_RECORDS,
    holds={"category": has_code("category"), "code": has_code("code")},
    dates={"date": DateOf(("effectiveDateTime",), "When the visit began.")},
)
OBSERVATION: Final = ResourceType(
    name=NAME,
    documentation="Vital signs measured at visits.",
    read=_PARTS.read,
    search=_PARTS.search,
    bulk=notes_source(_describe),
    parameters=_PARTS.parameters(
        category="Always vital-signs.", code="The LOINC code, such as 8867-4."
    ),
)
