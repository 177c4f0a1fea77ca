"""Similar earlier notes, and measurements over time."""

import pytest

from services.consultations import notes
from services.patients.records import patients
from tests.kit import cast
from tests.services.consultations.notes.samples import save, visit as visit_of


@pytest.fixture
def similar_to(session, clinician, visit, earlier):
    """Returns the notes similar to what is typed, by their names in `earlier`."""
    names = {about.id: name for name, about in earlier.items()}

    def similar_to(typed):
        similar = notes.list_similar(session, clinician, visit.id, typed)
        return [names[matching.appointment_id] for matching in similar]

    return similar_to


@pytest.fixture
def earlier(session, clinician, patient):
    """Three visits of the patient: a migraine, a sprain and a check of the sugar."""

    def keep(days_ago, **typed):
        about = visit_of(session, patient.id, days_ago=days_ago)
        save(session, clinician, about, **typed)
        return about

    return {
        "migraine": keep(
            90,
            complaint="The headache is back, with flashing lights",
            diagnoses="G43.1 Migraine with aura",
            plan="Dark room",
        ),
        "sprain": keep(
            60, complaint="The left ankle hurts", diagnoses="S93.4 Sprain of ankle"
        ),
        "sugar": keep(30, complaint="Sugar again", diagnoses="E11.9 Type 2 diabetes"),
    }


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("Headaches since Monday", ["migraine"]),
        ("E11.9", ["sugar"]),
        ("the and of with is", []),
        ("2 10 300", []),
        ("Änkle", ["sprain"]),
        ("ankle sprained, and headache", ["sprain", "migraine"]),
        ("'; DROP TABLE patients --", []),
        ("", []),
    ],
)
def test_matching_are_found_by_the_words_they_share(similar_to, typed, names):
    assert similar_to(typed) == names


def test_it_is_said_by_which_words_they_were_found(session, clinician, visit, earlier):
    (similar,) = notes.list_similar(session, clinician, visit.id, "headache, flashing")

    assert similar.shared == ("flashing", "headache")
    assert similar.visited_at == earlier["migraine"].starts_at
    assert similar.notes.diagnoses[0].code == "G43.1"


def test_neither_other_patients_nor_later_visits_nor_this_one_are_found(
    session, clinician, clerk, visit, today
):
    other = patients.register(session, clerk, cast.GRACE, today=today)
    cast.have_treated(session, clinician, other.id)
    for about in (
        visit,
        visit_of(session, other.id, days_ago=5),
        visit_of(session, visit.patient_id, days_ago=-5),
    ):
        save(session, clinician, about, complaint="Headache")

    similar = notes.list_similar(session, clinician, visit.id, "Headache")

    assert similar == ()


def test_notes_of_a_patient_come_with_the_latest_visit_first(
    session, clinician, patient
):
    visits = [visit_of(session, patient.id, days_ago=days) for days in (1, 9, 4, 0)]
    for about, weight in zip(visits, ("71", "75", "73", ""), strict=True):
        save(session, clinician, about, complaint="Weighed", weight=weight)

    written = notes.list_of_patient(session, clinician, patient.id)

    assert [w.notes.vitals.weight for w in written] == [None, 71, 73, 75]
    assert written[0].visited_at == visits[3].starts_at


def test_notes_before_a_visit_are_neither_its_own_nor_later_ones(
    session, clinician, patient
):
    visits = [visit_of(session, patient.id, days_ago=days) for days in (9, 4, 0)]
    for about, weight in zip(visits, ("75", "73", "71"), strict=True):
        save(session, clinician, about, weight=weight)

    (before,) = notes.list_of_patient(
        session, clinician, patient.id, before=visits[1].starts_at
    )

    assert before.appointment_id == visits[0].id


def test_only_the_version_that_counts_is_listed(session, clinician, visit):
    save(session, clinician, visit, weight="170")
    save(session, clinician, visit, 1, weight="71")

    (written,) = notes.list_of_patient(session, clinician, visit.patient_id)

    assert written.notes.vitals.weight == 71


def test_the_notes_of_another_patient_are_not_listed(
    session, clinician, clerk, today, visit
):
    other = patients.register(session, clerk, cast.GRACE, today=today)
    save(session, clinician, visit)

    assert notes.list_of_patient(session, clinician, other.id) == ()
