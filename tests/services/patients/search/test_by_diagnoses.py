"""Clinicians find their patients by the diagnoses in the notes of visits."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from db.models.consultation import MedicalRecord
from db.postgres import SYSTEM
from services.consultations import notes
from services.core.actors import Actor, Scope
from services.core.errors import NotAllowed, NotFound
from services.lists import views
from services.lists.criteria import Count, Criteria, Filter, Group, Operator
from services.lists.criteria.wording import sentence
from services.patients import search
from services.patients.care import break_glass, care
from services.patients.records import patients
from services.patients.search.fields import FIELDS, PATIENTS, fields_for, is_visible
from tests.kit import cast
from tests.services.consultations.notes import samples
from tests.services.patients.clinic_samples import REASON, TODAY, Clinic, open_clinic

IS_EMPTY = Operator.IS_EMPTY


def diagnosed(operator: Operator, typed: object) -> Criteria:
    return Criteria(Group(members=(Filter("diagnosis", operator, typed),)))


WITH_DIABETES = diagnosed(Operator.STARTS_WITH, "E11")


@pytest.fixture
def clinic(endpoints) -> Iterator[Clinic]:
    """Dora treats Grace, and Ida, who has no diagnosis; Emil treats Ada."""
    with open_clinic(endpoints) as clinic:
        ida = clinic.write(
            clinic.cleo,
            lambda s: patients.register(
                s, clinic.cleo, cast.invent_patient(first_name="Ida"), today=TODAY
            ),
        )
        for patient, clinician in ((ida, clinic.dora), (clinic.ada, clinic.emil)):
            assign(clinic, patient, clinician)
        note(clinic, clinic.dora, clinic.grace, "E11.9 Type 2 diabetes\nMüde")
        note(clinic, clinic.dora, clinic.grace, "I10 High blood pressure")
        note(clinic, clinic.dora, ida, "", complaint="Fears to have diabetes, E11")
        note(clinic, clinic.emil, clinic.ada, "E11.2")
        yield clinic


def assign(clinic: Clinic, patient, clinician: Actor) -> None:
    cleo = clinic.cleo
    clinic.write(cleo, lambda s: care.assign(s, cleo, patient.id, clinician.id))


def note(clinic: Clinic, actor: Actor, patient, diagnoses: str, **typed: str) -> None:
    def keep(session):
        visit = samples.visit(session, patient.id)
        session.expunge(visit)
        return visit

    visit = clinic.database.write(keep, identity=SYSTEM).value
    written = {"diagnoses": diagnoses, **typed}
    clinic.write(actor, lambda s: notes.save(s, actor, visit.id, written, number=0))


def names_of(clinic: Clinic, actor: Actor, criteria: Criteria) -> list[str]:
    """Return the names that a list shows; its count must agree."""
    page = clinic.read(actor, lambda s: search.list_patients(s, actor, criteria))
    count = clinic.read(actor, lambda s: search.count_patients(s, actor, criteria))
    assert count == Count(len(page.rows))
    return [row.first_name for row in page.rows]


@pytest.mark.parametrize(
    ("operator", "typed", "names"),
    [
        (Operator.STARTS_WITH, "e11", ["Grace"]),
        (Operator.CONTAINS, "diabet", ["Grace"]),
        (Operator.EQUAL, "E11.9", ["Grace"]),
        (Operator.EQUAL, "type 2 DIABETES", ["Grace"]),
        (Operator.EQUAL, "mude", ["Grace"]),
        # A code and its text are two separate things in the notes.
        (Operator.EQUAL, "E11.9 Type 2 diabetes", []),
        (Operator.EQUAL, "E11", []),
        (Operator.IN, ("J45", "I10"), ["Grace"]),
        (Operator.NOT_EQUAL, "I10", ["Ida"]),
        (IS_EMPTY, True, ["Ida"]),
        (IS_EMPTY, False, ["Grace"]),
    ],
)
def test_patients_are_found_by_code_and_by_words(clinic, operator, typed, names):
    assert names_of(clinic, clinic.dora, diagnosed(operator, typed)) == names


def test_two_clinicians_who_ask_the_same_find_their_own_patients(clinic):
    key = clinic.write(
        clinic.dora,
        lambda s: views.store_criteria(s, clinic.dora, WITH_DIABETES, subject=PATIENTS),
    )
    shared = clinic.read(
        clinic.emil,
        lambda s: views.load_criteria(s, clinic.emil, key, subject=PATIENTS),
    )

    assert names_of(clinic, clinic.dora, WITH_DIABETES) == ["Grace"]
    assert names_of(clinic, clinic.emil, shared) == ["Ada"]


def test_whose_care_begins_or_ends_is_found_from_then_on_or_no_more(clinic):
    dora, emil = clinic.dora, clinic.emil
    clinic.write(
        dora, lambda s: break_glass.open_record(s, dora, clinic.ada.id, REASON)
    )
    clinic.write(emil, lambda s: care.end(s, emil, clinic.ada.id, emil.id))

    assert names_of(clinic, dora, WITH_DIABETES) == ["Grace", "Ada"]
    assert names_of(clinic, emil, WITH_DIABETES) == []


def test_the_system_that_a_code_is_of_is_no_diagnosis(clinic):
    of_a_system = {
        "diagnoses": [
            {"code": "", "text": "", "system": "http://snomed.info/sct"},
            {"code": "44054006", "text": "", "system": "http://snomed.info/sct"},
        ]
    }
    statement = (
        update(MedicalRecord)
        .where(MedicalRecord.patient_id == clinic.grace.id)
        .values(content=of_a_system)
    )
    clinic.database.write(lambda s: s.execute(statement) and None, identity=SYSTEM)

    assert names_of(clinic, clinic.dora, diagnosed(Operator.EQUAL, "44054006")) == [
        "Grace"
    ]
    assert names_of(clinic, clinic.dora, diagnosed(Operator.CONTAINS, "snomed")) == []


@pytest.mark.parametrize("name", ["cleo", "ana", "ines"])
def test_who_reads_no_notes_asks_about_no_diagnoses(clinic, name):
    actor = getattr(clinic, name)
    key = clinic.write(
        clinic.dora,
        lambda s: views.store_criteria(s, clinic.dora, WITH_DIABETES, subject=PATIENTS),
    )

    assert "diagnosis" not in fields_for(actor)
    assert not is_visible(actor, WITH_DIABETES)
    for ask in (
        lambda s: search.list_patients(s, actor, WITH_DIABETES, is_kept_back=True),
        lambda s: search.count_patients(s, actor, WITH_DIABETES),
        lambda s: views.load_criteria(s, actor, key, subject=PATIENTS),
        lambda s: views.save_view(s, actor, "Theirs", key, subject=PATIENTS),
    ):
        # The database does not show such a key to analysts.
        with pytest.raises((NotAllowed, NotFound)):
            clinic.write(actor, ask)


def test_a_token_that_reads_no_visits_asks_about_no_diagnoses(clinic):
    program = replace(clinic.dora, scopes=frozenset({Scope.READ_PATIENTS}))

    with pytest.raises(NotAllowed, match="this token was made for less"):
        names_of(clinic, program, WITH_DIABETES)
    both = replace(program, scopes=program.scopes | {Scope.READ_VISITS})
    assert names_of(clinic, both, WITH_DIABETES) == ["Grace"]


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        (WITH_DIABETES, "whose diagnosis at a visit starts with “E11”"),
        (diagnosed(IS_EMPTY, True), "with no diagnosis at a visit"),
        (diagnosed(IS_EMPTY, False), "with a diagnosis at a visit"),
    ],
)
def test_the_sentence_says_it(criteria, said):
    assert said in sentence(criteria, FIELDS, Count(3))
