"""Figures of a period, for one doctor and day, and summed up."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Final
from uuid import UUID

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
MOST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the clinic's calendar, the last one included.

    Raises InvalidInput for days in the wrong order, before 1900 or after 2199, or for
    more than a year.
    """

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        # No bookings are from then, and days outside a calendar's range would break it.
        if self.first_day.year < FIRST_YEAR or self.last_day.year > LAST_YEAR:
            raise InvalidInput(
                "last_day",
                Sentence(
                    "Choose days from {first} to {last}.",
                    first=FIRST_YEAR,
                    last=LAST_YEAR,
                ),
            )
        if self.last_day < self.first_day:
            raise InvalidInput(
                "last_day", "The first day is after the last one; swap them."
            )
        if (self.last_day - self.first_day).days >= MOST_DAYS:
            raise InvalidInput(
                "last_day",
                Sentence("A period can have at most {most} days.", most=MOST_DAYS),
            )


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of a set of slots.

    `slots` were offered, `booked` of them are booked. `holds` are attempts that got
    their slot: they were `confirmed`, they `expired` (whether or not that has been
    recorded yet), they were `released`, or they still last. `conflicts` are attempts
    that lost the race for their slot. `cancelled` visits had been confirmed; a moved
    visit counts as cancelled on the day that it was moved away from.
    """

    slots: int = 0
    booked: int = 0
    holds: int = 0
    confirmed: int = 0
    expired: int = 0
    released: int = 0
    conflicts: int = 0
    cancelled: int = 0
    no_shows: int = 0

    @property
    def utilisation(self) -> float | None:
        """Return the share of the offered slots that is booked; None without slots."""
        return self.booked / self.slots if self.slots else None

    @property
    def success_rate(self) -> float | None:
        """Return the share of the holds that was confirmed; None without holds."""
        return self.confirmed / self.holds if self.holds else None


@dataclass(frozen=True, slots=True)
class DoctorDay:
    """One doctor's figures for one day."""

    doctor_id: UUID
    doctor_name: str
    speciality: str
    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class DoctorFigures:
    """One doctor's days and their sum."""

    id: UUID
    name: str
    speciality: str
    figures: Figures
    days: tuple[DoctorDay, ...]


@dataclass(frozen=True, slots=True)
class BookingStatistics:
    """Every doctor's figures for every day with slots.

    Ordered by doctor, then day. Everything counts on the day of its slot, not on the
    day on which it was booked.
    """

    period: Period
    doctor_days: tuple[DoctorDay, ...]

    @property
    def total(self) -> Figures:
        """Return the figures of the whole period."""
        return _sum(self.doctor_days)

    def doctors(self) -> tuple[DoctorFigures, ...]:
        """Return the figures of each doctor."""
        of_doctor: dict[UUID, list[DoctorDay]] = {}
        for doctor_day in self.doctor_days:
            of_doctor.setdefault(doctor_day.doctor_id, []).append(doctor_day)
        return tuple(
            DoctorFigures(
                doctor_id,
                days[0].doctor_name,
                days[0].speciality,
                _sum(days),
                tuple(days),
            )
            for doctor_id, days in of_doctor.items()
        )

    def days(self) -> tuple[tuple[date, Figures], ...]:
        """Return the figures of each day with slots, in order."""
        of_day: dict[date, list[DoctorDay]] = {}
        for doctor_day in self.doctor_days:
            of_day.setdefault(doctor_day.day, []).append(doctor_day)
        return tuple((day, _sum(of_day[day])) for day in sorted(of_day))


def _sum(days: Iterable[DoctorDay]) -> Figures:
    counted = [day.figures for day in days]
    return Figures(
        *(
            sum(getattr(figures, field.name) for figures in counted)
            for field in fields(Figures)
        )
    )
