"""A patient's diagnoses for programs, and the chart summary as PDF."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from db.postgres import SYSTEM
from services.consultations import notes
from services.core.actors import Role
from services.patients.care import care
from services.patients.records import record_numbers
from services.people.tokens import bearers
from tests.api.conftest import NEWEST
from tests.kit import cast
from tests.services.documents.forms.samples import words_of
from tests.services.visits import visit_samples


@pytest.fixture
def patient_id(application) -> UUID:
    """A patient whom the clinician's program treats, with a visit that has notes."""
    clerk, patient_id = (
        application.people[Role.STAFF],
        application.people[Role.PATIENT].patient_id,
    )

    def settle(session):
        doctor = bearers.find(session, application.tokens[Role.CLINICIAN]).actor
        assert doctor
        if not care.is_treated_by(session, doctor.id, patient_id):
            care.assign(session, clerk, patient_id, doctor.id)
        begins = datetime.now(UTC) - timedelta(days=3)
        visit_id = visit_samples.visit(
            session,
            cast.add_doctor(session).id,
            patient_id,
            begins,
            status="completed",
        )
        typed = {"diagnoses": "I10\nTired of it all"}
        notes.save(session, doctor, visit_id, typed, number=0)

    application.database.write(settle, identity=SYSTEM)
    return patient_id


def test_diagnoses_are_coded_as_fhir_names_them(as_role, patient_id):
    answer = as_role(Role.CLINICIAN).get(
        f"/api/v1/patients/{patient_id}/diagnoses", headers=NEWEST
    )

    assert answer.status_code == 200
    by_text = {d["text"]: d for d in answer.json()["diagnoses"]}
    coded = by_text["Essential (primary) hypertension"]
    assert (coded["system"], coded["code"]) == (
        "http://hl7.org/fhir/sid/icd-10",
        "I10",
    )
    uncoded = by_text["Tired of it all"]
    assert (uncoded["system"], uncoded["code"]) == (None, None)


def test_a_summary_is_a_pdf_whose_name_names_nobody(as_role, patient_id):
    path = f"/files/patients/{patient_id}/summary.pdf"

    answer = as_role(Role.CLINICIAN).get(path, headers=NEWEST)

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == (
        'inline; filename="chart-summary.pdf"'
    )
    assert "Essential (primary) hypertension" in " ".join(words_of(answer.content))


@pytest.mark.parametrize(
    ("query", "words"),
    [("", "Patient summary"), ("?language=de", "Patientenübersicht")],
)
def test_what_a_patient_takes_along_speaks_their_language(
    as_role, patient_id, query, words
):
    path = f"/files/patients/{patient_id}/patient-summary.pdf{query}"

    own = as_role(Role.PATIENT).get(path, headers=NEWEST)
    clinicians = as_role(Role.CLINICIAN).get(path, headers=NEWEST)

    assert own.headers["content-disposition"] == (
        'inline; filename="patient-summary.pdf"'
    )
    assert words in " ".join(words_of(own.content))
    diagnosis = "Essential (primary) hypertension"
    assert diagnosis in " ".join(words_of(clinicians.content))
    assert diagnosis not in " ".join(words_of(own.content))


def test_labels_are_a_pdf_with_as_many_as_were_asked_for(as_role, patient_id):
    path = f"/files/patients/{patient_id}/labels.pdf"

    answer = as_role(Role.STAFF).get(
        f"{path}?paper=70x37&labels=5&first=3", headers=NEWEST
    )

    assert answer.headers["content-disposition"] == 'inline; filename="labels.pdf"'
    record = as_role(Role.STAFF).get(f"/api/v1/patients/{patient_id}", headers=NEWEST)
    number = record_numbers.formatted(record.json()["record_number"])
    assert words_of(answer.content).count(number) == 5


def test_labels_that_no_sheet_has_are_refused_by_name(as_role, patient_id):
    path = f"/files/patients/{patient_id}/labels.pdf"

    answer = as_role(Role.STAFF).get(f"{path}?paper=70x37&first=25", headers=NEWEST)

    assert answer.status_code == 400
    assert answer.json()["property"] == "first"
    assert "from 1 to 24" in answer.json()["detail"]
