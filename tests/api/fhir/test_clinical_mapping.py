"""How visits, notes, prescriptions and times become resources, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.fhir.resources.conditions import condition_resources
from api.fhir.resources.encounters import encounter_resource
from api.fhir.resources.medication_requests import medication_resources
from api.fhir.resources.observations import observation_resources
from api.fhir.resources.schedules import schedule_resource, slot_resource
from services.consultations.diagnoses import BUILT_IN
from services.consultations.notes import Diagnosis, Notes, Vitals
from services.consultations.notes.visit_notes import VisitNotes
from services.consultations.prescriptions import (
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
    PrescriptionVersion,
)
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.slots.records import SlotRecord

VISIT, PATIENT, DOCTOR, RECORD = (UUID(int=number) for number in range(1, 5))
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SAID_AT = "2026-11-20T12:00:00.000000+00:00"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
WRITTEN = VisitNotes(
    notes=Notes(
        diagnoses=(
            Diagnosis("I10"),
            Diagnosis("", "Tired of it all"),
            Diagnosis("X1", "Ours", "urn:ours"),
        ),
        vitals=Vitals(systolic=120, diastolic=80, pulse=64, weight=70.5),
    ),
    record_id=RECORD,
    appointment_id=VISIT,
    patient_id=PATIENT,
    visited_at=AT,
    number=1,
    saved_at=AT + timedelta(minutes=9),
    changed_at=AT + timedelta(minutes=9),
)
LINE = PrescriptionLine(
    drug="Amoxicillin 500 mg capsules",
    dose="1",
    frequency="3 times a day",
    duration="5 days",
    route="by mouth",
    quantity="15 capsules",
    repeats="1",
)
VERSION = PrescriptionVersion(
    number=2,
    lines=(LINE, replace(LINE, drug="Ibuprofen", quantity="one box", repeats="")),
    note="With food",
    file_id="f",
    filename="p.pdf",
    filesize=1,
    sha256=b"",
    signer=b"",
    author_id=DOCTOR,
    author_name="Dora Doctor",
    created_at=AT,
)
PRESCRIPTION = PrescriptionRecord(
    id=RECORD,
    appointment_id=VISIT,
    patient_id=PATIENT,
    doctor_id=DOCTOR,
    doctor_name="Dora Doctor",
    visit_at=AT,
    status=PrescriptionStatus.ISSUED,
    latest=2,
    version=VERSION,
)
CAME = VisitRecord(
    id=VISIT,
    booking_id=RECORD,
    doctor_id=DOCTOR,
    doctor_name="Dora Doctor",
    speciality="Cardiology",
    room="12",
    patient_id=PATIENT,
    patient_name="Ada Lovelace",
    starts_at=AT,
    ends_at=AT,
    status=VisitStatus.COMPLETED,
    code="1234",
    note="A note of the desk's",
    revision=4,
    checked_in_at=AT,
    completed_at=AT.replace(hour=13),
    cancelled_at=None,
)


def test_both_blood_pressures_are_one_panel_and_what_was_not_measured_is_missing():
    panel, pulse, weight = observation_resources(WRITTEN)

    assert panel["id"] == f"{VISIT}.blood-pressure"
    assert panel["code"]["coding"][0]["code"] == "85354-9"
    assert "valueQuantity" not in panel
    assert [
        (part["code"]["coding"][0]["code"], part["valueQuantity"]["value"])
        for part in panel["component"]
    ] == [("8480-6", 120), ("8462-4", 80)]
    assert pulse["valueQuantity"] == {
        "value": 64,
        "unit": "/min",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    }
    assert weight["code"]["coding"][0]["code"] == "29463-7"


def test_a_measurement_says_whose_when_and_at_which_visit():
    [_, pulse, _] = observation_resources(WRITTEN)

    assert pulse["subject"] == {"reference": f"Patient/{PATIENT}"}
    assert pulse["encounter"] == {"reference": f"Encounter/{VISIT}"}
    assert pulse["effectiveDateTime"] == SAID_AT
    assert pulse["issued"] == "2026-11-20T12:09:00.000000+00:00"
    assert pulse["category"][0]["coding"][0]["code"] == "vital-signs"


@pytest.mark.parametrize(("number", "status"), [(1, "final"), (2, "amended")])
def test_a_measurement_of_notes_that_were_saved_again_is_amended(number, status):
    resources = observation_resources(replace(WRITTEN, number=number))

    assert {resource["status"] for resource in resources} == {status}
    assert {resource["meta"]["versionId"] for resource in resources} == {str(number)}


def test_a_diagnosis_has_its_code_with_its_system_or_words_alone():
    coded, in_words, ours = condition_resources(WRITTEN, BUILT_IN)

    assert coded["code"] == {
        "coding": [
            {
                "system": ICD_10,
                "code": "I10",
                "display": "Essential (primary) hypertension",
            }
        ],
        "text": "Essential (primary) hypertension",
    }
    assert in_words["code"] == {"text": "Tired of it all"}
    assert ours["code"] == {
        "coding": [{"system": "urn:ours", "code": "X1"}],
        "text": "Ours",
    }
    assert coded["recordedDate"] == SAID_AT


def test_a_diagnosis_keeps_its_id_wherever_it_stands_and_tells_nothing_by_it():
    first, *_ = condition_resources(WRITTEN, BUILT_IN)
    turned = replace(WRITTEN.notes, diagnoses=WRITTEN.notes.diagnoses[::-1])
    *_, last = condition_resources(replace(WRITTEN, notes=turned), BUILT_IN)
    [other, *_] = condition_resources(replace(WRITTEN, record_id=VISIT), BUILT_IN)

    assert first["id"] == last["id"]
    assert first["id"].startswith(f"{VISIT}.")
    assert other["id"] != first["id"]


def test_each_line_of_a_prescription_is_a_request_of_one_group():
    first, second = medication_resources(PRESCRIPTION)

    assert first["id"] == f"{RECORD}.1"
    assert first["groupIdentifier"] == second["groupIdentifier"]
    assert first["groupIdentifier"]["value"] == f"urn:uuid:{RECORD}"
    assert (first["status"], first["intent"]) == ("active", "order")
    assert first["medicationCodeableConcept"] == {"text": LINE.drug}
    assert first["dosageInstruction"] == [
        {"text": "1, 3 times a day, 5 days", "route": {"text": "by mouth"}}
    ]
    assert first["dispenseRequest"] == {
        "quantity": {"value": 15.0, "unit": "capsules"},
        "numberOfRepeatsAllowed": 1,
    }
    assert first["note"] == [{"text": "With food"}]


def test_a_quantity_in_words_is_no_number_but_a_note():
    _, second = medication_resources(PRESCRIPTION)

    assert "dispenseRequest" not in second
    assert second["note"] == [{"text": "With food"}, {"text": "Quantity: one box"}]


@pytest.mark.parametrize(
    ("typed", "quantity"),
    [
        ("2.5 mL", {"value": 2.5, "unit": "mL"}),
        ("30", {"value": 30.0}),
        ("1 box of 30", {"value": 1.0, "unit": "box of 30"}),
        ("20 000 units", None),
        ("1.000 units", None),
        ("2 x 30 tablets", None),
        ("2 X 30 tablets", None),
        ("1 to 2 tablets", None),
        ("2 mal 30 Tabletten", None),
    ],
)
def test_a_quantity_is_the_number_that_it_begins_with_only_if_that_is_all(
    typed, quantity
):
    line = replace(LINE, quantity=typed)
    version = replace(PRESCRIPTION.version, lines=(line,))

    (request,) = medication_resources(replace(PRESCRIPTION, version=version))

    assert request["dispenseRequest"].get("quantity") == quantity
    is_noted = {"text": f"Quantity: {typed}"} in request["note"]
    assert is_noted == (quantity is None)


def test_a_withdrawn_prescription_is_cancelled():
    withdrawn = replace(PRESCRIPTION, status=PrescriptionStatus.WITHDRAWN)

    resources = medication_resources(withdrawn)

    assert {resource["status"] for resource in resources} == {"cancelled"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (VisitStatus.SCHEDULED, "planned"),
        (VisitStatus.CHECKED_IN, "arrived"),
        (VisitStatus.IN_ROOM, "in-progress"),
        (VisitStatus.COMPLETED, "finished"),
        (VisitStatus.CANCELLED, "cancelled"),
        (VisitStatus.NO_SHOW, "cancelled"),
    ],
)
def test_a_visit_is_an_encounter_in_each_of_its_states(status, code):
    assert encounter_resource(replace(CAME, status=status))["status"] == code


def test_an_encounter_goes_from_when_the_patient_came_until_it_ended():
    encounter = encounter_resource(CAME)

    assert encounter["period"] == {
        "start": SAID_AT,
        "end": "2026-11-20T13:00:00.000000+00:00",
    }
    assert encounter["appointment"] == [{"reference": f"Appointment/{RECORD}"}]
    assert encounter["class"]["code"] == "AMB"
    assert "desk" not in str(encounter)
    planned = replace(CAME, checked_in_at=None, completed_at=None)
    assert "period" not in encounter_resource(planned)


@pytest.mark.parametrize(
    ("state", "code"),
    [("free", "free"), ("held", "busy-tentative"), ("booked", "busy")],
)
def test_a_time_is_free_or_held_or_booked(state, code):
    times = (AT, AT.replace(minute=20))
    slot = SlotRecord(RECORD, DOCTOR, *times, state, version=3, changed_at=AT)

    assert slot_resource(slot) == {
        "resourceType": "Slot",
        "id": str(RECORD),
        "meta": {"versionId": "3", "lastUpdated": SAID_AT},
        "schedule": {"reference": f"Schedule/{DOCTOR}"},
        "status": code,
        "start": SAID_AT,
        "end": SAID_AT.replace(":00:00", ":20:00"),
    }


def test_a_doctor_has_one_schedule():
    doctor = DoctorRecord(
        id=DOCTOR, name="Dora Doctor", speciality="Cardiology", room="12"
    )

    assert schedule_resource(doctor) == {
        "resourceType": "Schedule",
        "id": str(DOCTOR),
        "meta": {"versionId": "1"},
        "active": True,
        "specialty": [{"text": "Cardiology"}],
        "actor": [{"reference": f"Practitioner/{DOCTOR}", "display": "Dora Doctor"}],
    }
