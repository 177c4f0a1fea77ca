"""Patients are registered, read, changed, archived and restored."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from db.models.patient import Patient
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.records import patients
from tests.kit import cast
from tests.kit.cast import ADA, ada


def count(session):
    return session.scalar(select(func.count()).select_from(Patient))


def test_a_registered_patient_is_read_back_whole(session, clerk, today):
    registered = patients.register(session, clerk, ADA, today=today)

    record = patients.get_patient(session, clerk, registered.id)
    assert record == registered
    assert record.draft() == ADA
    assert (record.version, record.is_archived) == (1, False)


def test_what_is_kept_is_the_tidy_form(session, clerk, today):
    typed = ada(first_name=" Ada ", phone_number="+44 1632 960983")

    assert patients.register(session, clerk, typed, today=today).draft() == ADA


def test_an_invalid_draft_leaves_nothing_behind(session, clerk, today):
    with pytest.raises(patients.InvalidPatient):
        patients.register(session, clerk, ada(last_name=""), today=today)

    assert count(session) == 0


def test_a_patient_without_contact_is_not_registered(session, clerk, today):
    unreachable = ada(email=None, phone_number=None)

    with pytest.raises(patients.InvalidPatient, match="needs at least one of them"):
        patients.register(session, clerk, unreachable, today=today)


def test_registering_again_with_the_same_id_changes_nothing(session, clerk, today):
    again = uuid4()
    first, second = (
        patients.register(session, clerk, ADA, today=today, patient_id=again)
        for _ in range(2)
    )

    assert first == second
    assert count(session) == 1


def test_an_id_that_belongs_to_somebody_else_is_refused(session, clerk, today, patient):
    with pytest.raises(patients.PatientIdTaken, match="register again with a new one"):
        patients.register(
            session,
            clerk,
            ada(first_name="Byron"),
            today=today,
            patient_id=patient.id,
        )

    assert patients.get_patient(session, clerk, patient.id) == patient


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ANALYST, Role.ADMIN])
def test_only_the_front_desk_registers(session, today, role):
    with pytest.raises(NotAllowed):
        patients.register(session, cast.act_as_somebody(role), ADA, today=today)


def test_an_unknown_id_is_not_found(session, clerk):
    with pytest.raises(patients.NoSuchPatient, match="no such patient"):
        patients.get_patient(session, clerk, uuid4())


def test_patients_see_their_own_record(session, patient):
    mine = patients.get_patient(session, cast.act_as_patient(patient), patient.id)

    assert mine == patient


def test_another_patient_is_not_found_rather_than_forbidden(session, patient):
    stranger = cast.act_as_somebody(Role.PATIENT)

    with pytest.raises(patients.NoSuchPatient) as existing:
        patients.get_patient(session, stranger, patient.id)
    with pytest.raises(patients.NoSuchPatient) as missing:
        patients.get_patient(session, stranger, uuid4())

    assert str(existing.value) == str(missing.value)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_treats_nobody_opens_no_record(session, patient, role):
    with pytest.raises(NotAllowed, match="open a patient's record"):
        patients.get_patient(session, cast.act_as_somebody(role), patient.id)


def test_an_edit_makes_the_next_version(session, clerk, today, patient):
    typed = ada(last_name="King", allergies=(), no_known_allergies=True)

    edited = patients.edit(session, clerk, patient.id, typed, version=1, today=today)

    assert (edited.draft(), edited.version) == (typed, 2)
    assert edited == patients.get_patient(session, clerk, patient.id)


def test_a_stale_edit_is_refused_with_both_versions(session, clerk, today, patient):
    edit = patients.edit
    first = edit(
        session,
        clerk,
        patient.id,
        ada(address="1 New Road"),
        version=1,
        today=today,
    )

    with pytest.raises(patients.StaleVersion, match="Compare what is there") as lost:
        edit(
            session,
            clerk,
            patient.id,
            ada(email="a@b.org "),
            version=1,
            today=today,
        )

    assert lost.value.current == first
    assert lost.value.typed == ada(email="a@b.org")


def test_an_invalid_edit_is_refused_before_it_is_called_stale(
    session, clerk, today, patient
):
    with pytest.raises(patients.InvalidPatient):
        patients.edit(
            session, clerk, patient.id, ada(first_name=""), version=9, today=today
        )


def test_an_edit_does_not_take_away_the_last_way_to_reach_a_patient(
    session, clerk, today, patient
):
    draft = ada(first_name="", email=" ", phone_number="")

    with pytest.raises(patients.InvalidPatient) as refused:
        patients.edit(session, clerk, patient.id, draft, version=1, today=today)

    wrong = [problem.field for problem in refused.value.problems]
    assert wrong == ["first_name", "phone_number"]


def test_an_imported_patient_without_contact_can_be_edited(
    session, clerk, today, patient
):
    unreachable = ada(email=None, phone_number=None, address="1 New Road")
    session.execute(update(Patient).values(email=None, phone_number=None))

    edited = patients.edit(
        session, clerk, patient.id, unreachable, version=1, today=today
    )

    assert edited.address == "1 New Road"


def test_an_archived_record_is_restored_before_it_is_edited(
    session, clerk, today, patient
):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(patients.PatientArchived, match="restore it first"):
        patients.edit(session, clerk, patient.id, ADA, version=2, today=today)


def test_an_unknown_patient_is_not_found(session, clerk, today):
    with pytest.raises(patients.NoSuchPatient):
        patients.edit(session, clerk, uuid4(), ADA, version=1, today=today)


def test_patients_do_not_edit_even_their_own_record(session, today, patient):
    with pytest.raises(NotAllowed, match="edit patients"):
        patients.edit(
            session,
            cast.act_as_patient(patient),
            patient.id,
            ADA,
            version=1,
            today=today,
        )


def test_an_archived_record_is_kept_and_can_come_back(session, clerk, patient):
    archived = patients.archive(session, clerk, patient.id, version=1)
    restored = patients.restore(session, clerk, patient.id, version=2)

    assert (archived.is_archived, archived.version) == (True, 2)
    assert (restored.is_archived, restored.version) == (False, 3)
    assert restored.draft() == ADA


def test_who_archived_is_written_down(session, clerk, patient):
    patients.archive(session, clerk, patient.id, version=1)

    by = select(Patient.deleted_by).where(Patient.id == patient.id)
    assert session.scalar(by) == clerk.id


@pytest.mark.parametrize("version", [1, 2])
def test_archiving_twice_is_refused(session, clerk, patient, version):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(patients.PatientArchived):
        patients.archive(session, clerk, patient.id, version=version)


def test_a_stale_archiving_is_refused(session, clerk, today, patient):
    patients.edit(session, clerk, patient.id, ADA, version=1, today=today)

    with pytest.raises(patients.StaleVersion) as refused:
        patients.archive(session, clerk, patient.id, version=1)

    assert refused.value.typed is None


def test_a_stale_restoring_is_refused(session, clerk, patient):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(patients.StaleVersion):
        patients.restore(session, clerk, patient.id, version=1)


def test_a_record_in_use_needs_no_restoring(session, clerk, patient):
    with pytest.raises(patients.NotArchived, match="use it as it is"):
        patients.restore(session, clerk, patient.id, version=1)


@pytest.mark.parametrize("change", [patients.archive, patients.restore])
def test_only_the_front_desk_archives_and_restores(session, analyst, patient, change):
    with pytest.raises(NotAllowed, match="archive or restore"):
        change(session, analyst, patient.id, version=1)


def test_the_earliest_and_latest_births_fit_the_database(session, clerk):
    session.execute(text("SET TIME ZONE 'UTC'"))
    newborn = session.scalar(text("SELECT current_date"))

    for born in (date(1900, 1, 1), newborn):
        draft = ada(date_of_birth=born)
        assert patients.register(session, clerk, draft, today=newborn).date_of_birth
