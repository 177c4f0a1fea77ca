"""Bundles of the shapes that Synthea writes as FHIR R4, generated from a number.

What Synthea writes in addition to a patient's record is there as well, as it refers to
the rest: by urn:uuid, by identifiers to be looked up, and to contained resources.
Nothing is taken from its output; codes are those of the standards.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from tests.services.demo.importing.fhir_samples import (
    LOINC,
    RXNORM,
    SNOMED,
    Resource,
    concept,
    status,
)

_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_SYNTHEA: Final = "https://github.com/synthetichealth/synthea"
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_NPI: Final = "http://hl7.org/fhir/sid/us-npi|99999"
_ILLNESSES: Final = (
    ("44054006", "Diabetes mellitus type 2 (disorder)", None),
    ("59621000", "Essential hypertension (disorder)", None),
    ("195967001", "Asthma (disorder)", None),
    ("10509002", "Acute bronchitis (disorder)", 14),
    ("195662009", "Acute viral pharyngitis (disorder)", 10),
    ("62106007", "Concussion with no loss of consciousness (disorder)", 40),
)
_ALLERGIES: Final = (
    ("300916003", "Latex (substance)"),
    ("762952008", "Peanut (substance)"),
    ("256277009", "Grass pollen (substance)"),
)
_DRUGS: Final = (
    ("860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"),
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("2123111", "NDA020503 200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"),
)
_FIRST: Final = ("Abe", "María del Carmen", "Bo", "Jean-Luc", "Zoë")
_LAST: Final = ("Gutmann", "O'Keefe", "Ruiz", "Nguyễn", "Smith")
#: What is never taken, one each in the bundle of every patient.
SKIPPED: Final = (
    "CarePlan",
    "CareTeam",
    "Claim",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "ExplanationOfBenefit",
    "ImagingStudy",
    "Immunization",
    "Medication",
    "MedicationAdministration",
    "Procedure",
    "Provenance",
    "SupplyDelivery",
)


@dataclass
class SyntheticPatient:
    """A patient's bundle, and what should result from it."""

    id: str
    first: str
    last: str
    gender: str
    born: date
    died: date | None
    entries: list[Resource] = field(default_factory=list)
    conditions: set[str] = field(default_factory=set)
    allergies: set[str] = field(default_factory=set)
    drugs: set[str] = field(default_factory=set)
    dated: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def bundle(self) -> Resource:
        """The bundle as it is in a file."""
        entries = self.entries
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


