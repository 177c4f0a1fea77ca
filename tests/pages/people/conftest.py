"""The person who is shown on the pages about people."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.models.user import User
from services.core.actors import Role
from tests.kit import cast


@pytest.fixture
def cleo(kept: Session) -> User:
    """A colleague whom only this test knows."""
    user = cast.add_account(kept, Role.STAFF)
    kept.commit()
    return user


@pytest.fixture
def open_page(at_desk: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Open a page as an administrator who has just used a passkey."""
    return partial(at_desk, role=Role.ADMIN)
