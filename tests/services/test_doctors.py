"""Doctors are found by what people remember of them."""

from uuid import uuid4

import pytest
from sqlalchemy import func

from db.models import Doctor
from services import doctors
from services.errors import NotAllowed, NotFound


@pytest.fixture
def staff(session):
    people = {
        "Zoë Ångström": ("Cardiology", "Leeds"),
        "Adam Ant": ("General practice", None),
        "Bea 100%": ("Cardiology", "York"),
    }
    rows = {
        name: Doctor(name=name, speciality=speciality, city=city)
        for name, (speciality, city) in people.items()
    }
    session.add_all(rows.values())
    session.flush()
    return rows


def names(found):
    return [doctor.name for doctor in found]


def test_all_doctors_are_listed_by_name(session, clerk, staff):
    assert names(doctors.list_doctors(session, clerk)) == [
        "Adam Ant",
        "Bea 100%",
        "Zoë Ångström",
    ]


@pytest.mark.parametrize(
    ("search", "found"),
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
    session, clerk, staff, search, found
):
    assert names(doctors.list_doctors(session, clerk, search=search)) == found


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


def test_who_runs_the_system_does_not_see_the_doctors(session, admin, staff):
    with pytest.raises(NotAllowed, match="see the doctors"):
        doctors.list_doctors(session, admin)
    with pytest.raises(NotAllowed, match="see the doctors"):
        doctors.get_doctor(session, admin, staff["Adam Ant"].id)
