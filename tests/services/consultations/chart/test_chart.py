"""What all visits of a patient add up to: diagnoses, and the summary on paper."""

from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import pypdfium2
import pytest
from sqlalchemy import select

from dashboard.ui.language.papers import wording_in
from db.models.audit import AuditEvent
from services.consultations import chart, summaries
from services.consultations.notes import Diagnosis, EarlierNotes, Notes
from services.core.errors import NotAllowed
from services.documents.forms import ENGLISH, Clinic, Wording
from services.patients.records import patients
from tests.kit import cast
from tests.services.consultations.notes.samples import save, visit as visit_of

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
PAPER = UUID("019aae4c-0000-7000-8000-000000000001")


def notes_of(day: int, *diagnoses: Diagnosis) -> EarlierNotes:
    """Return notes of a visit in November with these diagnoses."""
    return EarlierNotes(
        UUID(int=day),
        datetime(2026, 11, day, 12, tzinfo=UTC),
        "Dr. Emil",
        Notes(diagnoses=diagnoses),
    )


def test_a_diagnosis_of_several_visits_is_told_once_with_its_first_and_last():
    high, higher = Diagnosis("I10", "High"), Diagnosis("I10", "High blood pressure")

    (known,) = chart.known_diagnoses(
        [notes_of(20, higher), notes_of(15), notes_of(3, high)]
    )

    assert known.diagnosis == higher
    assert (known.first_at.day, known.last_at.day, known.visits) == (3, 20, 2)


def test_words_without_a_code_are_the_same_however_they_are_capitalised():
    known = chart.known_diagnoses(
        [
            notes_of(20, Diagnosis(text="Back pain"), Diagnosis("M54.5", "Back pain")),
            notes_of(3, Diagnosis(text="back Pain")),
        ]
    )

    assert [(k.diagnosis.code, k.visits) for k in known] == [("", 2), ("M54.5", 1)]


def test_a_visit_that_names_a_diagnosis_twice_counts_once():
    twice = Diagnosis("R05", "Cough"), Diagnosis("R05", "Cough, dry")

    (known,) = chart.known_diagnoses([notes_of(20, *twice)])

    assert known.visits == 1


def paper_of(session, actor, patient_id: UUID, wording: Wording = ENGLISH) -> str:
    """Return the text of the patient's summary on paper."""
    made = summaries.print_summary(
        summaries.summarise(session, actor, patient_id),
        document_id=PAPER,
        clinic=Clinic("Riverside"),
        now=NOW,
        wording=wording,
    )
    with pypdfium2.PdfDocument(BytesIO(made)) as opened:
        return "\n".join(page.get_textpage().get_text_bounded() for page in opened)


def test_a_clinicians_summary_says_what_is_dangerous_and_what_is_known(
    session, clinician, patient, visit
):
    save(session, clinician, visit, diagnoses="I10 High blood pressure", pulse="72")

    words = paper_of(session, clinician, patient.id)

    assert "Chart summary" in words
    assert f"{patient.last_name}, {patient.first_name}" in words
    assert f"Allergies {patient.allergies[0]}" in words
    assert "High blood pressure" in words
    assert "72 /min" in words
    assert "Checked in" in words
    assert clinician.name in words


def test_the_summary_is_in_the_clinics_language(session, clinician, patient, visit):
    typed = {"diagnoses": "I10 High blood pressure", "temperature": "37.5"}
    save(session, clinician, visit, **typed)

    words = paper_of(session, clinician, patient.id, wording_in(None, "de"))

    said = " ".join(words.split())
    assert "Übersicht der Patientenakte" in said
    assert "Diagnose ICD-10 Zuerst erfasst Zuletzt erfasst High blood pressure" in said
    assert "Temperatur 37,5 °C" in said
    assert "Angemeldet" in said
    assert f"Gedruckt für {clinician.name}" in said
    for english in ("Chart", "Patient summary", "Allergies", "Checked in", "Nothing"):
        assert english not in said


def test_the_desks_summary_is_silent_about_notes(
    session, clinician, clerk, patient, visit
):
    save(session, clinician, visit, diagnoses="I10 High blood pressure", pulse="72")

    words = paper_of(session, clerk, patient.id)

    assert "Last visits" in words
    assert "Diagnoses" not in words
    assert "blood pressure" not in words


def test_visits_to_come_are_not_among_the_last_ones(session, clinician, patient, visit):
    here = visit_of(session, patient.id, days_ago=-20_000)
    visit_of(session, patient.id, days_ago=-20_001, status="scheduled")
    gone = {"status": "cancelled", "cancelled_at": NOW}
    visit_of(session, patient.id, days_ago=-20_002, **gone)

    summary = summaries.summarise(session, clinician, patient.id)

    assert [each.id for each in summary.visits] == [here.id, visit.id]


def test_what_no_font_can_draw_is_a_box_and_no_failure(session, clerk, today):
    draft = cast.invent_patient(medical_history=("Fever \U00012000",))
    patient = patients.register(session, clerk, draft, today=today)

    assert "Fever □" in paper_of(session, clerk, patient.id)


def test_the_summary_is_written_down_as_one_access_of_its_own(
    session, clinician, patient
):
    summaries.summarise(session, clinician, patient.id)

    actions = session.scalars(
        select(AuditEvent.action).where(AuditEvent.patient_id == patient.id)
    ).all()
    assert actions.count("patient:print") == 1


@pytest.mark.parametrize("name", ["analyst", "admin"])
def test_nobody_else_takes_a_summary_along(session, request, patient, name):
    with pytest.raises(NotAllowed):
        summaries.summarise(session, request.getfixturevalue(name), patient.id)
