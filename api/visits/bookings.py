"""/api/bookings: hold a slot for two minutes, confirm it, give it back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import FreeSlot, JsonResponse, read_headers, written_headers
from api.core.bodies import Body, describe_body, json_body, with_example
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import refuses, shows
from api.core.idempotency import IdempotencyKey, attempt_of
from api.core.problems import Refusal
from api.visits.schemas import BookingShown, booking_path
from services.core.actors import Permission
from services.core.errors import InvalidInput
from services.visits.booking import bookings
from services.visits.booking.bookings import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.booking.bookings.errors import BookingOver, HoldExpired, SlotTaken
from services.visits.booking.bookings.rules import LONGEST_NOTE
from services.visits.schedule import slots

router = APIRouter(prefix="/api/bookings", tags=["Visits"])

_CREATED: Final = 201
_NO_CONTENT: Final = 204

_Note = Field(json_schema_extra={"maxLength": LONGEST_NOTE})
_Id = Annotated[UUID, Field(strict=False)]


class BookingBody(Body):
    """The slot to book, and for whom; patients book for themselves."""

    model_config = with_example(
        slot_id="019ad9c2-5c80-7a3e-9d41-0f6b1c2d3e4f",
        patient_id="019ad9c2-6b1f-7c52-8e07-4a5b6c7d8e9f",
        note="A cough",
    )

    slot_id: _Id
    patient_id: Annotated[
        _Id | None, Field(description="Required unless the caller is a patient.")
    ] = None
    note: Annotated[str, _Note] = ""
    override_reason: Annotated[
        str | None, Field(description="Why staff override the booking rules.")
    ] = None
    replaces_id: Annotated[
        _Id | None, Field(description="The booking that this one replaces.")
    ] = None


class ConfirmBody(Body):
    """The purpose of the visit, if it was not given before."""

    note: Annotated[str | None, _Note] = None


class CancelBody(Body):
    """The reason for cancelling, if any."""

    reason: str | None = None
    override_reason: Annotated[
        str | None,
        Field(description="Why staff cancel a visit that has begun."),
    ] = None
    despite_notes: Annotated[
        bool, Field(description="Whether staff cancel a visit even if it has notes.")
    ] = False


class RenewBody(Body):
    """Why staff extend a hold more than once, if they do."""

    override_reason: str | None = None


@router.post(
    "",
    status_code=_CREATED,
    responses=shows(BookingShown, 404, 409, 410, 413, 415, status=_CREATED),
    openapi_extra=describe_body(BookingBody),
)
def hold_slot(
    caller: ProgramOrPerson,
    body: Annotated[BookingBody, json_body(BookingBody)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Hold a slot for the patient until `expires_at`; the booking is PENDING.

    A caller who comes too late gets 409, with `free_at` (when the other hold ends) and
    `next_free`, the doctor's next free slots.
    """
    request = BookingRequest(
        slot_id=body.slot_id,
        patient_id=_patient_of(caller, body),
        attempt=attempt_of(caller.actor, idempotency_key),
        note=body.note,
        replaces_id=body.replaces_id,
        override_reason=body.override_reason,
    )
    notice_hours = caller.stores.papers.visits.notice_hours
    written = caller.write(
        lambda session: bookings.hold(
            session, caller.actor, request, notice_hours=notice_hours
        ),
    )
    booking = written.value
    # Committed nevertheless: an attempt that lost is counted.
    if booking.status is BookingStatus.FAILED:
        raise _taken(replace(caller, after=written.lsn), booking)
    headers = {"Location": booking_path(booking.id)} | written_headers(written)
    if booking.status is BookingStatus.EXPIRED:
        raise HoldExpired
    if booking.status is BookingStatus.CANCELLED:
        raise BookingOver
    return JsonResponse(BookingShown.of(booking), _CREATED, headers)


@router.get("/{uuid}", responses=shows(BookingShown, 404))
def get_booking(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return the current state of a booking."""
    read = caller.read(lambda session: bookings.get(session, caller.actor, uuid))
    return JsonResponse(
        BookingShown.of(read.value), headers=read_headers(read, caller.after)
    )


@router.post(
    "/{uuid}/confirm",
    responses=shows(BookingShown, 404, 409, 410, 413, 415),
    openapi_extra=describe_body(ConfirmBody, is_required=False),
)
def confirm_booking(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[ConfirmBody, json_body(ConfirmBody, is_required=False)],
) -> Response:
    """Confirm a hold, which becomes a visit. Answers 410 once the hold has expired.

    Repeating the call changes nothing.
    """
    return _done(
        caller,
        lambda session: bookings.confirm(session, caller.actor, uuid, note=body.note),
    )


@router.post(
    "/{uuid}/cancel",
    responses=shows(BookingShown, 404, 409, 413, 415),
    openapi_extra=describe_body(CancelBody, is_required=False),
)
def cancel_booking(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[CancelBody, json_body(CancelBody, is_required=False)],
) -> Response:
    """Cancel a hold or a visit; others can have the slot at once."""
    notice_hours = caller.stores.papers.visits.notice_hours
    return _done(
        caller,
        lambda session: bookings.cancel(
            session,
            caller.actor,
            uuid,
            reason=body.reason,
            override_reason=body.override_reason,
            despite_notes=body.despite_notes,
            notice_hours=notice_hours,
        ),
    )


@router.post(
    "/{uuid}/renew",
    responses=shows(BookingShown, 404, 409, 410, 413, 415),
    openapi_extra=describe_body(RenewBody, is_required=False),
)
def renew_booking(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[RenewBody, json_body(RenewBody, is_required=False)],
) -> Response:
    """Extend a hold to two minutes from now; once, unless staff override it."""
    return _done(
        caller,
        lambda session: bookings.renew(
            session, caller.actor, uuid, override_reason=body.override_reason
        ),
    )


@router.post(
    "/{uuid}/release",
    status_code=_NO_CONTENT,
    response_class=Response,
    responses=refuses(404, 409),
)
def release_booking(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Release a hold, when its page is left; a visit stays. Takes no body."""
    written = caller.write(
        lambda session: bookings.release(session, caller.actor, uuid)
    )
    return Response(status_code=_NO_CONTENT, headers=written_headers(written))


def _done(caller: Caller, action: Callable[[Session], BookingRecord]) -> Response:
    written = caller.write(action)
    return JsonResponse(
        BookingShown.of(written.value), headers=written_headers(written)
    )


def _patient_of(caller: Caller, body: BookingBody) -> UUID:
    patient_id = body.patient_id or caller.actor.patient_id
    if patient_id is None:
        caller.require(Permission.BOOK_VISITS)
        raise InvalidInput("patient_id", "patient_id is required.")
    return patient_id


def _taken(caller: Caller, booking: BookingRecord) -> Refusal:
    """Return the refusal for who lost: when the slot may be free, and free slots."""
    free = caller.read(
        lambda session: slots.next_free(
            session, caller.actor, doctor_id=booking.doctor_id
        )
    )
    members: dict[str, Any] = {
        "free_at": booking.expires_at,
        "next_free": list(map(FreeSlot.of, free.value)),
    }
    return Refusal(SlotTaken(booking), members)
