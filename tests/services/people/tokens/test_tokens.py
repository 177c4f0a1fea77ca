"""Tokens: random, stored as hashes, and valid only for a while."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.user import ApiToken, User
from services.core.actors import Role
from services.core.errors import InvalidInput
from services.people import tokens
from tests.kit import cast


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PATIENT}))
def test_a_token_acts_in_its_role(session, role):
    token = tokens.issue(session, role)

    assert tokens.find(session, token).actor.role is role


def test_a_patients_token_sees_that_patient(session):
    maya = cast.add_demo(session)[Role.PATIENT]

    token = tokens.issue(session, Role.PATIENT, patient_id=maya.patient_id)

    assert tokens.find(session, token).actor.patient_id == maya.patient_id


@pytest.mark.parametrize(
    ("role", "patient_id"), [(Role.PATIENT, None), (Role.STAFF, uuid4())]
)
def test_a_patients_token_and_no_other_names_a_patient(session, role, patient_id):
    with pytest.raises(InvalidInput, match="patient's id"):
        tokens.issue(session, role, patient_id=patient_id)


def test_a_token_has_256_random_bits_and_a_name_that_scanners_find(session):
    token = tokens.issue(session, Role.STAFF)

    assert token.startswith("chartroom_")
    assert len(token.removeprefix("chartroom_")) == 43
    assert tokens.is_well_formed(token)
    assert token != tokens.issue(session, Role.STAFF)


def test_the_token_itself_is_kept_nowhere(session):
    token = tokens.issue(session, Role.STAFF)

    kept = session.scalars(select(ApiToken)).one()
    user = session.get_one(User, kept.user_id)
    assert len(kept.token_hash) == 32
    assert token.removeprefix("chartroom_").encode() not in kept.token_hash
    assert token not in user.name


def test_every_token_is_a_program_of_its_own(session):
    actors = [
        tokens.find(session, tokens.issue(session, Role.STAFF)).actor for _ in range(2)
    ]

    assert actors[0].id != actors[1].id
    assert actors[0].name != actors[1].name


@pytest.mark.parametrize(
    "change",
    [
        update(ApiToken).values(expires_at=func.now()),
        update(ApiToken).values(revoked_at=func.now()),
        update(User).values(deactivated_at=func.now()),
    ],
    ids=["expired", "revoked", "deactivated"],
)
def test_a_token_that_was_taken_back_is_nobodys(session, change):
    token = tokens.issue(session, Role.STAFF)
    session.execute(change)

    assert tokens.find(session, token) is None


@pytest.mark.parametrize(
    "text",
    ["", "chartroom_", "chartroom_" + "A" * 44, "A" * 53, "chartroom_" + "é" * 43],
)
def test_what_cannot_be_a_token_is_known_without_asking(session, text):
    assert not tokens.is_well_formed(text)
    assert tokens.find(session, text) is None


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_a_token_lives_for_some_time_and_a_year_at_most(session, days):
    with pytest.raises(InvalidInput):
        tokens.issue(session, Role.STAFF, lifetime=timedelta(days=days))
