"""Uploads in parts: what their rows permit, however many write at the same time."""

import pytest

from services.documents import uploads
from services.documents.uploads import InvalidUpload, OffsetMismatch, StoredPart


@pytest.fixture
def begun(session, clerk):
    """An upload of eight bytes."""
    return uploads.begin(session, clerk, length=8)


def add(session, clerk, begun, *parts):
    return uploads.add_parts(session, clerk, begun.id, parts)


def test_of_two_that_send_the_same_bytes_the_first_is_kept(session, clerk, begun):
    add(session, clerk, begun, StoredPart(0, 4, "first"))

    with pytest.raises(OffsetMismatch, match="continues at byte 4"):
        add(session, clerk, begun, StoredPart(0, 4, "second"))

    add(session, clerk, begun, StoredPart(4, 4, "rest"))
    whole, parts = uploads.list_parts(session, clerk, begun.id)
    assert whole.is_complete
    assert [part.file_id for part in parts] == ["first", "rest"]


def test_no_part_reaches_beyond_the_end(session, clerk, begun):
    with pytest.raises(InvalidUpload, match="has 8 bytes"):
        add(session, clerk, begun, StoredPart(0, 9, "too long"))


def test_an_upload_has_so_many_parts_at_most(session, clerk, begun, monkeypatch):
    monkeypatch.setattr(uploads.receiving, "MOST_PARTS", 1)
    add(session, clerk, begun, StoredPart(0, 4, "first"))

    with pytest.raises(InvalidUpload, match="larger parts"):
        add(session, clerk, begun, StoredPart(4, 4, "second"))
