"""Who and what the tests of documents start with."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from services import patients
from services.actors import Actor, Role
from services.documents import DocumentRecord
from services.patient_records import PatientRecord
from tests.services.documents.samples import file
from tests.services.patient_samples import ADA


@pytest.fixture
def patient(session: Session, clerk: Actor, today) -> PatientRecord:
    """Ada, registered."""
    return patients.register(session, clerk, ADA, today=today)


@pytest.fixture
def herself(patient: PatientRecord) -> Actor:
    """Ada, signed in."""
    return Actor(uuid4(), "Ada Lovelace", Role.PATIENT, patient.id)


@pytest.fixture
def filed(session: Session, clerk: Actor, patient: PatientRecord) -> DocumentRecord:
    """A document of Ada's that the front desk filed."""
    return file(session, clerk, of=patient)
