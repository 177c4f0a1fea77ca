"""Two analysts with accounts."""

import pytest
from sqlalchemy.orm import Session

from services.core.actors import Actor, Role
from tests.kit import cast


@pytest.fixture
def analyst(session: Session) -> Actor:
    """Ana, who counts and shares."""
    return cast.add_actor(session, cast.ANA)


@pytest.fixture
def colleague(session: Session) -> Actor:
    """Another analyst."""
    return cast.add_actor(session, Role.ANALYST)
