"""The sender and the recipients of what is sent."""

import pytest

from services.core.actors import Role
from tests.kit import cast


@pytest.fixture
def analyst(session):
    return cast.add_actor(session, cast.ANA)


@pytest.fixture
def colleague(session):
    return cast.add_actor(session, Role.ANALYST)
