"""Who books and is booked."""

import pytest

from tests.api.visit_samples import Practice
from tests.kit import cast


@pytest.fixture
def practice(application) -> Practice:
    """A doctor whom no other test books."""
    return Practice.open(application.database)


@pytest.fixture
def grace(client):
    """Another patient."""
    return client.post("/api/v1/patients", cast.body_of(cast.GRACE, "email")).json()
