"""Figures of booking, for administrators: as JSON, and as a CSV file."""

from datetime import UTC, date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.core.answers import JsonResponse, Shown, read_headers
from api.core.bodies import AS_TEXT
from api.core.dependencies import Caller, Program, ProgramOrPerson
from api.core.documented import sends, shows
from api.core.files.sending import attachment_named
from db.postgres import Read
from services.visits.figures import statistics
from services.visits.figures.statistics import (
    BookingStatistics,
    DoctorFigures,
    Period,
)

router = APIRouter(tags=["Statistics"])

_First = Annotated[
    date | None,
    AS_TEXT,
    Query(alias="from", description="First day; by default six days before `to`."),
]
_Last = Annotated[
    date | None, AS_TEXT, Query(alias="to", description="Last day; today by default.")
]
_A_WEEK: Final = timedelta(days=6)


class FiguresShown(Shown):
    """What became of a number of slots; a share is null if there is no whole."""

    slots: int
    booked: int
    holds: int
    confirmed: int
    expired: int
    released: int
    conflicts: int
    cancelled: int
    no_shows: int
    utilisation: float | None = Field(description="booked / slots")
    success_rate: float | None = Field(description="confirmed / holds")


class DayShown(FiguresShown):
    """One day's figures."""

    day: date


class DoctorFiguresShown(FiguresShown):
    """One doctor's figures, in total and by day."""

    id: UUID
    name: str
    specialization: str
    days: list[DayShown]


class StatisticsShown(Shown):
    """Figures of booking; everything counts on the day of the slot that it concerns."""

    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to")
    total: FiguresShown
    days: list[DayShown]
    doctors: list[DoctorFiguresShown]


@router.get("/api/admin/stats", responses=shows(StatisticsShown))
def show(caller: Program, first_day: _First = None, last_day: _Last = None) -> Response:
    """Return the figures of booking of a period of up to a year."""
    read = _look(caller, first_day, last_day)
    return JsonResponse(
        _statistics(read.value), headers=read_headers(read, caller.after)
    )


@router.get("/files/visit-statistics.csv", responses=sends("text/csv"))
def export(
    caller: ProgramOrPerson, first_day: _First = None, last_day: _Last = None
) -> Response:
    """Return the same figures as CSV, with a row for each doctor and day."""
    booking_statistics = _look(caller, first_day, last_day).value
    period = booking_statistics.period
    name = f"visit-statistics-{period.first_day}-{period.last_day}.csv"
    return Response(
        caller.csv_mark + statistics.as_csv(booking_statistics),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": attachment_named(name)},
    )


def _look(
    caller: Caller, first_day: date | None, last_day: date | None
) -> Read[BookingStatistics]:
    now = caller.stores.now()
    last = last_day or now.date()
    # The first day of the calendar has no week before it.
    period = Period(first_day or max(last, date(1900, 1, 8)) - _A_WEEK, last)
    caches = caller.stores.papers.visits.caches
    return caller.read_cached(
        lambda who, after: caches.statistics(
            who, period, now.tzinfo or UTC, after=after
        )
    )


def _statistics(booking_statistics: BookingStatistics) -> dict[str, Any]:
    return {
        "from": booking_statistics.period.first_day,
        "to": booking_statistics.period.last_day,
        "total": FiguresShown.of(booking_statistics.total),
        "days": [
            {"day": day, **FiguresShown.of(figures)}
            for day, figures in booking_statistics.days()
        ],
        "doctors": [_doctor(doctor) for doctor in booking_statistics.doctors()],
    }


def _doctor(doctor: DoctorFigures) -> dict[str, Any]:
    return {
        "id": doctor.id,
        "name": doctor.name,
        "specialization": doctor.speciality,
        **FiguresShown.of(doctor.figures),
        "days": [
            {"day": day.day, **FiguresShown.of(day.figures)} for day in doctor.days
        ],
    }
