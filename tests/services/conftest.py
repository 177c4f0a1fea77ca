"""Services are called in the role of their actor, as in use, where tests are ready."""

from pathlib import Path
from typing import Final

import pytest
from sqlalchemy.orm import Session

from tests.kit import acting

acting.install()

# In the other folders, clinicians of tests work for patients whom they do not treat,
# which the database refuses. Whoever has these treat them adds the folder here.
_IN_ROLE: Final = (
    "analytics/cohorts",
    "analytics/dashboards",
    "analytics/subscriptions",
    "audit/log",
    "core/test_acting.py",
    "patients/care/test_break_glass.py",
    "patients/photos",
    "patients/records",
    "people/sign_in",
    "visits/schedule",
)


@pytest.fixture
def session(session: Session, request: pytest.FixtureRequest) -> Session:
    """A session whose commits are rolled back when the test ends.

    What a test arranges and asserts in it is the owner's, and what services do is their
    actor's.
    """
    rooms = [Path(__file__).parent / each for each in _IN_ROLE]
    if any(request.path.is_relative_to(room) for room in rooms):
        acting.run_in_role(session)
    return session
