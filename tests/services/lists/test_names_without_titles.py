"""Names in one text are sorted without their titles, here and in PostgreSQL."""

import pytest
from sqlalchemy import String, literal, select

from services.core.actors import Role
from services.lists.folding import by_name, by_shown_name
from services.patients.care import care
from services.people.accounts import list_people
from services.visits.schedule import doctors
from tests.kit import cast

SORTED_BY = {
    "Dr. Amara Okafor": "amara okafor",
    "Dr Amara Okafor": "amara okafor",
    "Dr.Amara Okafor": "amara okafor",
    "DR. AMARA OKAFOR": "amara okafor",
    "Dr. med. Änne Wolf": "anne wolf",
    "Dr. med. dent. Änne Wolf": "anne wolf",
    "Dr med Anna Wolf": "anna wolf",
    "Prof. Dr. med. Jörg Weiß": "jorg weiss",
    "Univ.-Prof. Dr. Eva Beer": "eva beer",
    "apl. Prof. Dr. Eva Beer": "eva beer",
    "Prof. Dr. h. c. mult. Eva Beer": "eva beer",
    "PD Dr. Uwe Kern": "uwe kern",
    "Priv.-Doz. Dr. Uwe Kern": "uwe kern",
    "Frau Dr. Kern": "kern",
    "Dipl.-Psych. Ina Maas": "ina maas",
    "Professor Lee": "lee",
    "Mrs Lee": "lee",
    "Okafor, Amara": "okafor, amara",
    # No titles, though they begin like some.
    "Drew Barry": "drew barry",
    "Phil Meddings": "phil meddings",
    "Dr. Phil Meddings": "phil meddings",
    "C. Everett Koop": "c. everett koop",
    "Dr. C. Everett Koop": "c. everett koop",
    "Missy Hart": "missy hart",
    "Medea Prof": "medea prof",
    "Dr.": "dr.",
    "Prof. Dr.": "dr.",
}


@pytest.mark.parametrize(("name", "sorted_by"), SORTED_BY.items(), ids=SORTED_BY)
def test_what_a_name_is_sorted_by(session, name, sorted_by):
    in_database = session.scalar(select(by_name(literal(name, String))))

    assert in_database == sorted_by
    assert by_shown_name(name)[0] == sorted_by


NAMES = ("Dr. Zoe Titled", "Prof. Dr. Ann Titled", "Bea Titled", "PD Dr. Änne Titled")
EXPECTED = [NAMES[1], NAMES[3], NAMES[2], NAMES[0]]


def test_doctors_are_listed_by_their_names(session, clerk):
    for name in NAMES:
        cast.add_doctor(session, name=name)

    listed = doctors.list_doctors(session, clerk, search="titled")

    assert [doctor.name for doctor in listed] == EXPECTED


def test_colleagues_are_listed_and_offered_by_their_names(session, clerk):
    for name in NAMES:
        cast.add_actor(session, Role.CLINICIAN, name=name)
    boss = cast.add_actor(session, Role.ADMIN)

    people = [person.name for person in list_people(session, boss, search="titled")]
    offered = [clinician.name for clinician in care.list_clinicians(session, clerk)]

    assert [name for name in offered if name in NAMES] == EXPECTED
    assert people == EXPECTED