class SyntheaShapes:
    """Makes bundles: the same ones from the same number."""

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number)  # noqa: S311 - no secret

    def patients(self, count: int) -> list[SyntheticPatient]:
        """Return patients, every third of whom has died."""
        return [self._patient(number) for number in range(count)]

    def information(self, kind: str) -> Resource:
        """Return the extra bundles: of all hospitals or practitioners."""
        resources = [
            {"resourceType": kind, "id": self.uuid(), "active": True, "name": "ANY"}
            for _ in range(3)
        ]
        return {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                self._entry(each, ifNoneExist="identifier=x") for each in resources
            ],
        }

    def uuid(self) -> str:
        """Return an id."""
        return str(UUID(int=self._chance.getrandbits(128), version=4))

    def _patient(self, number: int) -> SyntheticPatient:
        chance = self._chance
        born = date(1930 + chance.randrange(80), chance.randrange(1, 13), 9)
        died = date(2019, 6, 1 + number % 28) if number % 3 == 0 else None
        made = SyntheticPatient(
            id=self.uuid(),
            first=chance.choice(_FIRST),
            last=chance.choice(_LAST),
            gender=chance.choice(("female", "male")),
            born=born,
            died=died,
        )
        self._add(made, self._person(made))
        visits = [self._visit(made, each) for each in range(chance.randrange(1, 4))]
        for code, text, days in chance.sample(_ILLNESSES, 3):
            self._add(made, self._illness(made, visits[0], (code, text, days)))
        for code, text in chance.sample(_ALLERGIES, number % 3):
            self._add(made, self._allergy(made, code, text))
        for each, (code, text) in enumerate(chance.sample(_DRUGS, 2)):
            self._prescribe(made, visits[-1], concept(RXNORM, code, text), each)
        for visit in visits:
            self._measure(made, visit)
        self._say_how_they_live(made, visits[0])
        for kind in set(SKIPPED) - {"Medication"}:
            self._add(made, self._beside(made, visits[0], kind))
            made.left_out[kind] += 1
        return made

    def _add(self, made: SyntheticPatient, resource: Resource) -> Resource:
        made.entries.append(self._entry(resource))
        return resource

    @staticmethod
    def _entry(resource: Resource, **request: str) -> Resource:
        kind = resource["resourceType"]
        return {
            "fullUrl": f"urn:uuid:{resource['id']}",
            "resource": resource,
            "request": {"method": "POST", "url": kind, **request},
        }

    def _new(self, kind: str, profile: str, **elements: Any) -> Resource:
        meta = {"profile": [f"{_US_CORE}{profile}"]}
        return {"resourceType": kind, "id": self.uuid(), "meta": meta, **elements}

    def _person(self, made: SyntheticPatient) -> Resource:
        """Return the Patient, with digits in the names as Synthea writes them."""
        given = [f"{part}{self._chance.randrange(10, 999)}" for part in [made.first]]
        family = f"{made.last}{self._chance.randrange(10, 999)}"
        person = self._new(
            "Patient",
            "patient",
            text={"status": "generated", "div": "<div>Generated</div>"},
            extension=[
                {
                    "url": f"{_US_CORE}race",
                    "extension": [{"url": "text", "valueString": "White"}],
                },
                {"url": f"{_US_CORE}birthsex", "valueCode": made.gender[0].upper()},
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                    "valueAddress": {"city": "Boston", "country": "US"},
                },
            ],
            identifier=[
                {"system": _SYNTHEA, "value": made.id},
                {
                    "type": {"coding": [{"code": "SS"}]},
                    "system": "http://hl7.org/fhir/sid/us-ssn",
                    "value": "999-00-0000",
                },
            ],
            name=[
                {
                    "use": "official",
                    "family": family,
                    "given": given,
                    "prefix": ["Dr."],
                },
                {"use": "maiden", "family": "Before123", "given": given},
            ],
            telecom=[{"system": "phone", "value": "555-000-0000", "use": "home"}],
            gender=made.gender,
            birthDate=made.born.isoformat(),
            address=[
                {
                    "extension": [{"url": "geolocation", "extension": []}],
                    "line": ["1 Any Road Unit 2"],
                    "city": "Boston",
                    "state": "MA",
                    "postalCode": "02101",
                    "country": "US",
                }
            ],
            maritalStatus=concept("v3-MaritalStatus", "M", "Married"),
            multipleBirthBoolean=False,
            communication=[
                {"language": concept("urn:ietf:bcp:47", "en-US", "English")}
            ],
        )
        if made.died is not None:
            person["deceasedDateTime"] = f"{made.died}T03:12:45-05:00"
        return person | {"id": made.id}

    def _visit(self, made: SyntheticPatient, number: int) -> Resource:
        began = datetime(2010 + number, 3, 1 + number, 15, 5, tzinfo=UTC)
        made.dated += 1
        return self._add(
            made,
            self._new(
                "Encounter",
                "encounter",
                identifier=[{"use": "official", "system": _SYNTHEA, "value": "x"}],
                status="finished",
                **{"class": {"system": _ACT, "code": "AMB"}},
                type=[concept(SNOMED, "162673000", "General examination (procedure)")],
                subject=_of(made) | {"display": "Somebody"},
                participant=[{"individual": {"reference": _looked_up("Practitioner")}}],
                period={
                    "start": began.isoformat(),
                    "end": (began + timedelta(minutes=15)).isoformat(),
                },
                serviceProvider={"reference": _looked_up("Organization")},
            ),
        )

    def _illness(
        self,
        made: SyntheticPatient,
        visit: Resource,
        illness: tuple[str, str, int | None],
    ) -> Resource:
        code, text, days = illness
        began = datetime.fromisoformat(visit["period"]["start"])
        made.conditions.add(text.removesuffix(" (disorder)"))
        made.dated += 1
        is_over = days is not None
        ends = {"abatementDateTime": (began + timedelta(days or 0)).isoformat()}
        state = "resolved" if is_over else "active"
        return self._new(
            "Condition",
            "condition-encounter-diagnosis",
            clinicalStatus=status("condition-clinical", state),
            verificationStatus=status("condition-ver-status", "confirmed"),
            category=[status("condition-category", "encounter-diagnosis")],
            code=concept(SNOMED, code, text),
            subject=_of(made),
            encounter=_at(visit),
            onsetDateTime=began.isoformat(),
            recordedDate=began.isoformat(),
            **(ends if is_over else {}),
        )

    def _allergy(self, made: SyntheticPatient, code: str, text: str) -> Resource:
        made.allergies.add(text.removesuffix(" (substance)"))
        made.dated += 1
        return self._new(
            "AllergyIntolerance",
            "allergyintolerance",
            clinicalStatus=status("allergyintolerance-clinical", "active"),
            verificationStatus=status("allergyintolerance-verification", "confirmed"),
            type="allergy",
            category=["environment"],
            criticality="low",
            code=concept(SNOMED, code, text),
            patient=_of(made),
            recordedDate="2005-05-21T08:55:02-04:00",
            reaction=[{"manifestation": [concept(SNOMED, "271807003", "Rash")]}],
        )

    def _prescribe(
        self, made: SyntheticPatient, visit: Resource, drug: Resource, number: int
    ) -> None:
        """Prescribe the first drug by its code, the next by a separate Medication."""
        medication: Mapping[str, Any] = {"medicationCodeableConcept": drug}
        if number:
            beside = self._new("Medication", "medication", status="active", code=drug)
            self._add(made, beside)
            made.left_out["Medication"] += 1
            reference = {"reference": f"urn:uuid:{beside['id']}"}
            medication = {"medicationReference": reference}
        is_taken = made.died is None
        if is_taken:
            made.drugs.add(drug["text"])
        made.dated += 1
        self._add(
            made,
            self._new(
                "MedicationRequest",
                "medicationrequest",
                status="active" if is_taken else "stopped",
                intent="order",
                category=[status("medicationrequest-category", "community")],
                **medication,
                subject=_of(made),
                encounter=_at(visit),
                authoredOn=visit["period"]["start"],
                requester={"reference": _looked_up("Practitioner")},
                dosageInstruction=[{"sequence": 1, "asNeededBoolean": False}],
            ),
        )

    def _measure(self, made: SyntheticPatient, visit: Resource) -> None:
        """Add two measurements that are imported, and a count that is not."""
        pressure = [
            {
                "code": concept(LOINC, code, text),
                "valueQuantity": _quantity(self._chance.uniform(60, 130), "mm[Hg]"),
            }
            for code, text in (
                ("8462-4", "Diastolic Blood Pressure"),
                ("8480-6", "Systolic Blood Pressure"),
            )
        ]
        height = _quantity(self._chance.uniform(150, 190), "cm")
        made.dated += 3
        made.left_out["Observation"] += 1
        for kind, code, said in (
            (
                "vital-signs",
                ("85354-9", "Blood pressure panel"),
                {"component": pressure},
            ),
            ("vital-signs", ("8302-2", "Body Height"), {"valueQuantity": height}),
            ("laboratory", ("6690-2", "Leukocytes"), {"valueQuantity": height}),
        ):
            self._add(made, self._observation(made, visit, kind, code) | said)

    def _say_how_they_live(self, made: SyntheticPatient, visit: Resource) -> None:
        """Add a condition and a survey as Synthea writes them, which no record has."""
        work = ("160903007", "Full-time employment (finding)", None)
        known, dated = set(made.conditions), made.dated
        self._add(made, self._illness(made, visit, work))
        made.conditions, made.dated = known, dated
        made.left_out["Condition"] += 1
        status_code = ("72166-2", "Tobacco smoking status")
        answer = {"valueCodeableConcept": concept(SNOMED, "266919005", "Never smoked")}
        survey = self._observation(made, visit, "social-history", status_code)
        self._add(made, survey | answer)
        made.left_out["Observation"] += 1

    def _observation(
        self,
        made: SyntheticPatient,
        visit: Resource,
        category: str,
        code: tuple[str, str],
    ) -> Resource:
        return self._new(
            "Observation",
            category,
            status="final",
            category=[status("observation-category", category)],
            code=concept(LOINC, *code),
            subject=_of(made),
            encounter=_at(visit),
            effectiveDateTime=visit["period"]["start"],
            issued=visit["period"]["start"],
        )

    def _beside(self, made: SyntheticPatient, visit: Resource, kind: str) -> Resource:
        """Return a resource that is no part of a record here, such as a bill."""
        more: dict[str, Any] = {}
        if kind in {"Claim", "ExplanationOfBenefit"}:
            more = {
                "contained": [
                    {"resourceType": "ServiceRequest", "id": "referral"},
                    {"resourceType": "Coverage", "id": "coverage"},
                ],
                "referral": {"reference": "#referral"},
                "insurance": [{"focal": True, "coverage": {"reference": "#coverage"}}],
                "total": {"value": 129.16, "currency": "USD"},
            }
        if kind == "Provenance":
            targets = [{"reference": entry["fullUrl"]} for entry in made.entries]
            more = {"target": targets, "recorded": visit["period"]["start"]}
        return self._new(
            kind,
            kind.lower(),
            status="completed",
            subject=_of(made),
            patient=_of(made),
            encounter=_at(visit),
            **more,
        )


