"""Rows of patients, read as records."""

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.patients.records import patients, rows
from services.patients.records.model import PatientRecord, Sex
from tests.kit import cast

VALUES = {
    "id": uuid4(),
    "record_number": "47TXZF",
    **cast.columns_of(cast.ADA),
    "sex": "female",
    "email": None,
    "address": None,
    "emergency_contact": None,
    "medical_history": [],
    "current_medications": ["Aspirin", "Ibuprofen"],
    "photo_file_id": None,
    "version": 3,
    "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 2, tzinfo=UTC),
    "deleted_at": None,
    "merged_into_id": None,
}
ROW = tuple(map(VALUES.get, (column.key for column in rows.COLUMNS)))


def test_the_columns_are_the_fields_in_their_order():
    names = [field.name for field in fields(PatientRecord)]

    assert [column.key for column in rows.COLUMNS] == names


def test_a_row_becomes_the_record_that_its_fields_make():
    expected = PatientRecord(
        **{
            **VALUES,
            "sex": Sex.FEMALE,
            "allergies": ("Penicillin V",),
            "medical_history": (),
            "current_medications": ("Aspirin", "Ibuprofen"),
        }
    )

    record = rows.record_of(ROW)

    assert record == expected
    assert hash(record) == hash(expected)
    assert repr(record) == repr(expected)


def test_a_record_made_from_a_row_is_frozen():
    record = rows.record_of(ROW)

    with pytest.raises(FrozenInstanceError):
        record.version = 4


@pytest.mark.parametrize("count", [len(ROW) - 1, len(ROW) + 1])
def test_a_row_of_other_columns_is_noticed(count):
    row = (*ROW, None)[:count]

    with pytest.raises(ValueError, match=f"{count} values"):
        rows.record_of(row)


def test_all_patients_at_once_are_as_they_are_one_by_one(session):
    clerk = cast.act_as(cast.CLEO)
    lists = {
        "allergies": ["Latex", 'Nuts, "all" {kinds}', "Ä"],
        "medical_history": [],
        "current_medications": ["Aspirin"],
    }
    patient = cast.add_patient(session, **lists)

    [streamed] = [
        record
        for piece in patients.stream_all(session, clerk, [patient.id])
        for record in piece
    ]

    assert streamed.allergies == tuple(lists["allergies"])
    assert streamed == patients.get_patient(session, clerk, patient.id)
