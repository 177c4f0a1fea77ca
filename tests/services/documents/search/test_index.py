"""The words of documents are updated with every change to documents and patients."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.patients.duplicates import merging
from services.patients.records import patients
from tests.services.documents.records.samples import mark
from tests.services.documents.search.samples import (
    TODAY,
    filed,
    register,
    search,
    text_of,
)


def test_a_new_version_is_found_by_its_own_words_and_no_longer_by_the_old(
    session, clerk
):
    letter = filed(session, clerk, "Letter", "about measles")

    records.add_version(
        session, clerk, letter.id, text_of("about mumps"), revision=letter.revision
    )

    assert search(session, clerk, "mumps") == ["Letter"]
    assert search(session, clerk, '"measles"') == []


def test_a_restored_version_is_found_again(session, clerk):
    first = filed(session, clerk, "Letter", "about measles")
    second = records.add_version(
        session, clerk, first.id, text_of("about mumps"), revision=first.revision
    )

    records.restore_version(session, clerk, first.id, 1, revision=second.revision)

    assert search(session, clerk, "measles") == ["Letter"]
    assert search(session, clerk, '"mumps"') == []


@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_the_text_of_a_version_in_quarantine_is_not_searched(session, clerk, scan):
    letter = filed(session, clerk, "Letter", "about measles")

    mark(session, letter, scan=scan)

    assert search(session, clerk, '"measles"') == []
    assert search(session, clerk, "letter") == ["Letter"]
    mark(session, letter, scan="clean")
    assert search(session, clerk, '"measles"') == ["Letter"]


def test_a_described_document_is_found_by_what_is_said_now(session, clerk):
    letter = filed(session, clerk, "Letter", description="of an aunt")

    records.change(
        session,
        clerk,
        letter.id,
        replace(ChangedDocument.of(letter), title="Note", description="of an uncle"),
        revision=letter.revision,
    )

    assert search(session, clerk, '"aunt"') == []
    assert search(session, clerk, "note uncle") == ["Note"]


def test_a_deleted_document_is_not_found_until_it_is_restored(session, clerk):
    letter = filed(session, clerk, "Letter", "about measles")

    gone = records.delete(session, clerk, letter.id, revision=letter.revision)

    assert search(session, clerk, "measles") == []
    revision = gone.revision if gone else letter.revision + 1
    records.restore(session, clerk, letter.id, revision=revision)
    assert search(session, clerk, "measles") == ["Letter"]


def test_a_patients_new_name_finds_their_documents(session, clerk):
    grace = register(session, clerk, "Grace", "Murray")
    filed(session, clerk, "Letter", of=grace)

    draft = replace(grace.draft(), last_name="Hopper")
    patients.edit(session, clerk, grace.id, draft, version=grace.version, today=TODAY)

    assert search(session, clerk, "grace hopper") == ["Letter"]
    assert search(session, clerk, '"murray"') == []


def test_documents_of_merged_records_are_found_by_the_name_that_stays(session, clerk):
    kept = register(session, clerk, "Grace", "Hopper")
    merged = register(session, clerk, "Graze", "Hoper")
    filed(session, clerk, "Letter", of=merged)

    merging.merge(
        session,
        clerk,
        kept.id,
        merged.id,
        kept.draft(),
        kept_version=kept.version,
        merged_version=merged.version,
        today=TODAY,
    )

    assert search(session, clerk, '"grace hopper"') == ["Letter"]
    assert search(session, clerk, '"graze"') == []
    (owner,) = session.execute(text("SELECT patient_id FROM document_search")).one()
    assert owner == kept.id


def test_a_book_with_more_words_than_an_index_holds_is_filed_and_found(session, clerk):
    words = " ".join(f"{number:09}{'x' * 200}" for number in range(10_000))

    filed(session, clerk, "Book", f"the beginning {words} the end", "x" * 3000)

    assert search(session, clerk, "beginning 000000001*") == ["Book"]


def test_a_purge_leaves_no_word_behind_that_nothing_else_has(session, clerk):
    report = filed(
        session, clerk, "Epistaxis report", "nosebleed", description="sudden"
    )
    filed(session, clerk, "Another report", "nothing")

    session.execute(
        text(
            "UPDATE documents SET title = 'Purged', description = '', "
            "deleted_at = now(), deleted_by = id, purged_at = now() WHERE id = :id"
        ),
        {"id": report.id},
    )
    session.execute(
        text("DELETE FROM document_texts WHERE version_id = :id"),
        {"id": report.version.id},
    )

    words = set(session.scalars(text("SELECT word FROM document_words")))
    assert words == {"another", "report", "nothing"}


def test_parts_of_words_that_a_pdf_broke_are_one_word(session, clerk):
    filed(session, clerk, "Letter", "hyper\ufffe\r\ntension and hypo\u00adtension")

    assert search(session, clerk, '"hypertension and hypotension"') == ["Letter"]
