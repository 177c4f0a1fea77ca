"""Purges and sweeps on real stores, cut off at every step and doubled."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from db.backups.file_copies import FileCopies
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket
from db.models.document import Document, DocumentText, DocumentVersion
from db.models.document_search import DocumentSearch
from db.models.integrity import PendingFileDeletion
from jobs.backups.erasing.purged_bytes import BackupErasure
from jobs.documents import purge as job
from services.core.audit import Action
from services.documents import records
from services.documents.integrity import runs, sweeping
from services.documents.integrity.runs import Job
from services.documents.records.drafts import DraftDocument
from tests.jobs.conftest import CLERK, killed_at_each_step
from tests.kit import backup_logs, backup_sets

PHOTOS, PRESCRIPTIONS = Bucket.PATIENT_PHOTOS, Bucket.PRESCRIPTION_FILES


@pytest.fixture
def old(monkeypatch):
    """Let every file count as old enough to have a row."""
    monkeypatch.setattr(job, "YOUNG", timedelta(seconds=-5))


@pytest.fixture
def hasty(old, monkeypatch):
    """Let the grace period end at once."""
    monkeypatch.setattr(job, "GRACE", timedelta())


def purge(house):
    job.purge(house.database, house.files)


def sweep(house):
    job.sweep(house.database, house.files)


def findings(house, job=Job.SWEEP):
    run = house.write(lambda session: runs.find_run(session, job))
    return run.results


def pending(house):
    rows = select(PendingFileDeletion.file_id)
    return set(house.write(lambda session: session.scalars(rows).all()))


def removed(house):
    """Return how many files were removed according to the audit events."""
    details = [event.details for event in house.events(Action.FILE_SWEEP)]
    return sum(detail.get("removed", 0) for detail in details)


def let_grace_pass(house, days=7):
    back_dating = update(PendingFileDeletion).values(
        detected_at=func.now() - timedelta(days=days)
    )
    house.write(lambda session: session.execute(back_dating))


def test_a_purge_removes_the_bytes_of_every_version_and_no_others(house):
    kept = house.file(b"%PDF-1.7 kept")
    over = house.file_for_long(b"%PDF-1.7 one")
    second = house.content(b"%PDF-1.7 two")
    house.write(lambda s: records.add_version(s, CLERK, over.id, second, revision=1))
    house.file_for_long()

    purge(house)

    # The one with the new version was changed just now; only the other's time is over.
    assert house.stored() == {
        kept.version.file_id,
        over.version.file_id,
        second.file_id,
    }
    assert pending(house) == set()
    assert findings(house, Job.PURGE) == {"purged": 1, "removed": 1}


def test_a_purge_killed_at_any_step_is_finished_by_the_next_one(house):
    house.file_for_long()
    for _ in killed_at_each_step(house, job.purge):
        purge(house)

        assert house.stored() == pending(house) == set()
        assert {version.file_id for version in house.versions()} == {None}
        house.file_for_long()

    assert len(house.filed) > 8
    purged_ids = [event.subject_id for event in house.events(Action.DOCUMENT_PURGE)]
    assert sorted(purged_ids) == sorted(str(document.id) for document in house.filed)
    assert removed(house) == len(house.filed)


@pytest.fixture
def erasure(tmp_path):
    """The erasure for the clinic's backups, which copy each file at once."""
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    repository = Repository(tmp_path / "backups")
    backup_sets.add_sealed_set(repository, keys)
    return BackupErasure(repository, keys, tmp_path)


def copy_all(house, erasure):
    """Copy the stored files into the backups, as the worker does."""
    archive = backup_logs.archive_of(erasure.repository, erasure.keys)
    copies = FileCopies(house.files, erasure.repository)
    copies.look()
    packed = io.BytesIO()
    copies.write(packed)
    archive.add_entries(datetime.now(UTC), packed.getvalue())


def copied(erasure):
    return len(list(erasure.repository.stored_files()))


def test_a_purge_has_the_backups_forget_as_well(house, erasure):
    house.file(b"%PDF-1.7 kept")
    house.file_for_long(b"%PDF-1.7 one")
    copy_all(house, erasure)
    before = copied(erasure)

    job.purge(house.database, house.files, erasure)

    assert (copied(erasure), pending(house)) == (before - 1, set())
    assert findings(house, Job.PURGE) == {"purged": 1, "removed": 1}


def test_backups_that_cannot_be_reached_forget_later_and_nothing_else_waits(
    house, erasure, hasty
):
    over = house.file_for_long()
    copy_all(house, erasure)
    before = copied(erasure)
    with erasure.repository.read_from():
        job.purge(house.database, house.files, erasure)

        assert house.stored() == set()
        assert pending(house) == {over.version.file_id}
        assert findings(house, Job.PURGE)["in_backups"] == 1
        lost = house.store(b"lost")
        job.sweep(house.database, house.files, erasure)
        assert lost not in house.stored()
    assert copied(erasure) == before

    job.purge(house.database, house.files, erasure)

    assert (copied(erasure), pending(house)) == (before - 1, set())
    assert "in_backups" not in findings(house, Job.PURGE)


def test_what_only_has_no_row_stays_in_the_backups(house, erasure, hasty):
    house.store(b"lost")
    copy_all(house, erasure)
    before = copied(erasure)

    for _ in range(2):
        job.sweep(house.database, house.files, erasure)

    assert (house.stored(), copied(erasure)) == (set(), before)


def test_two_purges_at_once_do_each_thing_once(house):
    for _ in range(8):
        house.file_for_long()

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda _: purge(house), range(2)))

    assert house.stored() == pending(house) == set()
    assert len(house.events(Action.DOCUMENT_PURGE)) == 8
    assert removed(house) == 8


