"""Bytes without a row and rows without bytes are found; nothing else is."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from db.files.gridfs import Bucket
from services.documents import records
from services.documents.integrity import file_references, sweeping
from tests.services.documents.records.samples import content, file

LATER = datetime.now(UTC) + timedelta(days=1)
AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch):
    for module in (file_references, sweeping):
        monkeypatch.setattr(module, "_AT_ONCE", 2)


def put(files, data=b"bytes"):
    return files.put_stream(
        Bucket.DOCUMENTS, BytesIO(data), content_type="application/pdf"
    ).file_id


def test_only_old_files_that_no_version_names_are_unreferenced(session, clerk, files):
    named = [put(files) for _ in range(5)]
    lost = [put(files) for _ in range(3)]
    for file_id in named:
        file(session, clerk, holding=content(file_id=file_id))

    assert (
        list(file_references.list_unreferenced(session, files, Bucket.DOCUMENTS, LATER))
        == lost
    )
    assert (
        list(
            file_references.list_unreferenced(
                session, files, Bucket.DOCUMENTS, AN_HOUR_AGO
            )
        )
        == []
    )


def test_files_of_deleted_documents_and_old_versions_are_referenced(
    session, clerk, files
):
    first, second = put(files), put(files)
    filed = file(session, clerk, holding=content(file_id=first))
    newer = content(b"2", file_id=second)
    records.add_version(session, clerk, filed.id, newer, revision=1)
    records.delete(session, clerk, filed.id, revision=2)

    assert (
        list(file_references.list_unreferenced(session, files, Bucket.DOCUMENTS, LATER))
        == []
    )


def test_versions_without_their_bytes_are_missing(session, clerk, files):
    there = [file(session, clerk, holding=content(file_id=put(files))) for _ in "123"]
    lost = [file(session, clerk, holding=content()) for _ in "123"]

    missing = sweeping.sweep(session, files, Bucket.DOCUMENTS, LATER).missing

    assert [named.subject_id for named in missing] == [document.id for document in lost]
    assert not {document.id for document in there} & {
        named.subject_id for named in missing
    }
