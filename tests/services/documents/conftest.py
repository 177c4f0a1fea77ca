"""The small clinic whose documents most of these tests use, and Grace herself."""

import pytest

from services.core.actors import Actor
from tests.services.patients.clinic_samples import Clinic


@pytest.fixture(scope="module")
def grace(clinic: Clinic) -> Actor:
    """Grace, whom Dora treats, as she signs in herself."""
    return clinic.invite(clinic.grace)
