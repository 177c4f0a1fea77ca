"""How the clinic's records become FHIR resources, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from api.fhir.resources.allergies import allergy_resources
from api.fhir.resources.appointments import appointment_resource
from api.fhir.resources.documents import document_resource
from api.fhir.resources.patients import patient_resource
from api.fhir.resources.practitioners import practitioner_resource, role_resource
from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord, VersionRecord
from services.patients.records.model import PatientRecord, PseudonymisedPatient, Sex
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule.doctors import DoctorRecord
from tests.kit import cast

ID, OTHER = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 20, 12, 0, 0, 250, tzinfo=UTC)
SAID_AT = "2026-11-20T12:00:00.000250+00:00"
KEPT = {
    "id": ID,
    "record_number": "4K7P2X",
    "photo_file_id": None,
    "version": 3,
    "created_at": AT,
    "updated_at": AT,
    "deleted_at": None,
    "merged_into_id": None,
}
FIELDS = {name: getattr(cast.ADA, name) for name in cast.ADA.__dataclass_fields__}
ADA = PatientRecord(**FIELDS, **KEPT)
VERSION = VersionRecord(
    id=OTHER,
    document_id=ID,
    number=2,
    file_id="f",
    filename="Report.pdf",
    filesize=1200,
    sha256="ab" * 32,
    pages=1,
    findings=(),
    origin="upload",
    template=None,
    form=None,
    scan="clean",
    reading="embedded",
    author_id=OTHER,
    author_name="Dora Doctor",
    created_at=AT,
    damaged_at=None,
    stated_by_patient=False,
)
PAPER = DocumentRecord(
    id=ID,
    patient_id=OTHER,
    patient_name="Ada Lovelace",
    listed_name="Lovelace, Ada",
    title="Blood count",
    document_type=DocumentType.LAB_REPORT,
    classification=Classification.CLINICAL,
    description="",
    metadata={},
    latest=2,
    revision=5,
    created_by=OTHER,
    created_by_name="Dora Doctor",
    created_at=AT,
    updated_at=AT,
    deleted_at=None,
    deleted_by=None,
    held_at=None,
    held_because=None,
    dated_on=None,
    tags=(),
    urgent=False,
    confidential=False,
    withheld=False,
    fields={},
    version=VERSION,
)


def test_a_patient_of_an_import_has_the_number_there_as_well():
    patient = replace(ADA, source="synthea", source_id="b91f")

    [_, of_source] = patient_resource(patient)["identifier"]

    assert of_source == {
        "use": "secondary",
        "system": "urn:chartroom:source:synthea",
        "value": "b91f",
    }


def test_an_invented_patient_has_the_clinics_number_alone():
    patient = replace(ADA, source="seed 1", source_id="000007")

    assert len(patient_resource(patient)["identifier"]) == 1


def test_a_patient_has_number_name_contact_and_birth():
    assert patient_resource(ADA) == {
        "resourceType": "Patient",
        "id": str(ID),
        "meta": {"versionId": "3", "lastUpdated": SAID_AT},
        "identifier": [
            {
                "use": "usual",
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                            "code": "MR",
                        }
                    ],
                    "text": "Record number",
                },
                "system": "urn:chartroom:record-number",
                "value": "4K7P2X",
            }
        ],
        "active": True,
        "name": [{"family": "Lovelace", "given": ["Ada"]}],
        "telecom": [
            {"system": "phone", "value": "+441632960983"},
            {"system": "email", "value": "ada@example.org"},
        ],
        "gender": "female",
        "birthDate": "1980-05-17",
        "address": [{"text": "12 St James's Square"}],
        "contact": [
            {
                "relationship": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/"
                                "CodeSystem/v2-0131",
                                "code": "C",
                            }
                        ],
                        "text": "Emergency contact",
                    }
                ],
                "name": {"text": "William King"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"deleted_at": AT}, "active", False),
        ({"sex": Sex.UNKNOWN}, "gender", "unknown"),
        ({"email": None, "phone_number": None}, "telecom", None),
        ({"address": None}, "address", None),
        ({"emergency_contact": None}, "contact", None),
        (
            {"deleted_at": AT, "merged_into_id": OTHER},
            "link",
            [{"other": {"reference": f"Patient/{OTHER}"}, "type": "replaced-by"}],
        ),
    ],
)
def test_what_is_not_known_of_a_patient_is_left_out(changes, name, value):
    assert patient_resource(replace(ADA, **changes)).get(name) == value


def test_an_unnamed_patient_has_a_sex_and_a_year_alone():
    unnamed = PseudonymisedPatient(
        id=ID,
        birth_year=1980,
        sex=Sex.FEMALE,
        allergies=("Penicillin V",),
        no_known_allergies=False,
        medical_history=(),
        current_medications=(),
        created_at=AT,
        updated_at=AT,
        deleted_at=None,
    )

    resource = patient_resource(unnamed)

    assert resource.pop("meta")["tag"][0]["code"] == "SUBSETTED"
    assert resource == {
        "resourceType": "Patient",
        "id": str(ID),
        "active": True,
        "gender": "female",
        "birthDate": "1980",
    }


def test_an_allergy_keeps_its_id_wherever_it_stands_and_tells_nothing_by_it():
    two = replace(ADA, allergies=("Latex", "Penicillin V"))
    elsewhere = replace(ADA, created_at=AT.replace(microsecond=251))

    [first] = allergy_resources(ADA)
    [_, second] = allergy_resources(two)
    [other] = allergy_resources(elsewhere)

    assert first["id"] == second["id"]
    assert first["id"].startswith(f"{ID}.")
    assert other["id"] != first["id"]
    assert first["code"] == {"text": "Penicillin V"}
    assert first["patient"] == {"reference": f"Patient/{ID}"}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"allergies": ()}, []),
        ({"allergies": ("Latex", "Latex")}, ["Latex"]),
        ({"allergies": (), "no_known_allergies": True}, ["No known allergies"]),
    ],
)
def test_allergies_are_the_entries_of_the_record(changes, codes):
    resources = allergy_resources(replace(ADA, **changes))

    assert [allergy["code"]["text"] for allergy in resources] == codes


def test_a_doctor_is_a_practitioner_with_a_role_here():
    doctor = DoctorRecord(
        id=ID, name="Dora Doctor", speciality="Cardiology", room="12", sex="female"
    )

    assert practitioner_resource(doctor) == {
        "resourceType": "Practitioner",
        "id": str(ID),
        "meta": {"versionId": "1"},
        "active": True,
        "name": [{"text": "Dora Doctor"}],
        "gender": "female",
    }
    assert role_resource(doctor) == {
        "resourceType": "PractitionerRole",
        "id": str(ID),
        "meta": {"versionId": "1"},
        "active": True,
        "practitioner": {"reference": f"Practitioner/{ID}", "display": "Dora Doctor"},
        "specialty": [{"text": "Cardiology"}],
        "location": [{"display": "12"}],
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (VisitStatus.SCHEDULED, "booked"),
        (VisitStatus.CHECKED_IN, "arrived"),
        (VisitStatus.IN_ROOM, "checked-in"),
        (VisitStatus.COMPLETED, "fulfilled"),
        (VisitStatus.CANCELLED, "cancelled"),
        (VisitStatus.NO_SHOW, "noshow"),
    ],
)
def test_a_visit_is_an_appointment_of_two(status, code):
    visit = VisitRecord(
        id=ID,
        booking_id=OTHER,
        doctor_id=OTHER,
        doctor_name="Dora Doctor",
        speciality="Cardiology",
        room="12",
        patient_id=ID,
        patient_name="Ada Lovelace",
        starts_at=AT,
        ends_at=AT.replace(minute=20),
        status=status,
        code="1234",
        note="A note of the desk's",
        revision=4,
        checked_in_at=None,
        completed_at=None,
        cancelled_at=None,
        version=6,
        changed_at=AT,
    )

    assert appointment_resource(visit) == {
        "resourceType": "Appointment",
        "id": str(OTHER),
        "meta": {"versionId": "6", "lastUpdated": SAID_AT},
        "status": code,
        "specialty": [{"text": "Cardiology"}],
        "start": SAID_AT,
        "end": SAID_AT.replace(":00:00", ":20:00"),
        "participant": [
            {"actor": {"reference": f"Patient/{ID}"}, "status": "accepted"},
            {
                "actor": {
                    "reference": f"Practitioner/{OTHER}",
                    "display": "Dora Doctor",
                },
                "status": "accepted",
            },
        ],
    }


def test_a_document_says_what_it_is_whose_and_where_its_file_is():
    resource = document_resource(PAPER)

    assert [coding["code"] for coding in resource["type"]["coding"]] == [
        "11502-2",
        "lab_report",
    ]
    assert resource["type"]["text"] == "Lab report"
    assert resource["subject"] == {"reference": f"Patient/{OTHER}"}
    assert resource["meta"]["versionId"] == "5"
    assert resource["content"] == [
        {
            "attachment": {
                "extension": [
                    {"url": "urn:chartroom:sha-256", "valueString": "ab" * 32}
                ],
                "contentType": "application/pdf",
                "url": f"Binary/{ID}.2",
                "size": 1200,
                "title": "Report.pdf",
                "creation": SAID_AT,
            }
        }
    ]


@pytest.mark.parametrize(
    ("changes", "of_version", "labels"),
    [
        ({}, {}, ["N"]),
        ({"confidential": True}, {}, ["R"]),
        ({}, {"stated_by_patient": True}, ["N", "PATRPT"]),
    ],
)
def test_a_document_says_how_confidential_it_is_and_whose_word(
    changes, of_version, labels
):
    version = replace(VERSION, **of_version)

    resource = document_resource(replace(PAPER, **changes, version=version))

    said = [label["coding"][0]["code"] for label in resource["securityLabel"]]
    assert said == labels


@pytest.mark.parametrize("changes", [{"scan": "waiting"}, {"damaged_at": AT}])
def test_a_file_that_cannot_be_had_has_no_address(changes):
    resource = document_resource(replace(PAPER, version=replace(VERSION, **changes)))

    assert "url" not in resource["content"][0]["attachment"]


def test_a_document_without_a_patient_has_no_subject():
    unfiled = replace(PAPER, patient_id=None, dated_on=date(2026, 11, 1))

    assert "subject" not in document_resource(unfiled)
