"""Bundles as Synthea writes them, about people made up for these tests."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

Resource = dict[str, Any]

ADA: Final = "11111111-0000-4000-8000-000000000001"
BEN: Final = "11111111-0000-4000-8000-000000000002"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ABOUT_ADA: Final = {"reference": f"urn:uuid:{ADA}"}


def concept(system: str, code: str, text: str) -> Resource:
    """Return a CodeableConcept."""
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def status(kind: str, code: str) -> Resource:
    """Return the status of a condition or an allergy."""
    system = f"http://terminology.hl7.org/CodeSystem/{kind}"
    return {"coding": [{"system": system, "code": code}]}


def ada(**more: Any) -> Resource:
    """Return Ada, who is alive."""
    return {
        "resourceType": "Patient",
        "id": ADA,
        "name": [
            {"use": "maiden", "family": "King"},
            {"use": "official", "family": "Byron345", "given": ["Ada12", "Augusta"]},
        ],
        "gender": "female",
        "birthDate": "1980-05-17",
        "address": [{"line": ["12 Elm Road"], "city": "Sutton", "postalCode": "SU1"}],
    } | more


def ben(**more: Any) -> Resource:
    """Return Ben, who has died."""
    return {
        "resourceType": "Patient",
        "id": BEN,
        "name": [{"family": "O'Hara", "given": ["Ben"]}],
        "gender": "male",
        "birthDate": "1950-02-01",
        "deceasedDateTime": "2019-06-30T22:10:00-04:00",
    } | more


def condition(text: str = "Asthma", snomed: str = "195967001", **more: Any) -> Resource:
    """Return a condition of Ada's that has not ended."""
    return {
        "resourceType": "Condition",
        "id": f"condition-{snomed}",
        "clinicalStatus": status("condition-clinical", "active"),
        "code": concept(SNOMED, snomed, text),
        "subject": ABOUT_ADA,
        "onsetDateTime": "2001-04-02T10:00:00+02:00",
    } | more


def allergy(
    text: str = "Latex (substance)", snomed: str = "1", **more: Any
) -> Resource:
    """Return an allergy of Ada's."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": f"allergy-{snomed}",
        "clinicalStatus": status("allergyintolerance-clinical", "active"),
        "code": concept(SNOMED, snomed, text),
        "patient": ABOUT_ADA,
        "recordedDate": "1990-03",
    } | more


def medication(text: str = "Salbutamol inhaler", **more: Any) -> Resource:
    """Return a drug that Ada takes."""
    return {
        "resourceType": "MedicationRequest",
        "id": "medication",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, "4", text),
        "subject": ABOUT_ADA,
        "authoredOn": "2012-07-07T03:41:29Z",
    } | more


def observation(**more: Any) -> Resource:
    """Return a blood pressure of Ada's."""
    return {
        "resourceType": "Observation",
        "id": "observation",
        "status": "final",
        "category": [status("observation-category", "vital-signs")],
        "code": concept(LOINC, "85354-9", "Blood pressure panel"),
        "subject": ABOUT_ADA,
        "effectiveDateTime": "2020-02-03T10:00:00Z",
        "component": [
            {
                "code": concept(LOINC, code, text),
                "valueQuantity": {"value": value, "unit": "mm[Hg]", "code": "mm[Hg]"},
            }
            for code, text, value in (
                ("8480-6", "Systolic Blood Pressure", 121.00000000000003),
                ("8462-4", "Diastolic Blood Pressure", 79),
            )
        ],
    } | more


def encounter(**more: Any) -> Resource:
    """Return a visit of Ada's to some provider."""
    return {
        "resourceType": "Encounter",
        "id": "encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [concept(SNOMED, "185347001", "Encounter for problem (procedure)")],
        "subject": ABOUT_ADA,
        "period": {"start": "2020-02-03T10:00:00Z", "end": "2020-02-03T10:30:00Z"},
    } | more


ALL: Final = (
    ada(),
    condition("Pneumonia (disorder)", "2", abatementDateTime="2001-05-02"),
    condition(),
    allergy(),
    medication(),
    observation(),
    encounter(),
    {"resourceType": "Organization", "id": "clinic"},
    ben(),
)


def write_bundle(path: Path, *resources: Any, **more: Any) -> Path:
    """Write a bundle of these resources."""
    entries = [
        {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        if isinstance(resource, Mapping) and "id" in resource
        else {"resource": resource}
        for resource in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    path.write_text(json.dumps(bundle | more))
    return path


def reasons(rejects: Path) -> list[list[str]]:
    """Return the rows of the list of rejects without the header."""
    if not rejects.exists():
        return []
    with rejects.open(newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["file", "type", "id", "reason"]
    return rows
