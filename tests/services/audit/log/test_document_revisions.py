"""The revisions of a document, reconstructed back from its current state."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from db.models.audit import AuditEvent
from db.models.document import DocumentVersion
from services.audit.log.document_revisions import list_document_revisions
from services.core.audit import Action
from services.core.errors import NotAllowed, NotFound
from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.documents.records.kinds import DocumentType
from services.patients.records import patients
from tests.kit import cast
from tests.services.documents.records import samples
from tests.services.patients.duplicates.merge_samples import merge


@pytest.fixture
def paper(session, rosa, patient):
    """A document of Ada's that Rosa filed."""
    return samples.file(session, rosa, of=patient, title="Blood count")


@pytest.fixture
def grace(session, rosa, today):
    """Another patient."""
    return patients.register(session, rosa, cast.invent_patient(), today=today)


@pytest.fixture
def revisions(session, store, paper):
    """Reads the revisions of the document, the newest first."""

    def read(actor):
        return list_document_revisions(session, store, actor, paper.id)

    return read


@pytest.fixture
def change(session, rosa, paper):
    """Changes the description of the document."""

    def make(**values):
        seen = records.look_up(session, rosa, paper.id)
        changed = replace(ChangedDocument.of(seen), **values)
        return records.change(session, rosa, paper.id, changed, revision=seen.revision)

    return make


@pytest.fixture
def merge_into_hers(session, rosa, grace, paper, today):
    """Merges the record of the document into Grace's."""

    def make():
        merged = patients.look_up(session, rosa, paper.patient_id)
        return merge(session, rosa, (grace, merged), today)

    return make


@pytest.fixture
def replace_file(session, rosa):
    """Replaces the file of a document, based on the revision seen."""

    def make(seen):
        second = samples.content(b"%PDF-1.7 two", filename="Second.pdf")
        return records.add_version(
            session, rosa, seen.id, second, revision=seen.revision
        )

    return make


def test_every_revision_is_what_it_was_as_far_as_that_is_kept(
    rosa, change, replace_file, revisions, ship
):
    paper = revisions(rosa)[0].record
    typed = change(document_type=DocumentType.LAB_REPORT, confidential=True)
    titled = change(title="Blood count of May")
    added = replace_file(titled)
    before_shipping = revisions(rosa)
    ship()

    listed = revisions(rosa)

    kept = [
        (revision.record, revision.forgotten, revision.action) for revision in listed
    ]
    assert kept == [
        (revision.record, revision.forgotten, revision.action)
        for revision in before_shipping
    ]
    assert [revision.record.revision for revision in listed] == [4, 3, 2, 1]
    assert [revision.record.version.number for revision in listed] == [2, 1, 1, 1]
    assert [set(revision.forgotten) for revision in listed] == [
        set(),
        set(),
        {"title"},
        {"title"},
    ]
    assert listed[0].record == added
    assert listed[1].record == replace(titled, updated_at=added.updated_at)
    assert [revision.record.document_type for revision in listed[2:]] == [
        typed.document_type,
        paper.document_type,
    ]
    assert [revision.record.confidential for revision in listed] == [
        True,
        True,
        True,
        False,
    ]
    assert {revision.maker.name for revision in listed} == {rosa.name}
    assert listed[-1].action is Action.DOCUMENT_FILE
    assert before_shipping[-1].made_at == paper.created_at


def test_deleted_and_restored_are_revisions(session, rosa, paper, revisions):
    records.delete(session, rosa, paper.id, revision=1)
    records.hold(session, rosa, paper.id, reason="The court asks for it")
    records.restore(session, rosa, paper.id, revision=3)

    listed = revisions(rosa)

    assert [revision.is_deleted for revision in listed] == [False, True, True, False]
    assert [revision.action for revision in listed[1:3]] == [
        Action.DOCUMENT_HOLD,
        Action.DOCUMENT_DELETE,
    ]


def test_what_was_in_another_record_is_not_told_in_this_one(
    rosa, grace, change, revisions
):
    change(patient_id=None)
    change(patient_id=grace.id)
    change(title="Hers")

    listed = revisions(rosa)

    assert [revision.record.revision for revision in listed] == [4, 3, 2]
    assert [revision.record.patient_id for revision in listed] == [
        grace.id,
        grace.id,
        None,
    ]


def test_a_merge_is_a_revision_after_which_what_was_before_is_still_told(
    rosa, grace, merge_into_hers, revisions
):
    merge_into_hers()

    listed = revisions(rosa)

    assert [
        (revision.record.revision, revision.record.patient_id, revision.action)
        for revision in listed
    ] == [
        (2, grace.id, Action.DOCUMENT_CHANGE),
        (1, grace.id, Action.DOCUMENT_FILE),
    ]
    assert {revision.maker.name for revision in listed} == {rosa.name}


def test_a_change_of_which_nobody_knows_the_number_ends_the_history(
    session, rosa, change, revisions
):
    change(title="Once")
    session.execute(
        update(AuditEvent)
        .where(AuditEvent.action == Action.DOCUMENT_CHANGE)
        .values(details={"version": 1, "changed": {"title": []}})
    )
    change(title="Twice")

    newest, oldest = revisions(rosa)

    assert (newest.record.revision, oldest.record.revision) == (3, 2)
    assert (oldest.made_at, oldest.maker) == (None, None)


def test_patients_are_told_the_files_that_they_may_open(
    session, ada, paper, replace_file, revisions
):
    replace_file(paper)
    assert [revision.record.revision for revision in revisions(ada)] == [2, 1]

    first = DocumentVersion.number == 1
    session.execute(update(DocumentVersion).where(first).values(scan="waiting"))

    assert [revision.record.revision for revision in revisions(ada)] == [2]


def test_nobody_else_is_told(session, store, paper, grace):
    with pytest.raises(NotFound):
        list_document_revisions(
            session, store, cast.add_patient_actor(session, grace), paper.id
        )
    for person in (cast.ANA, cast.ADAM):
        with pytest.raises(NotAllowed):
            list_document_revisions(
                session, store, cast.add_actor(session, person), paper.id
            )
