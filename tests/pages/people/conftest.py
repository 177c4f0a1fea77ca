"""The person who is shown on the pages about people."""

import pytest
from sqlalchemy.orm import Session

from db.models.user import User
from services.core.actors import Role
from tests.kit import cast


@pytest.fixture
def cleo(kept: Session) -> User:
    """A colleague whom only this test knows."""
    user = cast.add_account(kept, Role.STAFF)
    kept.commit()
    return user
