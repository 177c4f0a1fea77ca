"""/api/waiting-list: who waits for a time; joined and left for a patient."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers, written_headers
from api.core.bodies import Body, describe_body, json_body, with_example
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.core.idempotency import IdempotencyKey, id_for
from api.visits.schemas import (
    WaitingListShown,
    WaitingPatientShown,
    WaitShown,
    WaitsShown,
)
from api.visits.timestamps import read_time
from services.core.actors import Permission
from services.core.errors import InvalidInput
from services.core.typed_text import is_storable
from services.visits.booking import waitlist
from services.visits.booking.waitlist import WaitRequest

router = APIRouter(prefix="/api/waiting-list", tags=["Visits"])

_CREATED: Final = 201
_Id = Annotated[UUID, Field(strict=False)]


class WaitBody(Body):
    """What somebody waits for, within which days, and who it is.

    Either `doctor_id` or `specialization` is given.
    """

    model_config = with_example(
        patient_id="019ad9c2-6b1f-7c52-8e07-4a5b6c7d8e9f",
        specialization="Cardiology",
        until_at="2026-12-31",
    )

    patient_id: Annotated[
        _Id | None, Field(description="Required unless the caller is a patient.")
    ] = None
    doctor_id: _Id | None = None
    specialization: str | None = None
    from_at: Annotated[
        str | None,
        Field(
            description="First day by the clinic's clock, or time; today by default."
        ),
    ] = None
    until_at: Annotated[
        str,
        Field(description="Last day by the clinic's clock, included, or time."),
    ]
    override_reason: Annotated[
        str | None,
        Field(description="Why staff put a patient on more than five waiting lists."),
    ] = None


@router.get("", responses=shows(WaitingListShown))
def list_waiting(caller: ProgramOrPerson) -> Response:
    """List who can be offered a time, the first in line first, up to 300.

    For the front desk. Clinicians get the patients whom they treat.
    """
    read = caller.read(lambda session: waitlist.list_everybody(session, caller.actor))
    content = {
        "waiting": list(map(WaitingPatientShown.of, read.value.waiting)),
        "count": read.value.count,
    }
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.get("/entries", responses=shows(WaitsShown, 404))
def list_entries(
    caller: ProgramOrPerson,
    patient: Annotated[
        UUID | None, Query(description="Required unless the caller is a patient.")
    ] = None,
) -> Response:
    """List what a patient waits for, and what came of earlier waits."""
    patient_id = _patient_of(caller, patient, "patient", Permission.VIEW_VISITS)
    read = caller.read(
        lambda session: waitlist.list_of_patient(session, caller.actor, patient_id)
    )
    content = {"entries": list(map(WaitShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.post(
    "/entries",
    status_code=_CREATED,
    responses=shows(WaitShown, 404, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(WaitBody),
)
def join_waiting_list(
    caller: ProgramOrPerson,
    body: Annotated[WaitBody, json_body(WaitBody)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Put the patient in line; a time that is freed is offered to the first one.

    Answers 409 if the patient waits for the same already.
    """
    if not is_storable(body.specialization or ""):
        raise InvalidInput(
            "specialization",
            "specialization contains a character that cannot be stored.",
        )
    now = caller.stores.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    from_at = read_time("from_at", body.from_at, now=now) if body.from_at else today
    request = WaitRequest(
        patient_id=_patient_of(
            caller, body.patient_id, "patient_id", Permission.BOOK_VISITS
        ),
        # Nobody is offered what is past.
        from_at=max(from_at, today),
        until_at=read_time("until_at", body.until_at, now=now, is_end=True),
        doctor_id=body.doctor_id,
        speciality=body.specialization,
        override_reason=body.override_reason,
        entry_id=id_for(caller.actor, idempotency_key),
    )
    written = caller.write(
        lambda session: waitlist.join(session, caller.actor, request)
    )
    headers = {"Location": f"{router.prefix}/entries/{written.value.id}"}
    return JsonResponse(
        WaitShown.of(written.value), _CREATED, headers | written_headers(written)
    )


@router.get("/entries/{uuid}", responses=shows(WaitShown, 404))
def get_entry(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return a place on the waiting list, and what came of it."""
    read = caller.read(lambda session: waitlist.get(session, caller.actor, uuid))
    return JsonResponse(
        WaitShown.of(read.value), headers=read_headers(read, caller.after)
    )


@router.post("/entries/{uuid}/leave", responses=shows(WaitShown, 404, 409))
def leave_waiting_list(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Take the patient off the waiting list; who joins again is the last in line.

    Answers 409 while a time is held for the patient: confirm or release it.
    """
    written = caller.write(lambda session: waitlist.leave(session, caller.actor, uuid))
    return JsonResponse(WaitShown.of(written.value), headers=written_headers(written))


def _patient_of(
    caller: Caller, patient_id: UUID | None, name: str, permission: Permission
) -> UUID:
    whose = patient_id or caller.actor.patient_id
    if whose is None:
        caller.require(permission)
        raise InvalidInput(name, f"{name} is required.")
    return whose
