"""Services are called in the role of their actor, as in use."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from services.core.actors import Actor
from tests.kit import acting, cast
from tests.services.patients.clinic_samples import Clinic, open_clinic
from tests.services.people.people_samples import Desk, desk

acting.install()


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Iterator[Clinic]:
    """A clinic with a database of its own, which the tests of a module share."""
    with open_clinic(module_endpoints) as clinic:
        yield clinic


@pytest.fixture
def session(session: Session) -> Session:
    """A session whose commits are rolled back when the test ends.

    What a test arranges and asserts in it is the owner's, and what services do is their
    actor's.
    """
    acting.run_in_role(session)
    return session


@pytest.fixture
def boss(session: Session) -> Desk:
    """An administrator who has just used a passkey."""
    return desk(session)


@pytest.fixture
def ines(session: Session) -> Actor:
    """The administrator of the demo's cast."""
    return cast.add_actor(session, cast.INES)
