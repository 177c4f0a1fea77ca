"""Who treats a patient, on the record's page."""

from uuid import UUID

from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from db.models.care import CareRelationship
from services.core.actors import Role
from services.patients.care import break_glass, care
from services.patients.records.model import PatientRecord
from tests.pages.conftest import Clinic

REASON = "Unconscious in the waiting room"


def treat(clinic: Clinic, patient: PatientRecord) -> UUID:
    okafor = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: care.assign(s, clinic.clerk, patient.id, okafor.id))
    return okafor.id


def texts(app: AppTest) -> str:
    said = (*app.markdown, *app.caption, *app.warning)
    return " ".join(str(element.value) for element in said)


def test_a_record_says_that_nobody_treats_the_patient(clinic: Clinic, patient):
    app = clinic.open("patient", patient=patient.id, part="details")

    assert "No clinician treats this patient" in texts(app)


def test_the_front_desk_gives_a_patient_to_a_clinician(clinic: Clinic, patient):
    app = clinic.open("patient", patient=patient.id, part="details")

    app.button(key="patient_care_assign").click().run()

    assert "**Dr. Amara Okafor**" in texts(app)


def test_who_treats_already_is_not_offered(clinic: Clinic, patient):
    treat(clinic, patient)

    app = clinic.open("patient", patient=patient.id, part="details")

    assert "patient_care_assign" not in {button.key for button in app.button}


def test_a_treatment_is_ended_on_the_page(clinic: Clinic, patient):
    clinician_id = treat(clinic, patient)
    app = clinic.open("patient", patient=patient.id, part="details")

    app.button(key=f"patient_care_end_{clinician_id}").click().run()

    assert "No clinician treats this patient" in texts(app)


def test_a_clinician_opens_whom_they_treat(clinic: Clinic, patient):
    treat(clinic, patient)

    app = clinic.open("patient", Role.CLINICIAN, patient=patient.id)

    assert patient.last_name in app.title[0].value


def test_a_record_opened_from_outside_is_marked_for_everybody(clinic: Clinic, patient):
    okafor = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: break_glass.open_record(s, okafor, patient.id, REASON))

    theirs = clinic.open("patient", Role.CLINICIAN, patient=patient.id)
    desk = clinic.open("patient", Role.STAFF, patient=patient.id)

    assert "You have this record open until" in theirs.warning[0].value
    assert "Okafor has this record open until" in desk.warning[0].value
    # The reason is for those who review it.
    assert REASON not in texts(desk)


def test_who_opened_it_from_outside_is_offered_no_say_in_who_treats(
    clinic: Clinic, patient
):
    okafor = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: break_glass.open_record(s, okafor, patient.id, REASON))

    app = clinic.open("patient", Role.CLINICIAN, patient=patient.id)

    assert "patient_care_assign" not in {button.key for button in app.button}


def test_who_was_shut_out_sees_it_at_the_next_click(clinic: Clinic, patient):
    treat(clinic, patient)
    app = clinic.open("patient", Role.CLINICIAN, patient=patient.id)
    clinic.write(
        lambda s: s.execute(
            update(CareRelationship)
            .where(CareRelationship.patient_id == patient.id)
            .values(ended_at=CareRelationship.created_at)
        )
    )

    app = clinic.open("patient", Role.CLINICIAN, patient=patient.id)

    assert app.title[0].value == "Emergency access to a record"
