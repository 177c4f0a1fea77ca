"""Documents are filed under a patient or under nobody, and replaced by versions."""

import pytest

from services import documents, patients
from services.documents import ChangedDocument, DraftDocument
from tests.services.documents.samples import TEXT, content, file
from tests.services.patient_samples import ADA


@pytest.fixture
def patient(session, clerk, today):
    return patients.register(session, clerk, ADA, today=today)


def test_a_document_is_filed_with_its_facts_its_version_and_its_text(
    session, clerk, patient
):
    draft = DraftDocument(
        document_type=documents.DocumentType.LAB_REPORT,
        description="From the city's lab",
        metadata={"lab": "City"},
        patient_id=patient.id,
    )

    filed = documents.file(session, clerk, draft, content())

    assert filed == documents.get(session, clerk, filed.id)
    assert (filed.title, filed.patient_name) == ("Blood count", "Ada Lovelace")
    assert filed.classification is documents.Classification.CLINICAL
    assert (filed.latest, filed.revision, filed.version.number) == (1, 1, 1)
    assert documents.text_of(session, clerk, filed.id) == TEXT
    v2 = documents.add_version(session, clerk, filed.id, content(b"2"), revision=1)
    v3 = documents.restore_version(session, clerk, filed.id, 1, revision=2)
    assert v3.version.file_id == filed.version.file_id
    assert documents.text_of(session, clerk, filed.id) == TEXT
    d = documents.delete(session, clerk, filed.id, revision=3)
    documents.restore(session, clerk, filed.id, revision=None)
    documents.hold(session, clerk, filed.id, reason="A court asked for it.")
    documents.release(session, clerk, filed.id)
    assert documents.find_filed(session, clerk, content().sha256, patient.id)
    changes = ChangedDocument.of(filed)
    documents.change(session, clerk, filed.id, changes, revision=7)
    assert len(documents.versions(session, clerk, filed.id)) == 3
    documents.note_damage(session, None, filed.id, 1)
    assert documents.restore_days(session, clerk)
