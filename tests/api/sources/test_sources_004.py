"""The calls of the fifth source: rows in PostgreSQL, files in GridFS."""

import io
from uuid import uuid4

import pytest
from PIL import Image
from pymongo import MongoClient
from sqlalchemy import select

from db.models.patient import Patient
from db.postgres import SYSTEM
from tests.api.sources.http_files import named_requests_of

CALLS = named_requests_of("004-records-and-files.http")
BOOKING = named_requests_of("002-booking.http")


@pytest.fixture
def patient(client):
    """The source's patient."""
    answer = CALLS["Register a patient"].send(client)
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def photo():
    """A picture as a camera makes one."""
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(picture, "JPEG")
    return picture.getvalue()


def _send(client, call, files=None, **variables):
    return CALLS[call].filled(**variables).send(client, files)


def test_a_patient_lands_in_postgresql(application, patient):
    kept = application.database.read_latest(
        lambda session: session.get(Patient, patient["uuid"]).email, identity=SYSTEM
    )

    assert kept.value == patient["email"]


def test_a_photo_lands_in_gridfs_and_only_the_row_says_whose_it_is(
    application, client, patient, photo, module_files
):
    put = _send(
        client,
        "Put a profile photo up",
        {"photo.jpg": photo},
        patient=patient["uuid"],
    )

    assert put.status_code == 200
    file_id = application.database.read_latest(
        lambda session: session.scalar(
            select(Patient.photo_file_id).where(Patient.id == patient["uuid"])
        ),
        identity=SYSTEM,
    ).value
    assert file_id is not None
    entries = list(module_files._database["patient_photos.files"].find())
    # The photo's and its thumbnail's.
    kept = {str(entry["_id"]) for entry in entries}
    assert set(file_id.split(".")) <= kept
    # The source writes patient_id into MongoDB; ours does not reveal who is a patient.
    assert patient["uuid"] not in repr(entries)
    shown = _send(client, "Read the profile photo", patient=patient["uuid"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")


def test_no_collection_points_from_files_to_patients(module_files):
    database = module_files._database

    names = set(database.list_collection_names())

    assert isinstance(database.client, MongoClient)
    assert {"patient_photos", "prescription_files"}.isdisjoint(names)


def test_a_booking_links_patient_and_doctor(client, patient):
    doctor = BOOKING["Create a doctor"].send(client).json()
    slot = BOOKING["Create a slot"].filled(doctor=doctor["id"]).send(client).json()
    booked = _send(
        client, "Book an appointment", slot=slot["id"], patient=patient["uuid"]
    ).json()

    assert _send(client, "Confirm it", booking=booked["id"]).status_code == 200
    (visit,) = _send(
        client, "The appointments of a patient", patient=patient["uuid"]
    ).json()["appointments"]
    assert (visit["patient_id"], visit["doctor_id"], visit["status"]) == (
        patient["uuid"],
        doctor["id"],
        "scheduled",
    )


def test_a_prescription_that_nobody_issued_is_not_found(client):
    answer = _send(client, "A signed prescription", prescription=str(uuid4()))

    assert answer.status_code == 404
