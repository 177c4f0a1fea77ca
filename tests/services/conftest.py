"""Services are called in the role of their actor, as in use."""

import pytest
from sqlalchemy.orm import Session

from tests.kit import acting

acting.install()


@pytest.fixture
def session(session: Session) -> Session:
    """A session whose commits are rolled back when the test ends.

    What a test arranges and asserts in it is the owner's, and what services do is their
    actor's.
    """
    acting.run_in_role(session)
    return session
