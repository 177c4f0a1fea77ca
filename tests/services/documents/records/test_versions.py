"""A replacement of a document's file is its next version; none is ever changed."""

import pytest
from sqlalchemy import func

from services.core.errors import NotAllowed
from services.documents import records
from services.documents.records.errors import (
    Damaged,
    FileGone,
    NoSuchDocument,
    NoSuchVersion,
    Quarantined,
    StaleRevision,
)
from services.patients.records import patients
from services.pdf.report import PdfReport
from tests.services.documents.records.samples import TEXT, content, file, mark, recorded

NEWER = content(b"newer", report=PdfReport(1, text=("Newer words",)))


def test_a_new_version_counts_and_the_old_one_stays(session, clerk, filed):
    replaced = records.add_version(session, clerk, filed.id, NEWER, revision=1)

    assert (replaced.latest, replaced.revision) == (2, 2)
    assert replaced.version.sha256 == NEWER.sha256.hex()
    assert replaced.updated_at >= filed.updated_at
    first = records.get(session, clerk, filed.id, number=1)
    assert first.version == filed.version
    assert records.text_of(session, clerk, filed.id) == ("Newer words",)
    assert records.text_of(session, clerk, filed.id, 1) == TEXT


def test_versions_are_listed_newest_first(session, clerk, filed):
    records.add_version(session, clerk, filed.id, NEWER, revision=1)

    listed = records.versions(session, clerk, filed.id)

    assert [version.number for version in listed] == [2, 1]


def test_a_stale_replacement_is_refused_and_shows_what_is_there(session, clerk, filed):
    newest = records.add_version(session, clerk, filed.id, NEWER, revision=1)

    with pytest.raises(StaleRevision) as refused:
        records.add_version(session, clerk, filed.id, content(b"late"), revision=1)

    assert refused.value.current == newest


def test_a_restored_version_becomes_the_newest_with_the_same_file(
    session, clerk, filed
):
    records.add_version(session, clerk, filed.id, NEWER, revision=1)

    restored = records.restore_version(session, clerk, filed.id, 1, revision=2)

    assert (restored.latest, restored.version.origin) == (3, "restored")
    assert restored.version.file_id == filed.version.file_id
    assert restored.version.sha256 == filed.version.sha256
    assert records.text_of(session, clerk, filed.id) == TEXT
    assert recorded(session)[-2:] == [
        ("document:restore-version", 3),
        ("document:compare", 3),
    ]


def test_a_version_that_is_not_there_is_not_restored(session, clerk, filed):
    with pytest.raises(NoSuchVersion, match="no version 7"):
        records.restore_version(session, clerk, filed.id, 7, revision=1)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ({"scan": "infected"}, Quarantined),
        ({"scan": "waiting"}, Quarantined),
        ({"damaged_at": func.now()}, Damaged),
        ({"file_id": None}, FileGone),
    ],
    ids=["infected", "waiting", "damaged", "gone"],
)
def test_what_is_not_served_is_not_restored(session, clerk, filed, state, refusal):
    mark(session, filed, **state)

    with pytest.raises(refusal):
        records.restore_version(session, clerk, filed.id, 1, revision=1)

    assert records.get(session, clerk, filed.id).latest == 1


def test_a_stale_restoration_is_refused(session, clerk, filed):
    records.add_version(session, clerk, filed.id, NEWER, revision=1)

    with pytest.raises(StaleRevision):
        records.restore_version(session, clerk, filed.id, 1, revision=1)


def test_patients_replace_what_they_filed_and_nothing_else(session, herself, filed):
    own = file(session, herself)

    replaced = records.add_version(session, herself, own.id, NEWER, revision=1)

    assert replaced.latest == 2
    with pytest.raises(NotAllowed, match="so only the clinic changes"):
        records.add_version(session, herself, filed.id, NEWER, revision=1)
    with pytest.raises(NotAllowed, match="so only the clinic changes"):
        records.restore_version(session, herself, filed.id, 1, revision=1)


def test_nothing_is_added_to_documents_of_archived_patients(
    session, clerk, patient, filed
):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(patients.PatientArchived):
        records.add_version(session, clerk, filed.id, NEWER, revision=1)


def test_a_deleted_document_gets_no_version(session, clerk, filed):
    records.delete(session, clerk, filed.id, revision=1)

    with pytest.raises(NoSuchDocument):
        records.add_version(session, clerk, filed.id, NEWER, revision=2)


def test_a_new_version_and_what_it_holds_are_written_down(session, clerk, filed):
    records.add_version(session, clerk, filed.id, NEWER, revision=1)

    assert recorded(session) == [("document:file", 1), ("document:add-version", 2)]
