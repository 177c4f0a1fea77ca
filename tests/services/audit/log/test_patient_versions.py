"""The versions of a record, reconstructed back from its current values."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from db.models.patient import Patient
from services.audit.log.patient_versions import list_patient_versions
from services.core.audit import Action
from services.core.errors import NotAllowed, NotFound
from services.patients.duplicates import merging
from services.patients.point_in_time import RecordCopy, copy_back
from services.patients.records import deaths, patients
from tests.kit import cast


@pytest.fixture
def versions(session, store):
    """Reads the versions of a record, the newest first."""

    def read(actor, patient):
        return list_patient_versions(session, store, actor, patient.id)

    return read


@pytest.fixture
def edited(session, rosa, patient, today):
    """Ada, who moved and then was found to be allergic to something else."""
    moved = replace(patient.draft(), address="2 Quay Street")
    record = patients.edit(session, rosa, patient.id, moved, version=1, today=today)
    draft = replace(moved, allergies=("Latex",), email=None, phone_number="0163296000")
    return patients.edit(
        session, rosa, patient.id, draft, version=record.version, today=today
    )


def test_every_version_reads_as_it_did_and_says_what_changed(
    rosa, patient, edited, versions, ship
):
    third, second, first = versions(rosa, patient)

    assert third.record == edited
    assert first.record.draft() == patient.draft()
    assert second.record.draft() == replace(patient.draft(), address="2 Quay Street")
    assert [version.record.version for version in (third, second, first)] == [3, 2, 1]
    assert second.changed == {"address": (patient.address, "2 Quay Street")}
    assert set(third.changed) == {"allergies", "email", "phone_number"}
    assert {version.who for version in (third, second, first)} == {"You"}
    assert first.action is Action.PATIENT_REGISTER
    assert first.made_at == patient.created_at


def test_the_versions_are_the_same_once_the_events_are_in_the_log(
    rosa, patient, edited, versions, ship
):
    waiting = versions(rosa, patient)
    ship()

    assert [version.record.draft() for version in versions(rosa, patient)] == [
        version.record.draft() for version in waiting
    ]
    assert [version.changed.keys() for version in versions(rosa, patient)] == [
        version.changed.keys() for version in waiting
    ]


def test_archived_and_restored_are_versions(session, rosa, patient, versions):
    patients.archive(session, rosa, patient.id, version=1)
    patients.restore(session, rosa, patient.id, version=2)

    listed = versions(rosa, patient)

    assert [version.record.is_archived for version in listed] == [False, True, False]
    assert listed[1].action is Action.PATIENT_ARCHIVE


def test_a_death_is_a_version(session, rosa, patient, versions, today):
    died = date(2026, 1, 2)
    deaths.record_death(session, rosa, patient.id, died, version=1, today=today)

    newest, first = versions(rosa, patient)

    assert (newest.record.deceased_on, first.record.deceased_on) == (died, None)


def test_both_records_of_a_merge_read_as_before(
    session, rosa, patient, versions, today
):
    other = patients.register(session, rosa, cast.invent_patient(), today=today)
    died = date(2026, 1, 2)
    other = deaths.record_death(session, rosa, other.id, died, version=1, today=today)
    merging.merge(
        session,
        rosa,
        patient.id,
        other.id,
        replace(patient.draft(), address="2 Quay Street"),
        kept_version=1,
        merged_version=2,
        today=today,
    )

    kept, before = versions(rosa, patient)
    merged, alive, _ = versions(rosa, other)

    assert (kept.record.address, before.record.address) == (
        "2 Quay Street",
        patient.address,
    )
    assert (kept.record.deceased_on, before.record.deceased_on) == (died, None)
    assert (merged.record.merged_into_id, alive.record.merged_into_id) == (
        patient.id,
        None,
    )
    assert not alive.record.is_archived


def test_what_was_brought_back_is_a_version(session, rosa, edited, versions, today):
    draft = replace(edited.draft(), address="1 Quay Street")
    copy = RecordCopy(
        patient_id=edited.id,
        draft=draft,
        version=edited.version,
        as_of=None,
        reason="Typed into the wrong record",
    )
    copy_back(session, rosa, copy, today=today)

    newest, before, *_ = versions(rosa, edited)

    assert newest.action is Action.POINT_IN_TIME_COPY
    assert newest.record.draft() == draft
    assert before.record == edited


def test_versions_go_back_to_an_import_and_no_further(
    session, rosa, patient, versions, today
):
    session.execute(
        update(Patient).where(Patient.id == patient.id).values(version=2, address="X")
    )
    draft = replace(patient.draft(), address="2 Quay Street")
    patients.edit(session, rosa, patient.id, draft, version=2, today=today)

    newest, imported = versions(rosa, patient)

    assert (newest.record.version, imported.record.version) == (3, 2)
    assert imported.record.address == "X"
    assert (imported.who, imported.made_at) == (None, None)


@pytest.fixture
def redone(session, rosa, patient, today):
    """Ada, whose second version was made again after the clinic had gone back."""
    was = patients.values_of(patient.draft()) | {"version": 1}
    called = replace(patient.draft(), emergency_contact="Sam Roe")
    moved = replace(patient.draft(), address="2 Quay Street")
    patients.edit(session, rosa, patient.id, called, version=1, today=today)
    session.execute(update(Patient).where(Patient.id == patient.id).values(was))
    return patients.edit(session, rosa, patient.id, moved, version=1, today=today)


def test_of_two_changes_to_one_version_the_later_counts(
    rosa, patient, redone, versions, ship
):
    waiting = versions(rosa, redone)
    ship()

    for newest, first in (waiting, versions(rosa, redone)):
        assert set(newest.changed) == {"address"}
        assert first.record.draft() == patient.draft()


def test_strangers_read_no_version_of_a_record(session, rosa, patient, versions, today):
    stranger = patients.register(session, rosa, cast.invent_patient(), today=today)
    other = cast.add_patient_actor(session, stranger)

    with pytest.raises(NotFound):
        versions(other, patient)
    with pytest.raises(NotAllowed):
        versions(cast.add_actor(session, cast.ANA), patient)
    with pytest.raises(NotAllowed):
        versions(cast.add_actor(session, cast.ADAM), patient)


def test_patients_read_the_versions_of_their_own_record(patient, edited, ada, versions):
    assert [version.record.version for version in versions(ada, patient)] == [3, 2, 1]
