"""/api/doctors: the doctors who can be booked, and their slots."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers
from api.core.dependencies import ProgramOrPerson
from api.core.documented import shows
from api.visits.schemas import (
    DoctorShown,
    DoctorsShown,
    SlotShown,
    SlotsShown,
)
from api.visits.timestamps import timespan
from services.core.errors import InvalidInput
from services.core.typed_text import is_storable
from services.visits.schedule import doctors

router = APIRouter(prefix="/api/doctors", tags=["Visits"])

_LONGEST_SEARCH: Final = 200
_TIMESTAMP: Final = (
    "A day by the clinic's clock, or a time such as 2026-11-23T10:00:00Z; "
)

Typed = Annotated[str, Query(json_schema_extra={"maxLength": _LONGEST_SEARCH})]


@router.get("", responses=shows(DoctorsShown))
def list_doctors(
    caller: ProgramOrPerson,
    search: Typed = "",
    specialization: Annotated[str | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List the doctors who can be booked, by name, with the next free slot of each.

    Each word of `search` has to occur in name, specialization or city.
    """
    for name, typed in (("search", search), ("specialization", specialization or "")):
        if not is_storable(typed):
            raise InvalidInput(
                name, f"{name} contains a character that cannot be stored."
            )
    caches = caller.stores.papers.visits.caches
    read = caller.read_cached(
        lambda who, after: caches.doctors(
            who, search=search, speciality=specialization, limit=limit + 1, after=after
        )
    )
    content = {
        "doctors": list(map(DoctorShown.of, read.value[:limit])),
        "more": len(read.value) > limit,
    }
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.get("/{uuid}", responses=shows(DoctorShown, 404))
def get_doctor(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return a doctor, including one who can no longer be booked."""
    read = caller.read(lambda session: doctors.get_doctor(session, caller.actor, uuid))
    return JsonResponse(
        DoctorShown.of(read.value), headers=read_headers(read, caller.after)
    )


@router.get("/{uuid}/slots", responses=shows(SlotsShown, 404))
def list_slots(
    caller: ProgramOrPerson,
    uuid: UUID,
    first: Annotated[
        str | None, Query(alias="from", description=f"{_TIMESTAMP}today by default.")
    ] = None,
    last: Annotated[
        str | None,
        Query(alias="to", description=f"{_TIMESTAMP}a week later by default."),
    ] = None,
) -> Response:
    """List a doctor's slots that begin within a time of at most 62 days."""
    begin, end = timespan(first, last, now=caller.stores.now())
    caches = caller.stores.papers.visits.caches
    read = caller.read_cached(
        lambda who, after: caches.slots(who, uuid, begin, end, after=after)
    )
    content = {"slots": list(map(SlotShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))
