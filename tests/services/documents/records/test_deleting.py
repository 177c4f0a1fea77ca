"""Documents are deleted, restored, and held against deletion."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.core.errors import InvalidInput, NotAllowed
from services.documents import records
from services.documents.records import visibility
from services.documents.records.errors import (
    AlreadyHeld,
    Held,
    NoHoldToRelease,
    NoSuchDocument,
    NotDeleted,
    StaleRevision,
)
from tests.services.documents.records.samples import content, file, recorded

REASON = "A court asked for it."


def test_what_is_deleted_is_gone_until_it_is_restored(session, clerk, filed):
    gone = records.delete(session, clerk, filed.id, revision=1)

    with pytest.raises(NoSuchDocument):
        records.get(session, clerk, filed.id)
    restored = records.restore(session, clerk, filed.id, revision=gone.revision)

    assert gone.is_deleted
    assert gone.updated_at == filed.updated_at
    assert records.get(session, clerk, filed.id) == restored
    assert (restored.deleted_at, restored.version) == (None, filed.version)
    assert recorded(session)[1:3] == [("document:delete", 1), ("document:restore", 1)]


def test_of_what_is_there_the_newest_is_deleted_without_a_revision(
    session, clerk, filed
):
    records.add_version(session, clerk, filed.id, content(b"2"), revision=1)

    assert records.delete(session, clerk, filed.id, revision=None).is_deleted
    assert recorded(session)[-1] == ("document:delete", 2)


def test_a_stale_page_neither_deletes_nor_restores(session, clerk, filed):
    records.add_version(session, clerk, filed.id, content(b"2"), revision=1)
    with pytest.raises(StaleRevision):
        records.delete(session, clerk, filed.id, revision=1)

    records.delete(session, clerk, filed.id, revision=2)
    with pytest.raises(StaleRevision):
        records.restore(session, clerk, filed.id, revision=2)


def test_nothing_is_deleted_or_restored_twice(session, clerk, filed):
    with pytest.raises(NotDeleted):
        records.restore(session, clerk, filed.id, revision=None)
    records.delete(session, clerk, filed.id, revision=None)
    with pytest.raises(NoSuchDocument):
        records.delete(session, clerk, filed.id, revision=None)


def test_a_held_document_is_not_deleted_until_it_is_released(session, clerk, filed):
    held = records.hold(session, clerk, filed.id, reason=REASON)

    assert (held.is_held, held.held_because) == (True, REASON)
    for revision in (held.revision, None, 1):
        with pytest.raises(Held, match="legal hold"):
            records.delete(session, clerk, filed.id, revision=revision)
    released = records.release(session, clerk, filed.id)
    records.delete(session, clerk, filed.id, revision=released.revision)

    assert recorded(session)[1:] == [
        ("document:hold", 1),
        ("document:release", 1),
        ("document:delete", 1),
    ]


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE documents SET deleted_at = now(), deleted_by = created_by",
        "DELETE FROM documents",
    ],
)
def test_the_database_itself_keeps_what_is_held(session, clerk, filed, attempt):
    records.hold(session, clerk, filed.id, reason=REASON)

    with pytest.raises(IntegrityError, match="legal hold"), session.begin_nested():
        session.execute(text(attempt))


def test_what_is_held_after_its_deletion_is_not_purged_but_can_be_restored(
    session, clerk, filed
):
    records.delete(session, clerk, filed.id, revision=None)
    records.hold(session, clerk, filed.id, reason=REASON)

    with (
        pytest.raises(IntegrityError, match="documents_purged_were_deleted"),
        session.begin_nested(),
    ):
        session.execute(text("UPDATE documents SET purged_at = now()"))

    restored = records.restore(session, clerk, filed.id, revision=None)
    assert restored.is_held


def test_a_hold_needs_a_reason_and_is_placed_and_released_once(session, clerk, filed):
    with pytest.raises(InvalidInput, match="reason"):
        records.hold(session, clerk, filed.id, reason="no")
    with pytest.raises(NoHoldToRelease):
        records.release(session, clerk, filed.id)
    records.hold(session, clerk, filed.id, reason=REASON)

    with pytest.raises(AlreadyHeld):
        records.hold(session, clerk, filed.id, reason=REASON)


def test_patients_delete_and_restore_what_they_filed_and_nothing_else(
    session, herself, filed
):
    own = file(session, herself)

    records.delete(session, herself, own.id, revision=1)
    records.restore(session, herself, own.id, revision=2)

    with pytest.raises(NotAllowed, match="Your clinic filed this document"):
        records.delete(session, herself, filed.id, revision=1)
    with pytest.raises(NotAllowed):
        records.hold(session, herself, own.id, reason=REASON)


def test_what_the_clinic_added_to_is_not_the_patients_alone(session, clerk, herself):
    own = file(session, herself)
    records.add_version(session, clerk, own.id, content(b"2"), revision=1)

    with pytest.raises(NotAllowed, match="Your clinic filed"):
        records.delete(session, herself, own.id, revision=None)
    with pytest.raises(NotAllowed, match="Your clinic filed"):
        records.add_version(session, herself, own.id, content(b"3"), revision=2)


def test_what_a_patient_filed_and_the_clinic_holds_stays(session, clerk, herself):
    own = file(session, herself)
    records.hold(session, clerk, own.id, reason=REASON)

    with pytest.raises(Held):
        records.delete(session, herself, own.id, revision=None)


def test_buttons_are_offered_to_whoever_may(clerk, herself, admin, session, filed):
    own = file(session, herself)

    assert visibility.may_change(clerk, filed)
    assert visibility.may_delete(clerk, filed)
    assert visibility.may_change(herself, own)
    assert visibility.may_delete(herself, own)
    assert not visibility.may_change(herself, filed)
    assert not visibility.may_delete(herself, filed)
    assert not visibility.may_delete(admin, filed)
