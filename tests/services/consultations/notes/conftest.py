"""A patient with a visit, in a transaction that is rolled back."""

import pytest

from tests.services.consultations.notes import samples


@pytest.fixture
def visit(session, patient):
    return samples.visit(session, patient.id)
