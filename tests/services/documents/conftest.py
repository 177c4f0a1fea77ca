"""The small clinic whose documents most of these tests use, and Grace herself."""

from collections.abc import Iterator

import pytest

from db.endpoints import Endpoints
from services.core.actors import Actor
from tests.services.patients.clinic_samples import Clinic, open_clinic


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Iterator[Clinic]:
    """A clinic in a database of the module's own."""
    with open_clinic(module_endpoints) as clinic:
        yield clinic


@pytest.fixture(scope="module")
def grace(clinic: Clinic) -> Actor:
    """Grace, whom Dora treats, as she signs in herself."""
    return clinic.invite(clinic.grace)
