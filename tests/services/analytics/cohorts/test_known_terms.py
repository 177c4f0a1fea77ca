"""Terms of dated entries that are known are those that patterns would find."""

from datetime import UTC, datetime, timedelta

import pytest

from db.models.consultation import MedicalRecord
from services.analytics.cohorts import Cohort, CohortEvent, EventKind, Rule, classes
from tests.kit import cast
from tests.services.analytics.cohorts.test_running import (
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
        classes.statements.remaining(Cohort(entry=entry))
    ).all()

    known = classes.by_known_terms(session, Cohort(entry=entry))
    by_terms = session.scalars(classes.statements.remaining(known)).all()

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
