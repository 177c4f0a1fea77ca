"""/api/public: doctors, free times and bookings for people who are not yet patients."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter, Header
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import (
    FreeSlot,
    FromAttribute,
    JsonResponse,
    Shown,
    read_headers,
    written_headers,
)
from api.core.bodies import Body, describe_body, json_body
from api.core.documented import shows
from api.core.problems import Refusal
from api.visits.visitors import Anybody, Visitor, visitor
from services.core.actors import PUBLIC
from services.core.errors import InvalidInput
from services.people.sign_in import codes
from services.visits import newcomers
from services.visits.newcomers import (
    NewcomerRecord,
    NewcomerRequest,
    NewcomerStatus,
    limits,
)
from services.visits.newcomers.errors import NoSuchNewcomer, SlotGone
from services.visits.schedule import doctors
from services.visits.schedule.slots.records import SlotRecord

router = APIRouter(prefix="/api/public", tags=["Booking without an account"])

_CREATED: Final = 201
_MOST_DOCTORS: Final = 200
_MOST_SLOTS: Final = 200
_LONGEST_KEY: Final = 255
_STATUS: Final = {
    NewcomerStatus.PENDING: "PENDING",
    NewcomerStatus.CONFIRMED: "CONFIRMED",
    NewcomerStatus.REGISTERED: "CONFIRMED",
    NewcomerStatus.CANCELLED: "CANCELLED",
}


def _status(record: NewcomerRecord) -> str:
    return _STATUS.get(record.status, "FAILED")


def _minutes(slot: SlotRecord) -> int:
    return round((slot.ends_at - slot.starts_at).total_seconds() / 60)


class PublicDoctor(Shown):
    """A doctor who can be booked."""

    id: UUID
    name: str
    specialization: Annotated[str, FromAttribute("speciality")]


class PublicDoctorsShown(Shown):
    """Doctors who can be booked, by name."""

    doctors: list[PublicDoctor]


class PublicSlot(FreeSlot):
    """A free time."""

    doctor_id: UUID
    duration_minutes: Annotated[int, FromAttribute(_minutes)]


class PublicSlotsShown(Shown):
    """A doctor's next free times, the earliest first."""

    slots: list[PublicSlot]


class PublicBookingShown(FreeSlot):
    """A booking without the person; FAILED if it lost, was late or had a wrong code."""

    slot_id: UUID
    doctor_id: UUID
    doctor_name: str
    specialization: Annotated[str, FromAttribute("speciality")]
    status: Annotated[
        Literal["PENDING", "CONFIRMED", "FAILED", "CANCELLED"], FromAttribute(_status)
    ]
    created_at: datetime
    expires_at: datetime | None = Field(description="Until when the code is accepted.")


class PublicBookingBody(Body):
    """The time to book, and the person who books."""

    slot_id: Annotated[UUID, Field(strict=False)]
    patient_name: str
    patient_email: Annotated[
        str, Field(description="The address to which a code is sent.")
    ]


class CodeBody(Body):
    """The code from the e-mail."""

    code: str


@router.get("/doctors", responses=shows(PublicDoctorsShown, 404))
def list_public_doctors(anybody: Anybody) -> Response:
    """List the doctors who can be booked."""
    read = anybody.read(
        lambda session: doctors.list_doctors(session, PUBLIC, limit=_MOST_DOCTORS)
    )
    content = {"doctors": list(map(PublicDoctor.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, anybody.after))


@router.get("/doctors/{uuid}/slots", responses=shows(PublicSlotsShown, 404))
def list_public_slots(anybody: Anybody, uuid: UUID) -> Response:
    """List the next 200 free times of a doctor, from an hour ahead."""

    def look(session: Session) -> tuple[SlotRecord, ...]:
        doctors.get_doctor(session, PUBLIC, uuid)
        return newcomers.list_free(session, PUBLIC, uuid, limit=_MOST_SLOTS)

    read = anybody.read(look)
    content = {"slots": list(map(PublicSlot.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, anybody.after))


@router.post(
    "/bookings",
    status_code=_CREATED,
    responses=shows(PublicBookingShown, 404, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(PublicBookingBody),
)
def book_publicly(
    anybody: Anybody,
    body: Annotated[PublicBookingBody, json_body(PublicBookingBody, visitor)],
    idempotency_key: Annotated[
        str | None,
        Header(
            description="A key of your choice, new for each booking; a request "
            "sent again with the same key holds one slot."
        ),
    ] = None,
) -> Response:
    """Hold a time until `expires_at`, and send a code to the e-mail address.

    A caller who comes too late gets 409, with `next_free`, the doctor's next free
    times.
    """
    request = NewcomerRequest(
        body.slot_id, body.patient_name, body.patient_email, _attempt(idempotency_key)
    )
    address = codes.address_digest(request.email, anybody.offer.key)
    anybody.count(
        lambda throttle: limits.count_hold(throttle, address, anybody.network)
    )
    code = codes.new_code()
    written = anybody.write(
        lambda session: newcomers.hold(session, request, code, key=anybody.offer.key)
    )
    newcomer, is_new = written.value
    # Committed nevertheless: an attempt that lost is counted.
    if newcomer.status is NewcomerStatus.FAILED:
        raise _lost(anybody, newcomer)
    if is_new:
        anybody.offer.send_code(code, newcomer.email)
    where = {"Location": f"/api/public/bookings/{newcomer.id}"}
    return JsonResponse(
        PublicBookingShown.of(newcomer), _CREATED, where | written_headers(written)
    )


@router.get("/bookings/{uuid}", responses=shows(PublicBookingShown, 404))
def get_public_booking(anybody: Anybody, uuid: UUID) -> Response:
    """Return the current state of a booking to anybody who knows its id."""
    written = anybody.write(lambda session: newcomers.find(session, uuid))
    if written.value is None:
        raise NoSuchNewcomer
    return JsonResponse(PublicBookingShown.of(written.value))


@router.post(
    "/bookings/{uuid}/confirm",
    responses=shows(PublicBookingShown, 404, 409, 410, 413, 415),
    openapi_extra=describe_body(CodeBody),
)
def confirm_publicly(
    anybody: Anybody,
    uuid: UUID,
    body: Annotated[CodeBody, json_body(CodeBody, visitor)],
) -> Response:
    """Confirm the booking with the code. Answers 410 once it is no longer held."""
    anybody.count(lambda throttle: limits.count_try(throttle, anybody.network))
    written = anybody.write(
        lambda session: newcomers.confirm(
            session, uuid, body.code, key=anybody.offer.key
        )
    )
    # A wrong code is committed too, since tries are counted.
    newcomer = newcomers.require_confirmed(written.value)
    return JsonResponse(
        PublicBookingShown.of(newcomer), headers=written_headers(written)
    )


def _attempt(key: str | None) -> UUID:
    if key is None:
        return uuid4()
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidInput(
            "Idempotency-Key", f"The key must have 1 to {_LONGEST_KEY} characters."
        )
    return uuid5(PUBLIC.id, key)


def _lost(anybody: Visitor, newcomer: NewcomerRecord) -> Refusal:
    """Return the refusal for who lost, with times that are free instead."""
    free = anybody.read(
        lambda session: newcomers.list_free(
            session, PUBLIC, newcomer.doctor_id, limit=5
        )
    )
    return Refusal(SlotGone(), {"next_free": list(map(FreeSlot.of, free.value))})
