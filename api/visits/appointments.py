"""/api/appointments: booked visits, from the waiting room to their end."""

from collections.abc import Callable, Iterable
from datetime import date, tzinfo
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers, written_headers
from api.core.bodies import AS_TEXT
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.visits.schemas import VisitShown, VisitsShown
from api.visits.timestamps import chosen_day
from services.core.actors import Actor
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord

router = APIRouter(prefix="/api/appointments", tags=["Visits"])

# The most that a list of a day has.
_AT_A_TIME: Final = 500
_OF_PATIENT: Final = 100
VisitAction = Callable[[Session, Actor, UUID], VisitRecord]


@router.get("", responses=shows(VisitsShown))
def list_appointments(
    caller: ProgramOrPerson,
    day: Annotated[
        date | None,
        AS_TEXT,
        Query(description="Day by the clinic's clock; today by default."),
    ] = None,
    doctor: UUID | None = None,
    patient: UUID | None = None,
    after: Annotated[
        UUID | None, Query(description="`next` of the previous page.")
    ] = None,
) -> Response:
    """List the visits of a day, the earliest first, or of a patient, the latest first.

    Patients get their own. With a patient, `day` and `doctor` filter the list. A page
    has up to 500 visits of a day, or 100 of a patient before they are filtered; pass
    `next` as `after` for those that follow.
    """
    stores, actor = caller.stores, caller.actor
    whose = patient or actor.patient_id
    today = stores.now()
    zone = today.tzinfo
    assert zone is not None  # noqa: S101 (the clinic's clock has one)

    def read(session: Session) -> tuple[VisitRecord, ...]:
        if whose is None:
            return appointments.list_of_day(
                session,
                actor,
                chosen_day(day, now=today),
                zone,
                doctor_id=doctor,
                after=after,
                limit=_AT_A_TIME,
            )
        return appointments.list_of_patient(
            session, actor, whose, after=after, limit=_OF_PATIENT
        )

    visits = caller.read(read)
    most = _AT_A_TIME if whose is None else _OF_PATIENT
    is_cut = len(visits.value) == most
    listed = (
        visits.value if whose is None else _matching(visits.value, day, doctor, zone)
    )
    content = {
        "appointments": list(map(VisitShown.of, listed)),
        "next": visits.value[-1].id if is_cut else None,
    }
    return JsonResponse(content, headers=read_headers(visits, caller.after))


def _matching(
    visits: Iterable[VisitRecord], day: date | None, doctor: UUID | None, zone: tzinfo
) -> list[VisitRecord]:
    return [
        visit
        for visit in visits
        if day in {None, visit.starts_at.astimezone(zone).date()}
        and doctor in {None, visit.doctor_id}
    ]


@router.get("/{uuid}", responses=shows(VisitShown, 404))
def get_appointment(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return one visit."""
    read = caller.read(lambda session: appointments.get(session, caller.actor, uuid))
    return JsonResponse(
        VisitShown.of(read.value), headers=read_headers(read, caller.after)
    )


@router.post("/{uuid}/check-in", responses=shows(VisitShown, 404, 409))
def check_in(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Check the patient in: they have arrived and are waiting."""
    return _do(caller, uuid, appointments.check_in)


@router.post("/{uuid}/undo-check-in", responses=shows(VisitShown, 404, 409))
def undo_check_in(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return the visit to scheduled, unless something was written at it."""
    return _do(caller, uuid, appointments.undo_check_in)


@router.post("/{uuid}/call-in", responses=shows(VisitShown, 404, 409))
def call_in(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Call the patient in: they are in the room."""
    return _do(caller, uuid, appointments.call_in)


@router.post("/{uuid}/undo-call-in", responses=shows(VisitShown, 404, 409))
def undo_call_in(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return the patient to waiting."""
    return _do(caller, uuid, appointments.undo_call_in)


@router.post("/{uuid}/complete", responses=shows(VisitShown, 404, 409))
def complete(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Complete the visit."""
    return _do(caller, uuid, appointments.complete)


@router.post("/{uuid}/reopen", responses=shows(VisitShown, 404, 409))
def reopen(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return the patient to waiting, within twelve hours of the visit's completion."""
    return _do(caller, uuid, appointments.reopen)


@router.post("/{uuid}/no-show", responses=shows(VisitShown, 404, 409))
def no_show(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Record that the patient did not come."""
    return _do(caller, uuid, appointments.miss)


def _do(caller: Caller, visit_id: UUID, action: VisitAction) -> Response:
    written = caller.write(lambda session: action(session, caller.actor, visit_id))
    return JsonResponse(VisitShown.of(written.value), headers=written_headers(written))
