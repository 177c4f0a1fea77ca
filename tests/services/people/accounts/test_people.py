"""The demo's cast, and who may act."""

from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, update

from db.models.patient import Patient
from db.models.user import User
from services.core.actors import Role
from services.core.errors import NotFound
from services.people import accounts
from services.people.accounts import demo_accounts


def test_the_demo_has_one_person_of_each_role(session):
    demo_accounts.ensure_demo_people(session)

    cast = demo_accounts.demo_people(session)
    assert [person.role for person in cast] == [
        Role.STAFF,
        Role.CLINICIAN,
        Role.ANALYST,
        Role.ADMIN,
        Role.PATIENT,
    ]
    assert len({person.name for person in cast}) == 5


def test_only_the_patient_has_a_record_and_it_is_their_own(session):
    demo_accounts.ensure_demo_people(session)

    *others, maya = demo_accounts.demo_people(session)
    record = session.get_one(Patient, maya.patient_id)
    assert f"{record.first_name} {record.last_name}" == maya.name
    assert not any(person.patient_id for person in others)


def test_making_the_cast_again_changes_nothing(session):
    demo_accounts.ensure_demo_people(session)
    before = demo_accounts.demo_people(session)

    demo_accounts.ensure_demo_people(session)

    assert demo_accounts.demo_people(session) == before
    assert session.scalar(select(func.count()).select_from(Patient)) == 1


def test_a_missing_person_of_the_cast_is_made_anew(session):
    demo_accounts.ensure_demo_people(session)
    analyst = demo_accounts.demo_people(session)[2]
    session.execute(delete(User).where(User.id == analyst.id))

    demo_accounts.ensure_demo_people(session)

    assert [p.role for p in demo_accounts.demo_people(session)][2] is Role.ANALYST


def test_who_of_the_cast_was_deactivated_or_promoted_stays_so(session):
    demo_accounts.ensure_demo_people(session)
    rosa, _, jonas, *_ = demo_accounts.demo_people(session)
    session.execute(update(User).where(User.id == rosa.id).values(role="analyst"))
    session.execute(
        update(User).where(User.id == jonas.id).values(deactivated_at=func.now())
    )

    demo_accounts.ensure_demo_people(session)

    assert [person.role for person in demo_accounts.demo_people(session)] == [
        Role.CLINICIAN,
        Role.ANALYST,
        Role.ADMIN,
        Role.PATIENT,
    ]


def test_the_cast_of_an_older_version_is_given_addresses(session):
    demo_accounts.ensure_demo_people(session)
    before = demo_accounts.demo_cast(session)
    session.execute(update(User).values(email=None))

    demo_accounts.ensure_demo_people(session)

    assert demo_accounts.demo_cast(session) == before
    assert before[0].email == "rosa.lindqvist@example.org"


@pytest.mark.parametrize(
    "typed", ["rosa.lindqvist@example.org", " Rosa.Lindqvist@Example.org "]
)
def test_an_address_finds_its_person_however_it_is_written(session, typed):
    demo_accounts.ensure_demo_people(session)

    addressee = accounts.find_by_email(session, typed)

    assert addressee.id == demo_accounts.demo_people(session)[0].id
    assert addressee.is_demo


def test_an_address_of_nobody_finds_nobody(session):
    demo_accounts.ensure_demo_people(session)

    assert accounts.find_by_email(session, "nobody@example.org") is None
    assert accounts.find_by_email(session, "") is None


def test_somebody_is_found_by_their_id(session):
    demo_accounts.ensure_demo_people(session)
    rosa = demo_accounts.demo_people(session)[0]

    assert accounts.get_actor(session, rosa.id) == rosa


def test_nobody_is_found_by_an_unknown_id(session):
    with pytest.raises(NotFound):
        accounts.get_actor(session, uuid4())


def test_who_was_deactivated_may_not_act_and_is_not_offered(session):
    demo_accounts.ensure_demo_people(session)
    rosa = demo_accounts.demo_people(session)[0]
    session.execute(
        update(User).where(User.id == rosa.id).values(deactivated_at=func.now())
    )

    with pytest.raises(NotFound, match="Sign in again"):
        accounts.get_actor(session, rosa.id)
    assert rosa not in demo_accounts.demo_people(session)
    assert accounts.find_by_email(session, "rosa.lindqvist@example.org") is None


def test_asvs_6_3_2_outside_the_demo_nobody_of_the_cast_may_act(session):
    demo_accounts.ensure_demo_people(session)
    rosa = demo_accounts.demo_people(session)[0]

    demo_accounts.retire_demo_people(session)

    assert demo_accounts.demo_people(session) == ()
    with pytest.raises(NotFound):
        accounts.get_actor(session, rosa.id)


def test_a_demo_brings_its_cast_back_together(session):
    demo_accounts.ensure_demo_people(session)
    before = demo_accounts.demo_people(session)
    demo_accounts.retire_demo_people(session)

    demo_accounts.ensure_demo_people(session)

    assert demo_accounts.demo_people(session) == before
