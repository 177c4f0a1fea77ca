"""A doctor's photo is kept in the file store and named by the doctor's row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.files.gridfs import Bucket
from services.core.errors import NotAllowed
from services.documents.integrity import checking, file_references, sweeping
from services.visits.schedule import doctors
from tests.kit import cast
from tests.services.patients.photos.test_photos import BLUE, RED

_LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def dora(session, clerk):
    return doctors.add_doctor(session, clerk, cast.DOCTOR_DORA)


def _attach(session, files, clerk, doctor, photo=RED):
    return doctors.attach_photo(
        session, files, clerk, doctor.id, photo, revision=doctor.revision
    )


def _stored(files):
    return set(files.list_older_than(Bucket.DOCTOR_PHOTOS, _LATER))


def test_everybody_who_sees_doctors_sees_their_photos(
    session, files, clerk, analyst, dora
):
    _attach(session, files, clerk, dora)

    shown = [
        doctors.read_photo(session, files, analyst, dora.id, thumbnail=thumbnail)
        for thumbnail in (False, True)
    ]

    assert shown == [RED.full, RED.thumbnail]


def test_a_doctor_without_a_photo_has_none(session, files, clerk, dora):
    with pytest.raises(doctors.NoDoctorPhoto):
        doctors.read_photo(session, files, clerk, dora.id, thumbnail=True)


def test_the_old_photo_goes_once_the_new_one_is_kept(session, files, clerk, dora):
    first = _attach(session, files, clerk, dora)
    session.commit()

    second = _attach(session, files, clerk, first, BLUE)
    session.commit()

    assert _stored(files) == set(file_references.files_of(second.photo_file_id))


def test_a_stale_page_leaves_no_files_behind(session, files, clerk, dora):
    _attach(session, files, clerk, dora)
    before = _stored(files)

    with pytest.raises(doctors.StaleDoctor):
        _attach(session, files, clerk, dora, BLUE)

    assert _stored(files) == before


def test_a_removed_photo_is_gone_after_the_commit(session, files, clerk, dora):
    kept = _attach(session, files, clerk, dora)
    session.commit()

    doctors.remove_photo(session, files, clerk, dora.id, revision=kept.revision)
    session.commit()

    assert _stored(files) == set()


def test_a_clinician_puts_up_no_photo(session, files, clinician, dora):
    with pytest.raises(NotAllowed, match="change doctors"):
        _attach(session, files, clinician, dora)


def test_a_sweep_finds_files_without_a_doctor_and_doctors_without_files(
    session, files, clerk, dora
):
    kept = _attach(session, files, clerk, dora)
    lost = files.put(Bucket.DOCTOR_PHOTOS, b"x", content_type="image/jpeg")
    files.delete(Bucket.DOCTOR_PHOTOS, file_references.files_of(kept.photo_file_id)[0])

    swept = sweeping.sweep(session, files, Bucket.DOCTOR_PHOTOS, _LATER)

    assert (swept.named, swept.unreferenced) == (1, (lost,))
    assert swept.missing_words == [f"doctor's photo {dora.id}"]


def test_the_walk_of_checks_reads_doctors_photos(session, files, clerk, dora):
    _attach(session, files, clerk, dora)

    (named,) = file_references.list_by_id(session, None, 10)

    assert checking.check(files, named).is_whole
    lost = replace(named, file_ids=("0" * 24,))
    assert checking.check(files, lost).state is checking.State.MISSING
    assert checking.keep(session, [checking.Finding(named, checking.State.DAMAGED)])
