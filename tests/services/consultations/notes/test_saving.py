"""Notes saved: versions, none lost and none doubled, refusals that name the field."""

import pytest
from sqlalchemy import select

from db.models.consultation import MedicalRecord
from services.consultations import notes
from services.consultations.notes import Diagnosis, Vitals, typed
from services.consultations.notes.errors import StaleNotes, VisitDidNotTakePlace
from services.consultations.notes.typed import LABELS, InvalidNotes
from services.patients.records import patients
from tests.kit.audit_events import events_of
from tests.services.consultations.notes.samples import save, visit as visit_of

WHOLE = {
    "complaint": "Headache for three days",
    "findings": "Neck supple",
    "diagnoses": "G43.1 Migraine with aura\nTired",
    "plan": "Rest\nCome back in a week",
    "systolic": "128",
    "diastolic": "82 mmHg",
    "temperature": "37,4",
    "weight": "70.50",
}


def read(session, actor, visit):
    return notes.find(session, actor, visit.id)


def test_what_is_saved_is_read_as_it_was_meant(session, clinician, visit):
    save(session, clinician, visit, **WHOLE)

    latest = read(session, clinician, visit).latest

    assert latest.number == 1
    assert latest.author_name == clinician.name
    assert latest.notes.diagnoses == (
        Diagnosis("G43.1", "Migraine with aura"),
        Diagnosis(text="Tired"),
    )
    assert latest.notes.vitals == Vitals(
        systolic=128, diastolic=82, temperature=37.4, weight=70.5
    )
    assert latest.notes.plan == "Rest\nCome back in a week"


def test_a_form_begins_with_what_was_saved(session, clinician, visit):
    saved = save(session, clinician, visit, **WHOLE)

    texts = typed.typed_of(saved.latest.notes)

    assert texts == dict.fromkeys(LABELS, "") | WHOLE | {
        "diastolic": "82",
        "temperature": "37.4",
        "weight": "70.5",
    }


def test_before_anything_is_saved_there_is_nothing(session, clinician, visit):
    assert read(session, clinician, visit) is None
    assert notes.list_versions(session, clinician, visit.id) == ()


def test_every_save_is_a_version_and_all_of_them_stay(session, clinician, visit):
    save(session, clinician, visit, complaint="First")
    save(session, clinician, visit, 1, complaint="Second")

    versions = notes.list_versions(session, clinician, visit.id)

    assert [(v.number, v.notes.complaint) for v in versions] == [
        (2, "Second"),
        (1, "First"),
    ]
    assert read(session, clinician, visit).latest == versions[0]


def test_saving_the_same_again_makes_no_version(session, clinician, visit):
    first = save(session, clinician, visit, **WHOLE)

    again = save(session, clinician, visit, **WHOLE)

    assert again == first
    assert len(notes.list_versions(session, clinician, visit.id)) == 1


@pytest.mark.parametrize("number", [0, 1, 3])
def test_who_did_not_read_the_last_version_is_shown_it(
    session, clinician, visit, number
):
    save(session, clinician, visit, complaint="First")
    save(session, clinician, visit, 1, complaint="Second")

    with pytest.raises(StaleNotes) as refused:
        save(session, clinician, visit, number, complaint="Mine")

    assert refused.value.current.latest.notes.complaint == "Second"
    assert len(notes.list_versions(session, clinician, visit.id)) == 2


def test_a_version_cannot_follow_one_that_never_was(session, clinician, visit):
    with pytest.raises(StaleNotes) as refused:
        save(session, clinician, visit, 4)

    assert refused.value.current is None


@pytest.mark.parametrize("status", ["cancelled", "no-show"])
def test_of_a_visit_that_did_not_take_place_nothing_is_saved(
    session, clinician, patient, status
):
    at = visit_of(session, patient.id, days_ago=9).starts_at
    gone = {"cancelled_at": at} if status == "cancelled" else {}
    missed = visit_of(session, patient.id, days_ago=1, status=status, **gone)

    with pytest.raises(VisitDidNotTakePlace, match="kept as a draft"):
        save(session, clinician, missed)


