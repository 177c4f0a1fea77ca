"""Figures of a period, for one doctor and day, and added up."""

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

    Raises InvalidInput for days that are the wrong way round, before 1900 or after
    2199, or more than a year.
    """

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        # Nobody was booked then, and a day beyond what calendars know would break them.
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
                Sentence("A period has {most} days at most.", most=MOST_DAYS),
            )


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of some slots.

    `slots` were offered and `booked` of them are. `holds` are attempts that got their
    slot: they were `confirmed`, they `expired` (whether or not somebody has written
    that down yet), they were `released`, or they last still. `conflicts` are attempts
    that lost the race for their slot. `cancelled` visits had been confirmed; one that
    was moved counts as cancelled on the day that it was moved away from.
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
        """Return which share of the offered slots is booked; None of none."""
        return self.booked / self.slots if self.slots else None

    @property
    def success_rate(self) -> float | None:
        """Return which share of the holds was confirmed; None of none."""
        return self.confirmed / self.holds if self.holds else None


@dataclass(frozen=True, slots=True)
class DoctorDay:
    """One doctor's figures of one day."""

    doctor_id: UUID
    doctor_name: str
    speciality: str
    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class DoctorFigures:
    """One doctor's days, and what they add up to."""

    id: UUID
    name: str
    speciality: str
    figures: Figures
    days: tuple[DoctorDay, ...]


@dataclass(frozen=True, slots=True)
class BookingStatistics:
    """Every doctor's figures of every day on which there was a slot.

    Ordered by doctor, then day. Everything counts on the day of the slot that it is
    about, not on the day on which somebody booked it.
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
        """Return the figures of each day on which there was a slot, the first first."""
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
