"""What a patient takes along from booking: the ticket as PDF, the calendar entry."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.core.answers import read_headers
from api.core.dependencies import Caller, PaperLanguage, ProgramOrPerson
from api.core.documented import sends
from api.core.files.sending import PDF, attachment_named
from db.postgres import Read
from services.visits.front_desk import appointments, tickets
from services.visits.front_desk.appointments import VisitRecord

router = APIRouter(prefix="/api/appointments/{uuid}", tags=["Visits"])

_CALENDAR: Final = "text/calendar"


@router.get("/ticket", responses=sends(PDF, 404, 409))
def ticket(
    caller: ProgramOrPerson, uuid: UUID, language: PaperLanguage = None
) -> Response:
    """Return the ticket of a future visit as PDF; the desk scans its QR code."""
    read, stores = _read(caller, uuid), caller.stores
    made = tickets.ticket_pdf(
        read.value,
        clinic=stores.papers.clinic,
        now=stores.now(),
        wording=stores.papers.wording(language or caller.actor.language),
    )
    return _kept(caller, read, made, PDF, "visit.pdf")


@router.get("/calendar", responses=sends(_CALENDAR, 404))
def calendar(
    caller: ProgramOrPerson, uuid: UUID, language: PaperLanguage = None
) -> Response:
    """Return a visit as a calendar entry; it does not name the doctor."""
    read, stores = _read(caller, uuid), caller.stores
    made = tickets.calendar_file(
        read.value,
        clinic=stores.papers.clinic,
        address=stores.papers.address,
        now=stores.now(),
        wording=stores.papers.wording(language or caller.actor.language),
    )
    return _kept(caller, read, made, _CALENDAR, "visit.ics")


def _read(caller: Caller, visit_id: UUID) -> Read[VisitRecord]:
    return caller.read(
        lambda session: appointments.get(session, caller.actor, visit_id)
    )


def _kept(
    caller: Caller, read: Read[VisitRecord], made: bytes, kind: str, name: str
) -> Response:
    headers = read_headers(read, caller.after)
    headers["Content-Disposition"] = attachment_named(name)
    return Response(made, media_type=kind, headers=headers)
