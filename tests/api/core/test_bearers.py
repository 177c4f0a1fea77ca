"""A token's actor is cached for a second, and not a moment longer."""

from uuid import uuid4

import pytest
from sqlalchemy import update

from api.core.bearers import Bearers
from db.models.user import ApiToken
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people import tokens
from services.people.random_tokens import hash_of
from tests.kit.waiting import eventually


class Clock:
    """Stands still until it is moved."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bearers(clock) -> Bearers:
    return Bearers(clock)


@pytest.fixture
def database(application) -> Database:
    return application.database


@pytest.fixture
def token(database) -> str:
    return database.write(
        lambda session: tokens.issue(session, Role.STAFF), identity=SYSTEM
    ).value


def _revoke(database, token):
    taken_back = (
        update(ApiToken)
        .where(ApiToken.token_hash == hash_of(token))
        .values(revoked_at=ApiToken.created_at)
    )
    database.write(lambda session: session.execute(taken_back), identity=SYSTEM)


def test_who_was_found_is_known_for_a_second(bearers, clock, database, token):
    assert bearers.known(token) is None

    bearer = bearers.find(database, token)

    clock.seconds += 0.9
    assert bearers.known(token).actor == bearer.actor
    clock.seconds += 0.2
    assert bearers.known(token) is None


def test_what_is_revoked_ends_with_that_second(bearers, clock, database, token):
    bearers.find(database, token)

    _revoke(database, token)

    def look():
        clock.seconds += 1.1
        return bearers.find(database, token)

    # A replica sees it once it has replayed the change.
    eventually(look, lambda bearer: bearer is None)
    assert bearers.known(token) is None


def test_its_use_is_noted_once(bearers, database, token):
    looks = [bearers.find(database, token) for _ in range(3)]

    assert [bearer.is_to_be_noted for bearer in looks] == [True, False, False]


def test_nobody_is_not_kept(bearers, database):
    nobodys = f"chartroom_{uuid4().hex}{'A' * 11}"

    assert bearers.find(database, nobodys) is None
    assert bearers.known(nobodys) is None
