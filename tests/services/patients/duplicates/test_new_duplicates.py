"""Patients who were registered twice are shown on the same day."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.duplicates import new_records
from services.patients.records import patients
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.cast import ADA, GRACE, ada


@pytest.fixture
def register(session, clerk, today):
    return lambda draft: patients.register(session, clerk, draft, today=today)


def test_a_likely_pair_is_shown_once(session, clerk, register):
    known = register(ADA)
    new = register(ada(email="other@example.org"))

    (pair,) = new_records.list_new_duplicates(session, clerk)
    assert {pair.new.id, pair.known.patient.id} == {known.id, new.id}


def test_strangers_are_no_duplicates(session, clerk, register):
    register(ADA)
    register(replace(GRACE, date_of_birth=ADA.date_of_birth))

    assert new_records.list_new_duplicates(session, clerk) == ()


def test_no_more_are_shown_than_asked_for(session, clerk, register):
    for _ in range(3):
        register(ada(email=f"{uuid4().hex}@example.org"))

    assert len(new_records.list_new_duplicates(session, clerk, limit=1)) == 1


def test_who_was_shown_is_written_down_as_one_search(session, clerk, register):
    pair = {register(ADA).id, register(ada(email="other@example.org")).id}

    new_records.list_new_duplicates(session, clerk)

    (event,) = events_of(session, "patient:find-duplicates")
    assert set(event.details["patients"]) == set(map(str, pair))


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN, Role.PATIENT])
def test_only_the_desk_compares_patients(session, role):
    with pytest.raises(NotAllowed):
        new_records.list_new_duplicates(session, cast.act_as_somebody(role))
