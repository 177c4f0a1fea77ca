"""Documents are read by those who may, and every read names the version."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func, update

from db.models.audit import AuditEvent
from db.models.document import Document
from services.core.actors import Role, Scope
from services.core.errors import NotAllowed
from services.documents import records
from services.documents.records.errors import (
    Damaged,
    FileGone,
    NoSuchDocument,
    NoSuchVersion,
    Quarantined,
)
from services.documents.records.kinds import Classification
from tests.kit import cast
from tests.services.documents.records.samples import content, file, mark, recorded


@pytest.mark.parametrize(
    ("purpose", "action"),
    [
        ("view", "document:view"),
        ("download", "document:download"),
        ("compare", "document:compare"),
    ],
)
def test_opening_a_version_is_written_down_as_what_it_is(
    session, clerk, filed, purpose, action
):
    records.add_version(session, clerk, filed.id, content(b"2"), revision=1)

    newest = records.open_version(session, clerk, filed.id, purpose=purpose)
    first = records.open_version(session, clerk, filed.id, 1, purpose=purpose)

    assert (newest.number, first.number) == (2, 1)
    assert recorded(session)[-2:] == [(action, 2), (action, 1)]


def test_a_page_that_is_looked_at_is_written_down(session, clerk, patient, filed):
    records.open_version(session, clerk, filed.id, purpose="view", page=2)

    event = session.query(AuditEvent).order_by(AuditEvent.position.desc()).first()
    assert event.details == {"version": 1, "page": 2}
    assert (event.patient_id, event.subject_id) == (patient.id, str(filed.id))


@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_what_is_in_quarantine_is_listed_and_never_opened(session, clerk, filed, scan):
    mark(session, filed, scan=scan)

    shown = records.get(session, clerk, filed.id)

    assert (shown.version.scan, shown.version.is_served) == (scan, False)
    assert records.versions(session, clerk, filed.id) == (shown.version,)
    with pytest.raises(Quarantined, match="scan"):
        records.open_version(session, clerk, filed.id, purpose="download")
    with pytest.raises(Quarantined, match="scan"):
        records.text_of(session, clerk, filed.id)


@pytest.mark.parametrize("scan", ["off", "clean"])
def test_what_is_not_scanned_or_clean_is_opened(session, clerk, filed, scan):
    mark(session, filed, scan=scan)

    assert records.open_version(session, clerk, filed.id, purpose="view").is_served


def test_a_damaged_file_is_never_opened(session, clerk, filed):
    records.note_damage(session, clerk, filed.id, 1)

    assert records.get(session, clerk, filed.id).version.damaged_at
    with pytest.raises(Damaged, match="damaged in the store"):
        records.open_version(session, clerk, filed.id, purpose="download")


def test_damage_is_noted_once_and_for_every_version_with_the_file(
    session, clerk, filed
):
    records.restore_version(session, clerk, filed.id, 1, revision=1)

    records.note_damage(session, None, filed.id, 2)
    records.note_damage(session, None, filed.id, 1)

    listed = records.versions(session, clerk, filed.id)
    assert all(version.damaged_at for version in listed)
    assert recorded(session).count(("document:damaged", 2)) == 1
    assert ("document:damaged", 1) not in recorded(session)


def test_a_file_that_is_gone_is_said_so(session, clerk, filed):
    mark(session, filed, file_id=None)

    with pytest.raises(FileGone, match=r"^File not found on server$"):
        records.open_version(session, clerk, filed.id, purpose="download")


def test_what_is_not_there_is_not_found(session, clerk, filed):
    with pytest.raises(NoSuchDocument, match=r"^Document not found$"):
        records.get(session, clerk, uuid4())
    with pytest.raises(NoSuchVersion, match="no version 2"):
        records.open_version(session, clerk, filed.id, 2, purpose="view")


def test_a_deleted_document_is_found_by_whoever_restores_it_only(
    session, clerk, herself, filed
):
    records.delete(session, clerk, filed.id, revision=1)

    trashed = records.get(session, clerk, filed.id, even_deleted=True)

    assert trashed.is_deleted
    for number in (None, 1, 7):
        with pytest.raises(NoSuchDocument):
            records.open_version(session, clerk, filed.id, number, purpose="view")
    with pytest.raises(NoSuchDocument):
        records.get(session, herself, filed.id, even_deleted=True)


def test_a_purged_document_is_not_found_by_anybody(session, clerk, filed):
    records.delete(session, clerk, filed.id, revision=1)
    session.execute(update(Document).values(purged_at=func.now()))

    for call in (records.get, records.look_up):
        with pytest.raises(NoSuchDocument):
            call(session, clerk, filed.id, even_deleted=True)
    with pytest.raises(NoSuchDocument):
        records.restore(session, clerk, filed.id, revision=None)


def test_asvs_8_2_2_patients_read_their_own_documents_and_nobody_elses(
    session, clerk, herself, filed
):
    stranger = cast.act_as_somebody(Role.PATIENT)
    unfiled = file(session, clerk)

    assert records.get(session, herself, filed.id) == filed
    assert records.open_version(session, herself, filed.id, purpose="download")
    for actor, document in ((stranger, filed), (herself, unfiled)):
        with pytest.raises(NoSuchDocument):
            records.get(session, actor, document.id)
        with pytest.raises(NoSuchDocument):
            records.versions(session, actor, document.id)
        with pytest.raises(NoSuchDocument):
            records.text_of(session, actor, document.id)


def test_patients_see_in_quarantine_only_what_they_filed_themselves(
    session, clerk, herself, patient
):
    of_clinic = file(session, clerk, of=patient, holding=content(scan="waiting"))
    own = file(session, herself, holding=content(scan="waiting"))

    assert records.get(session, herself, own.id).version.is_quarantined
    with pytest.raises(Quarantined):
        records.open_version(session, herself, own.id, purpose="view")
    with pytest.raises(NoSuchDocument):
        records.get(session, herself, of_clinic.id)


def test_a_version_in_quarantine_is_not_listed_to_the_patient(
    session, clerk, herself, filed
):
    waiting = content(b"2", scan="infected")
    records.add_version(session, clerk, filed.id, waiting, revision=1)
    records.restore_version(session, clerk, filed.id, 1, revision=2)

    listed = records.versions(session, herself, filed.id)

    assert [version.number for version in listed] == [3, 1]


def test_a_tokens_scope_limits_what_is_done_with_documents(session, clerk, filed):
    program = replace(clerk, scopes=frozenset({Scope.READ_DOCUMENTS}))

    assert records.get(session, program, filed.id) == filed
    with pytest.raises(NotAllowed, match="this token was made for less"):
        records.delete(session, program, filed.id, revision=1)


def test_how_long_deleted_ones_can_be_restored_is_told(session, clerk):
    assert records.restore_days(session, clerk) == dict.fromkeys(Classification, 30)
