"""Documents of an earlier time: what became of each since, and how it comes back."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.core.errors import InvalidInput
from services.documents import point_in_time, records, retention
from services.documents.point_in_time import (
    NOTHING_DEFINED,
    DocumentChange,
    DocumentCopy,
)
from services.documents.point_in_time.copying import DocumentUnchanged
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import NoSuchDocument, StaleRevision
from tests.kit.audit_events import events_of
from tests.services.documents.records.samples import content, file, mark

REASON = "Lost with the wrong record"
BY_HAND = """
WITH versions AS (DELETE FROM document_versions WHERE document_id = :id)
DELETE FROM documents WHERE id = :id
"""
OTHER = b"%PDF-1.7 two"


@pytest.fixture
def then(session, clerk, patient):
    """A document as it was at an earlier time."""
    return file(session, clerk, of=patient, title="Blood count")


def leave(session, clerk, then):
    pass


def describe(session, clerk, then):
    changed = replace(ChangedDocument.of(then), title="Letter")
    records.change(session, clerk, then.id, changed, revision=then.revision)


def replace_file(session, clerk, then):
    records.add_version(session, clerk, then.id, content(OTHER), revision=then.revision)


def lose_version(session, clerk, then):
    mark(session, then, file_id=None)
    replace_file(session, clerk, then)


def move(session, clerk, then):
    moved = replace(ChangedDocument.of(then), patient_id=None)
    records.change(session, clerk, then.id, moved, revision=then.revision)


def throw_away(session, clerk, then):
    records.delete(session, clerk, then.id, revision=then.revision)


def lose(session, clerk, then):
    session.execute(text(BY_HAND), {"id": then.id})


SINCE = {
    leave: DocumentChange.SAME,
    describe: DocumentChange.DESCRIBED,
    replace_file: DocumentChange.REPLACED,
    lose_version: DocumentChange.REPLACED,
    move: DocumentChange.MOVED,
    throw_away: DocumentChange.DELETED,
    lose: DocumentChange.GONE,
}


def compare(session, clerk, then, of_then=NOTHING_DEFINED):
    [compared] = point_in_time.compare_today(session, clerk, [then], of_then)
    return compared


def bring_back(session, clerk, compared, reason=REASON, **changes):
    copy = DocumentCopy(
        compared.then,
        compared.today.revision if compared.today else None,
        None,
        reason,
        content() if point_in_time.needs_content(compared) else None,
    )
    return point_in_time.bring_back(session, clerk, replace(copy, **changes))


@pytest.mark.parametrize(
    ("happens", "change"), SINCE.items(), ids=[each.__name__ for each in SINCE]
)
def test_what_has_become_of_it_is_told_and_undone(
    session, clerk, then, happens, change
):
    happens(session, clerk, then)
    compared = compare(session, clerk, then)

    assert compared.change is change
    if change is DocumentChange.SAME:
        with pytest.raises(DocumentUnchanged):
            bring_back(session, clerk, compared)
        return
    brought = bring_back(session, clerk, compared)

    assert compare(session, clerk, then).change is DocumentChange.SAME
    assert brought.id == then.id
    (event,) = events_of(session, "past:copy-document")
    assert (event.reason, event.patient_id) == (REASON, then.patient_id)
    assert event.details["was"] == change


def test_a_file_that_is_kept_is_not_stored_anew(session, clerk, then):
    replace_file(session, clerk, then)
    compared = compare(session, clerk, then)
    assert not point_in_time.needs_content(compared)

    brought = bring_back(session, clerk, compared)

    assert brought.version.file_id == then.version.file_id
    assert (brought.version.number, brought.version.origin) == (3, "restored")


def test_what_was_purged_is_neither_shown_nor_brought_back(session, clerk, then):
    throw_away(session, clerk, then)
    deleted = compare(session, clerk, then)
    retention.replay_purges(session, [then.id])

    assert point_in_time.compare_today(session, clerk, [then]) == ()
    with pytest.raises(NoSuchDocument):
        bring_back(session, clerk, deleted)


def test_whoever_was_faster_is_not_overwritten(session, clerk, then):
    describe(session, clerk, then)
    compared = compare(session, clerk, then)
    records.delete(session, clerk, then.id, revision=compared.today.revision)

    with pytest.raises(StaleRevision):
        bring_back(session, clerk, compared)


def test_a_reason_is_asked_for(session, clerk, then):
    throw_away(session, clerk, then)

    with pytest.raises(InvalidInput, match="of at least 10 characters"):
        bring_back(session, clerk, compare(session, clerk, then), reason="oops")


def test_what_a_patient_had_is_listed_without_what_was_in_the_trash(
    session, clerk, patient, then
):
    throw_away(session, clerk, file(session, clerk, of=patient, title="Mistake"))
    file(session, clerk, title="Of nobody")

    listed = point_in_time.list_documents(session, clerk, patient.id)

    assert listed.documents == (then,)

    (event,) = events_of(session, "document:list")
    assert event.patient_id == patient.id
    assert event.details["documents"] == 1


def test_to_open_its_file_is_written_down(session, clerk, then):
    version = point_in_time.open_version(session, clerk, then.id)

    assert version == then.version
    (event,) = events_of(session, "document:view")
    assert event.subject_id == str(then.id)
    with pytest.raises(NoSuchDocument):
        point_in_time.open_version(session, clerk, uuid4())
