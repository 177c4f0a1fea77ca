"""A patient's death is recorded with the date, and can be reversed."""

from datetime import date, timedelta

import pytest

from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed
from services.patients.duplicates import merging
from services.patients.records import patients
from services.patients.records.deaths import record_death
from tests.kit import cast

DAY = date(2024, 3, 9)


def test_the_day_is_kept_and_can_be_taken_back(session, clerk, patient, today):
    died = record_death(
        session, clerk, patient.id, DAY, version=patient.version, today=today
    )
    lives = record_death(
        session, clerk, patient.id, None, version=died.version, today=today
    )

    assert (died.deceased_on, died.version) == (DAY, patient.version + 1)
    assert lives.deceased_on is None


def test_a_day_before_birth_or_after_today_is_refused(session, clerk, patient, today):
    for day in (patient.date_of_birth - timedelta(1), today + timedelta(1)):
        with pytest.raises(InvalidInput, match="between the date of birth and today"):
            record_death(
                session, clerk, patient.id, day, version=patient.version, today=today
            )


def test_a_version_that_is_not_the_last_is_refused(session, clerk, patient, today):
    with pytest.raises(patients.StaleVersion):
        record_death(session, clerk, patient.id, DAY, version=99, today=today)


def test_who_edits_no_patients_says_of_nobody_that_they_died(session, patient, today):
    analyst = cast.act_as_somebody(Role.ANALYST)

    with pytest.raises(NotAllowed):
        record_death(session, analyst, patient.id, DAY, version=1, today=today)


def test_nobody_is_born_after_their_death(session, clerk, patient, today):
    died = record_death(
        session, clerk, patient.id, DAY, version=patient.version, today=today
    )
    born = cast.ada(date_of_birth=DAY + timedelta(1))

    with pytest.raises(patients.InvalidPatient, match="is after the date of death"):
        patients.edit(
            session, clerk, patient.id, born, version=died.version, today=today
        )


def test_a_merge_keeps_the_death_of_either(session, clerk, patient, today):
    other = patients.register(session, clerk, cast.ada(), today=today)
    died = record_death(session, clerk, other.id, DAY, version=1, today=today)

    merged = merging.merge(
        session,
        clerk,
        patient.id,
        other.id,
        patient.draft(),
        kept_version=patient.version,
        merged_version=died.version,
        today=today,
    )

    assert merged.deceased_on == DAY
