"""The known terms of dated entries are those that patterns would find."""

from datetime import UTC, datetime, timedelta

import pytest

from db.models.consultation import MedicalRecord
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
    Window,
    WindowSide,
    classes,
)
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import (
    HYPERTENSION,
    NOW,
    VISIT,
    diagnosed,
    person,
)
from tests.services.visits import visit_samples

NOON = datetime(2025, 2, 10, 12, tzinfo=UTC)
TERMS = (
    "Essential hypertension",
    "Hypertension",
    "Prehypertension",
    "HYPERTENSION, renal",
    "Élan vital",
    "50 % burn",
    "Ward B\\C_d",
)


@pytest.fixture
def ill(session):
    """Have each term twice, once of another kind."""
    for term in (*TERMS, *TERMS):
        diagnosed(session, person(session), term=term)
    diagnosed(session, person(session), kind="allergy", term="Hypertension, of a kind")


@pytest.mark.usefixtures("ill")
@pytest.mark.parametrize(
    "words",
    ["hypertension", "HYPER", "tension", "elan", "é", "%", "_d", "b\\c_", "50 %", ","],
)
def test_they_are_those_that_patterns_find(session, words):
    entry = CohortEvent(kind=EventKind.DIAGNOSIS, words=words)
    by_patterns = session.scalars(
        classes.statements.select_remaining(Cohort(entry=entry))
    ).all()

    known = classes.resolve_terms(session, Cohort(entry=entry))
    by_terms = session.scalars(classes.statements.select_remaining(known)).all()

    assert sorted(by_terms) == sorted(by_patterns)
    assert len(by_terms) == 2 * len(classes.find_terms(session, "condition", words))


@pytest.mark.usefixtures("ill")
def test_of_too_many_terms_patterns_are_asked(session, monkeypatch):
    monkeypatch.setattr(classes, "MOST_TERMS", len(TERMS))
    assert len(classes.find_terms(session, "condition", "hyper")) == 3

    monkeypatch.setattr(classes, "MOST_TERMS", len(TERMS) - 1)

    assert classes.find_terms(session, "condition", "hyper") is None
    assert len(classes.find_remaining(session, Cohort(entry=HYPERTENSION), NOW)) == 6


def test_words_that_no_entry_has_are_found_where_they_are_no_entries(session):
    """On a list without a date, and in the notes of a visit."""
    doctor_id = cast.add_doctor(session).id
    listed = person(session, medical_history=["Gouty arthritis"])
    noted = person(session)
    visits = [
        visit_samples.visit(
            session, doctor_id, patient.id, NOON + timedelta(days), status="completed"
        )
        for days, patient in enumerate((noted, listed, person(session)))
    ]
    session.add(
        MedicalRecord(
            appointment_id=visits[0],
            doctor_id=doctor_id,
            patient_id=noted.id,
            content={"diagnoses": [{"text": "Tophaceous gout"}]},
        )
    )
    session.flush()
    gout = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")

    assert classes.find_terms(session, "condition", "gout") == ()
    assert classes.find_remaining(session, Cohort(entry=gout), NOW) == (noted.id,)
    has_gout = Cohort(entry=VISIT, steps=((Rule(event=gout),),))
    remaining = classes.find_remaining(session, has_gout, NOW)
    assert set(remaining) == {listed.id, noted.id}


@pytest.fixture
def note(session):
    """Write notes of a visit this many days after NOON."""
    doctor_id = cast.add_doctor(session).id

    def note(patient, content, days=0):
        visit = visit_samples.visit(
            session, doctor_id, patient.id, NOON + timedelta(days), status="completed"
        )
        session.add(
            MedicalRecord(
                appointment_id=visit,
                doctor_id=doctor_id,
                patient_id=patient.id,
                content=content,
            )
        )
        session.flush()

    return note


@pytest.mark.parametrize(("times", "is_met"), [(1, True), (2, True), (3, False)])
def test_entries_and_notes_of_a_patient_count_together(session, note, times, is_met):
    patient = person(session)
    diagnosed(session, patient)
    high = {"kind": "observation", "term": "Systolic pressure", "value": 150}
    diagnosed(session, patient, **high)
    note(patient, {"vitals": {"systolic": 160}})
    pressure = CohortEvent(kind=EventKind.VITAL, words="systolic", at_least=140)

    cohort = Cohort(entry=HYPERTENSION, steps=((Rule(event=pressure, times=times),),))

    remaining = classes.find_remaining(session, cohort, NOW)
    assert remaining == ((patient.id,) if is_met else ())


@pytest.mark.parametrize("first", [-3, 3])
def test_the_first_event_is_that_of_entries_or_of_notes(session, note, first):
    """The other one lets nobody in: a window begins with the first event."""
    patient = person(session)
    diagnosed(session, patient, day=NOON.date())
    note(patient, {"diagnoses": [{"text": "Hypertension"}]}, days=first)
    drug = {"kind": "medication", "term": "Amlodipine 5 mg"}
    diagnosed(session, patient, day=NOON.date() + timedelta(min(first, 0) + 1), **drug)
    taken = CohortEvent(kind=EventKind.MEDICATION, words="amlodipine")

    def cohort(side):
        rule = Rule(event=taken, within=Window(days=1, side=side))
        return Cohort(entry=HYPERTENSION, steps=((rule,),))

    after, before = (
        classes.find_remaining(session, cohort(side), NOW)
        for side in (WindowSide.AFTER, WindowSide.BEFORE)
    )
    assert after == (patient.id,)
    assert before == ()


@pytest.mark.parametrize("has", [True, False])
def test_what_is_on_a_list_without_a_date_meets_a_rule(session, has):
    listed, entered, neither = (person(session) for _ in range(3))
    listed.current_medications = ["Metformin 1 g"]
    for patient in (listed, entered, neither):
        diagnosed(session, patient)
    diagnosed(session, entered, kind="medication", term="Metformin 500 mg")
    metformin = CohortEvent(kind=EventKind.MEDICATION, words="metformin")

    cohort = Cohort(entry=HYPERTENSION, steps=((Rule(event=metformin, has=has),),))

    remaining = set(classes.find_remaining(session, cohort, NOW))
    assert remaining == ({listed.id, entered.id} if has else {neither.id})
