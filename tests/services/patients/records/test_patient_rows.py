"""Rows of patients, read as records."""

import json
from contextlib import closing
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from services.lists.streaming.line_fields import LineFieldKind
from services.patients.records import patients, rows, streaming
from services.patients.records.model import PatientRecord, Sex
from tests.kit import cast
from tests.kit.replicas import write_everywhere

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

OWN_ID, TERM = (
    [field.name for field in streaming.ALLERGY_FIELDS].index(name)
    for name in ("own_id", "term")
)


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


def test_of_one_in_daily_use_only_that_is_not_read_which_the_database_lets_none_have():
    unread = {c.key for c in rows.COLUMNS} - {c.key for c in rows.COLUMNS_IN_USE}
    constraints = {str(each.name): each for each in Patient.__table__.constraints}
    of_archived = [
        column.key
        for name, column in {
            "patients_merged_are_archived": Patient.merged_into_id,
            "patients_erased_are_archived": Patient.erased_at,
        }.items()
        if f"{column.key} IS NULL OR deleted_at IS NOT NULL"
        in str(constraints[name].sqltext)
    ]

    assert unread == {"deleted_at", *of_archived}
    assert len(of_archived) == 2


def test_a_row_of_one_in_daily_use_becomes_the_same_record_by_fewer_columns():
    row = tuple(map(VALUES.get, (column.key for column in rows.COLUMNS_IN_USE)))

    assert rows.active_record_of(row) == rows.record_of(ROW)
    with pytest.raises(ValueError, match=f"{len(row) + 1 + 3} values"):
        rows.active_record_of((*row, None))


def test_a_record_made_from_a_row_is_frozen():
    record = rows.record_of(ROW)

    with pytest.raises(FrozenInstanceError):
        record.version = 4


@pytest.mark.parametrize("count", [len(ROW) - 1, len(ROW) + 1])
def test_a_row_of_other_columns_is_noticed(count):
    row = (*ROW, None)[:count]

    with pytest.raises(ValueError, match=f"{count} values"):
        rows.record_of(row)


def test_all_patients_at_once_are_as_they_are_one_by_one(endpoints):
    clerk = cast.act_as(cast.CLEO)
    odd = 'Nuts, "all" {kinds} \\ 100 %'
    allergies = ["Latex", odd, "Ä", "Latex"]
    fields = {"address": odd, "last_name": "Ä", "allergies": allergies}
    with closing(Database(endpoints)) as database:
        id_ = write_everywhere(database, lambda s: cast.add_patient(s, **fields).id)
        record = write_everywhere(
            database, lambda s: patients.get_patient(s, clerk, id_)
        )
        with database.reading(identity=SYSTEM, is_snapshot=True) as session:
            [line] = lines_in(streaming.stream_patients(session, clerk, texts_of, None))
            allergy_lines = lines_in(
                streaming.stream_allergies(
                    session,
                    clerk,
                    lambda _: ["[", TERM, ', "', OWN_ID, '"]'],
                    None,
                    none_known="None",
                )
            )

    streamed = json.loads(line)
    assert {"last_name", "address"} <= streamed.keys()
    assert streamed == {name: getattr(record, name) for name in streamed}
    terms, made = zip(*map(json.loads, allergy_lines), strict=True)
    # A term that is recorded twice is one.
    assert terms == tuple(allergies[:3])
    assert made == tuple(
        streaming.allergy_id(id_, record.created_at, term) for term in terms
    )
    assert len(set(made)) == len(terms)


def texts_of(shape):
    """Return the template of a line that is JSON of a patient's texts."""
    named = [field.name for field in streaming.PATIENT_FIELDS]
    texts = [n for n in named if shape[n] is LineFieldKind.TEXT]
    pieces = [piece for n in texts for piece in (f', "{n}": ', named.index(n))]
    return ["{" + pieces[0].removeprefix(", "), *pieces[1:], "}"]


def lines_in(pieces):
    return b"".join(piece.lines for piece in pieces).decode().splitlines()