def test_a_young_file_may_still_get_its_row(house):
    house.store(b"young")

    sweep(house)

    assert pending(house) == set()
    assert findings(house)["documents"]["unreferenced"] == 0


@pytest.mark.parametrize("bucket", sweeping.SWEPT_BUCKETS)
def test_a_file_without_a_row_is_reported_first_and_removed_after_the_grace(
    house, old, bucket
):
    house.file()
    house.picture()
    before = house.stored(bucket)
    lost = house.store(b"lost", bucket)

    sweep(house)
    sweep(house)
    assert house.stored(bucket) == before | {lost}
    assert findings(house)[bucket]["unreferenced"] == 1

    let_grace_pass(house)
    sweep(house)
    assert house.stored(bucket) == before
    details = [event.details for event in house.events(Action.FILE_SWEEP)]
    assert details == [{"found": 1, "missing": "none"}, {"removed": 1}]
    assert {e.subject_id for e in house.events(Action.FILE_SWEEP)} == {bucket}


def test_the_grace_is_a_week(house, old):
    house.store(b"lost")
    sweep(house)

    for days, left in ((6.99, 1), (7, 0)):
        let_grace_pass(house, days)
        sweep(house)
        assert len(house.stored()) == left


def test_a_file_that_gets_its_row_meanwhile_is_spared(house, old):
    late = house.content(b"%PDF-1.7 late")
    sweep(house)
    assert pending(house) == {late.file_id}
    let_grace_pass(house)

    draft = DraftDocument()
    house.write(lambda s: records.file(s, CLERK, draft, late))
    sweep(house)

    assert house.stored() == {late.file_id}
    assert pending(house) == set()


def test_what_a_crash_left_unfinished_is_swept(house, hasty):
    torn, half_deleted = house.store(b"torn"), house.store(b"half deleted")
    house.raw["documents.files"].delete_many({})
    assert house.stored() == {torn, half_deleted}

    sweep(house)

    assert house.stored() == set()


def test_what_is_left_of_a_file_that_a_row_names_is_not_removed(house, hasty):
    filed = house.file()
    house.raw["documents.files"].delete_many({})

    sweep(house)

    assert house.stored() == {filed.version.file_id}


def test_a_row_without_a_file_is_reported_once_and_stays(house, hasty):
    filed = house.file(title="Letter about Ada")
    house.files.delete(Bucket.DOCUMENTS, filed.version.file_id)

    sweep(house)
    sweep(house)

    words = f"document {filed.id}, version 1"
    assert findings(house)["documents"]["missing_rows"] == [words]
    (event,) = house.events(Action.FILE_SWEEP)
    assert event.details == {"found": 0, "missing": words}
    assert [version.file_id for version in house.versions()] == [filed.version.file_id]


def test_a_photo_that_is_not_there_is_reported_by_the_patients_id(house, hasty):
    patient = house.picture()
    house.files.delete(PHOTOS, patient.photo_file_id.split(".")[1])

    sweep(house)

    assert findings(house)[PHOTOS]["missing_rows"] == [f"photo {patient.id}"]


def test_a_signed_paper_without_a_row_goes(house, hasty):
    house.store(b"of a prescription that was refused", PRESCRIPTIONS)

    sweep(house)

    assert house.stored(PRESCRIPTIONS) == set()
    assert removed(house) == 1


def test_nothing_is_removed_where_too_many_rows_are_gone(house, hasty, monkeypatch):
    monkeypatch.setattr(sweeping, "_FEW", 3)
    for _ in range(4):
        house.file()
    house.write(_lose_rows)

    sweep(house)

    assert len(house.stored()) == 4
    assert findings(house)["documents"]["held_back"] is True


def _lose_rows(session):
    for table in (DocumentText, DocumentVersion, DocumentSearch, Document):
        session.execute(delete(table))


def test_what_was_purged_goes_even_where_too_many_rows_are_gone(
    house, hasty, monkeypatch
):
    monkeypatch.setattr(sweeping, "_FEW", 0)
    house.file_for_long()
    lost = house.store(b"lost")

    purge(house)
    sweep(house)

    assert house.stored() == {lost}


def test_a_sweep_killed_at_any_step_is_finished_by_the_next_one(house, hasty):
    kept = house.file()
    lost = 1
    house.store(b"lost")
    for _ in killed_at_each_step(house, job.sweep):
        sweep(house)

        assert house.stored() == {kept.version.file_id}
        assert pending(house) == set()
        house.store(b"lost, too")
        lost += 1

    assert lost > 8
    assert removed(house) == lost


def test_what_another_sweep_removed_meanwhile_is_not_noted_again(house, hasty):
    for _ in range(3):
        house.store(b"lost")
    swept = house.write(
        lambda session: {
            bucket: sweeping.sweep(session, house.files, bucket, datetime.now(UTC))
            for bucket in sweeping.SWEPT_BUCKETS
        }
    )
    sweep(house)
    house.store(b"lost, too")

    house.write(lambda session: sweeping.keep(session, house.files, swept, timedelta()))
    assert pending(house) == set()
    sweep(house)

    assert removed(house) == 4


def test_two_sweeps_at_once_count_each_file_once(house, hasty):
    for _ in range(20):
        house.store(b"lost")

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda _: sweep(house), range(2)))

    assert removed(house) == 20
    assert house.stored() == set()


def test_a_file_that_is_purged_while_it_is_looked_for_is_not_missing(house, hasty):
    over = house.file_for_long()

    class Purging:
        """The store, while another process purges."""

        def __getattr__(self, name):
            if name == "existing":
                purge(house)
            return getattr(house.files, name)

    job.sweep(house.database, Purging())

    assert findings(house)["documents"]["missing"] == 0
    assert house.stored() == set()
    assert [version.document_id for version in house.versions()] == [over.id]
