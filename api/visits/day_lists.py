"""/files/day-list.pdf: the visits of a day on paper, for people who may see visits."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.core.answers import read_headers
from api.core.bodies import AS_TEXT
from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends
from api.core.files.sending import PDF
from api.visits.timestamps import chosen_day
from services.visits import calendar

router = APIRouter(tags=["Visits"])


@router.get("/files/day-list.pdf", responses=sends(PDF))
def day_list(
    caller: ProgramOrPerson,
    day: Annotated[
        date | None,
        AS_TEXT,
        Query(description="Day by the clinic's clock; today by default."),
    ] = None,
    doctor: Annotated[
        list[UUID] | None,
        Query(description="Doctors to include, repeatable; all by default."),
    ] = None,
) -> Response:
    """Return the visits of a day as PDF: time, name, date of birth, phone number."""
    stores, now = caller.stores, caller.stores.now()
    chosen = chosen_day(day, now=now)
    zone = now.tzinfo
    assert zone is not None  # noqa: S101 (the clinic's clock has one)
    read = caller.read(
        lambda session: calendar.list_to_print(
            session, caller.actor, chosen, zone, doctor_ids=doctor
        )
    )
    visits, unregistered = read.value
    papers = stores.papers
    made = calendar.day_list_pdf(
        (*visits, *unregistered),
        chosen,
        clinic=papers.clinic,
        now=now,
        wording=papers.wording(None),
    )
    headers = read_headers(read, caller.after)
    headers["Content-Disposition"] = f'inline; filename="visits-{chosen}.pdf"'
    return Response(made, media_type=PDF, headers=headers)
