"""Visits of Ann's and Bob's, one of his with the clinician, and what came of them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

_NOW = datetime.now(UTC)
_LENGTH = timedelta(minutes=20)
# By tag: whose visit it is, and with whom.
_VISITS = {
    "ann": ("ann", "doctor"),
    "bob": ("bob", "doctor"),
    "seen": ("bob", "clinician"),
}

Row = tuple[str, str, dict[str, Any]]


def visit_rows(
    patients: Mapping[str, UUID], users: Mapping[str, UUID]
) -> Iterator[Row]:
    """Yield tables, tags and values."""
    doctors = {"doctor": uuid4(), "clinician": uuid4()}
    for tag, doctor_id in doctors.items():
        yield from _doctor(tag, doctor_id, users)
    for hour, (tag, (patient, doctor)) in enumerate(_VISITS.items()):
        of = {"doctor_id": doctors[doctor], "patient_id": patients[patient]}
        yield from _visit(tag, of, _NOW + timedelta(hours=hour), users)
    for tag, patient_id in patients.items():
        yield from _wishes(tag, patient_id)


def _doctor(tag: str, doctor_id: UUID, users: Mapping[str, UUID]) -> Iterator[Row]:
    name = {"name": f"Dr. {tag}", "speciality": "Time"}
    yield "doctors", tag, name | {"id": doctor_id, "user_id": users.get(tag)}
    of, day = {"doctor_id": doctor_id}, {"starts_at": "08:00", "ends_at": "12:00"}
    yield "working_hours", tag, of | day | {"weekday": 1}
    away = {"kind": "blocked", "created_by": users["staff"]}
    yield "schedule_exceptions", tag, of | away | _lasting(_NOW)


def _visit(
    tag: str, of: dict[str, Any], starts_at: datetime, users: Mapping[str, UUID]
) -> Iterator[Row]:
    slot, booking, visit = {"slot_id": uuid4()}, {"booking_id": uuid4()}, uuid4()
    time, whose = _lasting(starts_at), {"patient_id": of["patient_id"]}
    with_whom = {"doctor_id": of["doctor_id"]}
    yield "slots", tag, time | with_whom | {"id": slot["slot_id"]}
    booked = {"status": "confirmed", "attempt": uuid4(), "created_by": users["staff"]}
    by = {"id": booking["booking_id"], "created_by_name": "Somebody"}
    yield "bookings", tag, of | slot | booked | by
    yield "booking_slots", tag, slot | booking | whose | time | {"status": "booked"}
    code = uuid4().hex[:10].upper()
    yield "appointments", tag, of | booking | time | {"id": visit, "code": code}
    name = {"name": "Nora Newman", "email": "nora@example.org", "attempt": uuid4()}
    code = {"salt": b"x" * 16, "code_hash": b"x" * 32}
    cancelled = {"status": "cancelled", "ended_at": starts_at}
    yield "newcomers", tag, with_whom | slot | name | code | cancelled
    yield from _consultation(tag, of | {"appointment_id": visit}, users)


def _consultation(
    tag: str, of: dict[str, Any], users: Mapping[str, UUID]
) -> Iterator[Row]:
    """Yield the record and the prescription, each with versions by two people."""
    record, prescription = {"record_id": uuid4()}, {"prescription_id": uuid4()}
    content = {"content": '{"complaint": "Cough"}'}
    yield "medical_records", tag, of | content | {"id": record["record_id"]}
    yield "prescriptions", tag, of | {"id": prescription["prescription_id"]}
    for number, author in enumerate(("clinician", "colleague"), 1):
        by = {"number": number, "author_id": users[author], "author_name": "Somebody"}
        theirs = tag if author == "clinician" else f"{tag}-{author}"
        yield "medical_record_versions", theirs, record | content | by
        yield "prescription_versions", theirs, prescription | _paper() | by


def _paper() -> dict[str, Any]:
    return {
        "lines": '[{"drug": "Ibuprofen"}]',
        "file_id": uuid4().hex,
        "filename": "prescription.pdf",
        "filesize": 1,
        "sha256": b"x" * 32,
        "signer": b"x" * 32,
    }


def _wishes(tag: str, patient_id: UUID) -> Iterator[Row]:
    whose = {"patient_id": patient_id}
    span = {"from_at": _NOW, "until_at": _NOW + _LENGTH, "created_by": uuid4()}
    yield "waitlist_entries", tag, whose | span | {"speciality": "Time"}
    letter = {"to_address": "a@example.org", "subject": "Visit", "body": "Text"}
    yield "visit_letters", tag, whose | letter | {"kind": "confirmed"}


def _lasting(starts_at: datetime) -> dict[str, Any]:
    return {"starts_at": starts_at, "ends_at": starts_at + _LENGTH}
