"""What becomes a tombstone and when, and what a tombstone still says."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.models.document import (
    DocumentOriginal,
    DocumentShare,
    DocumentText,
    DocumentVersion,
    RetentionRule,
)
from db.models.integrity import PendingFileDeletion
from db.postgres import SYSTEM
from services.core.audit import Action
from services.documents import records, retention
from services.documents.records.drafts import StoredOriginal
from services.documents.records.errors import NoSuchDocument
from services.documents.records.kinds import Classification
from tests.conftest import connect
from tests.kit.audit_events import events_of
from tests.services.documents.records.samples import content, file
from tests.services.documents.retention.samples import (
    date_back,
    filed_long_ago,
    is_purged,
    make_rules_old,
    row_of,
    rule_of,
)

REASON = "Claim 2026-17 against the clinic"
# Words that are nowhere else in a fresh database.
SECRETS = ("Quendelin", "Zwiebelkuchen", "Ypsilanti", "Jabberwocky", "Xylophobia")


@pytest.fixture
def old_rules(session):
    make_rules_old(session)


def deleted_long_ago(session, actor, *, days):
    document = file(session, actor)
    records.delete(session, actor, document.id, revision=document.revision)
    date_back(session, document, deleted_at=days)
    return document


def test_the_picture_that_a_purged_document_was_made_of_goes_too(
    session, clerk, old_rules
):
    original = StoredOriginal("picture", "a.jpg", "image/jpeg", 1, bytes(32))
    made = replace(content(), original=original)
    document = filed_long_ago(session, clerk, days=40, holding=made)

    purge_all(session)

    assert is_purged(session, document)
    assert session.scalar(select(func.count()).select_from(DocumentOriginal)) == 0
    due = select(PendingFileDeletion.file_id).where(
        PendingFileDeletion.bucket == "document_originals"
    )
    assert session.scalars(due).all() == ["picture"]


def purge_all(session):
    purged = 0
    while made := retention.purge(session):
        purged += made
    return purged


@pytest.mark.parametrize(
    ("classification", "days"),
    [
        (Classification.CLINICAL, 3653),
        (Classification.ADMINISTRATIVE, 2192),
        (Classification.TEMPORARY, 30),
    ],
)
def test_a_document_goes_when_the_time_of_its_class_is_over(
    session, old_rules, clerk, classification, days
):
    facts = {"classification": classification}
    over = filed_long_ago(session, clerk, days=days + 0.01, **facts)
    kept = filed_long_ago(session, clerk, days=days - 0.01, **facts)

    assert purge_all(session) == 1
    assert is_purged(session, over)
    assert not is_purged(session, kept)


def test_the_time_is_counted_from_the_last_change(session, old_rules, clerk):
    document = filed_long_ago(session, clerk, days=31)
    records.add_version(session, clerk, document.id, content(b"2"), revision=1)

    assert purge_all(session) == 0
    assert not is_purged(session, document)


def test_a_deleted_document_goes_when_it_can_be_restored_no_more(
    session, old_rules, clerk
):
    over = deleted_long_ago(session, clerk, days=30.01)
    restorable = deleted_long_ago(session, clerk, days=29.99)

    assert purge_all(session) == 1
    assert is_purged(session, over)
    with pytest.raises(NoSuchDocument):
        records.restore(session, clerk, over.id, revision=None)
    records.restore(session, clerk, restorable.id, revision=None)


def test_what_is_restored_is_kept_for_its_whole_time_again(session, old_rules, clerk):
    document = filed_long_ago(session, clerk, days=31)
    records.delete(session, clerk, document.id, revision=1)

    records.restore(session, clerk, document.id, revision=None)

    assert purge_all(session) == 0
    assert not is_purged(session, document)


@pytest.mark.parametrize("way", ["retention", "deleted"])
def test_a_hold_stops_every_purge_until_it_is_released(
    session, old_rules, clerk, boss, way
):
    if way == "deleted":
        document = deleted_long_ago(session, clerk, days=999)
    else:
        document = filed_long_ago(session, clerk, days=999)
    records.hold(session, clerk, document.id, reason=REASON)
    date_back(session, document, updated_at=999)
    assert purge_all(session) == 0

    retention.release_hold(session, boss.actor, document.id, **boss.fresh)

    assert purge_all(session) == 1
    (event,) = events_of(session, Action.DOCUMENT_PURGE)
    assert event.details["because"] == way


def test_nothing_goes_for_a_week_after_its_rule_was_changed(
    session, old_rules, clerk, boss
):
    document = filed_long_ago(session, clerk, days=20)
    rule = rule_of(session, Classification.TEMPORARY)
    retention.change_rule(
        session, boss.actor, rule, keep_days=10, restore_days=30, **boss.fresh
    )
    assert purge_all(session) == 0

    week = func.now() - timedelta(days=7)
    session.query(RetentionRule).update({RetentionRule.updated_at: week})

    assert purge_all(session) == 1
    assert is_purged(session, document)


def test_a_tombstone_keeps_who_filed_what_size_and_hash_and_when(
    session, old_rules, clerk, patient
):
    data = b"%PDF-1.7 Quendelin"
    document = filed_long_ago(
        session, clerk, days=31, of=patient, holding=content(data)
    )

    purge_all(session)

    row = row_of(session, document)
    (version,) = session.scalars(select(DocumentVersion))
    assert version.sha256 == hashlib.sha256(data).digest()
    assert (version.filesize, version.number) == (len(data), 1)
    assert (row.patient_id, row.created_by) == (patient.id, clerk.id)
    assert row.title == retention.PURGED_TITLE
    assert version.filename == retention.PURGED_NAME


def test_of_what_was_written_nothing_is_left_in_any_table(database_url, clerk):
    engine = connect(database_url)
    with Session(engine) as session:
        _file_secrets(session, clerk)
        session.commit()
        assert _tables_with(session, SECRETS)

        make_rules_old(session)
        assert purge_all(session) == 1
        session.commit()

        assert _tables_with(session, SECRETS) == {}
    engine.dispose()


def _file_secrets(session, clerk):
    title, description, metadata, name, typed = SECRETS
    holding = content(
        filename=f"{name}.pdf", origin="form", template="note", form={"note": typed}
    )
    facts = {"title": title, "description": description, "metadata": {"k": metadata}}
    document = filed_long_ago(session, clerk, days=31, holding=holding, **facts)
    records.add_version(
        session, clerk, document.id, content(b"2", filename=f"{name}2.pdf"), revision=1
    )
    date_back(session, document, updated_at=31)


def _tables_with(session, words):
    """Return the tables that contain any of the words, whatever the case.

    Except the audit log, which records what was done; it is kept for years, by rules of
    its own.
    """
    names = session.scalars(
        text(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') "
            "AND relnamespace = 'public'::regnamespace "
            "AND relname <> 'audit_events'"
        )
    ).all()
    tables = {}
    for name in names:
        rows = session.scalars(text(f"SELECT t::text FROM {name} t")).all()
        hits = {word for word in words for row in rows if word.lower() in row.lower()}
        if hits:
            tables[name] = hits
    return tables


def test_texts_go_and_links_are_revoked(session, old_rules, clerk):
    document = filed_long_ago(session, clerk, days=31)
    (version_id,) = session.scalars(select(DocumentVersion.id))
    session.add(
        DocumentShare(
            version_id=version_id,
            token_hash=b"h" * 32,
            created_by=clerk.id,
            created_by_name=clerk.name,
            expires_at=func.now() + text("interval '1 day'"),
        )
    )

    purge_all(session)

    assert is_purged(session, document)
    assert session.scalars(select(DocumentText)).all() == []
    assert session.scalars(select(DocumentShare.revoked_at)).one()


def test_the_files_of_all_versions_are_doomed_in_the_same_transaction(
    session, old_rules, clerk
):
    document = filed_long_ago(session, clerk, days=31)
    second = content(b"%PDF-1.7 two")
    records.add_version(session, clerk, document.id, second, revision=1)
    # A third version with the first one's file.
    records.restore_version(session, clerk, document.id, 1, revision=2)
    date_back(session, document, updated_at=31)
    files = set(session.scalars(select(DocumentVersion.file_id)))

    purge_all(session)

    assert len(files) == 2
    assert set(session.scalars(select(PendingFileDeletion.file_id))) == files
    assert set(session.scalars(select(DocumentVersion.file_id))) == {None}


def test_a_file_that_another_document_has_too_stays(session, old_rules, clerk):
    shared = content()
    over = filed_long_ago(session, clerk, days=31, holding=shared)
    file(session, clerk, holding=shared)

    purge_all(session)

    assert is_purged(session, over)
    assert session.scalars(select(PendingFileDeletion.file_id)).all() == []


def test_a_purge_is_told_once_with_version_and_reason(
    session, old_rules, clerk, patient
):
    document = filed_long_ago(session, clerk, days=31, of=patient)

    purge_all(session)
    purge_all(session)

    (event,) = events_of(session, Action.DOCUMENT_PURGE)
    assert (event.patient_id, event.subject_id) == (patient.id, str(document.id))
    assert event.details == {
        "version": 1,
        "versions": 1,
        "because": "retention",
        "classification": "temporary",
    }


def test_many_go_a_few_at_a_time(session, old_rules, clerk):
    for _ in range(5):
        filed_long_ago(session, clerk, days=31)

    assert [retention.purge(session, at_once=2) for _ in range(4)] == [2, 2, 1, 0]


def test_two_purges_at_once_bury_each_document_once(database, endpoints, clerk):
    def prepare(session):
        make_rules_old(session)
        for _ in range(30):
            filed_long_ago(session, clerk, days=31)

    database.write(prepare, identity=SYSTEM)

    def work(_):
        purged = 0
        while made := database.write(
            lambda session: retention.purge(session, at_once=3), identity=SYSTEM
        ).value:
            purged += made
        return purged

    with ThreadPoolExecutor(3) as workers:
        counts = list(workers.map(work, range(3)))

    recorded = database.read_latest(
        lambda session: len(events_of(session, Action.DOCUMENT_PURGE)), identity=SYSTEM
    ).value
    assert (sum(counts), recorded) == (30, 30)


def test_a_hold_that_comes_first_wins_against_a_purge_that_waits(
    database, endpoints, clerk
):
    def prepare(session):
        make_rules_old(session)
        return filed_long_ago(session, clerk, days=31)

    document = database.write(prepare, identity=SYSTEM).value
    with database.writing(identity=SYSTEM) as holding:
        records.hold(holding, clerk, document.id, reason=REASON)

        # A row that somebody has locked is left for the next time.
        assert database.write(retention.purge, identity=SYSTEM).value == 0

    assert database.write(retention.purge, identity=SYSTEM).value == 0


def test_what_another_worker_has_purged_meanwhile_is_not_purged_again(database, clerk):
    def prepare(session):
        make_rules_old(session)
        filed_long_ago(session, clerk, days=31)

    database.write(prepare, identity=SYSTEM)
    with database.writing(identity=SYSTEM) as first:
        assert retention.purge(first) == 1
        assert database.write(retention.purge, identity=SYSTEM).value == 0