def spoil(made: SyntheticPatient) -> Iterator[tuple[str, str, str]]:
    """Spoil one resource of some types; yield type, id and the expected reason."""
    nobody = {"reference": "urn:uuid:nobody"}
    for kind, broken, reason in (
        ("Encounter", {"period": {}}, "period.start is missing"),
        ("Condition", {"subject": {"reference": "#me"}}, "subject is no Patient"),
        ("Observation", {"effectiveDateTime": "x"}, "effectiveDateTime is no date"),
        (
            "MedicationRequest",
            {"medicationReference": nobody},
            "medicationReference is",
        ),
    ):
        spoilt = next(
            entry["resource"]
            for entry in made.entries
            if entry["resource"]["resourceType"] == kind
        )
        spoilt.update(broken)
        spoilt.pop("medicationCodeableConcept", None)
        yield kind, spoilt["id"], reason


def write(
    folder: Path, shapes: SyntheaShapes, patients: list[SyntheticPatient]
) -> Path:
    """Write a file for each patient, and the additional files."""
    folder.mkdir(exist_ok=True)
    for made in patients:
        name = f"{made.last}_{made.id}.json"
        (folder / name).write_text(json.dumps(made.bundle, indent=2))
    for kind, name in (("Organization", "hospital"), ("Practitioner", "practitioner")):
        batch = shapes.information(kind)
        (folder / f"{name}Information1700000000000.json").write_text(json.dumps(batch))
    return folder


def _of(made: SyntheticPatient) -> Resource:
    return {"reference": f"urn:uuid:{made.id}"}


def _at(visit: Resource) -> Resource:
    return {"reference": f"urn:uuid:{visit['id']}"}


def _looked_up(kind: str) -> str:
    return f"{kind}?identifier={_NPI}"


def _quantity(value: float, unit: str) -> Resource:
    ucum = "http://unitsofmeasure.org"
    return {"value": value, "unit": unit, "system": ucum, "code": unit}
