"""The people and documents with which the tests of documents start."""

import pytest
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.documents.records.model import DocumentRecord
from services.patients.records.model import PatientRecord
from tests.services.documents.records.samples import file


@pytest.fixture
def filed(session: Session, clerk: Actor, patient: PatientRecord) -> DocumentRecord:
    """A document of Ada's that the front desk filed."""
    return file(session, clerk, of=patient)
