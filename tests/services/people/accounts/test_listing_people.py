"""The list of people: who has a sign-in, and how far they have come."""

from datetime import timedelta

import pytest
from sqlalchemy import func, update

from db.models.user import Invitation
from services.core.actors import Role
from services.people import accounts, sessions, tokens
from services.people.accounts import AccountStatus, invitations
from tests.kit import cast
from tests.services.people.people_samples import desk


@pytest.fixture
def boss(session):
    return desk(session, name="Zoe")


def names(session, boss, **wanted):
    return [p.name for p in accounts.list_people(session, boss.actor, **wanted)]


def test_people_are_listed_by_name_and_programs_are_not_among_them(session, boss):
    cast.add_account(session, Role.STAFF, name="bert")
    cast.add_account(session, Role.STAFF, name="Anna")
    tokens.issue(session, Role.STAFF, name="Importer")

    assert names(session, boss) == ["Anna", "bert", "Zoe"]


@pytest.mark.parametrize("typed", ["ann", " ANN ", "anna@clinic"])
def test_a_search_finds_parts_of_names_and_addresses(session, boss, typed):
    cast.add_account(session, Role.STAFF, name="Anna", email="anna@clinic.example")
    cast.add_account(session, Role.STAFF, name="Bert")

    assert names(session, boss, search=typed) == ["Anna"]


@pytest.mark.parametrize("typed", ["%", "_", "\\"])
def test_what_is_typed_is_no_pattern(session, boss, typed):
    assert names(session, boss, search=typed) == []


def test_a_list_can_be_of_some_roles_only(session, boss):
    cast.add_account(session, cast.DORA)
    cast.add_account(session, cast.CLEO)

    assert names(session, boss, roles=[Role.CLINICIAN]) == [cast.DORA.name]


def test_a_list_ends_where_it_shall(session, boss):
    cast.add_account(session, Role.STAFF, name="Anna")

    assert names(session, boss, limit=1) == ["Anna"]


def _invited(session, boss):
    return invitations.invite(
        session,
        boss.actor,
        name=cast.CLEO.name,
        email=cast.CLEO.email,
        role=Role.STAFF,
        **boss.fresh,
    )


def _standing(session, boss, user_id):
    return accounts.get_person(session, boss.actor, user_id).standing


def test_who_has_not_come_yet_is_invited_even_if_the_link_has_aged(session, boss):
    invited = _invited(session, boss)
    session.execute(
        update(Invitation).values(expires_at=func.now() - timedelta(days=1))
    )

    assert _standing(session, boss, invited.user_id) is AccountStatus.INVITED


def test_who_used_the_link_is_active(session, boss):
    invited = _invited(session, boss)

    invitations.accept(session, invited.token)

    assert _standing(session, boss, invited.user_id) is AccountStatus.ACTIVE


def test_who_came_by_code_instead_is_active_and_was_seen(session, boss):
    invited = _invited(session, boss)

    sessions.start(session, invited.user_id, method="code", network=None, browser=None)

    person = accounts.get_person(session, boss.actor, invited.user_id)
    assert person.standing is AccountStatus.ACTIVE
    assert person.last_seen_at is not None
