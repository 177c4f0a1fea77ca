"""Booking by IHE's profile Scheduling: find a time, hold it, book it.

https://profiles.ihe.net/ITI/Scheduling, transactions ITI-115 to ITI-117. A hold lasts
two minutes, whoever takes it, by whatever interface.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.core.answers import read_headers, written_headers
from api.core.dependencies import Caller
from api.core.idempotency import attempt_of
from api.fhir import parameters
from api.fhir.definitions import Arguments, Operation, OperationResult, uuid_of
from api.fhir.resources import appointments
from api.fhir.resources.schedules import MOST_DAYS
from api.fhir.searching import COUNT, read_count
from services.core.actors import Permission, Role
from services.core.errors import InvalidInput, NotFound
from services.visits.booking import bookings
from services.visits.booking.bookings import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.booking.bookings.errors import BookingOver, HoldExpired
from services.visits.schedule import slots

_PROFILE: Final = "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition"


def _find(caller: Caller, arguments: Arguments, _: str | None) -> OperationResult:
    begin, end = (
        _timestamp(caller, arguments, "start"),
        _timestamp(caller, arguments, "end"),
    )
    if end <= begin:
        raise InvalidInput("end", "end must be after start.")
    if end - begin > timedelta(days=MOST_DAYS, hours=1):
        raise InvalidInput("end", f"The range must not exceed {MOST_DAYS} days.")
    doctor_ids = [
        uuid_of(parameters.reference_to("Practitioner", value))
        for value in arguments.get("practitioner", ())
    ]
    specialities = [
        value.rpartition("|")[2] for value in arguments.get("specialty", ())
    ]
    read = caller.read(
        lambda session: slots.find_free(
            session,
            caller.actor,
            begin,
            end,
            doctor_ids=doctor_ids,
            specialities=specialities,
            limit=read_count(_value(arguments, COUNT)),
        )
    )
    free, total = read.value
    resources = list(map(appointments.proposed_resource, free))
    return OperationResult(resources, read_headers(read, caller.after), total)


def _hold(caller: Caller, arguments: Arguments, key: str | None) -> OperationResult:
    request = _request(caller, arguments, key)
    notice = caller.stores.papers.visits.notice_hours
    written = caller.write(
        lambda session: bookings.hold(
            session, caller.actor, request, notice_hours=notice
        )
    )
    # Committed nevertheless: an attempt that lost is counted.
    booking = _require_live(written.value)
    resources = [appointments.booking_resource(booking)]
    return OperationResult(resources, written_headers(written))


def _book(caller: Caller, arguments: Arguments, key: str | None) -> OperationResult:
    request = _request(caller, arguments, key, is_patient_needed=False)
    notice = caller.stores.papers.visits.notice_hours
    actor = caller.actor

    def book(session: Session) -> BookingRecord:
        """Confirm the named hold, or hold the named free time and confirm it."""
        try:
            held = bookings.get(session, actor, request.slot_id)
        except NotFound:
            wanted = _with_patient(request)
            held = bookings.hold(session, actor, wanted, notice_hours=notice)
            if held.status is not BookingStatus.PENDING:
                return held
        if request.patient_id not in {_NOBODY, held.patient_id}:
            raise InvalidInput(
                "patient-reference",
                "This slot is held for another patient. Omit patient-reference, or "
                "hold a slot for this patient.",
            )
        note = request.note or None
        return bookings.confirm(session, actor, held.id, note=note)

    written = caller.write(book)
    booking = _require_live(written.value)
    read = replace(caller, after=written.lsn).read(
        lambda session: appointments.read(session, caller, str(booking.id))
    )
    return OperationResult([read.value], written_headers(written))


def _request(
    caller: Caller,
    arguments: Arguments,
    key: str | None,
    *,
    is_patient_needed: bool = True,
) -> BookingRequest:
    is_own = caller.actor.role is Role.PATIENT
    caller.require(Permission.BOOK_OWN_VISITS if is_own else Permission.BOOK_VISITS)
    reference = _value(arguments, "appointment-reference")
    if reference is None:
        raise InvalidInput(
            "appointment-reference",
            "appointment-reference is required; use one proposed by $find.",
        )
    patient = _value(arguments, "patient-reference")
    request = BookingRequest(
        slot_id=uuid_of(parameters.reference_to("Appointment", reference)),
        patient_id=uuid_of(parameters.reference_to("Patient", patient))
        if patient
        else caller.actor.patient_id or _NOBODY,
        attempt=attempt_of(caller.actor, key),
        note=_value(arguments, "comment") or "",
    )
    return _with_patient(request) if is_patient_needed else request


def _with_patient(request: BookingRequest) -> BookingRequest:
    if request.patient_id == _NOBODY:
        raise InvalidInput("patient-reference", "patient-reference is required.")
    return request


def _require_live(booking: BookingRecord) -> BookingRecord:
    if booking.status is BookingStatus.EXPIRED:
        raise HoldExpired
    if booking.status is BookingStatus.CANCELLED:
        raise BookingOver
    return bookings.require_held(booking)


def _timestamp(caller: Caller, arguments: Arguments, name: str) -> datetime:
    """Return a time that was asked for, by the clinic's clock if it has no offset."""
    value = _value(arguments, name)
    if value is None:
        raise InvalidInput(name, "start and end are required.")
    try:
        timestamp = datetime.fromisoformat(value)
        return parameters.in_utc(timestamp, caller.stores.now().tzinfo)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            name,
            f"{name} must be a date or time, such as 2026-11-23 or "
            "2026-11-23T10:00:00Z.",
        ) from error


def _value(arguments: Arguments, name: str) -> str | None:
    values: Sequence[str] = arguments.get(name, ())
    if len(values) > 1:
        raise InvalidInput(name, f"{name} is given more than once.")
    return values[0] if values else None


_NOBODY: Final = UUID(int=0)
_OF_WHICH: Final = {
    "appointment-reference": "The Appointment proposed by $find, as Appointment/id.",
    "patient-reference": "The patient; optional if the caller is the patient.",
    "comment": "What the visit is for.",
}
OPERATIONS: Final = (
    Operation(
        on=appointments.NAME,
        name="find",
        definition=f"{_PROFILE}/appointment-find",
        documentation="Free slots, as proposed Appointments. Held slots are "
        "not included.",
        parameters={
            "start": "Start of the range, a dateTime; required.",
            "end": f"End of the range, at most {MOST_DAYS} days after start; required.",
            "practitioner": "The doctor; repeat for alternatives.",
            "specialty": "The doctor's specialty; repeat for alternatives.",
            COUNT: "Maximum number of slots; 20 by default, at most 1,000.",
        },
        is_safe=True,
        run=_find,
    ),
    Operation(
        on=appointments.NAME,
        name="hold",
        definition=f"{_PROFILE}/appointment-hold",
        documentation="Hold a proposed slot for two minutes; returns a pending "
        "Appointment.",
        parameters=_OF_WHICH,
        is_safe=False,
        run=_hold,
    ),
    Operation(
        on=appointments.NAME,
        name="book",
        definition=f"{_PROFILE}/appointment-book",
        documentation="Book a held slot or, in one step, a proposed slot.",
        parameters=_OF_WHICH
        | {"appointment-reference": "The Appointment, held or proposed by $find."},
        is_safe=False,
        run=_book,
    ),
)
