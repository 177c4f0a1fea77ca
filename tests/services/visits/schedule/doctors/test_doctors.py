"""Doctors are found by what people remember about them."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func

from services.core.actors import Scope
from services.core.errors import NotAllowed, NotFound
from services.visits.schedule import doctors
from tests.kit import cast


@pytest.fixture
def staff(session):
    people = {
        "Zoë Ångström": ("Cardiology", "Leeds"),
        "Adam Ant": ("General practice", None),
        "Bea 100%": ("Cardiology", "York"),
    }
    return {
        name: cast.add_doctor(session, name=name, speciality=speciality, city=city)
        for name, (speciality, city) in people.items()
    }


def names(listed):
    return [doctor.name for doctor in listed]


def test_all_doctors_are_listed_by_name(session, clerk, staff):
    assert names(doctors.list_doctors(session, clerk)) == [
        "Adam Ant",
        "Bea 100%",
        "Zoë Ångström",
    ]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("zoe", ["Zoë Ångström"]),
        ("angstrom cardio", ["Zoë Ångström"]),
        ("cardiology", ["Bea 100%", "Zoë Ångström"]),
        ("york", ["Bea 100%"]),
        ("general", ["Adam Ant"]),
        ("100%", ["Bea 100%"]),
        ("%", ["Bea 100%"]),
        ("_", []),
        ("dentist", []),
    ],
)
def test_words_may_be_of_the_name_speciality_or_city(
    session, clerk, staff, search, expected
):
    assert names(doctors.list_doctors(session, clerk, search=search)) == expected


def test_a_list_ends_at_its_limit(session, clerk, staff):
    assert len(doctors.list_doctors(session, clerk, limit=2)) == 2


def test_a_doctor_who_left_is_neither_listed_nor_opened(session, clerk, staff):
    gone = staff["Adam Ant"]
    gone.deleted_at = func.now()
    session.flush()

    assert "Adam Ant" not in names(doctors.list_doctors(session, clerk))
    with pytest.raises(NotFound, match="There is no such doctor"):
        doctors.get_doctor(session, clerk, gone.id)


def test_a_doctor_is_opened_by_id(session, clerk, staff):
    doctor = doctors.get_doctor(session, clerk, staff["Bea 100%"].id)

    assert (doctor.name, doctor.speciality, doctor.city) == (
        "Bea 100%",
        "Cardiology",
        "York",
    )
    with pytest.raises(NotFound):
        doctors.get_doctor(session, clerk, uuid4())


def test_a_token_for_something_else_shows_no_doctors(session, clerk, staff):
    program = replace(clerk, scopes=frozenset({Scope.READ_PATIENTS}))

    with pytest.raises(NotAllowed, match="see the doctors"):
        doctors.list_doctors(session, program)
    with pytest.raises(NotAllowed, match="see the doctors"):
        doctors.get_doctor(session, program, staff["Adam Ant"].id)


def test_a_speciality_is_found_however_it_is_written(session, clerk, staff):
    listed = doctors.list_doctors(session, clerk, speciality="cardiology")

    assert names(listed) == ["Bea 100%", "Zoë Ångström"]


def test_specialities_are_those_of_doctors_who_can_be_booked(session, clerk, staff):
    staff["Adam Ant"].is_active = False
    session.flush()

    assert doctors.list_specialities(session, clerk) == ("Cardiology",)


def test_who_cannot_be_booked_is_listed_only_if_asked_for(session, clerk, staff):
    staff["Adam Ant"].is_active = False
    session.flush()

    assert "Adam Ant" not in names(doctors.list_doctors(session, clerk))
    listed = doctors.list_doctors(session, clerk, with_inactive=True)
    assert "Adam Ant" in names(listed)


def test_how_the_clinic_reaches_a_doctor_is_told_to_those_who_manage_them(
    session, clerk, clinician, staff
):
    staff["Adam Ant"].email = "adam@example.org"
    session.flush()
    adam = staff["Adam Ant"].id

    assert doctors.get_doctor(session, clerk, adam).email == "adam@example.org"
    assert doctors.get_doctor(session, clinician, adam).email is None
