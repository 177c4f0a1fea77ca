"""A patient with a visit, in a transaction that is rolled back."""

import pytest

from services.patients.records import patients
from tests.kit.cast import ADA
from tests.services.consultations.notes import samples


@pytest.fixture
def patient(session, clerk, today):
    return patients.register(session, clerk, ADA, today=today)


@pytest.fixture
def visit(session, patient):
    return samples.visit(session, patient.id)
