"""A patient's photo is kept in the file store and named by the patient's row."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from db.files import chunks
from db.files.gridfs import Bucket, FileStore
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.documents.integrity import file_references
from services.patients.duplicates import merging
from services.patients.photos import photos
from services.patients.records import patients
from tests.conftest import connect
from tests.kit import cast
from tests.kit.cast import ADA

LATER = datetime.now(UTC) + timedelta(days=1)


def photo_of(colour):
    written = BytesIO()
    Image.new("RGB", (400, 300), colour).save(written, "PNG")
    return photos.prepare(written.getvalue())


RED, BLUE = photo_of("red"), photo_of("blue")


def stored(files):
    return list(files.list_older_than(Bucket.PATIENT_PHOTOS, LATER))


def test_a_photo_is_read_back_in_both_sizes(session, files, clerk, patient):
    attached = photos.attach(session, files, clerk, patient.id, RED, version=1)

    full, small = (
        photos.read(session, files, clerk, patient.id, thumbnail=thumbnail)
        for thumbnail in (False, True)
    )
    assert (full, small) == (RED.full, RED.thumbnail)
    assert attached.version == 2


def test_a_new_photo_replaces_the_old_one_after_the_commit(
    session, files, clerk, patient
):
    first = photos.attach(session, files, clerk, patient.id, RED, version=1)
    session.commit()

    photos.attach(session, files, clerk, patient.id, BLUE, version=2)
    assert set(first.photo_file_id.split(".")) < set(stored(files))
    session.commit()

    assert len(stored(files)) == 2
    read = photos.read(session, files, clerk, patient.id, thumbnail=False)
    assert read == BLUE.full


def test_a_rolled_back_replacement_leaves_the_old_photo(session, files, clerk, patient):
    photos.attach(session, files, clerk, patient.id, RED, version=1)
    session.commit()

    photos.attach(session, files, clerk, patient.id, BLUE, version=2)
    session.rollback()

    read = photos.read(session, files, clerk, patient.id, thumbnail=True)
    assert read == RED.thumbnail


def test_a_removed_photo_is_gone_after_the_commit(session, files, clerk, patient):
    photos.attach(session, files, clerk, patient.id, RED, version=1)
    session.commit()

    removed = photos.remove(session, files, clerk, patient.id, version=2)
    session.commit()

    assert (removed.photo_file_id, stored(files)) == (None, [])
    with pytest.raises(photos.NoPhoto, match="no photo yet"):
        photos.read(session, files, clerk, patient.id, thumbnail=True)


def test_a_rolled_back_removal_keeps_the_photo(session, files, clerk, patient):
    photos.attach(session, files, clerk, patient.id, RED, version=1)
    session.commit()

    photos.remove(session, files, clerk, patient.id, version=2)
    session.rollback()

    assert photos.read(session, files, clerk, patient.id, thumbnail=False) == RED.full


def test_there_is_nothing_to_remove_twice(session, files, clerk, patient):
    with pytest.raises(photos.NoPhoto):
        photos.remove(session, files, clerk, patient.id, version=1)


def test_a_stale_photo_is_refused_and_its_bytes_are_not_kept(
    session, files, clerk, today, patient
):
    patients.edit(session, clerk, patient.id, ADA, version=1, today=today)

    with pytest.raises(patients.StaleVersion):
        photos.attach(session, files, clerk, patient.id, RED, version=1)

    assert stored(files) == []


def test_a_stale_removal_is_refused(session, files, clerk, patient):
    photos.attach(session, files, clerk, patient.id, RED, version=1)
    session.commit()

    with pytest.raises(patients.StaleVersion):
        photos.remove(session, files, clerk, patient.id, version=1)
    session.commit()

    assert photos.read(session, files, clerk, patient.id, thumbnail=True)


def test_an_archived_patient_gets_no_photo(session, files, clerk, patient):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(patients.PatientArchived):
        photos.attach(session, files, clerk, patient.id, RED, version=2)


def test_asvs_8_2_2_patients_see_their_own_photo_and_nobody_elses(
    session, files, clerk, patient
):
    photos.attach(session, files, clerk, patient.id, RED, version=1)
    own, other = cast.act_as_patient(patient), cast.act_as_somebody(Role.PATIENT)

    assert photos.read(session, files, own, patient.id, thumbnail=True)
    with pytest.raises(patients.NoSuchPatient):
        photos.read(session, files, other, patient.id, thumbnail=True)


def test_an_analyst_neither_sees_nor_changes_photos(session, files, analyst, patient):
    with pytest.raises(NotAllowed):
        photos.read(session, files, analyst, patient.id, thumbnail=True)
    with pytest.raises(NotAllowed):
        photos.attach(session, files, analyst, patient.id, RED, version=1)
    with pytest.raises(NotAllowed):
        photos.remove(session, files, analyst, patient.id, version=1)

    assert stored(files) == []


def test_the_sweep_finds_only_old_files_that_no_row_names(
    session, files, clerk, patient
):
    photos.attach(session, files, clerk, patient.id, RED, version=1)
    lost = files.put(Bucket.PATIENT_PHOTOS, b"lost", content_type="image/jpeg")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)

    assert list(
        file_references.list_unreferenced(session, files, Bucket.PATIENT_PHOTOS, LATER)
    ) == [lost]
    assert (
        list(
            file_references.list_unreferenced(
                session, files, Bucket.PATIENT_PHOTOS, an_hour_ago
            )
        )
        == []
    )


def test_a_damaged_photo_is_said_to_be_and_not_shown(
    session, files, clerk, patient, monkeypatch
):
    photos.attach(session, files, clerk, patient.id, RED, version=1)

    def flipped(chunk: Mapping[str, Any], *_: object) -> bytes:
        return chunk["data"][:-1] + bytes([chunk["data"][-1] ^ 1])

    monkeypatch.setattr(chunks, "_data", flipped)
    with pytest.raises(photos.PhotoDamaged, match="add it again"):
        photos.read(session, files, clerk, patient.id, thumbnail=True)


def test_a_photo_that_moved_in_a_merge_is_not_swept(
    session, files, clerk, today, patient
):
    other = patients.register(session, clerk, ADA, today=today)
    photos.attach(session, files, clerk, other.id, RED, version=1)

    merging.merge(
        session,
        clerk,
        patient.id,
        other.id,
        ADA,
        kept_version=1,
        merged_version=2,
        today=today,
    )

    assert photos.read(session, files, clerk, patient.id, thumbnail=True)
    assert (
        list(
            file_references.list_unreferenced(
                session, files, Bucket.PATIENT_PHOTOS, LATER
            )
        )
        == []
    )


def test_a_file_store_that_is_down_is_said_so_and_no_row_changes(
    session, clerk, patient, file_keys
):
    nowhere = FileStore(
        "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50", keys=file_keys
    )

    with pytest.raises(photos.PhotosUnavailable, match="everything else works"):
        photos.attach(session, nowhere, clerk, patient.id, RED, version=1)

    nowhere.close()
    assert patients.get_patient(session, clerk, patient.id) == patient


def test_of_two_photos_at_once_one_stays_and_nothing_is_left_over(
    database_url, files, clerk, today
):
    engine, ready = connect(database_url), Barrier(2)
    with Session(engine) as session, session.begin():
        patient = patients.register(session, clerk, ADA, today=today)

    def attach(photo):
        ready.wait(timeout=10)
        try:
            with Session(engine) as session, session.begin():
                photos.attach(session, files, clerk, patient.id, photo, version=1)
                return photo
        except patients.StaleVersion:
            return None

    with ThreadPoolExecutor(2) as threads:
        (won,) = filter(None, threads.map(attach, [RED, BLUE]))

    with Session(engine) as session:
        assert (
            photos.read(session, files, clerk, patient.id, thumbnail=False) == won.full
        )
    engine.dispose()
    assert len(stored(files)) == 2
