"""Who treats whom."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from db.models.audit import AuditEvent
from db.models.care import CareRelationship
from db.models.user import User
from services.core.actors import Actor, Role
from services.core.errors import NotAllowed, NotFound
from services.patients.care import break_glass, care
from services.patients.duplicates import merging
from services.patients.records import patients
from tests.kit import cast
from tests.kit.cast import ADA, ada

TODAY = date(2026, 11, 20)


@pytest.fixture
def dora(session) -> Actor:
    return cast.add_actor(session, cast.DORA)


def team(session, clerk, patient) -> list[str]:
    return [
        carer.clinician.name for carer in care.list_team(session, clerk, patient.id)
    ]


def recorded(session, action: str) -> list[tuple[object, str]]:
    rows = session.execute(
        select(AuditEvent.patient_id, AuditEvent.subject_id)
        .where(AuditEvent.action == action)
        .order_by(AuditEvent.position)
    )
    return [(patient_id, subject_id) for patient_id, subject_id in rows]


def test_who_is_assigned_is_in_the_team(session, clerk, dora, patient):
    assigned = care.assign(session, clerk, patient.id, dora.id)

    assert care.list_team(session, clerk, patient.id) == (assigned,)
    assert assigned.clinician == care.Clinician(dora.id, "Dora Physick")


def test_whose_treatment_ended_is_in_the_team_no_more(session, clerk, dora, patient):
    care.assign(session, clerk, patient.id, dora.id)

    care.end(session, clerk, patient.id, dora.id)

    assert care.list_team(session, clerk, patient.id) == ()


def test_that_somebody_treated_is_kept_after_it_ended(session, clerk, dora, patient):
    care.assign(session, clerk, patient.id, dora.id)

    care.end(session, clerk, patient.id, dora.id)

    assert session.scalars(select(CareRelationship.ended_at)).one() is not None


def test_a_treatment_that_ended_can_begin_anew(session, clerk, dora, patient):
    care.assign(session, clerk, patient.id, dora.id)
    care.end(session, clerk, patient.id, dora.id)

    care.assign(session, clerk, patient.id, dora.id)

    assert team(session, clerk, patient) == ["Dora Physick"]


def test_nobody_treats_a_patient_twice_over(session, clerk, dora, patient):
    care.assign(session, clerk, patient.id, dora.id)

    with pytest.raises(care.AlreadyTreats, match="Dora Physick already treats"):
        care.assign(session, clerk, patient.id, dora.id)


def test_ending_what_is_no_treatment_is_refused(session, clerk, dora, patient):
    with pytest.raises(NotFound, match="no longer treats"):
        care.end(session, clerk, patient.id, dora.id)


def test_a_patient_has_as_many_clinicians_as_treat_them(session, clerk, dora, patient):
    emil = cast.add_actor(session, cast.EMIL)

    care.assign(session, clerk, patient.id, dora.id)
    care.assign(session, clerk, patient.id, emil.id)

    assert sorted(team(session, clerk, patient)) == ["Dora Physick", "Emil Physick"]


def test_a_clinician_may_hand_a_patient_on(session, clerk, dora, patient):
    emil = cast.add_actor(session, cast.EMIL)
    care.begin(session, patient.id, dora.id, by=dora)

    care.assign(session, dora, patient.id, emil.id)
    care.end(session, dora, patient.id, dora.id)

    assert team(session, clerk, patient) == ["Emil Physick"]


def test_a_record_that_was_broken_open_does_not_become_ones_own(session, dora, patient):
    reason = "Unconscious in the waiting room"
    break_glass.open_record(session, dora, patient.id, reason)

    with pytest.raises(care.NotYours):
        care.assign(session, dora, patient.id, dora.id)
    with pytest.raises(care.NotYours):
        care.end(session, dora, patient.id, dora.id)


@pytest.mark.parametrize("role", [Role.STAFF, Role.ANALYST, Role.ADMIN])
def test_only_clinicians_can_be_given_a_patient(session, clerk, patient, role):
    other = cast.add_actor(session, role)

    with pytest.raises(care.NoSuchClinician):
        care.assign(session, clerk, patient.id, other.id)


def test_who_was_deactivated_is_given_no_patient(session, clerk, dora, patient):
    session.get_one(User, dora.id).deactivated_at = datetime.now(UTC)
    session.flush()

    with pytest.raises(care.NoSuchClinician):
        care.assign(session, clerk, patient.id, dora.id)
    assert care.list_clinicians(session, clerk) == ()


def test_the_clinicians_are_listed_by_name(session, clerk):
    for member in (cast.EMIL, cast.CLEO, cast.DORA):
        cast.add_actor(session, member)

    names = [carer.name for carer in care.list_clinicians(session, clerk)]

    assert names == ["Dora Physick", "Emil Physick"]


def test_nobody_treats_an_archived_record(session, clerk, dora, patient):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(NotFound, match="no such patient"):
        care.assign(session, clerk, patient.id, dora.id)


def test_a_patient_that_is_not_there_is_given_to_nobody(session, clerk, dora):
    with pytest.raises(NotFound, match="no such patient"):
        care.assign(session, clerk, uuid4(), dora.id)


def test_the_team_follows_a_merge_and_names_each_once(session, clerk, dora, patient):
    other = patients.register(session, clerk, ada(phone_number=None), today=TODAY)
    for record in (patient, other):
        care.assign(session, clerk, record.id, dora.id)

    merging.merge(
        session,
        clerk,
        patient.id,
        other.id,
        ADA,
        kept_version=1,
        merged_version=1,
        today=TODAY,
    )

    assert team(session, clerk, patient) == ["Dora Physick"]


def test_ending_ends_what_a_merge_brought_together(session, clerk, dora, patient):
    for _ in range(2):
        care.begin(session, patient.id, dora.id, by=clerk)

    care.end(session, clerk, patient.id, dora.id)

    assert team(session, clerk, patient) == []


def test_assigning_and_ending_are_written_down(session, clerk, dora, patient):
    session.execute(delete(AuditEvent))

    care.assign(session, clerk, patient.id, dora.id)
    care.end(session, clerk, patient.id, dora.id)

    expected = [(patient.id, str(dora.id))]
    assert recorded(session, "care:assign") == expected
    assert recorded(session, "care:end") == expected


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ANALYST, Role.ADMIN])
def test_only_those_at_the_desk_and_clinicians_say_who_treats(
    session, dora, patient, role
):
    actor = cast.act_as_somebody(role)

    for refused in (
        lambda: care.assign(session, actor, patient.id, dora.id),
        lambda: care.end(session, actor, patient.id, dora.id),
        lambda: care.list_team(session, actor, patient.id),
        lambda: care.list_clinicians(session, actor),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_a_clinician_treats_whom_they_register(session, clerk, dora):
    registered = patients.register(session, dora, ADA, today=TODAY)

    assert team(session, clerk, registered) == ["Dora Physick"]


def test_registering_again_after_a_lost_answer_begins_no_second_care(session, dora):
    patient_id = uuid4()
    for _ in range(2):
        patients.register(session, dora, ADA, today=TODAY, patient_id=patient_id)

    assert len(session.scalars(select(CareRelationship)).all()) == 1


def test_whom_the_front_desk_registers_nobody_treats_yet(session, clerk, patient):
    assert team(session, clerk, patient) == []