def test_an_archived_patients_notes_are_not_written(session, clinician, clerk, visit):
    patients.archive(session, clerk, visit.patient_id, version=1)

    with pytest.raises(patients.PatientArchived):
        save(session, clinician, visit)


REFUSED = {
    "no-number": ({"pulse": "fast"}, "Pulse must be a number from 20 to 300 /min."),
    "negative": ({"weight": "-3"}, "Weight must be between 0.3 and 500 kg."),
    "five-digits": ({"pulse": "10000"}, "Pulse must be between 20 and 300 /min."),
    "exponent": ({"pulse": "1e2"}, "Pulse must be a number from 20 to 300 /min."),
    "too-hot": ({"temperature": "376"}, "Temperature must be between 25 and 45 °C."),
    "too-light": ({"weight": "0.2"}, "Weight must be between 0.3 and 500 kg."),
    "over-full": (
        {"saturation": "101"},
        "Oxygen saturation must be between 30 and 100 %.",
    ),
    "decimals": ({"pulse": "71.5"}, "Pulse cannot have decimals."),
    "more-decimals": (
        {"temperature": "37.55"},
        "Temperature can have at most 1 decimal",
    ),
    "exchanged": (
        {"systolic": "80", "diastolic": "120"},
        "Systolic pressure must be above the diastolic one",
    ),
    "half": ({"systolic": "120"}, "Diastolic pressure is missing"),
    "long": ({"plan": "x" * 8001}, "Plan must have at most 8,000 characters."),
    "many": ({"diagnoses": "Flu\n" * 21}, "Diagnoses: enter at most 20"),
    "long-line": ({"diagnoses": "x" * 201}, "Diagnoses has a line that is too long"),
    "half-character": (
        {"findings": "\ud800"},
        "Examination contains a character that cannot",
    ),
    "nothing": (
        {"complaint": " \n", "pulse": ""},
        "Presenting complaint and all other fields are empty",
    ),
}


@pytest.mark.parametrize(("typed", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_a_sentence_that_names_the_field(
    session, clinician, visit, typed, sentence
):
    with pytest.raises(InvalidNotes) as refused:
        save(session, clinician, visit, **typed)

    assert str(refused.value).startswith(sentence)
    assert refused.value.property_name == refused.value.problems[0].field
    assert session.scalar(select(MedicalRecord.id)) is None


def test_every_problem_is_told_at_once(session, clinician, visit):
    with pytest.raises(InvalidNotes) as refused:
        save(session, clinician, visit, pulse="x", temperature="99")

    assert [problem.field for problem in refused.value.problems] == [
        "pulse",
        "temperature",
    ]


@pytest.mark.parametrize(
    ("line", "diagnosis"),
    [
        ("i10", Diagnosis("I10")),
        ("e11.9: Diabetes", Diagnosis("E11.9", "Diabetes")),
        ("S100 protein", Diagnosis(text="S100 protein")),
        ("T2N1 carcinoma", Diagnosis(text="T2N1 carcinoma")),
        ("  Sprain ", Diagnosis(text="Sprain")),
    ],
    ids=["code", "both", "protein", "stage", "words"],
)
def test_a_diagnosis_may_begin_with_a_code(session, clinician, visit, line, diagnosis):
    saved = save(session, clinician, visit, diagnoses=line)

    assert saved.latest.notes.diagnoses == (diagnosis,)


def test_the_longest_notes_fit_whatever_the_characters(session, clinician, visit):
    longest = dict.fromkeys(("complaint", "findings", "plan"), "\U0001f9e0" * 8000)

    saved = save(
        session,
        clinician,
        visit,
        diagnoses="\n".join(["\U0001f9e0" * 200] * 20),
        **longest,
    )

    assert len(saved.latest.notes.plan) == 8000


def test_the_log_says_which_version_was_saved_and_nothing_of_the_notes(
    session, clinician, visit
):
    save(session, clinician, visit, **WHOLE)

    (event,) = events_of(session, "record:save")

    assert event.details == {"version": 1}
    assert (event.subject_kind, event.subject_id) == ("visit", str(visit.id))
    assert event.patient_id == visit.patient_id
