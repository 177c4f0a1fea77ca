"""The database enforces the rules too, and its refusals read like the service's own."""

from datetime import date

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from db.models.doctor import Doctor
from db.models.patient import Patient
from services.patients.records import constraints, patients
from tests.kit.cast import ADA, ada

LONG = "x" * 201
MANY = [str(number) for number in range(101)]

# Every field that can be invalid, the constraint that rejects it, and the value.
VIOLATIONS = [
    ("patients_first_name_given", "first_name", "  "),
    ("patients_last_name_given", "last_name", ""),
    ("patients_first_name_length", "first_name", "x" * 51),
    ("patients_last_name_length", "last_name", "x" * 51),
    ("patients_date_of_birth_plausible", "date_of_birth", date(1899, 12, 31)),
    ("patients_date_of_birth_plausible", "date_of_birth", date(2999, 1, 1)),
    ("patients_sex_known", "sex", "f"),
    ("patients_email_valid", "email", "ada"),
    ("patients_email_length", "email", f"a@{'b' * 253}"),
    ("patients_phone_number_valid", "phone_number", "123"),
    ("patients_phone_number_valid", "phone_number", "1234567890123456"),
    ("patients_address_length", "address", "x" * 101),
    ("patients_emergency_contact_length", "emergency_contact", "x" * 51),
    ("patients_allergies_length", "allergies", MANY),
    ("patients_medical_history_length", "medical_history", MANY),
    ("patients_current_medications_length", "current_medications", MANY),
    ("clinical_terms_length", "allergies", [LONG]),
    ("clinical_terms_length", "medical_history", [LONG]),
    ("clinical_terms_length", "current_medications", [LONG]),
    ("patients_no_known_allergies_consistent", "no_known_allergies", True),
]
REQUIRED = ["first_name", "last_name", "date_of_birth"]


def row(**changes):
    return patients.values_of(ADA) | changes


@pytest.mark.parametrize(("constraint", "field", "value"), VIOLATIONS)
def test_the_database_itself_refuses(session, constraint, field, value):
    with pytest.raises(IntegrityError) as refused:
        session.execute(insert(Patient).values(row(**{field: value})))

    assert refused.value.orig.diag.constraint_name == constraint


@pytest.mark.parametrize(("constraint", "field", "value"), VIOLATIONS)
def test_its_refusal_reads_like_that_of_the_service(
    session, today, constraint, field, value
):
    with pytest.raises(patients.InvalidPatient) as by_service:
        patients.validate(ada(**{field: value}), today)

    with (
        pytest.raises(patients.InvalidPatient) as by_database,
        constraints.translate_violations(session),
    ):
        session.execute(insert(Patient).values(row(**{field: value})))

    assert by_database.value.problems == by_service.value.problems


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_required_field_is_explained(session, field):
    with (
        pytest.raises(patients.InvalidPatient, match="is missing; enter it") as refused,
        constraints.translate_violations(session),
    ):
        session.execute(insert(Patient).values(row(**{field: None})))

    assert refused.value.property_name == field


def test_an_update_is_explained_as_well(session, clerk, today):
    patient = patients.register(session, clerk, ADA, today=today)

    with pytest.raises(patients.InvalidPatient, match="choose female"):
        patients.change(session, patient.id, {"sex": "f"}, version=1)


def test_the_transaction_goes_on_after_a_refusal(session):
    with (
        pytest.raises(patients.InvalidPatient),
        constraints.translate_violations(session),
    ):
        session.execute(insert(Patient).values(row(sex="f")))

    session.execute(insert(Patient).values(row()))


OTHER_VIOLATIONS = {
    "another table's check": insert(Doctor).values(name=" ", speciality="GP"),
    "another table's required column": insert(Doctor).values(
        name=None, speciality="GP"
    ),
    "a required column that nobody types": update(Patient).values(version=None),
    "a rule about merging": update(Patient).values(merged_into_id=Patient.id),
    "a version that counts backwards": update(Patient).values(version=-1),
    "an error that is no violation": text("SELECT 1 / 0"),
}


@pytest.mark.parametrize(
    "statement", OTHER_VIOLATIONS.values(), ids=OTHER_VIOLATIONS.keys()
)
def test_a_different_violation_is_not_mistaken(session, statement):
    session.execute(insert(Patient).values(row()))

    with pytest.raises(DBAPIError), constraints.translate_violations(session):
        session.execute(statement.execution_options(synchronize_session=False))


def test_a_column_of_the_same_name_elsewhere_is_not_mistaken(session):
    session.execute(text("CREATE TEMPORARY TABLE kin (first_name text NOT NULL)"))

    with (
        pytest.raises(IntegrityError),
        constraints.translate_violations(session),
    ):
        session.execute(text("INSERT INTO kin VALUES (NULL)"))


def test_an_import_that_names_a_patient_twice_is_not_mistaken(session):
    session.execute(insert(Patient).values(row(source="x", source_id="1")))

    with (
        pytest.raises(IntegrityError),
        constraints.translate_violations(session),
    ):
        session.execute(insert(Patient).values(row(source="x", source_id="1")))


def test_every_check_is_explained_unless_people_cannot_cause_it(session):
    checks = "conrelid = 'patients'::regclass AND contype = 'c'"
    names = session.scalars(text(f"SELECT conname FROM pg_constraint WHERE {checks}"))

    assert set(names) - set(constraints.PROBLEMS) == {
        "patients_version_positive",
        "patients_not_merged_into_self",
        "patients_merged_are_archived",
        "patients_erased_are_archived",
    }
