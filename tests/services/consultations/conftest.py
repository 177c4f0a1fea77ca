"""A patient with a visit and a clinician, in a transaction that is rolled back."""

import pytest
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from services.core.actors import Actor
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.services.consultations.notes import samples


@pytest.fixture
def clinician(session: Session, patient: PatientRecord) -> Actor:
    """Dora, who treats the patient."""
    dora = cast.add_actor(session, cast.DORA)
    cast.have_treated(session, dora, patient.id)
    return dora


@pytest.fixture
def visit(session: Session, patient: PatientRecord) -> Appointment:
    """A visit of the patient."""
    return samples.visit(session, patient.id)
